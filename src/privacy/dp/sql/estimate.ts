/**
 * From noisy numbers to estimates with intervals. Post-processing: exact values are not seen here.
 *
 * An interval holds the true value of the bounded quantity (clamped values, declared groups) with the probability
 * asked for; it speaks of the noise alone, not of sampling. Derivations: derivation.md.
 */

import type { Bisected } from "./bisect.js";
import type { Estimate, Plan, Scaled } from "./model.js";
import { deviation, halfWidth, spreadOf } from "./noise-law.js";
import type { Pricing } from "./price.js";

export type Interval = readonly [number, number];

export interface Estimated {
  /** Whole for counts and sums of whole numbers. */
  value: number | bigint;
  /** @param missed the probability that the interval may miss */
  interval(missed: number): Interval;
}

/** The noisy numbers of one group. */
export interface Noisy {
  measured: readonly bigint[];
  bisected: readonly Bisected[];
}

const power = (digits: number): number => Number(`1e${digits}`);
/** Steps as a number in the value's own unit. */
const inUnits = (steps: number, digits: number): number =>
  digits >= 0 ? steps / power(digits) : steps * power(-digits);

/** To a thousandth of its error: further digits are noise that nobody can use. */
function legible(value: number, width: number): number {
  if (!(width > 0) || !Number.isFinite(value)) return value;
  const place = Math.floor(Math.log10(width)) - 3;
  const digits = Math.min(15, Math.max(1, Math.floor(Math.log10(Math.abs(value) || width)) - place + 1));
  return Number(value.toPrecision(digits));
}

const clip = (x: number, [low, high]: Interval): number => Math.min(high, Math.max(low, x));
const clipped = ([low, high]: Interval, within: Interval): Interval => [
  clip(low, within),
  clip(high, within),
];

export function estimate(plan: Plan, pricing: Pricing, of: Estimate, noisy: Noisy): Estimated {
  switch (of.kind) {
    case "count":
    case "sum":
      return plain(pricing, of.of, noisy.measured[of.of]!, of.kind === "sum" ? of.digits : 0);
    case "mean":
      return mean(pricing, of, noisy);
    case "var":
    case "std":
      return spread(pricing, of, noisy);
    case "quantile":
      return quantile(plan.bisections[of.of]!.value, noisy.bisected[of.of]!);
  }
}

function plain(pricing: Pricing, at: number, steps: bigint, digits: number): Estimated {
  const law = pricing.laws[at]!;
  const interval = (missed: number): Interval => {
    const width = halfWidth(law, missed);
    const [low, high] = [steps - BigInt(width), steps + BigInt(width)];
    return [inUnits(Number(low), digits), inUnits(Number(high), digits)];
  };
  if (digits === 0) return { value: steps, interval };
  const value = inUnits(Number(steps), digits);
  return { value: legible(value, inUnits(halfWidth(law, 0.05), digits)), interval };
}

const ends = ({ low, high }: Scaled, centre: bigint): Interval => [
  Number(low - centre),
  Number(high - centre),
];

/**
 * Fieller: θ is kept where S − θN, which is noise of known spread at the true θ, is within its spread. Exact for
 * Gaussian noise, whatever the count.
 */
export function ratioInterval(
  s: number,
  n: number,
  sd: { s: number; n: number },
  z: number,
  all: Interval,
): Interval {
  const a = n * n - z * z * sd.n * sd.n;
  if (a <= 0 || n <= 0) return all;
  const b = s * n;
  const c = s * s - z * z * sd.s * sd.s;
  const root = Math.sqrt(Math.max(0, b * b - a * c));
  return clipped([(b - root) / a, (b + root) / a], all);
}

function mean(pricing: Pricing, of: Extract<Estimate, { kind: "mean" }>, { measured }: Noisy): Estimated {
  const [n, s] = [Number(measured[of.count]), Number(measured[of.sum])];
  const sd = { n: deviation(pricing.laws[of.count]!), s: deviation(pricing.laws[of.sum]!) };
  const all = ends(of.value, of.centre);
  const outward = (x: number): number => inUnits(x + Number(of.centre), of.value.digits);
  const interval = (missed: number): Interval => {
    const [low, high] = ratioInterval(s, n, sd, spreadOf(pricing.kind, missed), all);
    return [outward(low), outward(high)];
  };
  const [low, high] = interval(0.05);
  return { value: legible(outward(clip(s / Math.max(1, n), all)), (high - low) / 2), interval };
}

type Spread = Extract<Estimate, { kind: "var" | "std" }>;

/** Relative error of the count up to which the variance is taken as linear in its parts. */
const LINEAR_TO = 0.02;

function spread(pricing: Pricing, of: Spread, { measured }: Noisy): Estimated {
  const [n, s, q] = [of.count, of.sum, of.squares].map((at) => Number(measured[at])) as [
    number,
    number,
    number,
  ];
  const size = Math.max(of.sample ? 2 : 1, n);
  const [m, r] = [s / size, q / size];
  const factor = of.sample ? size / (size - 1) : 1;
  const [below, above] = ends(of.value, of.centre);
  // The largest variance of numbers between two ends: half of them at each.
  const all: Interval = [
    0,
    ((above - below) ** 2 / 4) * (of.sample ? Math.max(2, size) / (Math.max(2, size) - 1) : 1),
  ];
  const middle = Number(of.middle);
  const outward = (x: number): number => {
    const variance = inUnits(inUnits(clip(x * factor, all), of.value.digits), of.value.digits);
    return of.kind === "std" ? Math.sqrt(variance) : variance;
  };
  const interval = (missed: number): Interval => {
    const [low, high] = spreadInterval(pricing, of, { n, s, q }, missed);
    return [outward(middle + low), outward(middle + high)];
  };
  const [low, high] = interval(0.05);
  return { value: legible(outward(middle + r - m * m), (high - low) / 2), interval };
}

/** Of Q/N − (S/N)², the variance less its middle. */
function spreadInterval(
  pricing: Pricing,
  of: Spread,
  { n, s, q }: { n: number; s: number; q: number },
  missed: number,
): Interval {
  const [dn, ds, dq] = [of.count, of.sum, of.squares].map((at) => deviation(pricing.laws[at]!)) as [
    number,
    number,
    number,
  ];
  const z = spreadOf(pricing.kind, missed);
  if (z * dn <= LINEAR_TO * n) {
    const [m, r] = [s / n, q / n];
    const sd = Math.hypot(dq, 2 * m * ds, (r - 2 * m * m) * dn) / n;
    const second = ((z * ds) / n) ** 2;
    return [r - m * m - z * sd - second, r - m * m + z * sd + second];
  }
  // Few rows: each part at a third of what may be missed, and the extremes over all of them.
  const each = spreadOf(pricing.kind, missed / 3);
  if (n - each * dn <= 1) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const counts: Interval = [n - each * dn, n + each * dn];
  const [mLow, mHigh] = extremes([s - each * ds, s + each * ds], counts);
  const [rLow, rHigh] = extremes([q - each * dq, q + each * dq], counts);
  const [far, near] = [
    Math.max(mLow ** 2, mHigh ** 2),
    mLow <= 0 && mHigh >= 0 ? 0 : Math.min(mLow ** 2, mHigh ** 2),
  ];
  return [rLow - far, rHigh - near];
}

/** Of a quotient whose divisor is above zero. */
function extremes([a, b]: Interval, [c, d]: Interval): Interval {
  const list = [a / c, a / d, b / c, b / d];
  return [Math.min(...list), Math.max(...list)];
}

function quantile(value: Scaled, found: Bisected): Estimated {
  const outward = (steps: bigint): number => inUnits(Number(steps), value.digits);
  const interval = (missed: number): Interval => {
    const [low, high] = found.interval(missed);
    return [outward(low), outward(high)];
  };
  return { value: outward(found.steps), interval };
}
