/** Published values against ours, one by one; the table in docs/dp.md is what this computes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Precise } from "../../../src/privacy/dp/accounting/interval.js";
import { sampledGaussianDivergence } from "../../../src/privacy/dp/accounting/subsampled.js";
import * as dp from "../../../src/privacy/dp/index.js";
import { gaussianRatios, laplaceRatios, type Ratios } from "../../../src/privacy/dp/noise/table.js";
import { synthSpent } from "../../../src/privacy/dp/synth/price.js";
import { packageRoot } from "../../../src/store/index.js";
import { parseDecimal, type Rational, rational } from "../../../src/vocabulary/index.js";

interface Of {
  ask: string;
  law?: "gaussian" | "laplace";
  variance?: string;
  sigma?: string;
  scale?: string;
  within?: number;
  at?: number;
  sensitivity?: number | string;
  epsilon?: number | string;
  delta?: number | string;
  rho?: string;
  count?: number;
  totalDelta?: string;
  examples?: number;
  batch?: number;
  noise?: number | string;
  epochs?: number;
  rate?: number;
  steps?: number;
}
interface Row {
  what: string;
  of: Of;
  published: string;
  by: string;
  decimals?: number;
  relative?: number;
  at_most?: true;
  none?: true;
}

const read = (path: string) => readFileSync(join(packageRoot(), path), "utf8");
const { rows } = JSON.parse(read("tests/vectors/dp/valid/conformance.json")) as { rows: Row[] };
const d = (text: string | number | undefined): Rational => parseDecimal(String(text), "value");
const squared = ({ num, den }: Rational): Rational => rational(num * num, den * den);

/** Beyond it there is nothing that shows, for the laws asked about. */
const RANGE = 300;

/** Weights of magnitudes, from the ratios that the samplers' tables are made of. */
function weightsOf(ratios: Ratios, within: number): number[] {
  const p = new Precise(192);
  const next = ratios(p);
  let weight = p.whole(1);
  const list = [1];
  for (let m = 1; m <= within; m++) {
    weight = p.mul(weight, next());
    const value = Number(weight.lo) / Number(p.one);
    if (value < 1e-30) break;
    list.push(value);
  }
  return list;
}

/** P(X = x), conditioned on |X| ≤ within; all of it with `within` large. */
function massesOf({ law, variance, sigma, scale, within = RANGE }: Of): (x: number) => number {
  const ratios =
    law === "laplace" ? laplaceRatios(d(scale)) : gaussianRatios(variance ? d(variance) : squared(d(sigma)));
  const weights = weightsOf(ratios, within);
  const whole = weights.reduce((sum, w, m) => sum + (m === 0 ? w : 2 * w), 0);
  return (x) => (weights[Math.abs(x)] ?? 0) / whole;
}

const summed = (f: (x: number) => number, from: number, to: number): number => {
  let sum = 0;
  for (let x = from; x <= to; x++) sum += f(x);
  return sum;
};

/** δ(ε) of noise with these masses, one way and so the other. */
const deltaOf = (mass: (x: number) => number, sensitivity: number, epsilon: number): number =>
  summed((x) => Math.max(0, mass(x) - Math.exp(epsilon) * mass(x - sensitivity)), -RANGE, RANGE);

/** The σ from which on all larger ones meet (ε, δ): smaller ones may, since the discrete law is not monotone. */
function leastSigma({ sensitivity, epsilon, delta }: Of): number {
  const isMet = (sigma: number): boolean => {
    const variance = (sigma ** 2).toFixed(12);
    const mass = massesOf({ ask: "mass", law: "gaussian", variance, within: RANGE });
    return deltaOf(mass, Number(sensitivity), Number(epsilon)) <= Number(delta);
  };
  let high = 20;
  while (isMet(high / 1.02)) high /= 1.02;
  let low = high / 1.02;
  for (let i = 0; i < 14; i++) {
    const middle = (low + high) / 2;
    if (isMet(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function distribution(of: Of): number {
  const mass = massesOf(of);
  const { at = 0, within = RANGE } = of;
  switch (of.ask) {
    case "mass":
      return mass(at);
    case "cdf":
      return summed(mass, -within, at);
    case "tail":
      return 1 - summed(mass, 1 - at, at - 1);
    case "deviation":
      return Math.sqrt(summed((x) => x * x * mass(x), -within, within));
    default:
      return deltaOf(mass, Number(of.sensitivity), Number(of.epsilon));
  }
}

const ORDERS = Array.from({ length: 63 }, (_, i) => i + 2);
const toNumber = ({ num, den }: Rational) => Number(num) / Number(den);

/** Undefined where no number is an answer. */
function ours(of: Of): number | undefined {
  const text = (value: number | string | undefined) => String(value);
  switch (of.ask) {
    case "sigma":
      return leastSigma(of);
    case "analytic":
      return Number(
        dp.gaussianSigma({
          epsilon: text(of.epsilon),
          delta: text(of.delta),
          sensitivity: text(of.sensitivity),
        }).sigma,
      );
    case "convert": {
      const rho = of.rho ? d(of.rho) : rational(d(of.sigma).den ** 2n, 2n * d(of.sigma).num ** 2n);
      return Number(dp.zcdpEpsilon(rho, d(of.delta)));
    }
    case "noise_rho":
      return toNumber(
        synthSpent(
          { rho: rational(1n), oneVariance: d(of.variance), twoVariance: undefined, rate: undefined },
          1,
          1,
        ),
      );
    case "choice_rho": {
      // The rate of ε at sensitivity 1 is ε/2; noise so large that it costs nothing that shows.
      const rate = rational(d(of.epsilon).num, 2n * d(of.epsilon).den);
      const silent = rational(10n ** 30n);
      return toNumber(
        synthSpent({ rho: rational(1n), oneVariance: silent, twoVariance: silent, rate }, 2, 1),
      );
    }
    case "compose":
      try {
        const input = { epsilon: text(of.epsilon), delta: text(of.delta), totalDelta: text(of.totalDelta) };
        return Number(dp.composeOptimal({ ...input, count: of.count! }).epsilon);
      } catch {
        return undefined;
      }
    case "sgd":
      return Number(
        dp.sgdEpsilon({
          examples: of.examples!,
          batch: of.batch!,
          noise: text(of.noise),
          epochs: of.epochs!,
          delta: text(of.delta),
        }).epsilon,
      );
    case "moments":
      return Math.min(
        ...ORDERS.map(
          (order) =>
            of.steps! * sampledGaussianDivergence(order, of.rate!, Number(of.noise)) +
            Math.log(1 / Number(of.delta)) / (order - 1),
        ),
      );
    default:
      return distribution(of);
  }
}

const digitsOf = (published: string): number => published.replace(/^0\.0*|[^\d]/g, "").length;
const shown = ({ published }: Row, value: number | undefined): string =>
  value === undefined
    ? "none"
    : String(Number(value.toPrecision(Math.max(4, Math.min(12, digitsOf(published))))));

describe("published values", () => {
  test.each(rows)("$what is $published", (row) => {
    const value = ours(row.of);
    const published = Number(row.published);
    if (row.none) return expect(value).toBeUndefined();
    if (row.at_most) expect(value).toBeLessThanOrEqual(published);
    else if (row.relative) expect(Math.abs(value! / published - 1)).toBeLessThan(row.relative);
    else expect(Math.abs(value! - published)).toBeLessThan(1.01 * 10 ** -row.decimals!);
  });

  test("stand in docs/dp.md beside ours", () => {
    const lines = rows.map(
      (row) => `| ${row.what} | ${row.published} | ${shown(row, ours(row.of))} | ${row.by} |`,
    );
    const table = ["| what | published | ours | by |", "|---|---|---|---|", ...lines].join("\n");
    if (process.env.GLOVEBOX_SHOW_TABLE === "1") process.stdout.write(`${table}\n`);
    expect(read("docs/dp.md")).toContain(table);
  });
});
