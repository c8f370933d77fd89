/**
 * Costs as they are kept and as they are shown. Pure.
 *
 * Rules: what is kept is exact (a curve in units of 2^−96, δ in units of 10^−320, rounded up when charged); what is
 * shown has twelve digits, spent and cost rounded up, left rounded down, so that spent + left = total. The dust of
 * rounding curves up, at most 2^−45 of an amount, is not shown.
 */
import { createHash } from "node:crypto";
import { decimalUp, FAILURE_WEIGHT, ORDERS, type RenyiCurve, rhoOf } from "../../privacy/index.js";
import {
  compareRational,
  formatDecimal,
  GloveboxError,
  type Rational,
  rational,
  subtractRational,
  ZERO,
} from "../../vocabulary/index.js";
import type { Cost } from "./charges.js";

const DELTA_ONE = 10n ** 320n;
const DUST = 1n << 45n;
const SHOWN_DIGITS = 12;

/** The same, with δ in whole units: what is written and summed. @throws internal for what is no cost */
export function inUnits(cost: RenyiCurve): RenyiCurve {
  const { num, den } = cost.delta;
  if (cost.values.length !== ORDERS.length || cost.values.some((v) => v < 0n) || num < 0n)
    throw new GloveboxError("internal", { detail: "a cost has a value from zero at each order" });
  return { values: cost.values, delta: { num: -((-num * DELTA_ONE) / den), den: DELTA_ONE } };
}

export const plus = (a: RenyiCurve, b: RenyiCurve): RenyiCurve => ({
  values: a.values.map((v, i) => v + b.values[i]!),
  delta: { num: a.delta.num + b.delta.num, den: DELTA_ONE },
});

/** At each order the larger. */
export const envelope = (a: RenyiCurve, b: RenyiCurve): RenyiCurve => ({
  values: a.values.map((v, i) => (v > b.values[i]! ? v : b.values[i]!)),
  delta: { num: a.delta.num > b.delta.num ? a.delta.num : b.delta.num, den: DELTA_ONE },
});

export const NOTHING: RenyiCurve = { values: ORDERS.map(() => 0n), delta: { num: 0n, den: DELTA_ONE } };

export interface CurveText {
  curve: string;
  delta: string;
}

/** @param cost in units */
export const toText = ({ values, delta }: RenyiCurve): CurveText => ({
  curve: `[${values.join(",")}]`,
  delta: delta.num.toString(),
});

export function fromText({ curve, delta }: CurveText): RenyiCurve {
  const values = curve.slice(1, -1).split(",").map(BigInt);
  if (values.length !== ORDERS.length)
    throw new GloveboxError("internal", { detail: "a kept curve has another number of orders" });
  return { values, delta: { num: BigInt(delta), den: DELTA_ONE } };
}

export const curveSha256 = ({ curve, delta }: CurveText): string =>
  createHash("sha256").update(`${curve} ${delta}`).digest("hex");

/** What failures of this probability take of δ. */
export const weighed = (delta: Rational): Rational => ({ num: delta.num * FAILURE_WEIGHT, den: delta.den });

/** Rounded up. */
export const shown = ({ num, den }: Rational): string =>
  decimalUp(num * (DUST - 1n), den * DUST, SHOWN_DIGITS);

export const shownCost = (cost: RenyiCurve): Cost => ({
  rho: shown(rhoOf(cost)),
  delta: shown(weighed(cost.delta)),
});

/** Longer texts are written with an exponent. */
const PLAIN_CHARS = 40;
/** What is read as a decimal again has at most 64 digits on each side. */
const MOST_DIGITS = 60;

/** A decimal as people and `parseDecimal` read it: exact, but for one of more than 60 digits, which is rounded up. */
export function decimalText(value: Rational): string {
  const plain = formatDecimal(value);
  if (plain.length <= PLAIN_CHARS) return plain;
  const [whole = "", fraction = ""] = plain.split(".");
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  return digits.length > MOST_DIGITS ? shown(value) : `${digits}e-${fraction.length}`;
}

/** Parts of a total, exact decimals that add up to it; `left` rounded down. */
export function shownParts(total: Rational, left: Rational): { spent: string; left: string } {
  if (total.num === 0n) return { spent: "0", left: "0" };
  // the place of the last digit shown, from the total's own size
  const size = (total.num * DUST) / total.den === 0n ? 400 : 15;
  let digits = 10n ** BigInt(size);
  while ((total.num * digits) / total.den >= 10n ** BigInt(SHOWN_DIGITS + 1)) digits /= 10n;
  if (digits === 0n) digits = 1n;
  const generous = left.num * DUST * total.den + total.num * left.den;
  const whole = (generous * digits) / (left.den * DUST * total.den);
  const rounded = rational(whole, digits);
  const kept = compareRational(rounded, total) > 0 ? total : left.num <= 0n ? ZERO : rounded;
  return { spent: decimalText(subtractRational(total, kept)), left: decimalText(kept) };
}
