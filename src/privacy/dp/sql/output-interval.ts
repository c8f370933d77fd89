/**
 * The interval of what is computed from estimates: each estimate in it gets an equal part of what may be missed, and
 * arithmetic is done on intervals. Where an operation has no such form the value has no interval.
 */

import type { Row } from "../../expression/evaluate.js";
import { columnsRead, type Expr } from "../../expression/expr.js";
import type { Estimated, Interval } from "./estimate.js";

type Of = (e: Expr) => Interval | undefined;

export function outputInterval(
  e: Expr,
  row: Row,
  estimated: readonly Estimated[],
  missed: number,
): Interval | undefined {
  const used = columnsRead(e).filter((name) => name.startsWith("a"));
  if (used.length === 0) return undefined;
  const intervals = new Map(
    used.map((name) => [name, estimated[Number(name.slice(1))]!.interval(missed / used.length)]),
  );
  const of: Of = (part) => {
    if (part.op !== "column") return computed(part, of);
    const value = row[part.name];
    const fixed = typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
    return intervals.get(part.name) ?? (fixed === undefined ? undefined : [fixed, fixed]);
  };
  return of(e);
}

function computed(e: Expr, of: Of): Interval | undefined {
  switch (e.op) {
    case "literal": {
      const number = e.type === "integer" || e.type === "decimal" ? Number(e.value) : Number.NaN;
      return Number.isNaN(number) ? undefined : [number, number];
    }
    case "widen":
      return of(e.value);
    case "negate":
    case "absolute":
    case "sqrt":
    case "exp":
    case "ln":
      return unary(e.op, of(e.value));
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
      return binary(e.op, of(e.left), of(e.right));
    default:
      return undefined;
  }
}

function unary(
  op: "negate" | "absolute" | "sqrt" | "exp" | "ln",
  v: Interval | undefined,
): Interval | undefined {
  if (!v) return undefined;
  const [low, high] = v;
  switch (op) {
    case "negate":
      return [-high, -low];
    case "absolute":
      return [low <= 0 && high >= 0 ? 0 : Math.min(Math.abs(low), Math.abs(high)), Math.max(-low, high)];
    case "sqrt":
      return high < 0 ? undefined : [Math.sqrt(Math.max(0, low)), Math.sqrt(high)];
    case "exp":
      return [Math.exp(low), Math.exp(high)];
    case "ln":
      return low > 0 ? [Math.log(low), Math.log(high)] : undefined;
  }
}

function binary(
  op: "add" | "subtract" | "multiply" | "divide",
  a: Interval | undefined,
  b: Interval | undefined,
): Interval | undefined {
  if (!a || !b) return undefined;
  if (op === "add") return [a[0] + b[0], a[1] + b[1]];
  if (op === "subtract") return [a[0] - b[1], a[1] - b[0]];
  if (op === "divide" && b[0] <= 0 && b[1] >= 0) return undefined;
  const list = a.flatMap((x) => b.map((y) => (op === "multiply" ? x * y : x / y)));
  return [Math.min(...list), Math.max(...list)];
}
