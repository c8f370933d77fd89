/**
 * Names of a query, resolved in the parsed tree before anything else reads it: a column reference becomes the one
 * name that this room gave the field, so that expressions are then read and typed as of a single relation.
 */
import type { z } from "zod";
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import { check } from "../../../expression/check/check.js";
import { columnsOf } from "../../../expression/columns.js";
import { placeOf, unsupported } from "../../../expression/errors.js";
import type { Expr } from "../../../expression/expr.js";
import { SqlReader } from "../../../expression/syntax/sql/expression.js";
import { NODES } from "../../../expression/syntax/sql/nodes.js";
import type { Locate } from "../../../expression/syntax/sql/statement.js";
import { QUERY_LIMITS } from "../limits.js";
import type { Field } from "../model.js";

export interface Source {
  alias: string;
  fields: readonly Field[];
}

export interface Typed {
  expr: Expr;
  type: ColumnType;
  nullable: boolean;
}

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** Puts something else in the place of a node; undefined leaves it as it is. */
export type Replace = (node: Tree) => Tree | undefined;

export class Scope {
  constructor(
    readonly locate: Locate,
    readonly sources: readonly Source[],
  ) {}

  get fields(): Field[] {
    return this.sources.flatMap(({ fields }) => [...fields]);
  }

  place(node: unknown): string {
    const location = isTree(node) ? (node.query_location as { $digits?: string } | undefined) : undefined;
    return placeOf(location?.$digits === undefined ? undefined : this.locate(location.$digits), "sql");
  }

  /** A node in its strict shape. @throws query_unsupported */
  parse<S extends z.ZodType>(schema: S, node: unknown, what: string, nearest: string): z.output<S> {
    const parsed = schema.safeParse(node);
    if (parsed.success) return parsed.data;
    throw unsupported(this.place(node), what, nearest);
  }

  refuse(node: unknown, what: string, nearest: string): never {
    throw unsupported(this.place(node), what, nearest);
  }

  /** The field that a name in one or two parts means. */
  find(names: readonly string[]): Field | undefined | "ambiguous" {
    const [name, alias] = [names.at(-1), names.length === 2 ? names[0] : undefined];
    if (names.length > 2) return undefined;
    const found = this.sources
      .filter((source) => alias === undefined || source.alias === alias)
      .flatMap(({ fields }) => fields.filter((field) => field.name === name));
    return found.length > 1 ? "ambiguous" : found[0];
  }

  private resolve(node: Tree): Tree {
    const { column_names } = this.parse(NODES.COLUMN_REF, node, "this name", "name a column");
    const field = this.find(column_names);
    const shown = JSON.stringify(column_names.join(".").slice(0, 64));
    if (field === undefined) throw invalidInput(this.place(node), `there is no column ${shown}`);
    if (field === "ambiguous")
      throw invalidInput(this.place(node), `${shown} is in several relations; write alias.column`);
    return { ...node, column_names: [field.column] };
  }

  /** The tree with names resolved, and with what `replace` puts in the place of nodes. */
  resolved(node: unknown, replace: Replace = () => undefined, depth = 0): unknown {
    if (depth > QUERY_LIMITS.depth) throw unsupported("sql", "nesting this deep", "write it flatter");
    if (Array.isArray(node)) return node.map((child) => this.resolved(child, replace, depth + 1));
    if (!isTree(node)) return node;
    const other = replace(node);
    if (other) return other;
    if (node.class === "COLUMN_REF") return this.resolve(node);
    return Object.fromEntries(
      Object.entries(node).map(([key, child]) => [key, this.resolved(child, replace, depth + 1)]),
    );
  }

  /** A tree whose names are resolved, typed over these fields. */
  typed(resolved: unknown, fields: readonly Pick<Field, "column" | "type" | "nullable">[]): Typed {
    const columns = columnsOf(fields.map(({ column, type, nullable }) => ({ name: column, type, nullable })));
    return check(new SqlReader(this.locate, []).expression(resolved), columns, "sql");
  }

  value(node: unknown): Typed {
    return this.typed(this.resolved(node), this.fields);
  }

  /** @throws invalid_input where it is no condition */
  condition(node: unknown): Expr {
    const { expr, type } = this.value(node);
    if (type === "boolean") return expr;
    throw invalidInput(this.place(node), `is ${type}, but a condition is needed`);
  }
}

/** The name of a SELECT item: its alias, its column, or its place. */
export function itemName(node: unknown, index: number): string {
  if (!isTree(node)) return `column_${index + 1}`;
  if (typeof node.alias === "string" && node.alias !== "") return node.alias;
  const names = node.class === "COLUMN_REF" ? (node.column_names as unknown) : undefined;
  return Array.isArray(names) && typeof names.at(-1) === "string" ? names.at(-1) : `column_${index + 1}`;
}

/** The place in a list that a bare number means, from 0. */
export function placeNumber(node: unknown): number | undefined {
  const parsed = NODES.CONSTANT.safeParse(node);
  if (!parsed.success || parsed.data.value.is_null) return undefined;
  const { value, type } = parsed.data.value;
  return type.id === "INTEGER" && typeof value === "object" && "$digits" in value
    ? Number(value.$digits) - 1
    : undefined;
}
