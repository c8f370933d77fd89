/**
 * Comparisons of whole numbers with decimal literals, made exact: `age > 59.5` is `age >= 60`. Literals from 2^53 on
 * are left to the rule for two operands of unlike type: the whole number is rounded to a decimal first.
 */
import type { Comparison, Expr } from "../expr.js";

/** The opposite, for which one of the two holds where neither side is missing. */
export const OPPOSITE: Record<Comparison, Comparison> = {
  eq: "ne",
  ne: "eq",
  lt: "ge",
  ge: "lt",
  gt: "le",
  le: "gt",
};

/** The same with its sides exchanged. */
export const MIRROR: Record<Comparison, Comparison> = {
  eq: "eq",
  ne: "ne",
  lt: "gt",
  gt: "lt",
  le: "ge",
  ge: "le",
};

const integer = (n: number): Expr => ({ op: "literal", type: "integer", value: String(BigInt(n)) });

/** False where `value` is there, missing where it is missing. */
export const never = (value: Expr): Expr => ({ op: "in", value, options: [] });

/** `value is number` for an integer expression, or undefined where the number is too large to be exact. */
export function compareInteger(is: Comparison, value: Expr, number: number): Expr | undefined {
  if (Math.abs(number) >= 2 ** 53) return undefined;
  const compare = (as: Comparison, n: number): Expr => ({
    op: "compare",
    is: as,
    left: value,
    right: integer(n),
  });
  if (Number.isInteger(number)) return compare(is, number);
  switch (is) {
    case "eq":
      return never(value);
    case "ne":
      return { op: "not", value: never(value) };
    case "lt":
    case "le":
      return compare("le", Math.floor(number));
    case "gt":
    case "ge":
      return compare("ge", Math.ceil(number));
  }
}
