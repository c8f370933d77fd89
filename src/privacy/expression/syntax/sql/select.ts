/** One `SELECT groups, measures FROM dataset WHERE … GROUP BY …` as a table: what may be asked of a dataset in SQL. */
import { canonicalText } from "../../canonical.js";
import { check, checkCondition } from "../../check/check.js";
import type { Columns } from "../../columns.js";
import { unsupported } from "../../errors.js";
import type { Expr } from "../../expr.js";
import type { Claim, Grouping, Measure, MeasureKind } from "../../statistic.js";
import { checkStatistic } from "../../statistic.js";
import { row } from "../operators.js";
import { SqlReader } from "./expression.js";
import type { SelectNode, SqlNode } from "./nodes.js";
import { parseSelect, parseStatement, type SqlSerializer } from "./statement.js";

const AGGREGATES: Record<string, MeasureKind> = {
  count_star: "count",
  count: "count",
  sum: "sum",
  avg: "mean",
  mean: "mean",
  median: "median",
  stddev: "std",
  stddev_samp: "std",
  std: "std",
  variance: "var",
  var_samp: "var",
  min: "min",
  max: "max",
};

interface Item {
  name: string;
  node: SqlNode;
}

type Call = Extract<SqlNode, { class: "FUNCTION" }>;

class TableReader {
  constructor(
    private readonly reader: SqlReader,
    private readonly columns: Columns,
    private readonly unit: string | undefined,
  ) {}

  expression(node: unknown): Expr {
    return check(this.reader.expression(node), this.columns, "select").expr;
  }

  hasColumn(name: string | undefined): boolean {
    return name !== undefined && this.columns.has(name);
  }

  isAggregate(node: SqlNode): node is Call {
    return node.class === "FUNCTION" && row(AGGREGATES, node.function_name) !== undefined;
  }

  measure({ name, node }: Item): Measure {
    const call = node as Call;
    const kind = AGGREGATES[call.function_name] as MeasureKind;
    if (call.filter !== null)
      this.reader.refuse(node, "FILTER", "write the condition in WHERE, or a CASE inside");
    const [argument, ...more] = call.children;
    if (more.length > 0) this.reader.refuse(node, "a second argument", "write one");
    if (call.distinct) return this.units(call, kind, name);
    return argument === undefined ? { kind, name } : { kind, name, value: this.expression(argument) };
  }

  /** `count(DISTINCT unit)`; other distinct counts say too much about single values. */
  private units(call: Call, kind: MeasureKind, name: string): Measure {
    const value = this.expression(call.children[0]);
    if (kind === "count" && value.op === "column" && value.name === this.unit) return { kind: "units", name };
    return this.reader.refuse(call, "DISTINCT", "count(DISTINCT …) is for the column of units");
  }
}

/** The groups that GROUP BY names: by expression, by alias, or by place in the SELECT list. */
function groupsOf(
  table: TableReader,
  reader: SqlReader,
  items: readonly Item[],
  given: readonly unknown[],
): Expr[] {
  return given.map((group) => {
    const node = reader.node(group);
    if (node.class === "CONSTANT" && !node.value.is_null && typeof node.value.value === "object") {
      const place = "$digits" in node.value.value ? Number(node.value.value.$digits) : 0;
      const item = items[place - 1];
      return item
        ? table.expression(item.node)
        : reader.refuse(node, "this place", "count the SELECT list from 1");
    }
    // A name is a column where there is one, and only else an alias.
    const named =
      node.class === "COLUMN_REF" && !table.hasColumn(node.column_names.at(-1)) ? node : undefined;
    const alias =
      named && items.find((item) => item.node.alias !== "" && item.name === named.column_names.at(-1));
    return table.expression(alias ? alias.node : group);
  });
}

/** What is selected and is no aggregate must be a group, and every group must be selected. */
function rowsOf(
  table: TableReader,
  reader: SqlReader,
  items: readonly Item[],
  groups: readonly Expr[],
): Grouping[] {
  const grouped = new Set(groups.map(canonicalText));
  const rows = items
    .filter(({ node }) => !table.isAggregate(node))
    .map(({ name, node }): Grouping => {
      const value = table.expression(node);
      if (!grouped.has(canonicalText(value)))
        reader.refuse(node, "a value of single rows", "group by it, or aggregate it");
      return { kind: "values", name, value };
    });
  if (new Set(rows.map(({ value }) => canonicalText(value))).size !== grouped.size)
    throw unsupported("text", "a group that is not shown", "select each group");
  return rows;
}

function checkGroups(select: SelectNode): void {
  const { group_sets: sets, group_expressions: groups } = select;
  if (select.aggregate_handling !== "STANDARD_HANDLING")
    throw unsupported("text", "GROUP BY ALL", "name the groups");
  if (sets.length > 1 || (sets[0]?.length ?? 0) !== groups.length)
    throw unsupported("text", "CUBE, ROLLUP or GROUPING SETS", "ask for one grouping");
}

/**
 * @param unit the dataset's column of units, which `count(DISTINCT …)` may name
 * @throws invalid_input or query_unsupported naming the character
 */
export async function tableFromSql(
  text: string,
  serialize: SqlSerializer,
  columns: Columns,
  unit?: string,
): Promise<Claim> {
  const statement = await parseStatement(text, "", serialize);
  const select = parseSelect(statement);
  checkGroups(select);
  const { table_name, alias } = select.from_table;
  const reader = new SqlReader(statement.locate, [alias === "" ? table_name : alias]);
  const table = new TableReader(reader, columns, unit);
  const items = select.select_list.map((given, i): Item => {
    const node = reader.node(given);
    const plain = node.class === "COLUMN_REF" ? reader.columnName(node) : `column_${i + 1}`;
    return { name: node.alias === "" ? plain : node.alias, node };
  });
  const rows = rowsOf(table, reader, items, groupsOf(table, reader, items, select.group_expressions));
  const measures = items.filter(({ node }) => table.isAggregate(node)).map((item) => table.measure(item));
  if (measures.length === 0) throw unsupported("text", "a SELECT without an aggregate", "add count(*)");
  const condition = select.where_clause;
  const where = condition === null ? {} : { where: checkCondition(reader.expression(condition), columns) };
  const statistic = checkStatistic(
    { kind: "table", ...where, rows, columns: [], measures, margins: false, missing: "group" },
    columns,
  );
  return { version: 1, dataset: table_name, statistic };
}
