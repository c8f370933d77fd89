/**
 * Rényi curves: what a mechanism costs at each of a fixed list of orders, plus an additive δ.
 *
 * Rules: values are whole multiples of 2^−96, rounded up when made, so that adding them is exact and never loses;
 * a curve is an upper bound at every order. A mechanism that is not Rényi-private but fails with probability δ
 * (thresholding) brings δ. Orders are those of TensorFlow Privacy's calculator, 1.25 … 512.
 * Sources: Mironov, "Rényi Differential Privacy" (2017), Table II; Bun and Steinke (2016) for zCDP; for pure
 * ε-DP the divergence of randomised response, which dominates it (Kairouz, Oh, Viswanath 2015).
 */
import type { Rational } from "../../../vocabulary/index.js";
import { rational } from "../../../vocabulary/index.js";
import { epsilonAtOrder, rationalOf } from "./conversion.js";
import { decimalUp } from "./decimal.js";
import type { Interval } from "./interval.js";
import { Precise } from "./interval.js";
import { sampledGaussianDivergence } from "./subsampled.js";

export const ORDERS: readonly Rational[] = [
  ...["5/4", "3/2", "7/4", "2", "9/4", "5/2", "3", "7/2", "4", "9/2"].map((text) => {
    const [num, den = "1"] = text.split("/");
    return rational(BigInt(num!), BigInt(den));
  }),
  ...Array.from({ length: 59 }, (_, i) => rational(BigInt(i + 5))),
  ...[128n, 256n, 512n].map((n) => rational(n)),
];

/** Values are whole multiples of 2^−CURVE_BITS. */
export const CURVE_BITS = 96;

export interface RenyiCurve {
  /** One a value of ORDERS, in units of 2^−96. */
  readonly values: readonly bigint[];
  /** Probability of failing outright. */
  readonly delta: Rational;
}

const NO_DELTA = rational(0n);
const times = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
const lessOne = (a: Rational): Rational => rational(a.num - a.den, a.den);
const curve = (value: (order: Rational) => bigint): RenyiCurve => ({
  values: ORDERS.map(value),
  delta: NO_DELTA,
});
const unitsUp = (r: Rational): bigint => new Precise(CURVE_BITS).of(r).hi;

export const ZERO_CURVE: RenyiCurve = curve(() => 0n);

/** ρ-zCDP: τ(α) = αρ. */
export function zcdpCurve(rho: Rational): RenyiCurve {
  return curve((order) => unitsUp(times(order, rho)));
}

/** N(0, σ²) at ℓ2 sensitivity Δ, continuous or discrete: ρ = Δ²/2σ². */
export function gaussianCurve(sigma: Rational, sensitivity: Rational): RenyiCurve {
  const num = sensitivity.num ** 2n * sigma.den ** 2n;
  return zcdpCurve(rational(num, 2n * sigma.num ** 2n * sensitivity.den ** 2n));
}

/** Rounds an interval's upper end, made at more bits, up to a curve's units; never below zero. */
function unitsOf(p: Precise, value: Interval): bigint {
  const shift = BigInt(p.bits - CURVE_BITS);
  const up = -(-value.hi >> shift);
  return up < 0n ? 0n : up;
}

const WORKING_BITS = 192;
/** What is cut off in a pure curve stays below 2^−20 of its unit: there is one for each new ε. */
const PURE_BITS = 128;

/** ε-DP: τ(α) = ε − (ln(1 + e^(−ε)) − ln(1 + e^(−(2α−1)ε))) / (α − 1). */
export function pureCurve(epsilon: Rational): RenyiCurve {
  const p = new Precise(PURE_BITS);
  const one = p.whole(1);
  const whole = p.of(epsilon);
  // every 2α − 1 is a whole number of halves, so that all powers come from one
  const base = p.exp(p.of(rational(-epsilon.num, 2n * epsilon.den)));
  const all = p.ln1p(p.mul(base, base));
  const steps = new Map<number, Interval>();
  let reached = 0;
  let power = one;
  return curve((order) => {
    const halves = Number((4n * order.num - 2n * order.den) / order.den);
    const step = steps.get(halves - reached) ?? p.power(base, halves - reached);
    steps.set(halves - reached, step);
    power = p.mul(power, step);
    reached = halves;
    // 2α − 1 > 1, so that it is not below zero
    const { lo, hi } = p.sub(all, p.ln1p(power));
    const saved = p.scale({ lo: lo < 0n ? 0n : lo, hi }, order.den, order.num - order.den);
    return unitsOf(p, p.sub(whole, saved));
  });
}

/** Laplace noise of scale b at ℓ1 sensitivity Δ, x = Δ/b: τ = x + ln(α/(2α−1) + (α−1)/(2α−1)·e^(−(2α−1)x))/(α−1). */
export function laplaceCurve(scale: Rational, sensitivity: Rational): RenyiCurve {
  const p = new Precise(WORKING_BITS);
  const x = rational(sensitivity.num * scale.den, sensitivity.den * scale.num);
  return curve((order) => {
    const { num, den } = order;
    const width = 2n * num - den;
    const decay = p.exp(p.of(rational(-width * x.num, den * x.den)));
    const mixed = p.add(p.of(rational(num, width)), p.mul(p.of(rational(num - den, width)), decay));
    return unitsOf(p, p.add(p.of(x), p.div(p.ln(mixed), p.of(lessOne(order)))));
  });
}

/** One step of Gaussian noise z·Δ on a Poisson sample at rate q; see subsampled.ts. */
export function sampledGaussianCurve(rate: Rational, noise: Rational): RenyiCurve {
  // the nearest doubles on the safe side: a larger rate, less noise
  const q = Math.min(1, nearest(rate) * (1 + 2 ** -50));
  const z = nearest(noise) * (1 - 2 ** -50);
  return curve((order) => {
    const value = sampledGaussianDivergence(nearest(order), q, z);
    return unitsUp(rationalOf(value));
  });
}

function nearest(r: Rational): number {
  const shift = Math.max(0, r.den.toString(2).length - r.num.toString(2).length + 64);
  return Number((r.num << BigInt(shift)) / r.den) / 2 ** shift;
}

/** What a mechanism costs that fails with probability δ and is otherwise free, such as thresholding of rare keys. */
export function failureCurve(delta: Rational): RenyiCurve {
  return { values: ZERO_CURVE.values, delta };
}

/** Sequential composition, adaptive: curves add, and so do failures. */
export function addCurves(...curves: readonly RenyiCurve[]): RenyiCurve {
  return curves.reduce(
    (a, b) => ({
      values: a.values.map((v, i) => v + b.values[i]!),
      delta: rational(a.delta.num * b.delta.den + b.delta.num * a.delta.den, a.delta.den * b.delta.den),
    }),
    ZERO_CURVE,
  );
}

/** The same mechanism so many times. */
export function repeatCurve(c: RenyiCurve, count: bigint): RenyiCurve {
  return { values: c.values.map((v) => v * count), delta: rational(c.delta.num * count, c.delta.den) };
}

export interface CurveEpsilon {
  epsilon: string;
  /** The order that gave it, decimal text. */
  order: string;
}

/** The least ε over the orders at δ, rounded up; undefined when the curve's own δ uses up all of it. */
export function curveEpsilon(c: RenyiCurve, delta: Rational): CurveEpsilon | undefined {
  const left = delta.num * c.delta.den - c.delta.num * delta.den;
  if (left <= 0n) return undefined;
  const rest = rational(left, delta.den * c.delta.den);
  const p = new Precise(WORKING_BITS);
  const up = BigInt(p.bits - CURVE_BITS);
  let best: { value: bigint; order: Rational } | undefined;
  c.values.forEach((value, i) => {
    const order = ORDERS[i]!;
    const tau = { lo: value << up, hi: value << up };
    const epsilon = epsilonAtOrder(p, tau, order, rest).hi;
    if (best === undefined || epsilon < best.value) best = { value: epsilon, order };
  });
  const { value, order } = best!;
  return { epsilon: decimalUp(value, p.one), order: decimalUp(order.num, order.den) };
}
