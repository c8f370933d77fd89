/**
 * What the end of a real job costs in bits, and from when on it shows. Pure.
 *
 * Rules: the price is fixed when the job is submitted and does not depend on what the job does. An end shows
 * only at elapsed times on the grid of the job's grade. What is shown besides the end (state, failure class,
 * limit and verdict) takes fewer than 2^(3+2) values, and is shown only if every dataset's allowance covers it.
 */
import { GRADES, type Grade } from "../vocabulary/index.js";

export const CLASS_BITS = 3;
export const VERDICT_BITS = 2;

/** exact: the true state at once (grade 1, dry runs). full: with class and verdict, on the grid. end: the end only. none: nothing. */
export type Showing = "exact" | "full" | "end" | "none";

export interface Grid {
  factor: number;
  bits: number;
}

/** The first moment on the grid (created_at + factor^k seconds, k ≥ 0) that is not before `endedAt`. */
export function shownFrom(createdAt: number, endedAt: number, grid: Grid | null): number {
  if (grid === null) return endedAt;
  let k = 0;
  while (createdAt + gridPoint(grid, k) < endedAt) k++;
  return createdAt + gridPoint(grid, k);
}

/** Elapsed milliseconds of the k-th grid point. */
export function gridPoint(grid: Grid, k: number): number {
  return Math.ceil(1000 * grid.factor ** k);
}

/** A job must have ended by then, so that its end takes no more than 2^bits values. */
export function longestLife(grade: Grade): number {
  const grid = GRADES[grade].end_grid;
  return grid === null ? Number.POSITIVE_INFINITY : gridPoint(grid, 2 ** grid.bits - 1);
}

export interface SignalPrice {
  showing: Showing;
  /** Charged to each dataset's grant. */
  bits: number;
}

/** What a charge says that it was for. */
export function signalsShown(showing: Showing): readonly string[] {
  if (showing === "full") return ["end", "class", "verdict"];
  return showing === "end" ? ["end"] : [];
}

/**
 * The price of a real job's signals.
 * @param lefts bits left of each grant's allowance (null: unlimited)
 */
export function priceSignals(grade: Grade, lefts: readonly (number | null)[]): SignalPrice {
  const grid = GRADES[grade].end_grid;
  if (grid === null) return { showing: "exact", bits: 0 };
  const full = grid.bits + CLASS_BITS + VERDICT_BITS;
  const covered = lefts.every((left) => left === null || left >= full);
  return covered ? { showing: "full", bits: full } : { showing: "end", bits: grid.bits };
}
