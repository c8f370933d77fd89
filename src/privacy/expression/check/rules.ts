/** One typing rule an operation. */
import type { ColumnType } from "../../../vocabulary/index.js";
import { unsupported, wrong } from "../errors.js";
import type { Binary, Comparison, Expr, Surface } from "../expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";
import { isPattern } from "../pattern.js";
import { parseValue } from "../values.js";
import type { Checker } from "./check.js";
import { compareInteger } from "./compare.js";
import { binaryRange, DAYS, fits, hull, type Range, unaryRange, YEARS } from "./range.js";
import type { Typed } from "./typed.js";

type Node<K extends Surface["op"]> = Extract<Surface, { op: K }>;
type Rules = { [K in Surface["op"]]: (node: Node<K>, check: Checker) => Typed };

const boolean = (expr: Expr, ...of: Typed[]): Typed => ({
  expr,
  type: "boolean",
  nullable: of.some(({ nullable }) => nullable),
});

/** Text that a number was written as: a whole number unless it has a point, an exponent or too many digits. */
const numberType = (text: string): ColumnType => (/^[+-]?\d+$/.test(text) ? "integer" : "decimal");

/** The number that a decimal literal stands for. */
function decimalLiteral({ expr }: Typed): number | undefined {
  return expr.op === "literal" && expr.type === "decimal" ? Number(expr.value) : undefined;
}

function compare(node: Surface, is: Comparison, left: Surface, right: Surface, check: Checker): Typed {
  const [l, r] = [check.operand(left, "left"), check.operand(right, "right")];
  if (l.untyped || r.untyped)
    throw unsupported(check.place(node), "a comparison with a missing value", "ask whether it is missing");
  const { type, exprs } = check.unify([left, right], [l, r]);
  if (type === "boolean" && is !== "eq" && is !== "ne")
    throw wrong(check.place(node), "true and false have no order");
  return boolean({ op: "compare", is, left: exprs[0] as Expr, right: exprs[1] as Expr }, l, r);
}

const isLiteral = (node: Surface): boolean =>
  ["literal", "number", "string", "instant"].includes(node.op) ||
  (node.op === "negate" && node.value.op === "number") ||
  (node.op === "as" && isLiteral(node.value));

/** One option at the type of the value, or undefined where the value can never equal it. */
function option(node: Surface, of: Typed, check: Checker): Expr | undefined {
  if (node.op === "missing" || node.op === "null")
    throw unsupported(check.place(node), "a missing value in a list", "ask for missing ones apart");
  if (!isLiteral(node)) throw unsupported(check.place(node), "a list of other than literals", "use `or`");
  const typed = check.option(node);
  const number = decimalLiteral(typed);
  if (of.type === "integer" && number !== undefined) {
    const same = compareInteger("eq", of.expr, number);
    if (!same) throw wrong(check.place(node), "this number is too large to compare exactly");
    return same.op === "compare" ? same.right : undefined;
  }
  return check.fit(node, typed, of.type);
}

function within(node: Node<"in">, check: Checker): Typed {
  const value = check.operand(node.value, "value");
  if (value.untyped || value.bare)
    throw unsupported(check.place(node), "a literal before a list", "name a column");
  if (node.options.length > LIMITS.list) throw wrong(check.place(node), `more than ${LIMITS.list} in a list`);
  const options = node.options.map((o) => option(o, value, check)).filter((o) => o !== undefined);
  return boolean({ op: "in", value: value.expr, options }, value);
}

function between({ value, low, high, at }: Node<"between">, check: Checker): Typed {
  const both: Surface = {
    at,
    op: "and",
    args: [
      { at, op: "compare", is: "ge", left: value, right: low },
      { at, op: "compare", is: "le", left: value, right: high },
    ],
  };
  return check.operand(both, "between");
}

/** `a` and `b` differ, where two missing ones do not and a missing one differs from all else. */
function distinct({ left, right, at }: Node<"distinct">, check: Checker): Typed {
  const missing = (value: Surface): Surface => ({ at, op: "is_null", value });
  if (right.op === "missing") return check.operand({ at, op: "not", value: missing(left) }, "distinct");
  const equal: Surface = { at, op: "compare", is: "eq", left, right };
  const same: Surface = {
    at,
    op: "coalesce",
    args: [equal, { op: "literal", type: "boolean", value: "false" }],
  };
  const neither: Surface = { at, op: "and", args: [missing(left), missing(right)] };
  return check.operand({ at, op: "not", value: { at, op: "or", args: [same, neither] } }, "distinct");
}

function connective(node: Node<"and" | "or">, check: Checker): Typed {
  const args = node.args.map((arg, i) => check.as(arg, String(i), "boolean"));
  return boolean({ op: node.op, args: args.map(({ expr }) => expr) }, ...args);
}

function needNumber(node: Surface, typed: Typed, check: Checker): Typed {
  const type = typed.untyped ? "decimal" : typed.type;
  if (type !== "integer" && type !== "decimal")
    throw wrong(check.place(node), `is ${type}, but a number is needed`);
  return typed.untyped ? { ...typed, type, expr: { op: "null", type } } : typed;
}

function arithmetic(node: Node<Binary>, check: Checker): Typed {
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

const days = (from: Typed, to: Typed): Typed => ({
  expr: { op: "days", from: from.expr, to: to.expr },
  type: "integer",
  nullable: from.nullable || to.nullable,
  range: DAYS,
});

function sign(node: Node<"negate" | "absolute">, check: Checker): Typed {
  // A minus before a number belongs to it: the lowest whole number has no positive counterpart.
  if (node.op === "negate" && node.value.op === "number" && !node.value.text.startsWith("-"))
    return check.operand({ ...node.value, text: `-${node.value.text}`, at: node.at }, "value");
  const value = needNumber(node.value, check.operand(node.value, "value"), check);
  const range: Range | undefined = value.range && unaryRange(node.op, value.range);
  if (!range || fits(range)) return { ...value, expr: { op: node.op, value: value.expr }, range };
  const expr: Expr = { op: node.op, value: check.fit(node.value, value, "decimal") };
  return { expr, type: "decimal", nullable: value.nullable };
}

function real(node: Node<"sqrt" | "ln" | "exp">, check: Checker): Typed {
  const value = needNumber(node.value, check.operand(node.value, "value"), check);
  const expr: Expr = { op: node.op, value: check.fit(node.value, value, "decimal") };
  return { expr, type: "decimal", nullable: true };
}

function power({ value, exponent, at }: Node<"power">, check: Checker): Typed {
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

function widen(node: Node<"widen">, check: Checker): Typed {
  const from: ColumnType = node.to === "decimal" ? "integer" : "date";
  const value = check.operand(node.value, "value");
  if (value.type !== from) throw wrong(check.place(node), `is ${value.type}, but ${from} is needed`);
  return { expr: check.fit(node.value, value, node.to), type: node.to, nullable: value.nullable };
}

function cast(node: Node<"as">, check: Checker): Typed {
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

function datePart(node: Node<"date_part">, check: Checker): Typed {
  const value = check.operand(node.value, "value");
  if (value.type !== "date" && value.type !== "timestamp")
    throw wrong(check.place(node.value), `is ${value.type}, but a date or timestamp is needed`);
  const expr: Expr = { op: "date_part", part: node.part, value: value.expr };
  return { expr, type: "integer", nullable: value.nullable, range: YEARS };
}

function choice(node: Node<"case">, check: Checker): Typed {
  const whens = node.whens.map(({ when }, i) => check.as(when, `whens.${i}.when`, "boolean").expr);
  const nodes = [...node.whens.map(({ value }) => value), node.otherwise];
  const typed = nodes.map((n, i) => check.operand(n, i < whens.length ? `whens.${i}.value` : "otherwise"));
  const { type, exprs } = check.unify(nodes, typed);
  const expr: Expr = {
    op: "case",
    whens: whens.map((when, i) => ({ when, value: exprs[i] as Expr })),
    otherwise: exprs.at(-1) as Expr,
  };
  return { expr, type, nullable: typed.some(({ nullable }) => nullable), range: joint(type, typed) };
}

function coalesce(node: Node<"coalesce">, check: Checker): Typed {
  const typed = node.args.map((arg, i) => check.operand(arg, String(i)));
  const { type, exprs } = check.unify(node.args, typed);
  const nullable = typed.every((t) => t.nullable);
  return { expr: { op: "coalesce", args: exprs }, type, nullable, range: joint(type, typed) };
}

function joint(type: ColumnType, typed: readonly Typed[]): Range | undefined {
  const ranges = typed.map(({ range }) => range).filter((range) => range !== undefined);
  return type === "integer" && ranges.length > 0 ? hull(ranges) : undefined;
}

export const RULES: Rules = {
  column: (node, check) => check.column(node, node.name),
  literal: (node, check) => check.literal(node, node.type, node.value),
  null: ({ type }) => ({
    expr: { op: "null", type },
    type,
    nullable: true,
    range: type === "integer" ? [0n, 0n] : undefined,
  }),
  number: (node, check) => check.literal(node, numberType(node.text), node.text),
  string: (node, check) => ({ ...check.literal(node, "text", node.text), bare: true }),
  missing: () => ({ expr: { op: "null", type: "text" }, type: "text", nullable: true, untyped: true }),
  instant: (node, check) => check.literal(node, node.type, node.text),
  compare: (node, check) => compare(node, node.is, node.left, node.right, check),
  between,
  distinct,
  in: within,
  like(node, check) {
    const value = check.as(node.value, "value", "text");
    if (!isPattern(node.pattern)) throw wrong(check.place(node), "not a valid pattern");
    return boolean({ op: "like", value: value.expr, pattern: node.pattern }, value);
  },
  is_null(node, check) {
    const { expr, untyped } = check.operand(node.value, "value");
    if (untyped) throw unsupported(check.place(node), "whether a missing value is missing", "name a column");
    return { expr: { op: "is_null", value: expr }, type: "boolean", nullable: false };
  },
  not(node, check) {
    const value = check.as(node.value, "value", "boolean");
    return boolean({ op: "not", value: value.expr }, value);
  },
  and: connective,
  or: connective,
  add: arithmetic,
  subtract: arithmetic,
  multiply: arithmetic,
  divide: arithmetic,
  negate: sign,
  absolute: sign,
  sqrt: real,
  ln: real,
  exp: real,
  power,
  widen,
  as: cast,
  days: (node, check) => days(check.as(node.from, "from", "date"), check.as(node.to, "to", "date")),
  date_part: datePart,
  case: choice,
  coalesce,
};
