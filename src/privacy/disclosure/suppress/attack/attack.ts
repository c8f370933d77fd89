/**
 * The attack: between what values must a hidden number lie, for someone who knows all that is shown and that nothing
 * counts less than zero? A number counts as protected when solutions of the puzzle were found on both sides of it, far
 * enough away: each of them is a table that could be the true one.
 *
 * Rules: proofs are solutions, not opinions: what is said to be possible was found. Counts are whole numbers, so for
 * them the solutions must be whole, too, wherever the puzzle is small enough to look; where only fractions were found,
 * that is said. Source: Hundepool et al. 2012, 4.4 (audit of protection intervals).
 */
import type { LinearProgram, OpenProgram, Solver } from "../solver.js";
import type { Puzzle } from "./puzzle.js";

export interface Target {
  /** Index of the unknown. */
  unknown: number;
  /** It must be possible that the number is at most, and at least. */
  atMost: number;
  atLeast: number;
}

export interface Exposure {
  unknown: number;
  /** The furthest values found: it cannot be told that the number is not so small, or so large. */
  low: number;
  high: number;
  /** Whether both sides were reached; of counts, by whole numbers. */
  protected: boolean;
  /** Reached by fractions alone, whole numbers were not looked through to the end. */
  fractionsOnly: boolean;
}

/** Larger puzzles of whole numbers are attacked with fractions alone where no whole solution comes up by itself. */
export const WHOLE_UNKNOWNS = 600;
const WHOLE_NODES = 300;
const CLOSE = 1e-6;
const isWhole = (x: number): boolean => Math.abs(x - Math.round(x)) < CLOSE;

export function attack(solver: Solver, puzzle: Puzzle, targets: readonly Target[]): Exposure[] {
  if (targets.length === 0) return [];
  const found = new Found(puzzle, targets);
  solver.with(programOf(puzzle), (open) => {
    for (const { unknown, atMost, atLeast } of targets)
      for (const side of [1, -1] as const) {
        if (found.reached(unknown, side, side > 0 ? atLeast : atMost)) continue;
        const columns = extreme(open, puzzle, unknown, side);
        if (columns) found.learn(columns);
      }
  });
  lookForWhole(solver, puzzle, targets, found);
  return targets.map((target) => found.exposure(target));
}

/** The whole interval of each unknown, by fractions, or by whole numbers where `whole`. */
export function intervals(
  solver: Solver,
  puzzle: Puzzle,
  unknowns: readonly number[],
): Map<number, [number, number]> {
  const found = new Map<number, [number, number]>();
  solver.with(programOf(puzzle), (open) => {
    for (const unknown of unknowns) {
      const [low, high] = [-1, 1].map((side) => extreme(open, puzzle, unknown, side as 1 | -1)?.[unknown]);
      found.set(unknown, [low ?? Number.NEGATIVE_INFINITY, high ?? Number.POSITIVE_INFINITY]);
    }
  });
  return found;
}

export function programOf({ unknowns, equations }: Puzzle): LinearProgram {
  return {
    cost: new Float64Array(unknowns.length),
    low: unknowns.map((u) => u.lower),
    high: unknowns.map((u) => u.upper),
    rows: equations.map(({ terms, low, high }) => {
      const sums = new Map<number, number>();
      for (const [unknown, factor] of terms) sums.set(unknown, (sums.get(unknown) ?? 0) + factor);
      return { columns: [...sums.keys()], factors: [...sums.values()], low, high };
    }),
  };
}

/** A solution in which the unknown is as large (side 1) or small as can be; undefined where there is no end to it. */
function extreme(
  open: OpenProgram,
  { unknowns }: Puzzle,
  unknown: number,
  side: 1 | -1,
): Float64Array | undefined {
  const { lower, upper } = unknowns[unknown]!;
  open.cost(unknown, -side);
  let solved = open.solve();
  if (solved.status === "unbounded" || solved.status === "infeasible") {
    // A presolve may call what has no end infeasible; far away is as good as without end.
    open.bounds(unknown, side * FAR, side * FAR);
    open.cost(unknown, 0);
    solved = open.solve();
    open.bounds(unknown, lower, upper);
  }
  open.cost(unknown, 0);
  return solved.status === "optimal" ? solved.columns : undefined;
}

/** No count of anything in a table comes near it. */
const FAR = 1e9;

/** The furthest values that solutions gave each target. */
class Found {
  private readonly low = new Map<number, number>();
  private readonly high = new Map<number, number>();
  private readonly wholeLow = new Map<number, number>();
  private readonly wholeHigh = new Map<number, number>();
  readonly exhausted = new Set<string>();

  constructor(
    private readonly puzzle: Puzzle,
    private readonly targets: readonly Target[],
  ) {}

  learn(columns: ArrayLike<number>): void {
    const { unknowns } = this.puzzle;
    const whole = unknowns.every((u, i) => !u.whole || isWhole(columns[i]!));
    for (const { unknown } of this.targets) {
      const x = columns[unknown]!;
      raise(this.high, unknown, x, 1);
      raise(this.low, unknown, x, -1);
      if (!whole) continue;
      raise(this.wholeHigh, unknown, x, 1);
      raise(this.wholeLow, unknown, x, -1);
    }
  }

  reached(unknown: number, side: 1 | -1, to: number, whole = false): boolean {
    const found = side > 0 ? (whole ? this.wholeHigh : this.high) : whole ? this.wholeLow : this.low;
    const x = found.get(unknown);
    return x !== undefined && side * (x - to) >= -CLOSE * Math.max(1, Math.abs(to));
  }

  exposure({ unknown, atMost, atLeast }: Target): Exposure {
    const counts = this.puzzle.unknowns[unknown]!.whole;
    const sides = [
      [1, atLeast],
      [-1, atMost],
    ] as const;
    const loose = sides.every(([side, to]) => this.reached(unknown, side, to));
    const missing = sides.filter(([side, to]) => counts && !this.reached(unknown, side, to, true));
    const refuted = missing.some(([side]) => this.exhausted.has(`${side}${unknown}`));
    return {
      unknown,
      low: this.low.get(unknown) ?? Number.NaN,
      high: this.high.get(unknown) ?? Number.NaN,
      protected: loose && !refuted,
      fractionsOnly: loose && missing.length > 0 && !refuted,
    };
  }
}

function raise(map: Map<number, number>, key: number, x: number, side: 1 | -1): void {
  const known = map.get(key);
  if (known === undefined || side * (x - known) > 0) map.set(key, x);
}

/** Counts that only fractional solutions moved are asked again, in whole numbers. */
function lookForWhole(solver: Solver, puzzle: Puzzle, targets: readonly Target[], found: Found): void {
  if (puzzle.unknowns.length > WHOLE_UNKNOWNS) return;
  const program = programOf(puzzle);
  const whole = puzzle.unknowns.map((u) => u.whole);
  for (const { unknown, atMost, atLeast } of targets) {
    if (!puzzle.unknowns[unknown]!.whole) continue;
    for (const side of [1, -1] as const) {
      const to = side > 0 ? atLeast : atMost;
      if (!found.reached(unknown, side, to) || found.reached(unknown, side, to, true)) continue;
      const low = Array.from(program.low);
      const high = Array.from(program.high);
      if (side > 0) low[unknown] = Math.ceil(to - CLOSE);
      else high[unknown] = Math.floor(to + CLOSE);
      const solved = solver.solveWhole({ ...program, low, high, whole }, { nodes: WHOLE_NODES });
      if (solved.status === "optimal" || !Number.isNaN(solved.value)) found.learn(solved.columns);
      else if (solved.status === "infeasible") found.exhausted.add(`${side}${unknown}`);
    }
  }
}
