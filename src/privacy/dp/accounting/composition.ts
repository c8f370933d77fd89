/**
 * The optimal composition of k equal (ε, δ)-DP steps, adaptively chosen.
 *
 * Source: Kairouz, Oh, Viswanath, "The Composition Theorem for Differential Privacy" (2015), Theorem 3.3: the
 * composition is ((k − 2i)ε, 1 − (1 − δ)^k (1 − δ_i))-DP for i = 0 … ⌊k/2⌋ with, for p = e^ε/(1 + e^ε), q = 1 − p,
 *   δ_i = A_i − e^((k−2i)ε) · B_i,   A_i = Σ_{l<i} C(k,l) p^(k−l) q^l,   B_i = Σ_{l<i} C(k,l) q^(k−l) p^l,
 * and no smaller δ holds at these ε. Between two of them the same formula with ε' for (k − 2i)ε is exact
 * (Murtagh and Vadhan, 2016, Theorem 1.4), which gives the least ε of all for a δ.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { rational } from "../../../vocabulary/index.js";
import { decimalUp } from "./decimal.js";
import type { Interval } from "./interval.js";
import { Precise } from "./interval.js";

export interface Composed {
  /** Theorem 3.3: the least of the points (k − 2i)ε that meets the total δ; exact decimal text where it is short. */
  epsilon: string;
  /** The least ε of all (between the points), rounded up. */
  least_epsilon: string;
}

interface Sums {
  a: Interval;
  b: Interval;
}

const rough = (r: Rational): number => Number((r.num << 64n) / r.den) / 2 ** 64;

class Steps {
  private readonly p: Precise;
  private readonly sums: Sums[];
  constructor(
    private readonly epsilon: Rational,
    private readonly count: number,
  ) {
    // the smallest terms are (1 + e^ε)^−k, and must keep their leading digits
    const perStep =
      Math.log2(1 + Math.exp(Math.min(rough(epsilon), 700))) + Math.max(0, rough(epsilon) - 700) * 1.5;
    this.p = new Precise(256 + Math.ceil(count * perStep));
    this.sums = this.tails();
  }

  /** A_i and B_i for i = 0 … ⌊k/2⌋ + 1. */
  private tails(): Sums[] {
    const { p, count } = this;
    const e = p.exp(p.of(this.epsilon));
    const q = p.div(p.whole(1), p.add(p.whole(1), e));
    const ratio = p.div(p.whole(1), e);
    // C(k,l) p^(k−l) q^l and its mirror, from one l to the next
    let high = p.power(p.sub(p.whole(1), q), count);
    let low = p.power(q, count);
    let sums: Sums = { a: p.whole(0), b: p.whole(0) };
    const all = [sums];
    for (let l = 0; l <= Math.floor(count / 2); l++) {
      sums = { a: p.add(sums.a, high), b: p.add(sums.b, low) };
      all.push(sums);
      high = p.scale(p.mul(high, ratio), BigInt(count - l), BigInt(l + 1));
      low = p.scale(p.mul(low, e), BigInt(count - l), BigInt(l + 1));
    }
    return all;
  }

  loss(i: number): Rational {
    return rational(BigInt(this.count - 2 * i) * this.epsilon.num, this.epsilon.den);
  }

  /** Upper end of δ_i; exactly 0 for i = 0. */
  deltaUp(i: number): Rational {
    const { a, b } = this.sums[i]!;
    const { p } = this;
    const d = i === 0 ? 0n : p.sub(a, p.mul(p.exp(p.of(this.loss(i))), b)).hi;
    return rational(d < 0n ? 0n : d, p.one);
  }

  /** Least ε' in the stretch below point i at which δ(ε') ≤ tau; tau ≥ 0 is rounded down. */
  between(i: number, tau: Rational): { num: bigint; den: bigint } {
    const { p } = this;
    const { a, b } = this.sums[i + 1]!;
    const gap = p.sub(a, p.of(tau));
    if (gap.hi <= 0n) return { num: 0n, den: 1n };
    const e = p.div(gap, b);
    return e.hi <= p.one ? { num: 0n, den: 1n } : { num: p.ln({ lo: e.hi, hi: e.hi }).hi, den: p.one };
  }
}

const power = (r: Rational, n: number): Rational => ({ num: r.num ** BigInt(n), den: r.den ** BigInt(n) });

/** Undefined when no ε meets the total δ: 1 − (1 − δ)^k exceeds it. ε ≥ 0, 0 ≤ δ, total < 1, count ≥ 1. */
export function composeSteps(
  epsilon: Rational,
  delta: Rational,
  count: number,
  total: Rational,
): Composed | undefined {
  // (1 − δ)^k, exact, so that a total δ that is met with equality is met
  const kept = power(rational(delta.den - delta.num, delta.den), count);
  const wanted = rational(total.den - total.num, total.den);
  // 1 − (1 − δ)^k (1 − d) ≤ total
  const meets = (d: Rational): boolean =>
    kept.num * (d.den - d.num) * wanted.den >= wanted.num * kept.den * d.den;
  if (!meets(rational(0n))) return undefined;
  if (epsilon.num === 0n) return { epsilon: "0", least_epsilon: "0" };
  const steps = new Steps(epsilon, count);
  let [last, beyond] = [0, Math.floor(count / 2) + 1];
  while (beyond - last > 1) {
    const middle = (last + beyond) >> 1;
    if (meets(steps.deltaUp(middle))) last = middle;
    else beyond = middle;
  }
  const point = steps.loss(last);
  // tau = 1 − (1 − total)/(1 − δ)^k
  const tau = { num: kept.num * wanted.den - wanted.num * kept.den, den: kept.num * wanted.den };
  const least = steps.between(last, tau);
  const below = least.num * point.den < point.num * least.den ? least : point;
  return { epsilon: decimalUp(point.num, point.den), least_epsilon: decimalUp(below.num, below.den) };
}
