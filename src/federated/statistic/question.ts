/**
 * What a domain asks of its own data for a shared table: one SELECT of DuckDB, whose answer is a row for each cell that
 * has rows, with whole numbers alone.
 *
 * Rules: nothing that a person wrote is in the text but as a bound parameter; columns go by the version's own names. Values
 * are rounded to the spec's decimals one by one and added as whole numbers, so that sums over domains are exact; those
 * beyond the declared bounds are counted, not added up, and the count ends the contribution (table.ts).
 */
import { type ExpressionColumns, emitSql, renameColumns, type SqlParameter } from "../../privacy/index.js";
import type { ColumnSpec } from "../collaborations/spec.js";
import { decimalsOf, largestOf, type Part, type TableShape } from "./table.js";

/** @param columns as the domain's grant shows them; @param stored the version's name of each */
export function tableQuestion(
  table: TableShape,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): { sql: string; parameters: string[] } {
  const parameters: SqlParameter[] = [];
  const renamed = renameColumns(columns, stored);
  const write = (expr: Parameters<typeof renamed.expr>[0]): string => {
    const emitted = emitSql(renamed.expr(expr), renamed.columns, { first: parameters.length + 1 });
    parameters.push(...emitted.parameters);
    return emitted.sql;
  };
  const summed = [...new Set(table.parts.flatMap(({ column }) => column ?? []))];
  const names = table.dimensions.map((_, i) => `g${i}`);
  const picked = [
    "__unit AS u",
    ...table.dimensions.map((d, i) => `${write(d.value)} AS ${names[i]}`),
    ...summed.map((c, i) => `${write({ op: "column", name: c.name })} AS v${i}`),
  ];
  const where = table.where === undefined ? "" : ` WHERE ${write(table.where)}`;
  const whole = summed.flatMap((c, i) => [`${wholeOf(c, i)} AS w${i}`, `${beyond(c, i)} AS b${i}`]);
  const kept =
    table.missing === "drop" && names.length > 0
      ? ` WHERE ${names.map((n) => `${n} IS NOT NULL`).join(" AND ")}`
      : "";
  const out = summed.filter(({ bounds }) => bounds !== undefined).map((c) => `b${summed.indexOf(c)}`);
  const selected = [
    ...names.map((n) => `CAST(${n} AS VARCHAR)`),
    names.length > 0 ? `GROUPING(${names.join(", ")})` : "0",
    out.length > 0 ? `count(*) FILTER (${out.join(" OR ")})` : "0",
    ...table.parts.map((part) => numberOf(part, summed)),
  ];
  const sets = table.sets.map((set) => `(${set.map((i) => names[i]).join(", ")})`);
  const by = names.length > 0 ? ` GROUP BY GROUPING SETS (${sets.join(", ")})` : "";
  const sql =
    `WITH picked AS (SELECT ${picked.join(", ")} FROM data${where}), ` +
    `whole AS (SELECT ${["u", ...names, ...whole].join(", ")} FROM picked) ` +
    `SELECT ${selected.join(", ")} FROM whole${kept}${by}`;
  return { sql, parameters: parameters.map(({ value }) => value) };
}

/** A value as a whole number of its decimals; 0 where it is beyond its bounds. Of a column that is only counted, 1. */
export function wholeOf(column: ColumnSpec, i: number): string {
  if (column.bounds === undefined) return `CASE WHEN v${i} IS NULL THEN NULL ELSE 1 END`;
  const scaled = `round(CAST(v${i} AS DOUBLE) * 1e${decimalsOf(column)})`;
  return `CASE WHEN v${i} IS NULL THEN NULL WHEN ${beyond(column, i)} THEN 0 ELSE CAST(${scaled} AS HUGEINT) END`;
}

export function beyond(column: ColumnSpec, i: number): string {
  if (column.bounds === undefined) return "FALSE";
  const [low, high] = column.bounds;
  largestOf(column);
  return `coalesce(v${i} < ${Number(low)} OR v${i} > ${Number(high)}, FALSE)`;
}

function numberOf({ kind, column }: Part, summed: readonly ColumnSpec[]): string {
  const w = column === undefined ? undefined : `w${summed.indexOf(column)}`;
  switch (kind) {
    case "units":
      return "CAST(count(DISTINCT u) AS VARCHAR)";
    case "count":
      return `CAST(count(${w ?? "*"}) AS VARCHAR)`;
    case "sum":
      return `CAST(coalesce(sum(${w}), 0) AS VARCHAR)`;
    case "squares":
      return `CAST(coalesce(sum(${w} * ${w}), 0) AS VARCHAR)`;
  }
}
