/**
 * DuckDB's SQL for exact counts: one grouped statement a marginal, of names of our making and bound parameters.
 *
 * Rules: nothing that was declared is part of the text; arithmetic there is none, so nothing can fail.
 */
import type { ColumnType } from "../../../vocabulary/index.js";
import { formatValue } from "../../expression/values.js";
import type { EmittedQuery } from "../sql/emit.js";
import type { SynthColumn } from "./model.js";

const SQL_TYPES: Record<ColumnType, string> = {
  boolean: "BOOLEAN",
  integer: "BIGINT",
  decimal: "DOUBLE",
  text: "VARCHAR",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

const edgeText = (column: SynthColumn, edge: number): string =>
  column.type === "date" ? formatValue("date", edge) : String(edge);

/** A column's cell by number; NULL where it is in none. */
function coded(column: SynthColumn, parameters: string[]): string {
  const name = `c${column.at}`;
  const bind = (text: string) => `CAST($${parameters.push(text)} AS ${SQL_TYPES[column.type]})`;
  const parts: string[] = [];
  let otherwise = "NULL";
  const missing = column.cells.findIndex(({ kind }) => kind === "missing");
  if (missing >= 0) parts.push(`WHEN ${name} IS NULL THEN ${missing}`);
  column.cells.forEach((cell, i) => {
    if (cell.kind === "value") parts.push(`WHEN ${name} = ${bind(cell.value)} THEN ${i}`);
    else if (cell.kind === "range" && cell.last) otherwise = `CASE WHEN ${name} IS NOT NULL THEN ${i} END`;
    else if (cell.kind === "range")
      parts.push(`WHEN ${name} < ${bind(edgeText(column, cell.high))} THEN ${i}`);
  });
  return parts.length === 0 ? otherwise : `CASE ${parts.join(" ")} ELSE ${otherwise} END`;
}

/** Rows a combination of cells: columns `k0`, `k1` and the count. */
export function emitMarginal(columns: readonly SynthColumn[]): EmittedQuery {
  const parameters: string[] = [];
  const keys = columns.map((column, i) => `${coded(column, parameters)} AS k${i}`);
  const names = columns.map((_, i) => `k${i}`);
  const known = names.map((name) => `${name} IS NOT NULL`).join(" AND ");
  return {
    sql: `SELECT ${names.join(", ")}, count(*) FROM (SELECT ${keys.join(", ")} FROM data) WHERE ${known} GROUP BY ${names.join(", ")}`,
    parameters,
  };
}

/** The counts of a marginal as a list over all its cells, from the engine's rows. */
export function countsOf(columns: readonly SynthColumn[], rows: readonly (readonly unknown[])[]): bigint[] {
  const size = columns.reduce((n, { cells }) => n * cells.length, 1);
  const counts = Array.from({ length: size }, () => 0n);
  for (const row of rows) {
    const at = columns.reduce((index, { cells }, i) => index * cells.length + Number(row[i]), 0);
    counts[at] = BigInt(String(row[columns.length]));
  }
  return counts;
}

/**
 * Cells of single rows, for the measuring of models: whether their unit is of the half that models are tested on, then
 * a cell a column (NULL: none); at most `most` rows, by a hash of the unit.
 */
export function emitRecords(columns: readonly SynthColumn[], most: number): EmittedQuery {
  const parameters: string[] = [];
  const keys = columns.map((column) => coded(column, parameters));
  return {
    sql: `SELECT hash(__unit) % 2 = 0, ${keys.join(", ")} FROM data ORDER BY hash(__unit, 1), __unit LIMIT ${most}`,
    parameters,
  };
}
