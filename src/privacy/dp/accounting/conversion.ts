/**
 * From Rényi divergence to (ε, δ), tightly.
 *
 * Source: Canonne, Kamath, Steinke, "The Discrete Gaussian for Differential Privacy" (2020), Proposition 12 (v3):
 * a mechanism of Rényi divergence τ at order α is (ε, δ)-DP with
 *   ε = τ + ln(1/(α·δ)) / (α − 1) + ln(1 − 1/α).
 * It holds at every order α > 1, so a poorly chosen order costs tightness, never safety. Floats choose the order;
 * intervals compute the bound, and its upper end is returned.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { rational } from "../../../vocabulary/index.js";
import { decimalUp } from "./decimal.js";
import type { Interval } from "./interval.js";
import { Precise } from "./interval.js";

/** ε at one order; α > 1 and τ ≥ 0 exact or in an interval. May be negative, which means 0. */
export function epsilonAtOrder(p: Precise, tau: Interval, alpha: Rational, delta: Rational): Interval {
  const lessOne = rational(alpha.num - alpha.den, alpha.den);
  const lnAlphaDelta = p.lnOf(rational(alpha.num * delta.num, alpha.den * delta.den));
  const tail = p.div(p.sub(p.whole(0), lnAlphaDelta), p.of(lessOne));
  return p.add(tau, tail, p.lnOf(rational(alpha.num - alpha.den, alpha.num)));
}

/** The exact value of a double. */
export function rationalOf(x: number): Rational {
  let exponent = 0;
  let mantissa = x;
  while (!Number.isInteger(mantissa) || Math.abs(mantissa) > Number.MAX_SAFE_INTEGER) {
    const up = !Number.isInteger(mantissa);
    mantissa = up ? mantissa * 2 : mantissa / 2;
    exponent += up ? -1 : 1;
  }
  const m = BigInt(mantissa);
  return exponent >= 0 ? rational(m << BigInt(exponent)) : rational(m, 1n << BigInt(-exponent));
}

/** ln of a positive rational of any size, as a float: to choose, never to bound. */
export function roughLn(r: Rational): number {
  const part = (n: bigint): number => {
    const hex = n.toString(16);
    return Math.log(Number.parseInt(hex.slice(0, 13), 16)) + Math.max(0, hex.length - 13) * Math.log(16);
  };
  return part(r.num) - part(r.den);
}

/** Where a function of one valley is least, between two points. */
export function valley(f: (x: number) => number, from: number, to: number): number {
  let [a, b] = [from, to];
  for (let i = 0; i < 200; i++) {
    const [c, d] = [a + (b - a) / 3, b - (b - a) / 3];
    if (f(c) < f(d)) b = d;
    else a = c;
  }
  return (a + b) / 2;
}

/** Orders are searched by u = ln(α − 1), between these. */
const ORDER_RANGE = [-60, 400] as const;

function orderAt(u: number): Rational {
  const lessOne = rationalOf(Math.exp(u));
  return rational(lessOne.num + lessOne.den, lessOne.den);
}

/** Finely enough for an order however near to 1, or large. */
const preciseFor = (alpha: Rational): Precise =>
  new Precise(320 + 2 * (alpha.num.toString(2).length + alpha.den.toString(2).length));

/** The order at which the bound is least for τ = α·ρ. */
function bestOrder(rho: Rational, delta: Rational): Rational {
  const rhoFloat = Math.exp(roughLn(rho));
  const lnDelta = roughLn(delta);
  const at = (u: number): number => {
    const lessOne = Math.exp(u);
    const alpha = 1 + lessOne;
    return alpha * rhoFloat - (lnDelta + Math.log1p(lessOne)) / lessOne + (u - Math.log1p(lessOne));
  };
  return orderAt(valley(at, ...ORDER_RANGE));
}

/** The smallest ε that ρ-zCDP guarantees at δ, rounded up, as decimal text. 0 < δ < 1, ρ ≥ 0. */
export function zcdpEpsilon(rho: Rational, delta: Rational): string {
  if (rho.num === 0n) return "0";
  const alpha = bestOrder(rho, delta);
  const p = preciseFor(alpha);
  const tau = p.of(rational(rho.num * alpha.num, rho.den * alpha.den));
  return decimalUp(epsilonAtOrder(p, tau, alpha, delta).hi, p.one);
}

/**
 * A ρ whose zCDP is (ε, δ)-DP, the largest but for rounding: at one order α the bound is (ε, δ) at
 * ρ = (ε − ln(1/(αδ))/(α−1) − ln(1 − 1/α))/α, and floats choose the order at which that is most. Not above zero where
 * there is none. 0 < δ < 1.
 */
export function zcdpRho(epsilon: Rational, delta: Rational): Rational {
  const wanted = Math.exp(roughLn(epsilon));
  const lnDelta = roughLn(delta);
  const alpha = orderAt(
    valley(
      (u) => {
        const lessOne = Math.exp(u);
        const ln = Math.log1p(lessOne);
        return -(wanted + (lnDelta + ln) / lessOne - (u - ln)) / (1 + lessOne);
      },
      ...ORDER_RANGE,
    ),
  );
  const p = preciseFor(alpha);
  const spare = p.sub(p.of(epsilon), epsilonAtOrder(p, p.whole(0), alpha, delta)).lo;
  return rational(spare * alpha.den, p.one * alpha.num);
}
