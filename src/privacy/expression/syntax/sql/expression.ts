/** From DuckDB's tree to an expression. A function or operator without a row in names.ts is refused. */
import { placeOf, unsupported } from "../../errors.js";
import type { Surface } from "../../expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "../../limits.js";
import { storedPattern } from "../../pattern.js";
import { fixedText, row } from "../operators.js";
import {
  BINARY,
  CASTS,
  COMPARISONS,
  FIXED,
  LIKE,
  NEAREST,
  PART_FUNCTIONS,
  PARTS,
  POWER,
  UNARY,
} from "./names.js";
import type { ConstantValue, SqlNode } from "./nodes.js";
import { type Locate, parseNode } from "./statement.js";

type Of<C extends SqlNode["class"]> = Extract<SqlNode, { class: C }>;

/** Value of an integer of 128 bits in two halves. */
const wide = (upper: string, lower: string): bigint => BigInt(upper) * 2n ** 64n + BigInt(lower);

function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const all = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, "0");
  return scale === 0 ? `${sign}${all}.0` : `${sign}${all.slice(0, -scale)}.${all.slice(-scale)}`;
}

/** Reads one statement's expressions. */
export class SqlReader {
  private depth = 0;

  /** @param relations names by which a column may be qualified */
  constructor(
    private readonly locate: Locate,
    private readonly relations: readonly string[],
  ) {}

  at(node: SqlNode): number | undefined {
    return this.locate(node.query_location.$digits);
  }

  node(node: unknown): SqlNode {
    return parseNode(node, this.locate);
  }

  refuse(node: SqlNode, what: string, nearest: string): never {
    throw unsupported(placeOf(this.at(node), "text"), what, nearest);
  }

  expression(given: unknown): Surface {
    const node = this.node(given);
    this.depth += 1;
    if (this.depth > LIMITS.depth)
      this.refuse(node, `nesting deeper than ${LIMITS.depth}`, "write it flatter");
    const surface = this.read(node);
    this.depth -= 1;
    return surface;
  }

  private read(node: SqlNode): Surface {
    const at = this.at(node);
    switch (node.class) {
      case "COLUMN_REF":
        return { op: "column", name: this.columnName(node), at };
      case "CONSTANT":
        return { ...this.constant(node, node.value), at };
      case "COMPARISON":
        return this.comparison(node, at);
      case "CONJUNCTION":
        return {
          op: node.type === "CONJUNCTION_AND" ? "and" : "or",
          args: node.children.map((c) => this.expression(c)),
          at,
        };
      case "OPERATOR":
        return this.operator(node, at);
      case "BETWEEN":
        return {
          op: "between",
          value: this.expression(node.input),
          low: this.expression(node.lower),
          high: this.expression(node.upper),
          at,
        };
      case "CASE":
        return {
          op: "case",
          whens: node.case_checks.map(({ when_expr, then_expr }) => ({
            when: this.expression(when_expr),
            value: this.expression(then_expr),
          })),
          otherwise: this.expression(node.else_expr),
          at,
        };
      case "CAST":
        return this.cast(node, at);
      case "FUNCTION":
        return this.call(node, at);
    }
  }

  columnName(node: Of<"COLUMN_REF">): string {
    const names = node.column_names;
    const isQualified = names.length === 2 && this.relations.includes(names[0] as string);
    if (names.length > 1 && !isQualified) this.refuse(node, "a name in parts", "name the column alone");
    return names.at(-1) as string;
  }

  private constant(node: SqlNode, given: ConstantValue): Surface {
    if (given.is_null) return { op: "missing" };
    const { type, value } = given;
    if (type.id === "VARCHAR" && typeof value === "string") return { op: "string", text: value };
    if (type.id === "BOOLEAN" && typeof value === "boolean")
      return { op: "literal", type: "boolean", value: String(value) };
    if (typeof value === "object") {
      const number =
        "$digits" in value ? value.$digits : String(wide(value.upper.$digits, value.lower.$digits));
      if (["INTEGER", "BIGINT", "HUGEINT"].includes(type.id)) return { op: "number", text: number };
      if (type.id === "DECIMAL" && type.type_info)
        return { op: "number", text: decimalText(BigInt(number), Number(type.type_info.scale.$digits)) };
      if (type.id === "DOUBLE" && Number.isFinite(Number(number)))
        return { op: "literal", type: "decimal", value: number };
    }
    return this.refuse(
      node,
      `a literal of type ${type.id}`,
      "write numbers, texts, DATE '…' or TIMESTAMP '…'",
    );
  }

  private comparison(node: Of<"COMPARISON">, at: number | undefined): Surface {
    const [left, right] = [this.expression(node.left), this.expression(node.right)];
    const is = COMPARISONS[node.type];
    if (is) return { op: "compare", is, left, right, at };
    const distinct: Surface = { op: "distinct", left, right, at };
    return node.type === "COMPARE_DISTINCT_FROM" ? distinct : { op: "not", value: distinct, at };
  }

  private operator(node: Of<"OPERATOR">, at: number | undefined): Surface {
    const [value, ...rest] = node.children.map((c) => this.expression(c)) as [Surface, ...Surface[]];
    switch (node.type) {
      case "OPERATOR_NOT":
        return { op: "not", value, at };
      case "OPERATOR_IS_NULL":
        return { op: "is_null", value, at };
      case "OPERATOR_IS_NOT_NULL":
        return { op: "not", value: { op: "is_null", value, at }, at };
      case "OPERATOR_COALESCE":
        return { op: "coalesce", args: [value, ...rest], at };
      case "COMPARE_IN":
        return { op: "in", value, options: rest, at };
      case "COMPARE_NOT_IN":
        return { op: "not", value: { op: "in", value, options: rest, at }, at };
    }
  }

  private cast(node: Of<"CAST">, at: number | undefined): Surface {
    const type = row(CASTS, node.cast_type.id);
    if (!type) this.refuse(node, `a cast to ${node.cast_type.id}`, "leave it out, or cast to DOUBLE");
    const value = this.expression(node.child);
    if (value.op !== "string") return { op: "as", value, type, at };
    if (type === "boolean") {
      const text = row({ t: "true", f: "false" }, value.text) ?? value.text;
      return { op: "literal", type, value: text, at };
    }
    return type === "date" || type === "timestamp"
      ? { op: "instant", type, text: value.text, at }
      : { op: "as", value, type, at };
  }

  private call(node: Of<"FUNCTION">, at: number | undefined): Surface {
    const name = node.function_name;
    if (node.filter !== null || node.distinct)
      this.refuse(node, "an aggregate here", "aggregate in the SELECT list");
    const args = node.children.map((c) => this.expression(c));
    const [a, b] = args;
    const known = a && (args.length === 1 ? this.unary(name, a, at) : b && this.binary(node, name, args, at));
    if (known) return known;
    return this.refuse(
      node,
      `${node.is_operator ? "the operator" : "the function"} ${name.slice(0, 64)}`,
      row(NEAREST, name) ?? `there are ${[...Object.keys(UNARY).slice(1), ...Object.keys(PARTS)].join(", ")}`,
    );
  }

  private unary(name: string, value: Surface, at: number | undefined): Surface | undefined {
    const op = row(UNARY, name);
    const part = row(PARTS, name);
    if (op) return { op, value, at };
    if (name === "+") return value;
    return part ? { op: "date_part", part, value, at } : undefined;
  }

  private binary(node: SqlNode, name: string, args: Surface[], at: number | undefined): Surface | undefined {
    const [a, b, c] = args as [Surface, Surface, Surface?];
    if (Object.hasOwn(LIKE, name)) return this.like(node, name, args, at);
    if (c)
      return (name === "date_diff" || name === "datediff") && isText(a, "day")
        ? { op: "days", from: b, to: c, at }
        : undefined;
    const op = row(BINARY, name);
    if (op) return { op, left: a, right: b, at };
    if (POWER.includes(name)) return { op: "power", value: a, exponent: b, at };
    if (PART_FUNCTIONS.includes(name) && a.op === "string") return this.unary(a.text.toLowerCase(), b, at);
    const fixed = row(FIXED, name);
    if (fixed && b.op === "string") return fixedText(fixed, a, b.text, at);
    if (name !== "nullif") return undefined;
    const whens = [
      {
        when: { op: "compare", is: "eq", left: a, right: b, at } as Surface,
        value: { op: "missing" } as Surface,
      },
    ];
    return { op: "case", whens, otherwise: a, at };
  }

  private like(
    node: SqlNode,
    name: string,
    [value, pattern, escaper]: Surface[],
    at: number | undefined,
  ): Surface {
    const stored =
      pattern?.op === "string" &&
      (escaper === undefined || (escaper.op === "string" && [...escaper.text].length <= 1))
        ? storedPattern(pattern.text, escaper?.text || undefined)
        : undefined;
    if (stored === undefined)
      this.refuse(node, "this pattern", "write one in quotes, with something after each escape");
    const like: Surface = { op: "like", value: value as Surface, pattern: stored, at };
    return LIKE[name] ? like : { op: "not", value: like, at };
  }
}

const isText = (e: Surface, text: string): boolean => e.op === "string" && e.text.toLowerCase() === text;
