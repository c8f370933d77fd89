/** DuckDB's names for what has a meaning here. What has no row is refused. */
import { DATE_PARTS, type DatePart } from "../../calendar.js";
import type { Binary, Comparison, Surface, Unary } from "../../expr.js";
import type { Fixed } from "../operators.js";

export const COMPARISONS: Record<string, Comparison> = {
  COMPARE_EQUAL: "eq",
  COMPARE_NOTEQUAL: "ne",
  COMPARE_LESSTHAN: "lt",
  COMPARE_LESSTHANOREQUALTO: "le",
  COMPARE_GREATERTHAN: "gt",
  COMPARE_GREATERTHANOREQUALTO: "ge",
};
export const BINARY: Record<string, Binary> = { "+": "add", "-": "subtract", "*": "multiply", "/": "divide" };
export const UNARY: Record<string, Unary> = {
  "-": "negate",
  abs: "absolute",
  sqrt: "sqrt",
  ln: "ln",
  exp: "exp",
};
export const POWER = ["^", "**", "pow", "power"];
export const PARTS: Record<string, DatePart> = {
  ...Object.fromEntries(DATE_PARTS.filter((p) => p !== "weekday").map((p) => [p, p])),
  isodow: "weekday",
  dayofmonth: "day",
};
export const PART_FUNCTIONS = ["date_part", "datepart"];
export const LIKE: Record<string, boolean> = {
  "~~": true,
  "!~~": false,
  like_escape: true,
  not_like_escape: false,
};
export const FIXED: Record<string, Fixed> = {
  prefix: "prefix",
  starts_with: "prefix",
  "^@": "prefix",
  suffix: "suffix",
  ends_with: "suffix",
  contains: "inner",
};
export const NEAREST: Record<string, string> = {
  log: "write ln for the natural logarithm",
  "//": "write a division with /",
  "%": "remainders differ between languages",
  "~~*": "write LIKE",
  weekday: "write isodow(d), Monday = 1",
  dayofweek: "write isodow(d), Monday = 1",
};
export const CASTS: Record<string, Extract<Surface, { op: "as" }>["type"]> = {
  BOOLEAN: "boolean",
  INTEGER: "integer",
  BIGINT: "integer",
  DOUBLE: "decimal",
  VARCHAR: "text",
  DATE: "date",
  TIMESTAMP: "timestamp",
};
