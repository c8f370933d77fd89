/** One typing rule an operation. */
import type { ColumnType } from "../../../vocabulary/index.js";
import { unsupported, wrong } from "../errors.js";
import type { Comparison, Expr, Surface } from "../expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";
import { isPattern } from "../pattern.js";
import { arithmetic, cast, days, power, real, sign, widen } from "./arithmetic.js";
import type { Checker } from "./check.js";
import { compareInteger } from "./compare.js";
import { hull, type Range, YEARS } from "./range.js";
import type { Node, Typed } from "./typed.js";

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
