/** Shares of what units contribute, compared as exact fractions: no double decides a verdict. */
import { compareRational, parseDecimal, type Rational, rational, ZERO } from "../../../vocabulary/index.js";
import type { TableCell } from "../facts.js";

/** What a rule on contributions can be applied to. */
export interface Contributions {
  /** Largest first. */
  top: readonly Rational[];
  total: Rational;
}

/** A share or ratio of a policy, as the decimal that was written. */
export const ratio = (value: number): Rational => parseDecimal(String(value), "policy");

export const times = (a: Rational, b: Rational): Rational => ({ num: a.num * b.num, den: a.den * b.den });
export const plus = (a: Rational, b: Rational): Rational =>
  a.den === b.den
    ? { num: a.num + b.num, den: a.den }
    : { num: a.num * b.den + b.num * a.den, den: a.den * b.den };

export const sumOf = (values: readonly Rational[]): Rational => values.reduce(plus, ZERO);

/** Undefined where nothing shown stands on contributions: empty, suppressed, all zero, of both signs, or not known. */
export function contributionsOf(cell: TableCell): Contributions | undefined {
  const { top, total, negative, suppressed, units } = cell;
  if (top === undefined || total === undefined || negative || suppressed || !units) return undefined;
  const whole = parseDecimal(total, "total");
  if (compareRational(whole, ZERO) === 0) return undefined;
  return { top: top.map((one) => parseDecimal(one, "top")), total: whole };
}

/** A share in whole percent, rounded down: "93 %". */
export function percent(part: Rational, whole: Rational): string {
  const share = rational(part.num * whole.den * 100n, part.den * whole.num);
  return `${share.num / share.den} %`;
}
