/**
 * Canonical form: one of the many ways to write an expression, and the text that is hashed.
 *
 * Every rewriting keeps the value on every row, missing included. Equal canonical texts mean equal expressions; the
 * converse is for `relate`, which decides what it can.
 */
import canonicalize from "canonicalize";
import { compareInteger, MIRROR, never, OPPOSITE } from "./check/compare.js";
import { type Comparison, type Expr, type Literal, mapOperands } from "./expr.js";
import { formatValue, INT64_MAX, INT64_MIN, parseValue } from "./values.js";

/** RFC 8785: what is hashed, and by what operands are ordered. */
export function canonicalText(document: unknown): string {
  const text = canonicalize(document);
  if (text === undefined) throw new RangeError("not a JSON document");
  return text;
}

const BOOLEAN = { true: constant("true"), false: constant("false") };
function constant(value: "true" | "false"): Literal {
  return { op: "literal", type: "boolean", value };
}

const isConstant = (e: Expr, value: "true" | "false"): boolean =>
  e.op === "literal" && e.type === "boolean" && e.value === value;

/** Sorted by canonical text, each once. */
function ordered(exprs: readonly Expr[], distinct = true): Expr[] {
  const keyed = exprs.map((e) => ({ e, key: canonicalText(e) })).sort((a, b) => (a.key < b.key ? -1 : 1));
  return keyed.filter(({ key }, i) => !distinct || i === 0 || key !== keyed[i - 1]?.key).map(({ e }) => e);
}

/** What can only be true, false or missing, upside down. */
function negated(e: Expr): Expr {
  switch (e.op) {
    case "not":
      return e.value;
    case "compare":
      return comparison(OPPOSITE[e.is], e.left, e.right);
    case "and":
    case "or":
      return connective(e.op === "and" ? "or" : "and", e.args.map(negated));
    case "literal":
      return isConstant(e, "true") ? BOOLEAN.false : BOOLEAN.true;
    default:
      return { op: "not", value: e };
  }
}

/** Literals to the right; whole numbers without strict bounds; a flag is a condition by itself. */
function comparison(is: Comparison, left: Expr, right: Expr): Expr {
  if (left.op === "literal" ? right.op !== "literal" : inOrder(right, left))
    return comparison(MIRROR[is], right, left);
  if (right.op !== "literal") return { op: "compare", is, left, right };
  const exact =
    left.op === "widen" && left.to === "decimal" && compareInteger(is, left.value, Number(right.value));
  if (exact) return canonicalForm(exact);
  const shifted = right.type === "integer" && shift(is, left, BigInt(right.value));
  if (shifted) return shifted;
  if (right.type === "boolean") return (right.value === "true") === (is === "eq") ? left : negated(left);
  if (is !== "lt" && is !== "gt") return { op: "compare", is, left, right };
  const next = neighbour(right, is === "lt" ? -1n : 1n);
  return next
    ? { op: "compare", is: is === "lt" ? "le" : "ge", left, right: next }
    : { op: "compare", is, left, right };
}

/** `age + 5 > 65` is `age > 60`: sums of whole numbers are exact. */
function shift(is: Comparison, left: Expr, bound: bigint): Expr | undefined {
  if (left.op !== "add" && left.op !== "subtract") return undefined;
  const [a, b] = [left.left, left.right];
  const move = (value: Expr, to: bigint, as: Comparison): Expr | undefined => {
    if (to < INT64_MIN || to > INT64_MAX) return undefined;
    return comparison(as, value, { op: "literal", type: "integer", value: String(to) });
  };
  if (b.op === "literal")
    return move(a, left.op === "add" ? bound - BigInt(b.value) : bound + BigInt(b.value), is);
  if (a.op !== "literal") return undefined;
  return left.op === "add"
    ? move(b, bound - BigInt(a.value), is)
    : move(b, BigInt(a.value) - bound, MIRROR[is]);
}

/** Whether two operands that are both literals, or both none, must change places. */
const inOrder = (a: Expr, b: Expr): boolean =>
  (a.op === "literal") === (b.op === "literal") && canonicalText(a) < canonicalText(b);

function neighbour(literal: Literal, step: bigint): Literal | undefined {
  if (literal.type !== "integer") return undefined;
  const next = (parseValue("integer", literal.value) as bigint) + step;
  return next < INT64_MIN || next > INT64_MAX ? undefined : { ...literal, value: String(next) };
}

function connective(op: "and" | "or", given: readonly Expr[]): Expr {
  const [absorbing, neutral] = op === "and" ? (["false", "true"] as const) : (["true", "false"] as const);
  const flat = given.flatMap((e) => (e.op === op ? e.args : [e])).filter((e) => !isConstant(e, neutral));
  if (flat.some((e) => isConstant(e, absorbing))) return BOOLEAN[absorbing];
  const args = ordered(op === "or" ? joinedLists(flat) : flat);
  return args.length > 1 ? { op, args } : (args[0] ?? BOOLEAN[neutral]);
}

/** `x = 1 or x in (2, 3)` is one list. */
function joinedLists(args: readonly Expr[]): Expr[] {
  const lists = new Map<string, { value: Expr; options: Expr[] }>();
  const rest: Expr[] = [];
  for (const e of args) {
    const isEqual = e.op === "compare" && e.is === "eq" && e.right.op === "literal";
    if (e.op !== "in" && !isEqual) {
      rest.push(e);
      continue;
    }
    const value = e.op === "in" ? e.value : e.left;
    const key = canonicalText(value);
    const list = lists.get(key) ?? { value, options: [] };
    list.options.push(...(e.op === "in" ? e.options : [e.right]));
    lists.set(key, list);
  }
  return [...rest, ...[...lists.values()].map(({ value, options }) => membership(value, options))];
}

function membership(value: Expr, given: readonly Expr[]): Expr {
  const options = ordered(given);
  if (options.length === 0) return never(value);
  if (options.length === 1) return comparison("eq", value, options[0] as Expr);
  return { op: "in", value, options };
}

function widened(value: Expr, to: "decimal" | "timestamp"): Expr {
  const number = value.op === "literal" ? parseValue(to, value.value) : undefined;
  if (number !== undefined && number !== null)
    return { op: "literal", type: to, value: formatValue(to, number) };
  return value.op === "null" ? { op: "null", type: to } : { op: "widen", to, value };
}

/** The canonical form of an expression that was checked. Idempotent. */
export function canonicalForm(e: Expr): Expr {
  const node = mapOperands(e, canonicalForm);
  switch (node.op) {
    case "not":
      return negated(node.value);
    case "and":
    case "or":
      return connective(node.op, node.args);
    case "compare":
      return comparison(node.is, node.left, node.right);
    case "in":
      return membership(node.value, node.options);
    case "add":
    case "multiply": {
      const [left, right] = ordered([node.left, node.right], false) as [Expr, Expr];
      return { ...node, left, right };
    }
    case "widen":
      return widened(node.value, node.to);
    case "coalesce":
      return node.args.length === 1 ? (node.args[0] as Expr) : node;
    default:
      return node;
  }
}
