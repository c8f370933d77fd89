/**
 * Which pairs make the tree: one after the other, by the exponential mechanism among those that close no circle (as in
 * MST: McKenna, Miklau, Sheldon 2021), or a fixed chain in the order of columns.
 *
 * A pair's score is how far its counts are from those of independent columns, in rows, less what noise of its size adds
 * on average (as in AIM: McKenna et al. 2022). One unit moves a score by at most its number of rows.
 */
import type { Rational } from "../../../vocabulary/index.js";
import type { RandomBits } from "../noise/random.js";
import { choose } from "./choose.js";
import { type Pair, pairsOf } from "./model.js";

export const fixedTree = (columns: number): Pair[] =>
  Array.from({ length: columns - 1 }, (_, i): Pair => [i, i + 1]);

/** Σ |counts − expected|, less a public number. */
export function scoreOf(counts: readonly bigint[], expected: readonly bigint[], noise: bigint): bigint {
  const apart = counts.reduce((sum, n, i) => {
    const difference = n - expected[i]!;
    return sum + (difference < 0n ? -difference : difference);
  }, 0n);
  return apart - noise;
}

/** What noise alone adds up to in a table of so many cells. */
export const noiseOf = (cells: number, deviation: number): bigint =>
  BigInt(Math.round(cells * deviation * Math.sqrt(2 / Math.PI)));

/** @param scores one a pair, in the order of `pairsOf` */
export function chooseTree(
  random: RandomBits,
  columns: number,
  scores: readonly bigint[],
  rate: Rational,
): Pair[] {
  const pairs = pairsOf(columns);
  const part = Array.from({ length: columns }, (_, i) => i);
  const tree: Pair[] = [];
  while (tree.length < columns - 1) {
    const open = pairs.map((pair, i) => ({ pair, i })).filter(({ pair: [a, b] }) => part[a] !== part[b]);
    const at = choose(
      random,
      open.map(({ i }) => scores[i]!),
      rate,
    );
    const { pair } = open[at]!;
    const [joined, left] = [part[pair[0]]!, part[pair[1]]!];
    part.forEach((of, i) => {
      if (of === left) part[i] = joined;
    });
    tree.push(pair);
  }
  return tree;
}
