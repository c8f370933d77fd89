/**
 * Between which public numbers an expression lies, from declared bounds and the operations alone. Data may break what
 * was declared, so the bounds are also enforced: the value is clamped before it is added up (emit.ts).
 */
import { parseDecimal, type Rational, rational } from "../../../vocabulary/index.js";
import { type Expr, operands } from "../../expression/expr.js";
import { parseValue } from "../../expression/values.js";
import type { Bounds, DeclaredField, Field } from "./model.js";

export type Fields = ReadonlyMap<string, Field>;

export const fieldsOf = (list: readonly Field[]): Fields =>
  new Map(list.map((field) => [field.column, field]));

/** A decimal text with a sign. */
export function signed(text: string): Rational {
  const negative = text.startsWith("-");
  const { num, den } = parseDecimal(text.replace(/^[-+]/, ""), "bounds");
  return { num: negative ? -num : num, den };
}

export const compare = (a: Rational, b: Rational): number => {
  const [left, right] = [a.num * b.den, b.num * a.den];
  return left < right ? -1 : left > right ? 1 : 0;
};
const least = (list: readonly Rational[]): Rational => list.reduce((a, b) => (compare(b, a) < 0 ? b : a));
const greatest = (list: readonly Rational[]): Rational => list.reduce((a, b) => (compare(b, a) > 0 ? b : a));
const hull = (list: readonly Bounds[]): Bounds => [
  least(list.map(([low]) => low)),
  greatest(list.map(([, high]) => high)),
];
const minus = ({ num, den }: Rational): Rational => ({ num: -num, den });
export const plus = (a: Rational, b: Rational): Rational =>
  rational(a.num * b.den + b.num * a.den, a.den * b.den);
const times = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
const over = (a: Rational, b: Rational): Rational =>
  b.num < 0n ? rational(-a.num * b.den, a.den * -b.num) : rational(a.num * b.den, a.den * b.num);
const whole = (n: number | bigint): Rational => ({ num: BigInt(n), den: 1n });
const corners = ([a, b]: Bounds, [c, d]: Bounds, op: (x: Rational, y: Rational) => Rational): Bounds => {
  const all = [op(a, c), op(a, d), op(b, c), op(b, d)];
  return [least(all), greatest(all)];
};
/** The exact value of a double. */
const exactly = (x: number): Rational => signed(x.toPrecision(17));

/** What the owner declared, as numbers; dates as days. */
export function declaredBounds(column: DeclaredField): Bounds | undefined {
  if (!column.bounds) return undefined;
  const [low, high] = column.bounds;
  if (column.type === "integer" || column.type === "decimal") return [signed(low), signed(high)];
  if (column.type !== "date") return undefined;
  const [from, to] = [parseValue("date", low), parseValue("date", high)];
  return typeof from === "number" && typeof to === "number" ? [whole(from), whole(to)] : undefined;
}

const PARTS: Record<string, readonly [number, number]> = {
  year: [1, 9999],
  quarter: [1, 4],
  month: [1, 12],
  day: [1, 31],
  hour: [0, 23],
  minute: [0, 59],
  weekday: [1, 7],
};

/** Undefined where a part of it has no bounds. A missing value has none and asks for none. */
export function boundsOf(e: Expr, fields: Fields): Bounds | "missing" | undefined {
  const of = (part: Expr): Bounds | "missing" | undefined => boundsOf(part, fields);
  switch (e.op) {
    case "column":
      return fields.get(e.name)?.bounds;
    case "literal":
      return literalBounds(e.type, e.value);
    case "null":
      return "missing";
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
      return binary(e.op, of(e.left), of(e.right));
    case "negate":
    case "absolute":
    case "sqrt":
    case "exp":
    case "ln":
      return unary(e.op, of(e.value));
    case "widen":
      return e.to === "decimal" ? of(e.value) : undefined;
    case "days":
      return binary("subtract", of(e.to), of(e.from));
    case "date_part":
      return PARTS[e.part] && [whole(PARTS[e.part]![0]), whole(PARTS[e.part]![1])];
    case "case":
      return joint([...e.whens.map(({ value }) => of(value)), of(e.otherwise)]);
    case "coalesce":
      return joint(e.args.map(of));
    default:
      return undefined;
  }
}

function literalBounds(type: string, value: string): Bounds | undefined {
  if (type === "integer" || type === "decimal") return [signed(value), signed(value)];
  const days = type === "date" ? parseValue("date", value) : undefined;
  return typeof days === "number" ? [whole(days), whole(days)] : undefined;
}

type Found = Bounds | "missing" | undefined;

function joint(parts: readonly Found[]): Found {
  if (parts.includes(undefined)) return undefined;
  const known = parts.filter((part): part is Bounds => part !== "missing" && part !== undefined);
  return known.length === 0 ? "missing" : hull(known);
}

function binary(op: "add" | "subtract" | "multiply" | "divide", a: Found, b: Found): Found {
  if (a === "missing" || b === "missing") return "missing";
  if (!a || !b) return undefined;
  if (op === "add") return [plus(a[0], b[0]), plus(a[1], b[1])];
  if (op === "subtract") return [plus(a[0], minus(b[1])), plus(a[1], minus(b[0]))];
  if (op === "multiply") return corners(a, b, times);
  return b[0].num > 0n || b[1].num < 0n ? corners(a, b, over) : undefined;
}

/** A little wider than the doubles say, so that the bound holds for what the engine computes. */
function spread(low: number, high: number): Bounds | undefined {
  const slack = 1e-9 * Math.max(Math.abs(low), Math.abs(high));
  return Number.isFinite(low) && Number.isFinite(high)
    ? [exactly(low - slack), exactly(high + slack)]
    : undefined;
}

const toNumber = ({ num, den }: Rational): number => Number(num) / Number(den);

function unary(op: "negate" | "absolute" | "sqrt" | "exp" | "ln", v: Found): Found {
  if (!v || v === "missing") return v;
  const [low, high] = v;
  if (op === "negate") return [minus(high), minus(low)];
  if (op === "absolute") {
    const ends = [low.num < 0n ? minus(low) : low, high.num < 0n ? minus(high) : high];
    return [low.num <= 0n && high.num >= 0n ? whole(0) : least(ends), greatest(ends)];
  }
  const [a, b] = [toNumber(low), toNumber(high)];
  if (op === "exp") return spread(Math.exp(a), Math.exp(b));
  if (op === "sqrt") return b < 0 ? "missing" : spread(Math.sqrt(Math.max(0, a)), Math.sqrt(b));
  return a > 0 ? spread(Math.log(a), Math.log(b)) : undefined;
}

/** The columns without bounds on which an expression's bounds would stand. */
export function unboundedColumns(e: Expr, fields: Fields): Field[] {
  if (e.op === "column") {
    const field = fields.get(e.name);
    return field && !field.bounds ? [field] : [];
  }
  const parts = e.op === "case" ? [...e.whens.map(({ value }) => value), e.otherwise] : operands(e);
  return [...new Set(parts.flatMap((part) => unboundedColumns(part, fields)))];
}
