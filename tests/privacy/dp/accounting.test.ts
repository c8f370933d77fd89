/** Accounting meets the published numbers, and every bound is on the safe side. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { epsilonAtOrder } from "../../../src/privacy/dp/accounting/conversion.js";
import { decimalUp } from "../../../src/privacy/dp/accounting/decimal.js";
import { gaussianDelta } from "../../../src/privacy/dp/accounting/gaussian.js";
import { isqrt, Precise } from "../../../src/privacy/dp/accounting/interval.js";
import { sampledGaussianDivergence } from "../../../src/privacy/dp/accounting/subsampled.js";
import * as dp from "../../../src/privacy/dp/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { parseDecimal, rational } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";

const seed = testSeed();
console.info(`accounting: seed ${seed}`);
const runs = { seed, numRuns: 200 };

const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(join(packageRoot(), "tests/vectors/dp", name), "utf8")) as T;
const d = (text: string) => parseDecimal(text, "value");
const relative = (got: string | number, want: number) => Math.abs(Number(got) / want - 1);

describe("published numbers", () => {
  const gaussian = vectors<{
    delta: { sigma: string; sensitivity: string; epsilon: string; delta: number }[];
    sigma: { sensitivity: string; epsilon: string; delta: string; sigma: number }[];
    variance: { sensitivity: string; epsilon: string; delta: string; variance: number }[];
  }>("valid/analytic-gaussian.json");

  test.each(gaussian.delta)("δ of the Gaussian mechanism: %j", (v) => {
    const p = new Precise(128);
    const [sigma, sensitivity] = [d(v.sigma), d(v.sensitivity)];
    const s = rational(sigma.num * sensitivity.den, sigma.den * sensitivity.num);
    const delta = gaussianDelta(p, d(v.epsilon), s);
    expect(Number(delta.hi) / Number(p.one)).toBeCloseTo(v.delta, 7);
    expect(delta.hi - delta.lo).toBeLessThan(1000n);
  });

  test.each(gaussian.sigma)("analytic σ: %j", ({ sigma, ...input }) => {
    expect(Number(dp.gaussianSigma(input).sigma)).toBeCloseTo(sigma, 3);
  });

  test.each(gaussian.variance)("analytic σ² of another library: %j", ({ variance, ...input }) => {
    const ours = Number(dp.gaussianSigma(input).sigma) ** 2;
    expect(ours).toBeLessThanOrEqual(variance);
    expect(ours).toBeGreaterThan(variance / 1.003);
  });

  const conversion = vectors<{
    zcdp: { sigma: string; delta: string; epsilon: number }[];
    constant_curve: { value: string; order: string; delta: string; epsilon: number }[];
  }>("valid/zcdp-conversion.json");

  test.each(conversion.zcdp)("zCDP: %j", (v) => {
    const sigma = d(v.sigma);
    const rho = rational(sigma.den ** 2n, 2n * sigma.num ** 2n);
    expect(Number(dp.zcdpEpsilon(rho, d(v.delta)))).toBeCloseTo(v.epsilon, 7);
  });

  test.each(conversion.constant_curve)("conversion at one order: %j", (v) => {
    const p = new Precise(128);
    const epsilon = epsilonAtOrder(p, p.of(d(v.value)), d(v.order), d(v.delta));
    expect(Number(decimalUp(epsilon.hi, p.one))).toBeCloseTo(v.epsilon, 10);
  });

  const composition = vectors<{
    cases: {
      epsilon: string;
      delta: string;
      count: number;
      total_delta: string;
      total_epsilon: number | null;
    }[];
  }>("valid/optimal-composition.json");

  test.each(composition.cases)("optimal composition: %j", ({ total_delta, total_epsilon, ...input }) => {
    const compose = () => dp.composeOptimal({ ...input, totalDelta: total_delta });
    if (total_epsilon === null) expect(compose).toThrow("no epsilon reaches it");
    else expect(compose().epsilon).toBe(String(total_epsilon));
  });

  const sampled = vectors<{
    sgd: {
      examples: number;
      batch: number;
      noise: string;
      epochs: number;
      delta: string;
      epsilon: number;
      order: string;
    }[];
    mironov: { rate: number; noise: number; steps: number; delta: number; order: number; epsilon: number }[];
    curve: {
      rate: number;
      noise: number;
      steps: number;
      values: [number, number][];
      above: [number, number][];
    };
  }>("valid/subsampled-gaussian.json");

  test.each(sampled.sgd)("DP-SGD: %j", ({ epsilon, order, ...input }) => {
    const got = dp.sgdEpsilon(input);
    expect(got.order).toBe(order);
    expect(relative(got.epsilon, epsilon)).toBeLessThan(1e-10);
    expect(Number(got.epsilon)).toBeGreaterThanOrEqual(epsilon * (1 - 1e-12));
  });

  test.each(sampled.mironov)("DP-SGD with Mironov's conversion: %j", (v) => {
    const tau = v.steps * sampledGaussianDivergence(v.order, v.rate, v.noise);
    expect(relative(tau + Math.log(1 / v.delta) / (v.order - 1), v.epsilon)).toBeLessThan(2e-9);
  });

  test("Rényi curve of the sampled Gaussian", () => {
    const { rate, noise, steps, values, above } = sampled.curve;
    const tau = (order: number) => steps * sampledGaussianDivergence(order, rate, noise);
    for (const [order, value] of values) expect(relative(tau(order), value)).toBeLessThan(1e-4);
    for (const [order, value] of above) expect(tau(order)).toBeLessThan(value);
  });
});

describe("the sampled Gaussian's divergence", () => {
  /** ln A at a whole order by the paper's finite sum, Mironov, Talwar and Zhang 2019, (3.3), in exact intervals. */
  function bySum(order: number, rate: string, noise: string): number {
    const p = new Precise(1600);
    const [q, z] = [d(rate), d(noise)];
    const rest = rational(q.den - q.num, q.den);
    let binomial = 1n;
    let sum = p.whole(0);
    for (let k = 0; k <= order; k++) {
      const exponent = rational(BigInt(k * k - k) * z.den ** 2n, 2n * z.num ** 2n);
      const powers = p.mul(p.power(p.of(q), k), p.power(p.of(rest), order - k));
      sum = p.add(sum, p.mul(p.whole(binomial), p.mul(powers, p.exp(p.of(exponent)))));
      binomial = (binomial * BigInt(order - k)) / BigInt(k + 1);
    }
    return Number(decimalUp(p.ln(sum).hi, p.one, 17)) / (order - 1);
  }

  test.each([
    [2, "0.0000001", "0.5"],
    [3, "0.001", "1"],
    [5, "0.00000001", "3"],
    [16, "0.01", "0.8"],
    [27, "0.000001", "1"],
    [40, "0.2", "10"],
    [64, "0.5", "2"],
    [20, "0.99", "100"],
  ])("equals the finite sum at order %d, rate %s, noise %s, from above", (order, rate, noise) => {
    const exact = bySum(order, rate, noise);
    const got = sampledGaussianDivergence(order, Number(rate), Number(noise));
    expect(got / exact - 1).toBeLessThan(3e-11);
    expect(got / exact - 1).toBeGreaterThan(-1e-15);
  });

  test("at fractional orders lies below the chord and above the tangent of ln A, which is convex", () => {
    const lnA = (order: number, q: number, z: number) => (order - 1) * sampledGaussianDivergence(order, q, z);
    fc.assert(
      fc.property(
        fc.double({ min: 1e-5, max: 0.999, noNaN: true }),
        fc.double({ min: 0.3, max: 20, noNaN: true }),
        fc.integer({ min: 2, max: 20 }),
        (q, z, n) => {
          const [a, b, c] = [lnA(n, q, z), lnA(n + 0.5, q, z), lnA(n + 1, q, z)];
          expect(b).toBeLessThanOrEqual(((a + c) / 2) * (1 + 1e-9));
          const before = n === 2 ? 0 : lnA(n - 1, q, z);
          expect(b).toBeGreaterThanOrEqual((a + (a - before) / 2) * (1 - 1e-9));
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  test("without sampling is the Gaussian's own, and never exceeds it", () => {
    expect(relative(sampledGaussianDivergence(7, 1, 2), 7 / 8)).toBeLessThan(1e-10);
    for (const q of [0.001, 0.3, 0.999999]) {
      expect(sampledGaussianDivergence(7, q, 2)).toBeLessThanOrEqual((7 / 8) * (1 + 1e-9));
    }
    expect(sampledGaussianDivergence(7, 0, 2)).toBe(0);
  });
});

describe("bounds are on the safe side", () => {
  const small = fc.integer({ min: 1, max: 10_000 });
  const decimal = fc.tuple(small, fc.integer({ min: 0, max: 6 })).map(([n, e]) => `${n}e-${e}`);

  test("an interval holds what it computes: exp and ln undo each other, squares and roots too", () => {
    fc.assert(
      fc.property(decimal, fc.integer({ min: 32, max: 400 }), (text, bits) => {
        const p = new Precise(bits);
        const x = rational(d(text).num % (50n * d(text).den), d(text).den);
        const back = p.ln(p.exp(p.of(x)));
        expect(back.lo <= p.of(x).hi && back.hi >= p.of(x).lo).toBe(true);
        const minus = p.exp(p.of(rational(-x.num, x.den)));
        const one = p.mul(p.exp(p.of(x)), minus);
        expect(one.lo <= p.one && one.hi >= p.one).toBe(true);
      }),
      runs,
    );
    for (const n of [0n, 1n, 2n, 3n, 4n, 99n, 10n ** 40n, 10n ** 41n - 1n]) {
      const r = isqrt(n);
      expect(r * r <= n && (r + 1n) * (r + 1n) > n).toBe(true);
    }
  });

  test("exp, ln and Φ agree with known digits", () => {
    const p = new Precise(200);
    const text = (v: bigint) => decimalUp(v, p.one, 40);
    expect(text(p.exp(p.whole(1)).hi)).toBe("2.718281828459045235360287471352662497758");
    expect(text(p.ln(p.whole(10)).hi)).toBe("2.302585092994045684017991454684364207602");
    // Abramowitz and Stegun, table 26.1: Φ(1) and, for the tail, Q(4)
    expect(text(p.cdf(p.whole(1)).hi)).toMatch(/^0\.84134474606854294/);
    expect(text(p.cdf(p.whole(-4)).hi)).toMatch(/^0\.0000316712418331199/);
    const zero = p.cdf(p.whole(0));
    expect(zero.lo <= p.one >> 1n && zero.hi >= p.one >> 1n).toBe(true);
    expect(p.cdf(p.whole(-100)).lo).toBe(0n);
  });

  test("decimals are rounded up, by less than a unit of their last digit", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 30n }),
        fc.bigInt({ min: 1n, max: 10n ** 30n }),
        (num, den) => {
          const shown = d(decimalUp(num, den, 6));
          expect(shown.num * den >= num * shown.den).toBe(true);
          expect((shown.num * den - num * shown.den) * 100_000n < num * shown.den).toBe(true);
        },
      ),
      runs,
    );
    expect(decimalUp(0n, 7n)).toBe("0");
    expect(decimalUp(1n, 3n, 3)).toBe("0.334");
    expect(decimalUp(999_999n, 1n, 3)).toBe("1000000");
  });

  test("the σ returned meets (ε, δ), and a hair less does not", () => {
    const cases = fc.tuple(
      fc.constantFrom("0", "0.01", "0.5", "1", "3", "20"),
      fc.integer({ min: 1, max: 30 }),
    );
    fc.assert(
      fc.property(cases, ([epsilon, k]) => {
        const delta = `1e-${k}`;
        const p = new Precise(320);
        const sigma = d(dp.gaussianSigma({ epsilon, delta }).sigma);
        expect(gaussianDelta(p, d(epsilon), sigma).hi).toBeLessThanOrEqual(p.of(d(delta)).lo);
        const less = rational(sigma.num * 999_999_999n, sigma.den * 1_000_000_000n);
        expect(gaussianDelta(p, d(epsilon), less).lo).toBeGreaterThan(p.of(d(delta)).hi);
      }),
      { seed, numRuns: 25 },
    );
  });

  test("the converted ε never beats the Gaussian mechanism's own, which is optimal", () => {
    for (const sigma of ["0.5", "1", "5", "40"]) {
      const s = d(sigma);
      for (const delta of ["1e-3", "1e-6", "1e-12"]) {
        const epsilon = dp.zcdpEpsilon(rational(s.den ** 2n, 2n * s.num ** 2n), d(delta));
        const own = gaussianDelta(new Precise(256), d(epsilon), s);
        expect(own.hi).toBeLessThanOrEqual(new Precise(256).of(d(delta)).hi);
      }
    }
  });

  test("a curve gives no less than the best order does, and more orders cost nothing", () => {
    const rho = d("0.05");
    const delta = d("1e-6");
    const free = Number(dp.zcdpEpsilon(rho, delta));
    const listed = Number(dp.curveEpsilon(dp.zcdpCurve(rho), delta)!.epsilon);
    expect(listed).toBeGreaterThanOrEqual(free);
    expect(listed).toBeLessThan(free * 1.001);
  });

  test("pure and Laplace curves: below ε at every order, towards it as orders grow, and below αε²/2", () => {
    const epsilon = d("0.7");
    const unit = 2 ** 96;
    const pure = dp.pureCurve(epsilon).values.map((v) => Number(v) / unit);
    const laplace = dp
      .laplaceCurve(rational(epsilon.den, epsilon.num), rational(1n))
      .values.map((v) => Number(v) / unit);
    dp.ORDERS.forEach((order, i) => {
      const alpha = Number(order.num) / Number(order.den);
      // Mironov 2017, Table II: Laplace, in its own form
      const b = 1 / 0.7;
      const table = Math.log(
        (alpha / (2 * alpha - 1)) * Math.exp((alpha - 1) / b) +
          ((alpha - 1) / (2 * alpha - 1)) * Math.exp(-alpha / b),
      );
      expect(laplace[i]).toBeCloseTo(table / (alpha - 1), 10);
      expect(laplace[i]).toBeLessThan(pure[i]!);
      expect(pure[i]).toBeLessThanOrEqual(Math.min(0.7, (alpha * 0.49) / 2));
    });
    expect(pure.at(-1)).toBeGreaterThan(0.695);
  });

  test("composition of curves is exact, and failures add up", () => {
    const c = dp.zcdpCurve(d("0.1"));
    expect(dp.repeatCurve(c, 3n)).toEqual(dp.addCurves(c, c, c));
    const failing = dp.addCurves(c, dp.failureCurve(d("1e-6")), dp.failureCurve(d("2e-6")));
    expect(failing.delta).toEqual(d("3e-6"));
    expect(dp.curveEpsilon(failing, d("3e-6"))).toBeUndefined();
    const rest = dp.curveEpsilon(failing, d("4e-6"))!;
    expect(Number(rest.epsilon)).toBeCloseTo(Number(dp.curveEpsilon(c, d("1e-6"))!.epsilon), 9);
  });

  /** Murtagh and Vadhan 2016, Theorem 1.4, summed directly in doubles, for few steps. */
  function deltaOf(target: number, epsilon: number, k: number): number {
    let sum = 0;
    let binomial = 1;
    for (let l = 0; l <= k; l++) {
      sum += binomial * Math.max(0, Math.exp((k - l) * epsilon) - Math.exp(target + l * epsilon));
      binomial = (binomial * (k - l)) / (l + 1);
    }
    return sum / (1 + Math.exp(epsilon)) ** k;
  }

  test("optimal composition: the least ε meets δ with equality, and lies between two points of Theorem 3.3", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom("0.05", "0.3", "1", "2"),
        fc.constantFrom("1e-2", "1e-4", "1e-7"),
        (count, epsilon, totalDelta) => {
          const got = dp.composeOptimal({ epsilon, delta: "0", count, totalDelta });
          const [point, least] = [Number(got.epsilon), Number(got.least_epsilon)];
          expect(least).toBeLessThanOrEqual(point);
          expect(point - least).toBeLessThanOrEqual(2 * Number(epsilon) + 1e-9);
          expect(deltaOf(point, Number(epsilon), count)).toBeLessThanOrEqual(Number(totalDelta) * (1 + 1e-9));
          const at = deltaOf(least, Number(epsilon), count);
          expect(at).toBeLessThanOrEqual(Number(totalDelta) * (1 + 1e-6));
          // twelve digits of ε leave δ open by some 1e-10
          if (least > 0) expect(at).toBeGreaterThan(Number(totalDelta) - 2e-10);
        },
      ),
      { seed, numRuns: 100 },
    );
  });
});

const invalid = vectors<{ cases: [string, Record<string, unknown>, string][] }>("invalid/inputs.json");
test.each(invalid.cases)("%s refuses %j and names %s", (name, input, path) => {
  const { gaussianSigma, zcdpToEpsilon, composeOptimal, sgdEpsilon } = dp;
  const calculators: Record<string, unknown> = { gaussianSigma, zcdpToEpsilon, composeOptimal, sgdEpsilon };
  const calculator = calculators[name] as (input: Record<string, unknown>) => unknown;
  expect(() => calculator(input)).toThrow(
    expect.objectContaining({ code: "invalid_input", message: expect.stringMatching(`^${path}:`) }),
  );
});
