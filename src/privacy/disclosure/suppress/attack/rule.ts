/**
 * A second attacker, who also knows the rule by which cells were hidden: a hidden cell is small, or it was hidden to
 * protect a small one that shares a sum with it.
 *
 * `knower` sees one mark for all hidden cells and reasons in whole numbers. `told` is told in addition which cells are
 * the small ones: more than anybody is told, and a bound on what can be gained. What they gain over the first attacker
 * is reported; a small cell that the knower could name exactly counts as not protected.
 * Source: Cox, Protecting confidentiality in small population health and environmental statistics, Statistics in
 * Medicine 15 (1996), on attackers who know the rule.
 */
import type { LinearProgram, LinearRow, Solver } from "../solver.js";
import { intervals, programOf } from "./attack.js";
import type { Puzzle } from "./puzzle.js";

export interface Gain {
  /** Small cells looked at. */
  cells: number;
  /** Small cells that are left with one value. */
  pinned: number[];
  /** How much shorter the interval of a small cell gets, on average: 0 nothing, 1 all of it. */
  shortened: number;
  /** The fewest whole numbers that a small cell is left with. */
  fewest: number;
}

export interface RuleAttack {
  /** Undefined where the puzzle is too large to be reasoned about in whole numbers. */
  knower: Gain | undefined;
  told: Gain | undefined;
}

const NODES = 500;

/**
 * @param small unknowns that are on too few units
 * @param threshold a count of units below it and above zero is small
 * @param most larger puzzles are not reasoned about in whole numbers
 */
export function attackKnowingRule(
  solver: Solver,
  puzzle: Puzzle,
  small: readonly number[],
  threshold: number,
  most: number,
): RuleAttack {
  if (small.length === 0) return { knower: undefined, told: undefined };
  const before = intervals(solver, puzzle, small);
  const told = toldPuzzle(puzzle, small, threshold);
  const after = intervals(solver, told, small);
  const knower =
    puzzle.unknowns.length <= most
      ? gainOf(before, knowerIntervals(solver, puzzle, small, threshold))
      : undefined;
  return { knower, told: gainOf(before, after) };
}

type Intervals = ReadonlyMap<number, readonly [number, number]>;

function gainOf(before: Intervals, after: Intervals): Gain {
  const pinned: number[] = [];
  let shortened = 0;
  let fewest = Number.POSITIVE_INFINITY;
  for (const [unknown, [low, high]] of after) {
    const values = Math.floor(high + 1e-6) - Math.ceil(low - 1e-6) + 1;
    fewest = Math.min(fewest, values);
    if (values <= 1) pinned.push(unknown);
    const [a, b] = before.get(unknown)!;
    // What has no end is shortened to nothing by any end.
    shortened +=
      b - a > 0 && Number.isFinite(b - a) ? 1 - (high - low) / (b - a) : Number.isFinite(high) ? 1 : 0;
  }
  return { cells: after.size, pinned, shortened: shortened / Math.max(1, after.size), fewest };
}

/** Each small one within its range; of the others it is known that they are none. */
function toldPuzzle(puzzle: Puzzle, small: readonly number[], threshold: number): Puzzle {
  const among = new Set(small);
  return {
    ...puzzle,
    unknowns: puzzle.unknowns.map((u, i) => (among.has(i) ? { ...u, lower: 1, upper: threshold - 1 } : u)),
  };
}

/**
 * Beside each number n a yes or no s, that it is small, and z, that it is zero: s means 1 ≤ n < threshold, z means
 * n = 0, neither means n ≥ threshold. One that is not small shares a sum with one that is.
 */
function knowerIntervals(
  solver: Solver,
  puzzle: Puzzle,
  small: readonly number[],
  threshold: number,
): Intervals {
  const base = programOf(puzzle);
  const size = puzzle.unknowns.length;
  const rows: LinearRow[] = [...base.rows];
  const most = mostOf(puzzle);
  const inf = Number.POSITIVE_INFINITY;
  const s = (n: number) => size + n;
  const z = (n: number) => 2 * size + n;
  const neighbours = puzzle.unknowns.map(() => new Set<number>());
  for (const { terms } of puzzle.equations)
    for (const [a] of terms) for (const [b] of terms) if (a !== b) neighbours[a]!.add(b);
  puzzle.unknowns.forEach(({ cell }, n) => {
    if (cell < 0) return;
    const row = (low: number, high: number, columns: number[], factors: number[]) =>
      rows.push({ low, high, columns, factors });
    row(-inf, 1, [s(n), z(n)], [1, 1]);
    // n ≥ threshold − (threshold − 1)s − threshold·z
    row(threshold, inf, [n, s(n), z(n)], [1, threshold - 1, threshold]);
    // n ≤ most(1 − s − z) + (threshold − 1)s
    row(-inf, most, [n, s(n), z(n)], [1, most - threshold + 1, most]);
    const near = [...neighbours[n]!];
    row(1, inf, [s(n), ...near.map(s)], [1, ...near.map(() => 1)]);
  });
  const flags = Array.from({ length: 2 * size }, () => 1);
  const program: LinearProgram = {
    cost: new Float64Array(3 * size),
    low: [...Array.from(base.low), ...flags.map(() => 0)],
    high: [...Array.from(base.high, (h) => Math.min(h, most)), ...flags],
    rows,
    whole: [...puzzle.unknowns.map((u) => u.whole), ...flags.map(() => true)],
  };
  const found = new Map<number, readonly [number, number]>();
  for (const n of small) {
    const ends = [1, -1].map((side) => {
      const cost = new Float64Array(3 * size);
      cost[n] = side;
      const { status, bound } = solver.solveWhole({ ...program, cost }, { nodes: NODES });
      // Where the search was cut short, the bound says at least what is certain.
      return status === "infeasible" || !Number.isFinite(bound) ? undefined : side * bound;
    });
    found.set(n, [ends[0] ?? 0, ends[1] ?? most]);
  }
  return found;
}

/** No unknown is larger than all that is known together. */
function mostOf(puzzle: Puzzle): number {
  const known = puzzle.equations.map(({ low, high }) =>
    Math.max(Number.isFinite(low) ? Math.abs(low) : 0, Number.isFinite(high) ? Math.abs(high) : 0),
  );
  return 1000 + 2 * Math.ceil(Math.max(0, ...known));
}
