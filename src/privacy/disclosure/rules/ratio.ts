/** Shares of what units contribute, compared as exact fractions: no double decides a verdict. */
import { type Rational, rational, ZERO } from "../../../vocabulary/index.js";
import { parseNumber } from "../canonicalisers/numbers.js";
import type { TableCell } from "../facts.js";

/** What a rule on contributions can be applied to. */
export interface Contributions {
  /** Largest first. */
  top: readonly Rational[];
  total: Rational;
}

/** The number that a decimal spells, not in lowest terms: it is compared and not kept. */
function fraction(text: string): Rational {
  const decimal = parseNumber(text);
  if (decimal === undefined || decimal.negative) throw new RangeError("not a decimal from zero");
  const num = BigInt(decimal.digits === "" ? "0" : decimal.digits);
  const exponent = decimal.point - decimal.digits.length;
  return exponent >= 0
    ? { num: num * 10n ** BigInt(exponent), den: 1n }
    : { num, den: 10n ** BigInt(-exponent) };
}

/** A share or ratio of a policy, as the decimal that was written. */
export const ratio = (value: number): Rational => fraction(String(value));

export const times = (a: Rational, b: Rational): Rational => ({ num: a.num * b.num, den: a.den * b.den });
export const plus = (a: Rational, b: Rational): Rational =>
  a.den === b.den
    ? { num: a.num + b.num, den: a.den }
    : { num: a.num * b.den + b.num * a.den, den: a.den * b.den };

/** What is left of the whole without `a`; nothing, where decimals were rounded so that a is the larger. */
export const less = (whole: Rational, a: Rational): Rational => {
  const num = whole.num * a.den - a.num * whole.den;
  return num < 0n ? ZERO : { num, den: whole.den * a.den };
};

export const sumOf = (values: readonly Rational[]): Rational => values.reduce(plus, ZERO);

/** Undefined where nothing shown stands on contributions: empty, suppressed, all zero, of both signs, or not known. */
export function contributionsOf(cell: TableCell): Contributions | undefined {
  const { top, total, negative, suppressed, units } = cell;
  if (top === undefined || total === undefined || negative || suppressed || !units) return undefined;
  const whole = fraction(total);
  return whole.num === 0n ? undefined : { top: top.map(fraction), total: whole };
}

/** A share in whole percent, rounded down: "93 %". */
export function percent(part: Rational, whole: Rational): string {
  const share = rational(part.num * whole.den * 100n, part.den * whole.num);
  return `${share.num / share.den} %`;
}
