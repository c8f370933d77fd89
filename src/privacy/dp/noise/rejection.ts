/**
 * Exact discrete Laplace and Gaussian noise by rejection, for any parameter.
 *
 * Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (2020), Algorithms 1–3.
 * Everything is whole-number arithmetic on rationals: no float, so no lattice of doubles to attack (Mironov 2012).
 * The loops turn on randomness alone, never on data. Tables (table.ts) are faster where they fit; both draw from
 * the same distributions, and the tests hold them against the exact probabilities. See derivation.md.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { isqrt } from "../accounting/interval.js";
import type { RandomBits } from "./random.js";

/** True with probability num/den; 0 ≤ num ≤ den. */
function bernoulli(random: RandomBits, num: bigint, den: bigint): boolean {
  return random.below(den) < num;
}

/** True with probability e^(−num/den), for 0 ≤ num/den ≤ 1: Algorithm 1, first part. */
function bernoulliExpSmall(random: RandomBits, num: bigint, den: bigint): boolean {
  let k = 1n;
  while (bernoulli(random, num, den * k)) k++;
  return (k & 1n) === 1n;
}

const MORE_BITS = 64;

/** Whether a uniform U in [0, 1) is below num/den, of which so many bits are known; draws more where those are equal. */
function isBelow(random: RandomBits, num: bigint, den: bigint, u: bigint, bits: bigint): boolean {
  const floor = (num << bits) / den;
  if (u !== floor) return u < floor;
  const longer = (u << BigInt(MORE_BITS)) | random.uint(MORE_BITS);
  return isBelow(random, num, den, longer, bits + BigInt(MORE_BITS));
}

/** The same, where the first trial's uniform number has been begun: `u` are its first 48 bits. */
export function bernoulliExpAfter(random: RandomBits, num: bigint, den: bigint, u: bigint): boolean {
  if (!isBelow(random, num, den, u, 48n)) return true;
  let k = 2n;
  while (bernoulli(random, num, den * k)) k++;
  return (k & 1n) === 1n;
}

/** True with probability e^(−num/den), num/den ≥ 0: Algorithm 1. */
export function bernoulliExp(random: RandomBits, num: bigint, den: bigint): boolean {
  let rest = num;
  while (rest > den) {
    if (!bernoulliExpSmall(random, 1n, 1n)) return false;
    rest -= den;
  }
  return bernoulliExpSmall(random, rest, den);
}

/** P(x) ∝ e^(−|x|/scale) on the whole numbers: Algorithm 2 with t/s = scale. */
export function rejectionLaplace(random: RandomBits, scale: Rational): bigint {
  const { num: t, den: s } = scale;
  for (;;) {
    const u = random.below(t);
    if (!bernoulliExpSmall(random, u, t)) continue;
    let v = 0n;
    while (bernoulliExpSmall(random, 1n, 1n)) v++;
    const magnitude = (u + t * v) / s;
    const negative = random.bit();
    // zero would otherwise be drawn twice as often
    if (negative && magnitude === 0n) continue;
    return negative ? -magnitude : magnitude;
  }
}

/** P(x) ∝ e^(−x²/2σ²) on the whole numbers: Algorithm 3. `variance` is σ². */
export function rejectionGaussian(random: RandomBits, variance: Rational): bigint {
  const { num: a, den: b } = variance;
  const t = isqrt(a / b) + 1n;
  for (;;) {
    const y = rejectionLaplace(random, { num: t, den: 1n });
    const magnitude = y < 0n ? -y : y;
    // (|y| − σ²/t)² / 2σ² over whole numbers
    const distance = magnitude * t * b - a;
    if (bernoulliExp(random, distance * distance, 2n * a * b * t * t)) return y;
  }
}
