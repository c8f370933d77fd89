/**
 * A quantile by halving: at each of a fixed number of steps one noisy comparison of what lies below the middle with
 * what lies above decides which half is kept. The number of steps and the noise are public; the path is noisy.
 */
import type { Bisection } from "./model.js";
import { halfWidth, type Law } from "./noise-law.js";

export interface Bisected {
  /** The answer, in steps of the value's grid. */
  steps: bigint;
  /** The quantile lies within these with probability 1 − missed. */
  interval(missed: number): readonly [bigint, bigint];
}

interface Look {
  /** Leaves below this one are below. */
  at: number;
  /** (den − num)·below − num·above, noisy: from zero on the quantile is below. */
  balance: bigint;
}

/** @param draws one value of the law a halving */
export function bisect(
  b: Bisection,
  law: Law,
  leaves: readonly bigint[],
  draws: readonly bigint[],
): Bisected {
  const { num, den } = b.rank;
  const sums = [0n];
  for (const rows of leaves) sums.push(sums.at(-1)! + rows);
  const all = sums.at(-1)!;
  let [from, to] = [0, leaves.length];
  const looks: Look[] = draws.map((noise) => {
    // Steps beyond the last leaf are taken all the same: how many there are tells nothing.
    const at = to - from > 1 ? (from + to) >> 1 : to;
    const below = sums[at]!;
    const balance = (den - num) * below - num * (all - below) + noise;
    if (to - from > 1) {
      if (balance >= 0n) to = at;
      else from = at;
    }
    return { at, balance };
  });
  return { steps: middleOf(b, from), interval: (missed) => around(b, looks, law, missed, leaves.length) };
}

const atMost = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function middleOf({ value, leaf }: Bisection, at: number): bigint {
  return atMost(value.low + BigInt(at) * leaf + (leaf - 1n) / 2n, value.high);
}

/** Every look is trusted to its noise's width, at an equal part of what may be missed. */
function around(
  { value, leaf }: Bisection,
  looks: readonly Look[],
  law: Law,
  missed: number,
  leaves: number,
): readonly [bigint, bigint] {
  const width = BigInt(halfWidth(law, missed / Math.max(1, looks.length)));
  let [from, to] = [0, leaves];
  for (const { at, balance } of looks) {
    if (balance - width >= 0n) to = Math.min(to, at);
    if (balance + width < 0n) from = Math.max(from, at);
  }
  const low = value.low + BigInt(from) * leaf;
  return [low, atMost(value.low + BigInt(Math.max(to, from + 1)) * leaf - 1n, value.high)];
}
