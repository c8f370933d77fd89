/** Typing rules of arithmetic: exact in whole numbers while 38 digits hold it, in decimals beyond. */
import type { ColumnType } from "../../../vocabulary/index.js";
import { unsupported, wrong } from "../errors.js";
import type { Binary, Expr, Surface } from "../expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";
import { parseValue } from "../values.js";
import type { Checker } from "./check.js";
import { binaryRange, DAYS, fits, type Range, unaryRange } from "./range.js";
import type { Node, Typed } from "./typed.js";

function needNumber(node: Surface, typed: Typed, check: Checker): Typed {
  const type = typed.untyped ? "decimal" : typed.type;
  if (type !== "integer" && type !== "decimal")
    throw wrong(check.place(node), `is ${type}, but a number is needed`);
  return typed.untyped ? { ...typed, type, expr: { op: "null", type } } : typed;
}

export function arithmetic(node: Node<Binary>, check: Checker): Typed {
  const [left, right] = [check.operand(node.left, "left"), check.operand(node.right, "right")];
  if (node.op === "subtract" && left.type === "date" && right.type === "date") return days(right, left);
  const [l, r] = [needNumber(node.left, left, check), needNumber(node.right, right, check)];
  const range =
    node.op !== "divide" && l.range && r.range ? binaryRange(node.op, l.range, r.range) : undefined;
  if (range && fits(range)) {
    const expr: Expr = { op: node.op, left: l.expr, right: r.expr };
    return { expr, type: "integer", nullable: l.nullable || r.nullable, range };
  }
  const [a, b] = [check.fit(node.left, l, "decimal"), check.fit(node.right, r, "decimal")];
  return { expr: { op: node.op, left: a, right: b }, type: "decimal", nullable: true };
}

export const days = (from: Typed, to: Typed): Typed => ({
  expr: { op: "days", from: from.expr, to: to.expr },
  type: "integer",
  nullable: from.nullable || to.nullable,
  range: DAYS,
});

export function sign(node: Node<"negate" | "absolute">, check: Checker): Typed {
  // A minus before a number belongs to it: the lowest whole number has no positive counterpart.
  if (node.op === "negate" && node.value.op === "number" && !node.value.text.startsWith("-"))
    return check.operand({ ...node.value, text: `-${node.value.text}`, at: node.at }, "value");
  const value = needNumber(node.value, check.operand(node.value, "value"), check);
  const range: Range | undefined = value.range && unaryRange(node.op, value.range);
  if (!range || fits(range)) return { ...value, expr: { op: node.op, value: value.expr }, range };
  const expr: Expr = { op: node.op, value: check.fit(node.value, value, "decimal") };
  return { expr, type: "decimal", nullable: value.nullable };
}

export function real(node: Node<"sqrt" | "ln" | "exp">, check: Checker): Typed {
  const value = needNumber(node.value, check.operand(node.value, "value"), check);
  const expr: Expr = { op: node.op, value: check.fit(node.value, value, "decimal") };
  return { expr, type: "decimal", nullable: true };
}

export function power({ value, exponent, at }: Node<"power">, check: Checker): Typed {
  const n = exponent.op === "number" ? parseValue("integer", exponent.text) : undefined;
  if (typeof n !== "bigint" || n < 1n || n > LIMITS.exponent)
    throw unsupported(
      check.place(exponent),
      "this exponent",
      `write a whole number from 1 to ${LIMITS.exponent}, or sqrt`,
    );
  let product = value;
  for (let i = 1n; i < n; i++) product = { at, op: "multiply", left: product, right: value };
  return check.operand(product, "power");
}

export function widen(node: Node<"widen">, check: Checker): Typed {
  const from: ColumnType = node.to === "decimal" ? "integer" : "date";
  const value = check.operand(node.value, "value");
  if (value.type !== from) throw wrong(check.place(node), `is ${value.type}, but ${from} is needed`);
  return { expr: check.fit(node.value, value, node.to), type: node.to, nullable: value.nullable };
}

export function cast(node: Node<"as">, check: Checker): Typed {
  const value = check.operand(node.value, "value");
  if (
    value.type === node.type ||
    (value.type === "integer" && node.type === "decimal") ||
    value.bare ||
    value.untyped
  )
    return {
      expr: check.fit(node.value, value, node.type),
      type: node.type,
      nullable: value.nullable,
      range: value.type === node.type ? value.range : undefined,
    };
  if (value.type === "date" && node.type === "timestamp")
    return { expr: check.fit(node.value, value, node.type), type: node.type, nullable: value.nullable };
  throw unsupported(
    check.place(node),
    `a cast from ${value.type} to ${node.type}`,
    "casts that can fail or round are left out",
  );
}
