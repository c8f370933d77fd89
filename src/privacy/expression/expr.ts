/**
 * The one typed expression.
 *
 * `Expr` is what is stored, hashed, evaluated and emitted: every operand has the type that its operation needs, and
 * conversions are written out (`widen`). `Surface` is what the three syntaxes are parsed into: the same operations
 * over untyped literals, with some sugar. `check` turns one into the other, and takes an `Expr` as well, since
 * what arrives as JSON is no more trusted than what arrives as text.
 */
import { z } from "zod";
import { COLUMN_TYPES, type ColumnType } from "../../vocabulary/index.js";
import { DATE_PARTS, type DatePart } from "./calendar.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";

export const COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const BINARY = ["add", "subtract", "multiply", "divide"] as const;
export const UNARY = ["negate", "absolute", "sqrt", "ln", "exp"] as const;
export type Binary = (typeof BINARY)[number];
export type Unary = (typeof UNARY)[number];

/** A constant in its one written form (values.ts). */
export interface Literal {
  op: "literal";
  type: ColumnType;
  value: string;
}

export type Leaf = { op: "column"; name: string } | Literal | { op: "null"; type: ColumnType };

interface Kind {
  node: unknown;
}

/** Operations over operands of the kind that `K` names. */
export type Operation<K extends Kind> =
  | { op: "compare"; is: Comparison; left: K["node"]; right: K["node"] }
  | { op: "in"; value: K["node"]; options: K["node"][] }
  | { op: "like"; value: K["node"]; pattern: string }
  | { op: "is_null"; value: K["node"] }
  | { op: "not"; value: K["node"] }
  | { op: "and"; args: K["node"][] }
  | { op: "or"; args: K["node"][] }
  | { [O in Binary]: { op: O; left: K["node"]; right: K["node"] } }[Binary]
  | { [O in Unary]: { op: O; value: K["node"] } }[Unary]
  /** integer to decimal, date to timestamp */
  | { op: "widen"; to: "decimal" | "timestamp"; value: K["node"] }
  /** whole days from one date to another */
  | { op: "days"; from: K["node"]; to: K["node"] }
  | { op: "date_part"; part: DatePart; value: K["node"] }
  | { op: "case"; whens: { when: K["node"]; value: K["node"] }[]; otherwise: K["node"] }
  | { op: "coalesce"; args: K["node"][] };

interface ExprKind {
  node: Expr;
}
export type Expr = Leaf | Operation<ExprKind>;

export type Sugar<K extends Kind> =
  | { op: "number"; text: string }
  | { op: "string"; text: string }
  | { op: "missing" }
  | { op: "instant"; type: "date" | "timestamp"; text: string }
  | { op: "between"; value: K["node"]; low: K["node"]; high: K["node"] }
  /** differ, with missing equal to missing and to nothing else */
  | { op: "distinct"; left: K["node"]; right: K["node"] }
  | { op: "power"; value: K["node"]; exponent: K["node"] }
  | { op: "as"; value: K["node"]; type: ColumnType };

interface SurfaceKind {
  node: Surface;
}
/** `at` is the character, from 1, where the node stands in the text. */
export type Surface = { at?: number } & (Leaf | Operation<SurfaceKind> | Sugar<SurfaceKind>);

const text = z.string().max(LIMITS.literal_chars);
const lazy: z.ZodType<Expr> = z.lazy(() => exprSchema);
const pair = { left: lazy, right: lazy };
const columnType = z.enum(COLUMN_TYPES);

/** The shape of an expression as JSON. Types are `check`'s business; measure depth before it is parsed. */
export const exprSchema: z.ZodType<Expr> = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("column"), name: z.string().min(1).max(LIMITS.name_chars) }),
  z.strictObject({ op: z.literal("literal"), type: columnType, value: text }),
  z.strictObject({ op: z.literal("null"), type: columnType }),
  z.strictObject({ op: z.literal("compare"), is: z.enum(COMPARISONS), ...pair }),
  z.strictObject({ op: z.literal("in"), value: lazy, options: z.array(lazy).max(LIMITS.list) }),
  z.strictObject({ op: z.literal("like"), value: lazy, pattern: z.string().max(LIMITS.pattern_chars) }),
  z.strictObject({ op: z.enum(["is_null", "not", ...UNARY]), value: lazy }),
  z.strictObject({ op: z.enum(["and", "or", "coalesce"]), args: z.array(lazy).min(1).max(LIMITS.nodes) }),
  z.strictObject({ op: z.enum(BINARY), ...pair }),
  z.strictObject({ op: z.literal("widen"), to: z.enum(["decimal", "timestamp"]), value: lazy }),
  z.strictObject({ op: z.literal("days"), from: lazy, to: lazy }),
  z.strictObject({ op: z.literal("date_part"), part: z.enum(DATE_PARTS), value: lazy }),
  z.strictObject({
    op: z.literal("case"),
    whens: z
      .array(z.strictObject({ when: lazy, value: lazy }))
      .min(1)
      .max(LIMITS.nodes),
    otherwise: lazy,
  }),
]);

/** A condition over the rows of one dataset, as JSON. */
export const filterSchema = z.strictObject({ version: z.literal(1), where: exprSchema });
export type Filter = z.infer<typeof filterSchema>;

/** The operands of a node, in order. */
export function operands(node: Expr): Expr[] {
  switch (node.op) {
    case "column":
    case "literal":
    case "null":
      return [];
    case "compare":
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
      return [node.left, node.right];
    case "in":
      return [node.value, ...node.options];
    case "and":
    case "or":
    case "coalesce":
      return node.args;
    case "days":
      return [node.from, node.to];
    case "case":
      return [...node.whens.flatMap(({ when, value }) => [when, value]), node.otherwise];
    default:
      return [node.value];
  }
}

/** The same node over other operands. */
export function mapOperands(node: Expr, f: (e: Expr) => Expr): Expr {
  switch (node.op) {
    case "column":
    case "literal":
    case "null":
      return node;
    case "compare":
    case "add":
    case "subtract":
    case "multiply":
    case "divide":
      return { ...node, left: f(node.left), right: f(node.right) };
    case "in":
      return { ...node, value: f(node.value), options: node.options.map(f) };
    case "and":
    case "or":
    case "coalesce":
      return { ...node, args: node.args.map(f) };
    case "days":
      return { ...node, from: f(node.from), to: f(node.to) };
    case "case":
      return {
        ...node,
        whens: node.whens.map(({ when, value }) => ({ when: f(when), value: f(value) })),
        otherwise: f(node.otherwise),
      };
    default:
      return { ...node, value: f(node.value) };
  }
}

/** Names of the columns that an expression reads, sorted. */
export function columnsRead(expr: Expr): string[] {
  const names = new Set<string>();
  const visit = (e: Expr): void => {
    if (e.op === "column") names.add(e.name);
    operands(e).forEach(visit);
  };
  visit(expr);
  return [...names].sort();
}
