/** Privacy-loss distributions meet published masses, bound what is known exactly, and are close above it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { rationalOf } from "../../../src/privacy/dp/accounting/conversion.js";
import { gaussianDelta } from "../../../src/privacy/dp/accounting/gaussian.js";
import { Precise } from "../../../src/privacy/dp/accounting/interval.js";
import { Composition } from "../../../src/privacy/dp/accounting/pld/compose.js";
import { Fourier, transformError } from "../../../src/privacy/dp/accounting/pld/fourier.js";
import { onGrid } from "../../../src/privacy/dp/accounting/pld/grid.js";
import {
  discreteGaussianLoss,
  discreteLaplaceLoss,
  gaussianLoss,
  type Loss,
  laplaceLoss,
} from "../../../src/privacy/dp/accounting/pld/loss.js";
import * as dp from "../../../src/privacy/dp/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { testSeed } from "../../harness/seed.js";

const seed = testSeed();
console.info(`privacy loss: seed ${seed}`);

interface Published {
  grids: {
    mechanism: dp.NoiseMechanism;
    sigma?: number;
    scale?: number;
    sensitivity: number;
    step: number;
    mass: [number, number][];
  }[];
  composed: { mechanism: dp.NoiseMechanism; sigma: string; count: number; epsilon: number; delta: number }[];
}
const published = JSON.parse(
  readFileSync(join(packageRoot(), "tests/vectors/dp/valid/privacy-loss.json"), "utf8"),
) as Published;

function lossOf({ mechanism, sigma = 1, scale = 1, sensitivity }: Published["grids"][number]): Loss {
  if (mechanism === "gaussian") return gaussianLoss(sensitivity / sigma);
  if (mechanism === "laplace") return laplaceLoss(sensitivity / scale);
  return mechanism === "discrete-laplace"
    ? discreteLaplaceLoss(scale, sensitivity)
    : discreteGaussianLoss(sigma, sensitivity);
}

/** δ of N(0, 1/μ²) at sensitivity 1, exactly, as a double. */
function gaussianExactly(mu: number, epsilon: number): number {
  const p = new Precise(256);
  const { hi } = gaussianDelta(p, rationalOf(epsilon), rationalOf(1 / mu));
  return Number((hi * 10n ** 40n) / p.one) / 1e40;
}

describe("published numbers", () => {
  test.each(published.grids)("mass by point of the grid: %j", (v) => {
    const points = 401;
    const grid = onGrid(lossOf(v), -200 * v.step, v.step, points);
    for (const [at, mass] of v.mass) expect(grid.mass[200 + at]).toBeCloseTo(mass, 7);
  });

  test.each(published.composed)("composed: %j", ({ mechanism, sigma, count, epsilon, delta }) => {
    const found = dp.composeNoise({ mechanism, sigma, count, totalDelta: String(delta) });
    expect(Math.abs(Number(found.epsilon) - epsilon)).toBeLessThan(1e-5);
  });
});

describe("against what is known exactly", () => {
  test("so many Gaussians are one: ε is never below, and within five millionths", () => {
    const cases = fc.tuple(
      fc.constantFrom(1, 2, 7, 40),
      fc.constantFrom(0.2, 0.7, 1.5, 4),
      fc.constantFrom(1e-3, 1e-6, 1e-10),
    );
    fc.assert(
      fc.property(cases, ([count, total, delta]) => {
        const epsilon = new Composition(gaussianLoss(total / Math.sqrt(count)), count, delta).epsilonAt(
          delta,
        )!;
        // a rounding of μ itself is allowed
        expect(gaussianExactly(total * (1 - 1e-13), epsilon)).toBeLessThanOrEqual(delta);
        expect(gaussianExactly(total, epsilon * (1 - 5e-6))).toBeGreaterThan(delta);
      }),
      { seed, numRuns: 3 },
    );
  });

  test("one Laplace: δ(ε) = 1 − e^((ε − x)/2)", () => {
    for (const x of [0.1, 1, 5])
      for (const part of [0.2, 0.9, 0.999]) {
        const delta = -Math.expm1((part * x - x) / 2);
        const found = new Composition(laplaceLoss(x), 1, delta).epsilonAt(delta)!;
        expect(found).toBeGreaterThanOrEqual(part * x * (1 - 1e-12));
        expect(found).toBeLessThan(part * x + 2e-6 * Math.max(1, x));
      }
  });

  test("discrete Laplace at sensitivity 1 is randomised response: optimal composition, from above", () => {
    for (const [epsilon, count] of [
      ["0.1", 100],
      ["1", 5],
      ["0.5", 30],
    ] as const) {
      const scale = String(1 / Number(epsilon));
      const found = Number(
        dp.composeNoise({ mechanism: "discrete-laplace", scale, count, totalDelta: "1e-6" }).epsilon,
      );
      const least = Number(
        dp.composeOptimal({ epsilon, delta: "0", count, totalDelta: "1e-6" }).least_epsilon,
      );
      expect(found).toBeGreaterThanOrEqual(least * (1 - 1e-9));
      expect(found).toBeLessThan(least * (1 + 1e-5));
    }
  });

  test("two discrete Gaussians, every pair of outcomes summed", () => {
    const [sigma, delta, epsilon] = [1.3, 1, 1.1];
    const weight = (x: number) => Math.exp(-0.5 * (x / sigma) ** 2);
    const xs = Array.from({ length: 101 }, (_, i) => i - 50);
    const total = xs.reduce((sum, x) => sum + weight(x), 0);
    let exact = 0;
    for (const x of xs)
      for (const y of xs) {
        const p = (weight(x) * weight(y)) / total ** 2;
        const q = (weight(x - delta) * weight(y - delta)) / total ** 2;
        exact += Math.max(0, p - Math.exp(epsilon) * q);
      }
    const composition = new Composition(discreteGaussianLoss(sigma, delta), 2, exact);
    expect(composition.deltaAt(epsilon)).toBeGreaterThanOrEqual(exact * (1 - 1e-12));
    expect(composition.deltaAt(epsilon)).toBeLessThan(exact * (1 + 1e-6));
  });

  test("tighter than the curves that budgets are charged by, for every mechanism", () => {
    const curves = {
      gaussian: dp.gaussianCurve({ num: 10n, den: 1n }, { num: 1n, den: 1n }),
      laplace: dp.laplaceCurve({ num: 10n, den: 1n }, { num: 1n, den: 1n }),
    };
    for (const mechanism of ["gaussian", "laplace"] as const) {
      const noise = mechanism === "gaussian" ? { sigma: "10" } : { scale: "10" };
      const loss = dp.composeNoise({ mechanism, ...noise, count: 100, totalDelta: "1e-6" });
      const curve = dp.curveEpsilon(dp.repeatCurve(curves[mechanism], 100n), { num: 1n, den: 10n ** 6n })!;
      expect(Number(loss.epsilon)).toBeLessThan(Number(curve.epsilon));
      expect(Number(loss.epsilon)).toBeGreaterThan(0.85 * Number(curve.epsilon));
    }
  });

  test("Laplace noise never has more than its pure ε", () => {
    const found = dp.composeNoise({ mechanism: "laplace", scale: "2", count: 3, totalDelta: "1e-20" });
    expect(Number(found.epsilon)).toBeLessThanOrEqual(1.5);
    expect(Number(found.epsilon)).toBeGreaterThan(1.4999);
  });
});

describe("what can only be more", () => {
  test("δ falls as ε grows, and ε as δ does", () => {
    const composition = new Composition(laplaceLoss(0.3), 25, 1e-6);
    const deltas = [0, 1, 2, 3, 4, 5].map((epsilon) => composition.deltaAt(epsilon));
    expect([...deltas].sort((a, b) => b - a)).toEqual(deltas);
  });

  test("what does not fit on the grid is infinite, what lies below it is raised", () => {
    const grid = onGrid(gaussianLoss(1), -1, 0.1, 21);
    const all = grid.mass.reduce((sum, m) => sum + m, 0) + grid.infinite;
    expect(all).toBeGreaterThanOrEqual(1);
    expect(all).toBeLessThan(1 + 1e-9);
    expect(grid.infinite).toBeGreaterThan(0.3);
    expect(grid.mass[0]).toBeGreaterThan(0.06);
  });

  test("the error that is allowed for a transform exceeds the one that is made", () => {
    const bits = 12;
    const fourier = new Fourier(bits);
    const re = Float64Array.from({ length: fourier.points }, (_, i) => Math.exp(-0.001 * (i - 700) ** 2));
    const im = new Float64Array(fourier.points);
    const before = Float64Array.from(re);
    fourier.transform(re, im, -1);
    const norm = Math.sqrt(re.reduce((sum, x, i) => sum + x * x + im[i]! ** 2, 0));
    fourier.transform(re, im, 1);
    const off = Math.sqrt(
      before.reduce(
        (sum, x, i) => sum + (re[i]! / fourier.points - x) ** 2 + (im[i]! / fourier.points) ** 2,
        0,
      ),
    );
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan((2 * transformError(bits) * norm) / Math.sqrt(fourier.points));
  });
});

test.each([
  [{ mechanism: "gaussian", count: 1, totalDelta: "1e-6" }, "sigma"],
  [{ mechanism: "laplace", sigma: "1", count: 1, totalDelta: "1e-6" }, "scale"],
  [{ mechanism: "gaussian", sigma: "1", scale: "1", count: 1, totalDelta: "1e-6" }, "scale"],
  [{ mechanism: "gaussian", sigma: "0", count: 1, totalDelta: "1e-6" }, "sigma"],
  [{ mechanism: "gaussian", sigma: "1e9", count: 1, totalDelta: "1e-6" }, "sigma"],
  [{ mechanism: "gaussian", sigma: "1", count: 0, totalDelta: "1e-6" }, "count"],
  [{ mechanism: "gaussian", sigma: "1", count: 1, totalDelta: "1" }, "total_delta"],
  [
    { mechanism: "discrete-laplace", scale: "1", sensitivity: "0.5", count: 1, totalDelta: "0.1" },
    "sensitivity",
  ],
] satisfies [dp.NoiseSteps, string][])("refuses %j and names %s", (input, path) => {
  expect(() => dp.composeNoise(input)).toThrow(path);
});
