/**
 * The Rényi filter: whether one more charge may be made, when mechanisms and their costs are chosen by earlier answers.
 *
 * Rules: a budget {ρ, δ} states a target (ε, δ). Charges are Rényi curves with an additive δ. Spending goes on while
 * at least one order's sum is within that order's allowance. Allowances are fixed when the budget is stated and look
 * at nothing that was spent. Comparisons are of whole numbers; allowances are rounded down, curves up.
 *
 * For orders that compete (the last one within its allowance may depend on the answers) an allowance without a share
 * of δ for each order is not enough: filter.md proves what stands here and gives a counterexample to less.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { compareRational, rational } from "../../../vocabulary/index.js";
import { epsilonAtOrder } from "./conversion.js";
import { CURVE_BITS, ORDERS, type RenyiCurve } from "./curves.js";
import { decimalUp } from "./decimal.js";
import { type Interval, Precise } from "./interval.js";

export interface PrivacyBudget {
  /** ρ ≥ 0: what zCDP mechanisms alone may spend. */
  readonly rho: Rational;
  /** 0 < δ < 1. */
  readonly delta: Rational;
}

export interface RenyiFilter {
  readonly budget: PrivacyBudget;
  /** All that the filter admits is together (epsilon, budget.delta)-DP; decimal text, rounded up. */
  readonly epsilon: string;
  /** One a value of ORDERS, in units of 2^−96; an order below zero is never within its allowance. */
  readonly allowances: readonly bigint[];
  /** The most that additive δ may sum to: half of δ. */
  readonly failures: Rational;
}

/** The part of δ that stands behind additive charges; the rest stands behind the curves. */
const half = (r: Rational): Rational => rational(r.num, 2n * r.den);
/** How much a failure probability takes of δ. */
export const FAILURE_WEIGHT = 2n;

const WORKING_BITS = 256;
/** For rounding: charges are rounded up by less than a unit each, so that ten tenths still fit in one. */
const dust = (value: bigint): bigint => (value >> 45n) + (1n << 20n);

/** What an order takes of ε for the conversion at its share of δ. */
function conversionCost(p: Precise, order: Rational, delta: Rational): Interval {
  return epsilonAtOrder(p, p.whole(0), order, delta);
}

/** The share of the curves' δ that an order gets: the favoured one half, the others the rest in equal parts. */
const shareOf = (delta: Rational, favoured: boolean): Rational =>
  rational(delta.num, delta.den * (favoured ? 2n : 2n * BigInt(ORDERS.length - 1)));

/** The order at which ρ of zCDP gives the least ε: a choice from public numbers, which costs tightness if poor. */
function favouredOrder(p: Precise, rho: Rational, delta: Rational): number {
  const epsilons = ORDERS.map((order) => {
    const tau = p.of(rational(rho.num * order.num, rho.den * order.den));
    return p.add(tau, conversionCost(p, order, shareOf(delta, true))).hi;
  });
  return epsilons.reduce((best, epsilon, i) => (epsilon < epsilons[best]! ? i : best), 0);
}

/** @throws RangeError unless ρ ≥ 0 and 0 < δ < 1 */
export function renyiFilter(budget: PrivacyBudget): RenyiFilter {
  const { rho, delta } = budget;
  if (rho.num < 0n || delta.num <= 0n || delta.num >= delta.den)
    throw new RangeError("a budget has ρ ≥ 0 and 0 < δ < 1");
  const p = new Precise(WORKING_BITS);
  const curves = half(delta);
  const best = favouredOrder(p, rho, curves);
  const order = ORDERS[best]!;
  const exact = new Precise(CURVE_BITS).of(rational(rho.num * order.num, rho.den * order.den)).hi;
  const allowance = rho.num === 0n ? 0n : exact + dust(exact);
  const shift = BigInt(p.bits - CURVE_BITS);
  // ε is what this allowance needs; every other order gets what this ε leaves it
  const epsilon = (allowance << shift) + conversionCost(p, order, shareOf(curves, true)).hi;
  const allowances = ORDERS.map((other, i) =>
    i === best ? allowance : (epsilon - conversionCost(p, other, shareOf(curves, false)).hi) >> shift,
  );
  return { budget, epsilon: decimalUp(epsilon, p.one), allowances, failures: half(delta) };
}

/** Whether all that was charged, the newest included, is within the budget. */
export function admits(filter: RenyiFilter, total: RenyiCurve): boolean {
  if (compareRational(total.delta, filter.failures) > 0) return false;
  return filter.allowances.some((allowance, i) => total.values[i]! <= allowance);
}

/** The most ρ of zCDP that would still be admitted after `spent`; not below zero. */
export function rhoLeft(filter: RenyiFilter, spent: RenyiCurve): Rational {
  const left = filter.allowances
    .map((allowance, i) => {
      const { num, den } = ORDERS[i]!;
      return { num: (allowance - spent.values[i]!) * den, den: num << BigInt(CURVE_BITS) };
    })
    .reduce((a, b) => (compareRational(a, b) < 0 ? b : a));
  return left.num < 0n
    ? rational(0n)
    : compareRational(left, filter.budget.rho) > 0
      ? filter.budget.rho
      : left;
}

/** The least ρ with τ(α) ≤ αρ at every order: what a curve costs in the unit of budgets. */
export function rhoOf(curve: RenyiCurve): Rational {
  return ORDERS.map(({ num, den }, i) => ({
    num: curve.values[i]! * den,
    den: num << BigInt(CURVE_BITS),
  })).reduce((a, b) => (compareRational(a, b) < 0 ? b : a));
}
