/**
 * FROM, WITH and subqueries: what rows there are, and how many of them one unit can have.
 *
 * Rules: a subquery keeps rows as they are, or aggregates them per unit; a join is on the units of both sides. So every
 * row of every relation belongs to one unit, and `perUnit` is a product of what the owners declared.
 */
import { invalidInput } from "../../../../vocabulary/index.js";
import type { Expr } from "../../../expression/expr.js";
import type { Locate } from "../../../expression/syntax/sql/statement.js";
import { boundsOf, declaredBounds, fieldsOf } from "../bounds.js";
import { declaredDomain, domainOf } from "../domain.js";
import { QUERY_LIMITS } from "../limits.js";
import type { DeclaredTable, Field, Relation } from "../model.js";
import { readUnits } from "./per-unit.js";
import { itemName, Scope, type Source, type Typed } from "./scope.js";
import { cteTree, type QueryTree, queryTree, type SourceTree, sourceTree } from "./tree.js";
import { isUnitCall } from "./unit-calls.js";

/** A WITH that is in sight: its statement, and what that sees in its turn. */
interface Cte {
  tree: QueryTree;
  sight: Sight;
}
export type Sight = ReadonlyMap<string, Cte>;

export interface From {
  relation: Relation;
  sources: Source[];
}

const SELECT_FORM = "write SELECT … FROM dataset [JOIN dataset USING (unit)] [WHERE …] [GROUP BY …]";

export class RelationReader {
  /** The datasets read so far, each once. */
  readonly used: string[] = [];
  private columns = 0;
  private relations = 0;

  constructor(
    private readonly tables: ReadonlyMap<string, DeclaredTable>,
    readonly locate: Locate,
  ) {}

  private readonly outside = (): Scope => new Scope(this.locate, []);

  newColumn(): string {
    this.columns += 1;
    return `x${this.columns}`;
  }

  private count(node: unknown): void {
    this.relations += 1;
    if (this.relations > QUERY_LIMITS.relations)
      this.outside().refuse(node, `more than ${QUERY_LIMITS.relations} relations`, "use fewer subqueries");
  }

  tree(node: unknown): QueryTree {
    return this.outside().parse(queryTree, node, clauseOf(node), SELECT_FORM);
  }

  /** The WITHs of a statement, each seeing those before it. */
  sight(tree: QueryTree, outer: Sight): Sight {
    let sight = outer;
    for (const given of tree.cte_map.map) {
      const { key, value } = this.outside().parse(
        cteTree,
        given,
        "this WITH",
        "write WITH name AS (SELECT …)",
      );
      sight = new Map([...sight, [key, { tree: this.tree(value.query.node), sight }]]);
    }
    return sight;
  }

  from(given: unknown, sight: Sight): From {
    this.count(given);
    const source = this.outside().parse(
      sourceTree,
      given,
      "this FROM",
      "name a dataset, a subquery, or a join USING the column of units",
    );
    switch (source.type) {
      case "BASE_TABLE":
        return this.named(source, sight);
      case "SUBQUERY":
        return single(source.alias, this.subselect(this.tree(source.subquery.node), sight));
      case "JOIN":
        return this.join(source, sight);
    }
  }

  private named(source: Extract<SourceTree, { type: "BASE_TABLE" }>, sight: Sight): From {
    const name = source.table_name;
    const alias = source.alias === "" ? name : source.alias;
    const cte = sight.get(name);
    if (cte) return single(alias, this.subselect(cte.tree, cte.sight));
    const table = this.tables.get(name);
    if (!table)
      throw invalidInput(
        this.outside().place(source),
        `there is no dataset ${JSON.stringify(name.slice(0, 64))} among \`datasets\``,
      );
    if (!this.used.includes(name)) this.used.push(name);
    return single(alias, this.table(table));
  }

  private table(table: DeclaredTable): Relation {
    const fields = table.columns.map((column): Field => {
      const [bounds, domain] = [declaredBounds(column), declaredDomain(column)];
      return {
        name: column.name,
        column: this.newColumn(),
        type: column.type,
        nullable: column.nullable,
        ...(bounds ? { bounds } : {}),
        ...(domain ? { domain } : {}),
        isUnit: column.name === table.unit,
        origin: { dataset: table.name, column: column.name },
      };
    });
    const places = table.columns.map(({ at }) => at);
    const perUnit = BigInt(table.unit === undefined ? 1 : table.maxRows);
    return { kind: "table", table: this.used.indexOf(table.name), places, fields, perUnit };
  }

  /** INNER and LEFT, on the units of both sides and nothing else. */
  private join(source: Extract<SourceTree, { type: "JOIN" }>, sight: Sight): From {
    const [left, right] = [this.from(source.left, sight), this.from(source.right, sight)];
    const scope = new Scope(this.locate, [...left.sources, ...right.sources]);
    const on = unitsJoined(source, scope, left, right);
    const outer = source.join_type === "LEFT";
    const joined = right.relation.fields.map(
      (field): Field => (outer ? { ...field, nullable: true, isUnit: false } : field),
    );
    const perUnit = left.relation.perUnit * right.relation.perUnit;
    if (perUnit > QUERY_LIMITS.joined_rows_per_unit)
      scope.refuse(source, "a join with this many rows a unit", "aggregate per unit first: GROUP BY unit");
    const relation: Relation = {
      kind: "join",
      left: left.relation,
      right: right.relation,
      outer,
      on,
      fields: [...left.relation.fields, ...joined],
      perUnit,
    };
    const shown = (s: Source): Source => ({
      ...s,
      fields: s.fields
        .map((field) => joined.find(({ column }) => column === field.column) ?? field)
        .filter(({ column }) => source.using_columns.length === 0 || column !== on[1]),
    });
    return { relation, sources: [...left.sources, ...right.sources.map(shown)] };
  }

  /** A subquery: rows as they are, or one row a unit (and key). */
  subselect(tree: QueryTree, outer: Sight): Relation {
    this.count(tree.from_table);
    const sight = this.sight(tree, outer);
    const { relation, sources } = this.from(tree.from_table, sight);
    const scope = new Scope(this.locate, sources);
    if (tree.modifiers.length > 0)
      scope.refuse(
        tree.from_table,
        "ORDER BY, LIMIT or DISTINCT in a subquery",
        "leave them to the outermost SELECT",
      );
    const where = tree.where_clause === null ? undefined : scope.condition(tree.where_clause);
    const aggregates =
      tree.group_expressions.length > 0 || tree.having !== null || tree.select_list.some(hasUnitCall);
    if (aggregates) return readUnits(this, tree, scope, relation, where);
    const items = tree.select_list.flatMap((node, i) => this.item(scope, node, i));
    return this.projection(relation, items, where);
  }

  /** `*`, or one value. */
  private item(scope: Scope, node: unknown, index: number): { name: string; typed: Typed }[] {
    if (isStar(node))
      return scope.fields.map(({ name, column, type, nullable }) => ({
        name,
        typed: { expr: { op: "column", name: column }, type, nullable },
      }));
    return [{ name: itemName(node, index), typed: scope.value(node) }];
  }

  projection(from: Relation, items: readonly { name: string; typed: Typed }[], where?: Expr): Relation {
    const fields = items.map(({ name, typed }) => this.derived(from, name, typed));
    const values = items.map(({ typed }) => typed.expr);
    return {
      kind: "rows",
      from,
      ...(where ? { where } : {}),
      values,
      fields,
      perUnit: from.perUnit,
    };
  }

  /** What is known in public of a value over a relation. */
  derived(from: Relation, name: string, { expr, type, nullable }: Typed): Field {
    const known = fieldsOf(from.fields);
    const same = expr.op === "column" ? known.get(expr.name) : undefined;
    const column = this.newColumn();
    if (same) return { ...same, name, column };
    const [bounds, domain] = [boundsOf(expr, known), domainOf(expr, type, known)];
    return {
      name,
      column,
      type,
      nullable,
      ...(bounds && bounds !== "missing" ? { bounds } : {}),
      ...(domain ? { domain } : {}),
      isUnit: false,
    };
  }
}

const single = (alias: string, relation: Relation): From => ({
  relation,
  sources: [{ alias, fields: relation.fields }],
});

export function isStar(node: unknown): boolean {
  const tree = node as Record<string, unknown> | null;
  const plain = (key: string) => Array.isArray(tree?.[key]) && (tree[key] as unknown[]).length === 0;
  return (
    tree?.class === "STAR" &&
    tree.relation_name === "" &&
    tree.expr === null &&
    ["exclude_list", "replace_list", "qualified_exclude_list", "rename_list"].every(plain)
  );
}

/** Whether an aggregate stands anywhere in it, subqueries apart. */
function hasUnitCall(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  if (isUnitCall(node as Record<string, unknown>)) return true;
  return Object.values(node).some(hasUnitCall);
}

/** The columns of units that a join is on. @throws query_unsupported */
function unitsJoined(
  source: Extract<SourceTree, { type: "JOIN" }>,
  scope: Scope,
  left: From,
  right: From,
): [string, string] {
  const nearest = "join on the columns of units of both: USING (id), or ON a.id = b.id";
  const sides = [left, right].map(({ sources }) => new Scope(scope.locate, sources));
  const found =
    source.using_columns.length === 1 ? sides.map((s) => s.find(source.using_columns)) : undefined;
  const pair = found ?? equated(source.condition, scope);
  const [a, b] = pair.map((field) => (field === "ambiguous" ? undefined : field));
  const inLeft = (column: string) => left.relation.fields.some((field) => field.column === column);
  if (!a?.isUnit || !b?.isUnit || inLeft(a.column) === inLeft(b.column) || a.type !== b.type)
    return scope.refuse(source, "this join", nearest);
  return inLeft(a.column) ? [a.column, b.column] : [b.column, a.column];
}

function equated(condition: unknown, scope: Scope): (Field | "ambiguous" | undefined)[] {
  const tree = condition as Record<string, unknown> | null;
  if (tree?.type !== "COMPARE_EQUAL") return [];
  return [tree.left, tree.right].map((side) => {
    const names = (side as Record<string, unknown> | null)?.column_names;
    return Array.isArray(names) ? scope.find(names as string[]) : undefined;
  });
}

const CLAUSES: Record<string, string> = {
  aggregate_handling: "GROUP BY ALL",
  sample: "a sample",
  qualify: "QUALIFY",
};

/** What of a statement is no SELECT as it is read here. */
function clauseOf(node: unknown): string {
  const key = String(queryTree.safeParse(node).error?.issues[0]?.path[0] ?? "");
  return CLAUSES[key] ?? "this statement (a union, or something other than one SELECT)";
}
