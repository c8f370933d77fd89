/** Noise in shares: its sum is a discrete Gaussian's but for less than a curve is rounded by, and its cost is never below it. */
import { describe, expect, test } from "@jest/globals";
import {
  createNoise,
  drawShare,
  LEAST_VARIANCE,
  MAX_SHARED_NUMBERS,
  MAX_SHARES,
  ORDERS,
  rhoUnits,
  sharesFor,
  zcdpCurve,
} from "../../../src/privacy/index.js";
import { compareRational, parseDecimal, rational } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { chiSquareLimit, seeded } from "./random.js";

const seed = String(testSeed());
console.info(`shares: seed ${seed}`);

/** η of the derivation: how far a theta function is from its mean, at τ². */
const eta = (tau2: number): number => {
  let sum = 0;
  for (let k = 1; k < 60; k++) sum += 2 * Math.exp(-2 * Math.PI ** 2 * tau2 * k * k);
  return sum;
};

/** β of the derivation, for h shares of variance s². */
function beta(variance: number, shares: number): number {
  let sum = 0;
  for (let k = 1; k < shares; k++) {
    const e = eta((variance * k) / (k + 1));
    sum += Math.log1p(e) - Math.log1p(-e);
  }
  return sum;
}

/** Probabilities of −reach … reach. */
function gaussian(variance: number, reach: number): number[] {
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * variance)),
  );
  const all = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / all);
}

const convolved = (a: readonly number[], b: readonly number[]): number[] => {
  const out = new Array<number>(a.length + b.length - 1).fill(0);
  for (const [i, x] of a.entries()) for (const [j, y] of b.entries()) out[i + j]! += x * y;
  return out;
};

describe("the derivation's figures", () => {
  test("what a sum of shares is off by is less than a unit of a curve, at every order, for all numbers and shares", () => {
    const off = MAX_SHARED_NUMBERS * beta(Number(LEAST_VARIANCE), MAX_SHARES);
    expect(off).toBeGreaterThan(0);
    for (const { num, den } of ORDERS) {
      const [above, less] = [Number(2n * num - den), Number(num - den)];
      expect((off * above) / less).toBeLessThan(2 ** -96);
    }
  });

  test.each([
    [0.3, 2],
    [0.5, 3],
    [0.7, 5],
    [1, 4],
  ])(
    "σ² = %s in %s shares: each probability is within e^β of one discrete Gaussian's",
    (variance, shares) => {
      let sum = gaussian(variance, 30);
      for (let k = 1; k < shares; k++) sum = convolved(sum, gaussian(variance, 30));
      const middle = (sum.length - 1) / 2;
      const one = gaussian(variance * shares, middle);
      const bound = beta(variance, shares);
      // In the middle, where doubles are exact enough; the bound is sharp there, so a wrong one would show.
      let worst = 0;
      for (let x = -6; x <= 6; x++)
        worst = Math.max(worst, Math.abs(Math.log(sum[middle + x]! / one[middle + x]!)));
      expect(worst).toBeLessThanOrEqual(bound * (1 + 1e-9) + 1e-12);
      expect(worst).toBeGreaterThan(bound / 100);
    },
  );
});

describe("what shares cost", () => {
  const kinds = [
    { name: "units", squared: 4n },
    { name: "sum", squared: 3_000n ** 2n },
  ];

  test("variances are rounded up, so all kinds together never cost more than was asked for", () => {
    for (const text of ["1e-9", "0.001", "0.0313", "0.5", "3", "4000"])
      for (const honest of [1, 2, 7, 49]) {
        const rho = parseDecimal(text, "rho");
        const { variances, rho: spent, cost } = sharesFor(kinds, rho, honest);
        expect(compareRational(spent, rho)).toBeLessThanOrEqual(0);
        for (const [i, { squared }] of kinds.entries()) {
          expect(variances[i]!).toBeGreaterThanOrEqual(LEAST_VARIANCE);
          // Its own part of ρ, with honest shares alone.
          const own = rational(squared * 2n, 2n * BigInt(honest) * variances[i]!);
          expect(compareRational(own, rho)).toBeLessThanOrEqual(0);
        }
        const plain = zcdpCurve(spent).values;
        expect(cost.values.every((v, i) => v === plain[i]! + 1n)).toBe(true);
        expect(cost.delta.num).toBe(0n);
        expect(rhoUnits(spent)).toBeGreaterThan(0n);
      }
  });

  test("the fewer are honest, the more each adds", () => {
    const rho = parseDecimal("0.01", "rho");
    const of = (honest: number) => sharesFor(kinds, rho, honest).variances[1]!;
    expect(of(1)).toBeGreaterThanOrEqual(2n * of(2) - 2n);
    expect(of(2)).toBeGreaterThanOrEqual(2n * of(4) - 2n);
  });

  test("numbers that no unit can change, no cost and nobody honest are refused", () => {
    expect(() => sharesFor([], rational(1n), 1)).toThrow(RangeError);
    expect(() => sharesFor([{ name: "x", squared: 0n }], rational(1n), 1)).toThrow(RangeError);
    expect(() => sharesFor(kinds, rational(0n), 1)).toThrow(RangeError);
    for (const honest of [0, 51, 1.5])
      expect(() => sharesFor(kinds, rational(1n), honest)).toThrow(RangeError);
  });
});

test("the sum of drawn shares is distributed as one discrete Gaussian of the summed variance", () => {
  const noise = createNoise(seeded(seed));
  const [variance, shares, draws] = [9n, 3, 30_000];
  const variances = new Array<bigint>(draws).fill(variance);
  const drawn = Array.from({ length: shares }, () => drawShare(noise, variances));
  const reach = 18;
  const expected = gaussian(Number(variance) * shares, 60).slice(60 - reach, 61 + reach);
  const seen = new Array<number>(expected.length).fill(0);
  let beyond = 0;
  for (let i = 0; i < draws; i++) {
    const x = Number(drawn.reduce((sum, share) => sum + share[i]!, 0n));
    if (Math.abs(x) <= reach) seen[x + reach]!++;
    else beyond++;
  }
  let statistic = 0;
  for (const [i, p] of expected.entries()) statistic += (seen[i]! - p * draws) ** 2 / (p * draws);
  expect(statistic).toBeLessThan(chiSquareLimit(expected.length - 1));
  expect(beyond).toBeLessThan(60);
});

test("numbers of several sizes each get noise of their own size, in their own place", () => {
  const noise = createNoise(seeded(`${seed} sizes`));
  const variances = Array.from({ length: 4_000 }, (_, i) => (i % 2 === 0 ? 9n : 9_000_000n));
  const drawn = drawShare(noise, variances);
  const spread = (rest: number): number =>
    Math.sqrt(drawn.filter((_, i) => i % 2 === rest).reduce((s, z) => s + Number(z) ** 2, 0) / 2_000);
  expect(spread(0)).toBeGreaterThan(2.7);
  expect(spread(0)).toBeLessThan(3.3);
  expect(spread(1)).toBeGreaterThan(2_700);
  expect(spread(1)).toBeLessThan(3_300);
});
