/**
 * The outermost SELECT: groups, noisy aggregates, and what is computed from them afterwards.
 *
 * Rules: WHERE, groups and the arguments of aggregates are values of single rows; items, HAVING and ORDER BY are over
 * groups and noisy values alone, so they tell nothing that those do not. A group is public where its values are, else
 * it shows above a threshold only.
 */
import { invalidInput } from "../../../../vocabulary/index.js";
import type { Expr } from "../../../expression/expr.js";
import { parseStatement, type SqlSerializer } from "../../../expression/syntax/sql/statement.js";
import { fieldsOf } from "../bounds.js";
import { domainOf } from "../domain.js";
import { QUERY_LIMITS } from "../limits.js";
import type { DeclaredTable, Field, Group, GroupValue, Output, Plan, Relation } from "../model.js";
import { mustFit } from "../size.js";
import { callOf, isAggregate, refuseOthers } from "./calls.js";
import { Estimates } from "./estimates.js";
import { histogramBins } from "./histogram.js";
import { bare } from "./per-unit.js";
import { RelationReader } from "./relations.js";
import { itemName, placeNumber, Scope, type Typed } from "./scope.js";
import { modifierTree, type QueryTree } from "./tree.js";

type Tree = Record<string, unknown>;
type PostField = Pick<Field, "column" | "type" | "nullable">;

interface ReadGroup extends Group {
  text: string;
  nullable: boolean;
}

const columnRef = (column: string, at: unknown): Tree => ({
  class: "COLUMN_REF",
  type: "COLUMN_REF",
  alias: "",
  query_location: at,
  column_names: [column],
});

class SelectReader {
  readonly groups: ReadGroup[] = [];
  readonly estimates: Estimates;
  /** By name, what ORDER BY and HAVING may call an item. */
  private readonly items = new Map<string, { tree: unknown; typed: Typed }>();

  constructor(
    private readonly tree: QueryTree,
    private readonly scope: Scope,
    relation: Relation,
  ) {
    const unit = scope.fields.find(({ isUnit }) => isUnit);
    this.estimates = new Estimates(scope, unit?.name, relation.perUnit === 1n);
    for (const node of tree.group_expressions) this.group(node);
  }

  /** By expression, by alias of an item, or by place in the list. */
  private group(given: unknown): void {
    const place = placeNumber(given);
    const names =
      (given as Tree).class === "COLUMN_REF" ? ((given as Tree).column_names as string[]) : undefined;
    const isColumn = names !== undefined && this.scope.find(names) !== undefined;
    const alias = names?.length === 1 && !isColumn ? names[0] : undefined;
    const item =
      place === undefined
        ? this.tree.select_list.find((node) => alias !== undefined && (node as Tree).alias === alias)
        : this.tree.select_list[place];
    if (place !== undefined && item === undefined)
      this.scope.refuse(given, "this place", "count the SELECT list from 1");
    const node = item ?? given;
    this.addGroup(this.scope.value(node), bare(this.scope.resolved(node)), node);
  }

  addGroup({ expr, type, nullable }: Typed, text: string, node: unknown): string {
    if (type === "decimal")
      this.scope.refuse(
        node,
        "a decimal as groups",
        "make bins: CASE WHEN x < 10 THEN 'low' ELSE 'high' END, or histogram(x, 10)",
      );
    if (this.groups.length >= QUERY_LIMITS.groupings)
      this.scope.refuse(node, `more than ${QUERY_LIMITS.groupings} groupings`, "group by fewer");
    const found = domainOf(expr, type, fieldsOf(this.scope.fields));
    const domain: GroupValue[] | undefined = found && (nullable ? [...found, null] : found);
    this.groups.push({ value: expr, type, nullable, text, ...(domain ? { domain } : {}) });
    return `g${this.groups.length - 1}`;
  }

  private get fields(): PostField[] {
    return [
      ...this.groups.map(({ type, nullable }, i) => ({ column: `g${i}`, type, nullable })),
      ...this.columns,
    ];
  }
  private readonly columns: PostField[] = [];

  private replaced(tree: Tree, isOrder: boolean): Tree | undefined {
    if (isAggregate(tree)) {
      const { column, type } = this.estimates.add(callOf(tree, this.scope));
      if (!this.columns.some((c) => c.column === column))
        this.columns.push({ column, type, nullable: false });
      return columnRef(column, tree.query_location);
    }
    refuseOthers(tree, this.scope);
    if (typeof tree.class !== "string" || tree.class === "CONSTANT") return undefined;
    const name = tree.class === "COLUMN_REF" ? (tree.column_names as string[]) : undefined;
    const alias = name?.length === 1 ? this.items.get(name[0] as string) : undefined;
    if (alias && (isOrder || this.scope.find(name!) === undefined)) return alias.tree as Tree;
    const at = this.groups.findIndex(({ text }) => text === this.textOf(tree));
    if (at >= 0) return columnRef(`g${at}`, tree.query_location);
    if (name) {
      if (this.scope.find(name) === undefined)
        throw invalidInput(
          this.scope.place(tree),
          `there is no column ${JSON.stringify(name.join(".").slice(0, 64))}`,
        );
      this.scope.refuse(tree, "a value of single rows", "group by it, or aggregate it");
    }
    return undefined;
  }

  /** Of a part that may hold aggregates, which are no value of a row. */
  private textOf(tree: Tree): string | undefined {
    return this.groups.length === 0 || holdsAggregate(tree) || !this.knows(tree)
      ? undefined
      : bare(this.scope.resolved(tree));
  }

  private knows(tree: unknown): boolean {
    if (typeof tree !== "object" || tree === null) return true;
    const names =
      (tree as Tree).class === "COLUMN_REF" ? ((tree as Tree).column_names as string[]) : undefined;
    if (names) return typeof this.scope.find(names) === "object";
    return Object.values(tree).every((child) => this.knows(child));
  }

  private after(node: unknown, isOrder = false): { tree: unknown; typed: Typed } {
    const tree = this.scope.resolved(node, (t) => this.replaced(t, isOrder));
    return { tree, typed: this.scope.typed(tree, this.fields) };
  }

  outputs(): Output[] {
    const list = this.tree.select_list;
    if (list.length > QUERY_LIMITS.outputs)
      this.scope.refuse(list[0], `more than ${QUERY_LIMITS.outputs} columns`, "select fewer");
    return list.flatMap((node, i) => {
      const name = itemName(node, i);
      const call = isAggregate(node as Tree) ? callOf(node as Tree, this.scope) : undefined;
      if (call?.kind === "histogram") return this.histogram(call, (node as Tree).alias === "" ? "bin" : name);
      const item = this.after(node);
      this.items.set(name, item);
      return [{ name, type: item.typed.type, value: item.typed.expr }];
    });
  }

  /** `histogram(x, n)`: a group for each bin, and how many rows it has. */
  private histogram(call: ReturnType<typeof callOf>, name: string): Output[] {
    const bins = histogramBins(this.scope, call);
    const column = this.addGroup(bins, bare(call.node), call.node);
    const estimate = this.estimates.estimates.push({
      kind: "count",
      of: this.estimates.count({ kind: "rows" }, 1),
    });
    const counted = { column: `a${estimate - 1}`, type: "integer" as const, nullable: false };
    this.columns.push(counted);
    const bin: Expr = { op: "column", name: column };
    const count: Expr = { op: "column", name: counted.column };
    this.items.set(name, {
      tree: columnRef(column, { $digits: "-1" }),
      typed: { expr: bin, type: "text", nullable: bins.nullable },
    });
    return [
      { name, type: "text", value: bin },
      { name: name === "bin" ? "count" : `${name}_count`, type: "integer", value: count },
    ];
  }

  having(): Expr | undefined {
    if (this.tree.having === null) return undefined;
    const { typed } = this.after(this.tree.having);
    if (typed.type !== "boolean")
      this.scope.refuse(this.tree.having, `a HAVING that is ${typed.type}`, "write a condition");
    return typed.expr;
  }

  modifiers(outputs: readonly Output[]): Pick<Plan, "order" | "limit" | "offset"> {
    let result: Pick<Plan, "order" | "limit" | "offset"> = { order: [], offset: 0 };
    for (const given of this.tree.modifiers) {
      const modifier = this.scope.parse(
        modifierTree,
        given,
        "this clause",
        "there are ORDER BY, LIMIT and OFFSET",
      );
      if (modifier.type === "LIMIT_MODIFIER") {
        const limit = this.count(modifier.limit);
        result = {
          ...result,
          ...(limit === undefined ? {} : { limit }),
          offset: this.count(modifier.offset) ?? 0,
        };
        continue;
      }
      const order = modifier.orders.map(({ type, null_order, expression }) => {
        const place = placeNumber(expression);
        const value = place === undefined ? this.after(expression, true).typed.expr : outputs[place]?.value;
        if (!value) return this.scope.refuse(expression, "this place", "count the SELECT list from 1");
        return { value, descending: type === "DESCENDING", nullsFirst: null_order === "NULLS FIRST" };
      });
      result = { ...result, order };
    }
    return result;
  }

  private count(node: unknown): number | undefined {
    if (node === null) return undefined;
    const number = placeNumber(node);
    return number === undefined ? this.scope.refuse(node, "this limit", "write a whole number") : number + 1;
  }
}

function holdsAggregate(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false;
  return isAggregate(node as Tree) || Object.values(node).some(holdsAggregate);
}

/** Groups that hold rows of one unit, at most. */
function groupsPerUnit(groups: readonly Group[], perUnit: bigint): bigint {
  const cells = groups.reduce<bigint | undefined>(
    (product, { domain }) => (product === undefined || !domain ? undefined : product * BigInt(domain.length)),
    1n,
  );
  return cells !== undefined && cells < perUnit ? cells : perUnit;
}

/**
 * The plan of a query over datasets whose public metadata are given.
 * @throws invalid_input or query_unsupported naming the character
 */
export async function planOf(
  sql: string,
  serialize: SqlSerializer,
  tables: readonly DeclaredTable[],
): Promise<Plan> {
  const statement = await parseStatement(sql, "", serialize);
  const reader = new RelationReader(new Map(tables.map((t) => [t.name, t])), statement.locate);
  const tree = reader.tree(statement.node);
  const sight = reader.sight(tree, new Map());
  const { relation: from, sources } = reader.from(tree.from_table, sight);
  const scope = new Scope(statement.locate, sources);
  if (tree.group_sets.length > 1 || (tree.group_sets[0]?.length ?? 0) !== tree.group_expressions.length)
    scope.refuse(tree.from_table, "CUBE, ROLLUP or GROUPING SETS", "ask for one grouping");
  const where = tree.where_clause === null ? undefined : scope.condition(tree.where_clause);
  const select = new SelectReader(tree, scope, from);
  const outputs = select.outputs();
  const having = select.having();
  const after = select.modifiers(outputs);
  const { estimates, groups } = select;
  if (estimates.estimates.length === 0)
    scope.refuse(tree.from_table, "a SELECT without an aggregate", "add count(*)");
  const hasPrivateGroups = groups.some(({ domain }) => !domain);
  if (hasPrivateGroups && estimates.bisections.length > 0)
    scope.refuse(
      tree.from_table,
      "a quantile in groups whose values are not declared",
      "ask their owner to declare `categories`, or leave the quantile out",
    );
  const threshold = hasPrivateGroups ? { threshold: estimates.count({ kind: "units" }, 1) } : {};
  // The condition is kept beside the rows, which stay those of FROM.
  const relation: Relation = where
    ? {
        kind: "rows",
        from,
        where,
        values: from.fields.map(({ column }) => ({ op: "column", name: column })),
        fields: from.fields,
        perUnit: from.perUnit,
      }
    : from;
  const plan: Plan = {
    tables: reader.used,
    relation,
    groups: groups.map(({ value, type, domain }) => ({ value, type, ...(domain ? { domain } : {}) })),
    hasPrivateGroups,
    ...threshold,
    groupsPerUnit: groupsPerUnit(groups, relation.perUnit),
    exacts: estimates.exacts,
    measurements: estimates.measurements,
    bisections: estimates.bisections,
    estimates: estimates.estimates,
    outputs,
    ...(having ? { having } : {}),
    ...after,
  };
  mustFit(plan);
  return plan;
}
