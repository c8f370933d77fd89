/**
 * The meaning of an expression, one node a case, as plainly as it can be said. What the engine computes is tested
 * against this. A missing operand makes a missing result, but in and, or, is_null, case and coalesce; so does a
 * decimal result that is not a finite number.
 */
import { datePart, MICROS_A_DAY } from "./calendar.js";
import type { Binary, Comparison, Expr, Unary } from "./expr.js";
import { matches } from "./pattern.js";
import { compareValues, parseValue, present, type Value } from "./values.js";

export type Row = Readonly<Record<string, Value>>;

const HOLDS: Record<Comparison, (order: number) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
};

const DECIMAL: Record<Binary, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => (b === 0 ? Number.NaN : a / b),
};

const INTEGER: Record<Exclude<Binary, "divide">, (a: bigint, b: bigint) => bigint> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
};

function binary(op: Binary, a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  if (op !== "divide" && typeof a === "bigint" && typeof b === "bigint") return INTEGER[op](a, b);
  return present(DECIMAL[op](a as number, b as number));
}

function unary(op: Unary, value: Value): Value {
  if (typeof value === "bigint") return op === "absolute" && value > 0n ? value : -value;
  if (typeof value !== "number") return null;
  switch (op) {
    case "negate":
      return -value;
    case "absolute":
      return Math.abs(value);
    case "sqrt":
      return present(Math.sqrt(value));
    case "ln":
      return present(Math.log(value));
    case "exp":
      return present(Math.exp(value));
  }
}

/** The absorbing value decides; else a missing one; else the other. */
function connective(values: readonly Value[], absorbing: boolean): Value {
  if (values.includes(absorbing)) return absorbing;
  return values.includes(null) ? null : !absorbing;
}

function membership({ value, options }: Extract<Expr, { op: "in" }>, row: Row): Value {
  const found = evaluate(value, row);
  if (found === null) return null;
  return options.some((o) => {
    const candidate = evaluate(o, row);
    return candidate !== null && compareValues(found, candidate) === 0;
  });
}

function widened(value: Value, to: "decimal" | "timestamp"): Value {
  if (value === null) return null;
  return to === "decimal" ? Number(value) : BigInt(value as number) * MICROS_A_DAY;
}

/** The value of a checked expression on one row. */
export function evaluate(e: Expr, row: Row): Value {
  switch (e.op) {
    case "column":
      return Object.hasOwn(row, e.name) ? present(row[e.name]) : null;
    case "literal":
      return parseValue(e.type, e.value) ?? null;
    case "null":
      return null;
    case "compare": {
      const [a, b] = [evaluate(e.left, row), evaluate(e.right, row)];
      return a === null || b === null ? null : HOLDS[e.is](compareValues(a, b));
    }
    case "in":
      return membership(e, row);
    case "like": {
      const text = evaluate(e.value, row);
      return text === null ? null : matches(text as string, e.pattern);
    }
    case "is_null":
      return evaluate(e.value, row) === null;
    case "not": {
      const value = evaluate(e.value, row);
      return value === null ? null : !value;
    }
    case "and":
    case "or":
      return connective(
        e.args.map((arg) => evaluate(arg, row)),
        e.op === "or",
      );
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
      return binary(e.op, evaluate(e.left, row), evaluate(e.right, row));
    case "negate":
    case "absolute":
    case "sqrt":
    case "ln":
    case "exp":
      return unary(e.op, evaluate(e.value, row));
    case "widen":
      return widened(evaluate(e.value, row), e.to);
    case "days": {
      const [from, to] = [evaluate(e.from, row), evaluate(e.to, row)];
      return from === null || to === null ? null : BigInt((to as number) - (from as number));
    }
    case "date_part": {
      const instant = evaluate(e.value, row);
      return instant === null ? null : BigInt(datePart(e.part, instant as number | bigint));
    }
    case "case": {
      const chosen = e.whens.find(({ when }) => evaluate(when, row) === true);
      return evaluate(chosen?.value ?? e.otherwise, row);
    }
    case "coalesce":
      return e.args.reduce((found: Value, arg) => found ?? evaluate(arg, row), null);
  }
}

/** A row is kept where the condition is true, not where it is missing. */
export const keeps = (where: Expr, row: Row): boolean => evaluate(where, row) === true;
