/**
 * Whether two datasets hold the same rows or the same units with the same values, told from small samples of both.
 * Pure; the samples are made by sketching.ts.
 *
 * Both samples keep what has the least keyed hashes, so that what both datasets hold is in both samples below the
 * smaller sample's edge. Equal unit ids alone prove nothing (numbers from 1 to n are in many datasets): some column
 * must agree on the common units far more often than chance would have it.
 */
import { z } from "zod";

const hash = z.string();

export const sketch = z.strictObject({
  format: z.literal(1),
  /** Distinct whole rows: hash and how many rows have it; least hashes first. */
  rows: z.array(z.tuple([hash, z.int().positive()])),
  /** Where there is a unit column: hash of the unit, and of its value in each other column. */
  units: z.array(z.tuple([hash, z.array(z.string().nullable())])).optional(),
});
export type Sketch = z.output<typeof sketch>;

/** Hashes a sample keeps; a sample with fewer has all of them. */
export const SAMPLED = 2048;
/** Fewer in common prove nothing. */
const LEAST_COMMON = 10;
/** Of the smaller dataset. */
const LEAST_SHARE = { units: 0.05, rows: 0.2 };
/** A chance of one in so many that unlike columns agree as often. */
const SURE = Math.log(1e6);
/** Of the agreement that chance leaves room for. */
const LEAST_EXCESS = 0.5;
/** Of the distinct rows of a sample that stand for one row each; else rows are too poor to tell one from another. */
const LEAST_UNIQUE = 0.5;

export interface Overlap {
  by: "units" | "rows";
  /** Estimated share of the smaller dataset. */
  share: number;
}

export function overlapOf(a: Sketch, b: Sketch): Overlap | undefined {
  return byUnits(a.units, b.units) ?? byRows(a.rows, b.rows);
}

type Hashed = readonly [string, ...unknown[]];

/** Below the edge to which both samples are complete. */
function comparable<T extends Hashed>(a: readonly T[], b: readonly T[]): [T[], T[]] {
  const edges = [a, b].flatMap((list) => (list.length < SAMPLED ? [] : [list.at(-1)![0]]));
  const below = (list: readonly T[]) => list.filter(([h]) => edges.every((edge) => h <= edge));
  return [below(a), below(b)];
}

function common<T extends Hashed>(a: readonly T[], b: readonly T[]): [T, T][] {
  const other = new Map(b.map((entry) => [entry[0], entry]));
  return a.flatMap((entry): [T, T][] => {
    const match = other.get(entry[0]);
    return match ? [[entry, match]] : [];
  });
}

function byRows(a: Sketch["rows"], b: Sketch["rows"]): Overlap | undefined {
  const [mine, others] = comparable(a, b);
  const unique = (list: Sketch["rows"]) =>
    list.filter(([, count]) => count === 1).length >= LEAST_UNIQUE * list.length;
  const both = common(mine, others).length;
  const share = both / Math.max(1, Math.min(mine.length, others.length));
  if (both < LEAST_COMMON || share < LEAST_SHARE.rows || !unique(mine) || !unique(others)) return undefined;
  return { by: "rows", share };
}

function byUnits(a: Sketch["units"], b: Sketch["units"]): Overlap | undefined {
  if (!a || !b) return undefined;
  const [mine, others] = comparable(a, b);
  const both = common(mine, others);
  const share = both.length / Math.max(1, Math.min(mine.length, others.length));
  if (both.length < LEAST_COMMON || share < LEAST_SHARE.units) return undefined;
  return agrees(both.map(([x, y]) => [x[1], y[1]])) ? { by: "units", share } : undefined;
}

type Values = readonly (string | null)[];

/** Whether some column of the one agrees with some column of the other, or there is none that could tell. */
function agrees(pairs: readonly (readonly [Values, Values])[]): boolean {
  const [left, right] = [pairs[0]![0].length, pairs[0]![1].length];
  let telling = 0;
  for (let i = 0; i < left; i++)
    for (let j = 0; j < right; j++) {
      const verdict = compareColumns(
        pairs.map(([x, y]) => [x[i] ?? null, y[j] ?? null]),
        left * right,
      );
      if (verdict === "agree") return true;
      if (verdict === "differ") telling++;
    }
  return telling === 0;
}

function compareColumns(
  pairs: readonly (readonly [string | null, string | null])[],
  tried: number,
): "agree" | "differ" | "tells nothing" {
  const n = pairs.length;
  const counts = (side: 0 | 1) => {
    const by = new Map<string | null, number>();
    for (const pair of pairs) by.set(pair[side], (by.get(pair[side]) ?? 0) + 1);
    return by;
  };
  const [ours, theirs] = [counts(0), counts(1)];
  // how often two draws, one of each, would agree
  let chance = 0;
  for (const [value, count] of ours) chance += (count * (theirs.get(value) ?? 0)) / (n * n);
  if (ours.size === 1 && theirs.size === 1) return "tells nothing";
  const agree = pairs.filter(([x, y]) => x === y && x !== null).length / n;
  if ((agree - chance) / (1 - chance) < LEAST_EXCESS) return "differ";
  return n * divergence(agree, Math.max(chance, 1e-9)) >= SURE + Math.log(tried) ? "agree" : "differ";
}

/** Of Bernoulli(p) from Bernoulli(q): a chance of q gives p or more of n with probability at most e^(−n · this). */
function divergence(p: number, q: number): number {
  const part = (x: number, y: number) => (x === 0 ? 0 : x * Math.log(x / y));
  return part(p, q) + part(1 - p, 1 - q);
}
