/**
 * The type checker: from what was written to the one typed expression.
 *
 * Every operation has a rule in the table below. A rule takes typed operands, converts them where nothing is lost,
 * and refuses the rest by naming the place. After it no operation of the result can fail on any row.
 */
import type { ColumnType } from "../../../vocabulary/index.js";
import { canonicalForm } from "../canonical.js";
import type { Columns } from "../columns.js";
import { placeOf, unsupported, wrong } from "../errors.js";
import type { Expr, Surface } from "../expr.js";
import { EXPRESSION_LIMITS as LIMITS } from "../limits.js";
import { formatValue, parseValue } from "../values.js";
import { INT64 } from "./range.js";
import { RULES } from "./rules.js";
import { commonType, convert, Misfit, type Typed } from "./typed.js";

export interface Checked {
  /** In canonical form. */
  expr: Expr;
  type: ColumnType;
  nullable: boolean;
}

/** One check under way. */
export class Checker {
  private nodes = 0;
  private depth = 0;
  private readonly path: string[];

  constructor(
    readonly columns: Columns,
    root: string,
  ) {
    this.path = [root];
  }

  place(node: Surface): string {
    return placeOf(node.at, this.path.filter((name) => name !== "").join("."));
  }

  /** Types the operand `name` of the node at hand. */
  operand(node: Surface, name: string): Typed {
    this.path.push(name);
    this.depth += 1;
    this.nodes += 1;
    if (this.nodes > LIMITS.nodes) throw wrong(this.place(node), `more than ${LIMITS.nodes} operations`);
    if (this.depth > LIMITS.depth) throw wrong(this.place(node), `nested deeper than ${LIMITS.depth}`);
    const typed = this.option(node);
    this.depth -= 1;
    this.path.pop();
    return typed;
  }

  /** Types a literal of a list, which has a limit of its own. */
  option(node: Surface): Typed {
    const rule = RULES[node.op] as (node: Surface, check: Checker) => Typed;
    return rule(node, this);
  }

  /** The operand, as an expression of that type. */
  as(node: Surface, name: string, type: ColumnType): Typed {
    const typed = this.operand(node, name);
    return { ...typed, expr: this.fit(node, typed, type), type };
  }

  fit(node: Surface, typed: Typed, type: ColumnType): Expr {
    const converted = convert(typed, type);
    if (converted instanceof Misfit) throw wrong(this.place(node), converted.why);
    return converted;
  }

  /** All operands at one type. */
  unify(nodes: readonly Surface[], typed: readonly Typed[]): { type: ColumnType; exprs: Expr[] } {
    const type = commonType(typed);
    if (type === undefined) {
      const types = [...new Set(typed.filter((t) => !t.untyped).map((t) => t.type))];
      const node = nodes[0] as Surface;
      if (types.length === 0)
        throw unsupported(this.place(node), "only missing values here", "give one a type");
      throw wrong(this.place(node), `${types.join(" and ")} do not go together`);
    }
    return { type, exprs: typed.map((t, i) => this.fit(nodes[i] as Surface, t, type)) };
  }

  literal(node: Surface, type: ColumnType, written: string): Typed {
    const value = parseValue(type, written);
    if (value === undefined || value === null) throw wrong(this.place(node), `not a valid ${type} literal`);
    const expr: Expr = { op: "literal", type, value: formatValue(type, value) };
    return typeof value === "bigint" && type === "integer"
      ? { expr, type, nullable: false, range: [value, value] }
      : { expr, type, nullable: false };
  }

  column(node: Surface, name: string): Typed {
    const column = this.columns.get(name);
    if (!column) throw wrong(this.place(node), `there is no column ${JSON.stringify(name.slice(0, 64))}`);
    const expr: Expr = { op: "column", name };
    const { type, nullable } = column;
    return type === "integer" ? { expr, type, nullable, range: INT64 } : { expr, type, nullable };
  }
}

/**
 * Types what was written and brings it into canonical form.
 * @param root what the expression is called in errors
 * @throws invalid_input on a wrong name, type or literal; query_unsupported on a form that has no meaning here
 */
export function check(written: Surface, columns: Columns, root = "expression"): Checked {
  const { expr, type, nullable } = new Checker(columns, root).operand(written, "");
  return { expr: canonicalForm(expr), type, nullable };
}

/** A condition: what is written must be true or false. */
export function checkCondition(written: Surface, columns: Columns, root = "where"): Expr {
  const checked = check(written, columns, root);
  if (checked.type === "boolean") return checked.expr;
  throw wrong(placeOf(written.at, root), `is ${checked.type}, but a condition is needed`);
}
