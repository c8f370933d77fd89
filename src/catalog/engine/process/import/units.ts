/**
 * Stable unit ordinals. A unit keeps its ordinal through all versions of a dataset; new units follow in the order
 * of their first rows. The unit index is a Parquet of (unit, ordinal), sorted by ordinal. Without a unit column
 * each row is a unit, its ordinal its number, and the index is empty.
 */
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import { type Duck, literal, stored } from "../duck.js";
import type { Lines } from "./lines.js";

export interface UnitInput {
  duck: Duck;
  /** SQL of the typed rows: `rn`, `c0` … */
  table: string;
  column: { index: number; name: string; type: ColumnType };
  maxRows: number;
  lines: Lines;
  /** Parquet of the index so far. */
  before: string | undefined;
}

/** The text by which a unit is known through all versions. */
export const unitText = (index: number): string => `CAST(${stored(index)} AS VARCHAR)`;

async function assertNoGaps({ duck, table, column, lines }: UnitInput): Promise<void> {
  const c = stored(column.index);
  const [count, first] = await duck.row(`SELECT count(*), min(rn) FROM ${table} WHERE ${c} IS NULL`);
  if (Number(count) === 0) return;
  const rows = Number(count) === 1 ? "1 row names" : `${count} rows name`;
  throw invalidInput(column.name, `${rows} no unit; first on ${lines.place(Number(first))}`);
}

async function assertRowsPerUnit({ duck, maxRows, column, lines }: UnitInput): Promise<void> {
  const [count, first] = await duck.row(
    `SELECT count(*), min(first) FROM units WHERE rows > ${BigInt(maxRows)}`,
  );
  if (Number(count) === 0) return;
  const units = Number(count) === 1 ? "1 unit has" : `${count} units have`;
  throw invalidInput(
    column.name,
    `${units} more than ${maxRows} ${maxRows === 1 ? "row" : "rows"}; one of them first on ${lines.place(Number(first))}`,
  );
}

/**
 * Makes the table `ordinals` (unit, ordinal) for every unit ever seen. @returns how many units this version has.
 * @throws invalid_input for a row without a unit, and for units with more rows than declared.
 */
export async function makeOrdinals(input: UnitInput): Promise<number> {
  const { duck, table, column, before } = input;
  await assertNoGaps(input);
  await duck.run(
    `CREATE TABLE units AS SELECT ${unitText(column.index)} AS unit, min(rn) AS first, count(*) AS rows
     FROM ${table} GROUP BY 1`,
  );
  await assertRowsPerUnit(input);
  const known = before
    ? `SELECT unit, ordinal FROM read_parquet(${literal(before)})`
    : "SELECT NULL, 0 WHERE false";
  await duck.run(`CREATE TABLE known(unit, ordinal) AS ${known}`);
  await duck.run(
    `CREATE TABLE ordinals AS
     SELECT unit, ordinal::BIGINT AS ordinal FROM known
     UNION ALL
     SELECT unit::VARCHAR, (SELECT coalesce(max(ordinal) + 1, 0) FROM known) + row_number() OVER (ORDER BY first) - 1
     FROM units ANTI JOIN known USING (unit)`,
  );
  const [units] = await duck.row("SELECT count(*) FROM units");
  return Number(units);
}

export const unitIndexSql = "SELECT unit, ordinal FROM ordinals ORDER BY ordinal";
export const emptyUnitIndexSql = "SELECT NULL::VARCHAR AS unit, NULL::BIGINT AS ordinal WHERE false";
