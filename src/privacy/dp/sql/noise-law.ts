/**
 * The two laws of noise here, by what is drawn: discrete Laplace of a scale, discrete Gaussian of a variance, in whole
 * steps. Widths are for people, floats; a bound on which a guarantee stands is proven by intervals.
 */
import { type Rational, rational } from "../../../vocabulary/index.js";
import { isqrt, Precise } from "../accounting/interval.js";
import type { Noise } from "../noise/index.js";
import { toNumber } from "./floats.js";

export type Law = { kind: "laplace"; scale: Rational } | { kind: "gaussian"; variance: Rational };

export const draw = (noise: Noise, law: Law, count: number): bigint[] =>
  law.kind === "laplace" ? noise.laplaceMany(law.scale, count) : noise.gaussianMany(law.variance, count);

/** Standard deviation, in steps; of the discrete law from above. */
export function deviation(law: Law): number {
  if (law.kind === "gaussian") return Math.sqrt(toNumber(law.variance));
  const q = Math.exp(-1 / toNumber(law.scale));
  return q === 1 ? Math.SQRT2 * toNumber(law.scale) : Math.sqrt(2 * q) / (1 - q);
}

/** Largest σ whose law is summed up term by term; above, the continuous law differs by less than a thousandth. */
const SUMMED_TO = 400;

const widths = new WeakMap<Law, Map<number, number>>();

/** The least w with P(|Z| ≤ w) ≥ 1 − missed: whole, and at least 0. */
export function halfWidth(law: Law, missed: number): number {
  const known = widths.get(law) ?? new Map<number, number>();
  widths.set(law, known);
  const width = known.get(missed) ?? widthOf(law, missed);
  known.set(missed, width);
  return width;
}

function widthOf(law: Law, missed: number): number {
  if (law.kind === "laplace") {
    const t = toNumber(law.scale);
    const q = Math.exp(-1 / t);
    // P(|Z| > w) = 2q^(w+1)/(1+q)
    return Math.max(0, Math.ceil(t * Math.log(2 / (missed * (1 + q))) - 1 - 1e-9));
  }
  const sigma = Math.sqrt(toNumber(law.variance));
  return sigma <= SUMMED_TO
    ? summedWidth(toNumber(law.variance), missed)
    : Math.ceil(sigma * normalQuantile(1 - missed / 2) + 0.5);
}

function summedWidth(variance: number, missed: number): number {
  const weights: number[] = [];
  let total = 0;
  for (let x = 0; x <= 40 * Math.sqrt(variance) + 1; x++) {
    const weight = Math.exp((-x * x) / (2 * variance)) * (x === 0 ? 1 : 2);
    weights.push(weight);
    total += weight;
  }
  let within = 0;
  for (const [w, weight] of weights.entries()) {
    within += weight;
    if (within >= (1 - missed) * total) return w;
  }
  return weights.length;
}

/** Acklam's rational approximation, refined by nothing: relative error below 1.2·10^−9. */
export function normalQuantile(p: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ];
  const b = [
    -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
  ];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416];
  const polynomial = (list: readonly number[], x: number): number => list.reduce((sum, k) => sum * x + k, 0);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(c, q) / (polynomial(d, q) * q + 1);
  }
  if (p > 1 - 0.02425) return -normalQuantile(1 - p);
  const q = p - 0.5;
  return (polynomial(a, q * q) * q) / (polynomial(b, q * q) * q * q + 1);
}

/**
 * How many deviations hold 1 − missed of any sum of independent values of this law: normal for Gaussians; for Laplace
 * noise one value alone has the widest tails, √½·ln(1/missed).
 */
export const spreadOf = (kind: Law["kind"], missed: number): number =>
  kind === "gaussian" ? normalQuantile(1 - missed / 2) : Math.log(1 / missed) / Math.SQRT2;

const BITS = 256;

/** A proven whole number m with P(Z ≥ m) ≤ `most`; exact to the next few. */
export function tailBound(law: Law, most: Rational): bigint {
  const p = new Precise(BITS);
  const goal = p.of(most).lo;
  const guess = Math.max(1, Math.floor(roughTail(law, Math.log(toNumber(most)))));
  for (let m = BigInt(guess); ; m += 1n + m / 4096n) if (tail(p, law, m) <= goal) return m;
}

function roughTail(law: Law, lnMost: number): number {
  if (law.kind === "laplace") return toNumber(law.scale) * (-lnMost - Math.LN2) - 1;
  // ln P(N ≥ x) ≈ −x²/2 − ln(x√2π)
  let x = Math.sqrt(-2 * lnMost);
  for (let i = 0; i < 20; i++)
    x = Math.sqrt(Math.max(0.01, -2 * (lnMost + Math.log(Math.max(1, x) * 2.5066))));
  return Math.sqrt(toNumber(law.variance)) * x * 0.999;
}

/** An upper bound of P(Z ≥ m), m ≥ 1, scaled by 2^BITS. */
function tail(p: Precise, law: Law, m: bigint): bigint {
  if (law.kind === "laplace") {
    // q^m / (1 + q), q = e^(−1/t)
    const { num, den } = law.scale;
    const q = p.exp(p.of(rational(-den, num)));
    return p.div(p.exp(p.of(rational(-m * den, num))), p.add(p.whole(1), q)).hi;
  }
  // Canonne, Kamath, Steinke 2020, Proposition 25: P(Z ≥ m) ≤ P(N(0, σ²) ≥ m − 1)
  const { num, den } = law.variance;
  const shift = 64n;
  const sigma = isqrt((num << (2n * shift)) / den) + 1n;
  return p.cdf(p.of(rational(-(m - 1n) << shift, sigma))).hi;
}
