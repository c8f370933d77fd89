/**
 * The least noise of the Gaussian mechanism for (ε, δ): the analytic calibration.
 *
 * Source: Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy" (2018), Theorem 8:
 * N(0, σ²) on a query of ℓ2 sensitivity Δ is (ε, δ)-DP if and only if
 *   Φ(Δ/2σ − εσ/Δ) − e^ε · Φ(−Δ/2σ − εσ/Δ) ≤ δ.
 * The left side falls as σ grows. The σ returned is one at which the upper end of the left side's interval is at
 * most δ: it is proven, and exceeds the least one by less than one unit of its last digit.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { rational } from "../../../vocabulary/index.js";
import { roughLn } from "./conversion.js";
import { decimalUp, SHOWN_DIGITS } from "./decimal.js";
import type { Interval } from "./interval.js";
import { Precise } from "./interval.js";

/** δ of the Gaussian mechanism with noise multiplier s = σ/Δ, in an interval. */
export function gaussianDelta(p: Precise, epsilon: Rational, s: Rational): Interval {
  const near = p.of(rational(s.den, 2n * s.num));
  const far = p.of(rational(epsilon.num * s.num, epsilon.den * s.den));
  const first = p.cdf(p.sub(near, far));
  const second = p.cdf(p.sub(p.whole(0), p.add(near, far)));
  return p.sub(first, p.mul(p.exp(p.of(epsilon)), second));
}

/** Search steps below the shown digits. */
const STEPS = 10n ** BigInt(SHOWN_DIGITS + 1);

/** The least noise multiplier σ/Δ for (ε, δ) as num/STEPS-fine rational; ε ≥ 0, 0 < δ < 1. */
function leastMultiplier(epsilon: Rational, delta: Rational): Rational {
  const bits = 192 + Math.ceil((Number(epsilon.num / epsilon.den) + 1 - roughLn(delta)) * Math.LOG2E);
  const p = new Precise(bits);
  const enough = (s: Rational): boolean => gaussianDelta(p, epsilon, s).hi <= p.of(delta).lo;
  let unit = rational(1n);
  while (!enough(unit)) unit = rational(2n * unit.num, unit.den);
  while (enough(rational(unit.num, 2n * unit.den))) unit = rational(unit.num, 2n * unit.den);
  // the answer lies in (unit/2, unit]
  let [low, high] = [STEPS / 2n, STEPS];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (enough(rational(unit.num * middle, unit.den * STEPS))) high = middle;
    else low = middle;
  }
  return rational(unit.num * high, unit.den * STEPS);
}

/** The least σ for (ε, δ) at ℓ2 sensitivity Δ, rounded up, as decimal text. */
export function analyticSigma(epsilon: Rational, delta: Rational, sensitivity: Rational): string {
  const s = leastMultiplier(epsilon, delta);
  return decimalUp(s.num * sensitivity.num, s.den * sensitivity.den);
}
