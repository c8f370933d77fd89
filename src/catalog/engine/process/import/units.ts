/**
 * Stable unit ordinals. A unit keeps its ordinal through all versions of a dataset; new units follow in the order
 * of their first rows. The unit index is a Parquet of (unit, ordinal), sorted by ordinal. Without a unit column
 * each row is a unit, its ordinal its number, and the index is empty.
 */
import { type ColumnType, invalidInput } from "../../../../vocabulary/index.js";
import { type Duck, literal, stored } from "../duck.js";
import { writeParquet } from "../parquet.js";
import type { Lines } from "./lines.js";

export interface UnitInput {
  duck: Duck;
  /** SQL of the typed rows: `rn`, `c0` … */
  table: string;
  rows: number;
  /** The unit column, where there is one. */
  column:
    | {
        index: number;
        name: string;
        type: ColumnType;
        nulls: number;
        /** Known to be different in every row. */
        distinct: boolean;
      }
    | undefined;
  maxRows: number;
  lines: Lines;
  /** Parquet of the index so far. */
  before: string | undefined;
  /** Where the new index goes. */
  path: string;
}
interface WithColumn extends UnitInput {
  column: NonNullable<UnitInput["column"]>;
}

export interface Numbered {
  /** How many this version has. */
  units: number;
  path: string;
  /** SQL of a row's unit in the table `ordinals`; undefined where each row's number is its unit's ordinal. */
  unitOf: string | undefined;
}

/** The text by which a unit is known through all versions. */
const unitText = (index: number): string => `CAST(${stored(index)} AS VARCHAR)`;

async function assertNoGaps({ duck, table, column, lines }: WithColumn): Promise<void> {
  if (column.nulls === 0) return;
  const c = stored(column.index);
  const [count, first] = await duck.row(`SELECT count(*), min(rn) FROM ${table} WHERE ${c} IS NULL`);
  if (Number(count) === 0) return;
  const rows = Number(count) === 1 ? "1 row names" : `${count} rows name`;
  throw invalidInput(column.name, `${rows} no unit; first on ${lines.place(Number(first))}`);
}

async function assertRowsPerUnit({ duck, maxRows, column, lines }: WithColumn): Promise<void> {
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

/** Units whose hashes all differ all differ. Where two hashes meet, the units themselves are looked at. */
async function eachRowOnce({ duck, table, rows, column }: WithColumn): Promise<boolean> {
  if (column.distinct) return true;
  const [distinct] = await duck.row(
    `SELECT count(*) FROM (SELECT DISTINCT hash(${stored(column.index)}) FROM ${table})`,
  );
  return Number(distinct) === rows;
}

/** Makes the table `ordinals` (unit, ordinal) for every unit ever seen. @returns how many units this version has. */
async function makeOrdinals(input: WithColumn): Promise<number> {
  const { duck, table, column, before } = input;
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

const EMPTY = "SELECT NULL::VARCHAR AS unit, NULL::BIGINT AS ordinal WHERE false";

/** @throws invalid_input for a row without a unit, and for units with more rows than declared. */
export async function numberUnits(input: UnitInput): Promise<Numbered> {
  const { duck, table, rows, column, before, path } = input;
  if (!column) {
    await writeParquet(duck, EMPTY, path);
    return { units: rows, path, unitOf: undefined };
  }
  const named: WithColumn = { ...input, column };
  const unit = unitText(column.index);
  await assertNoGaps(named);
  if (!before && (await eachRowOnce(named))) {
    await writeParquet(duck, `SELECT ${unit} AS unit, rn AS ordinal FROM ${table}`, path);
    return { units: rows, path, unitOf: undefined };
  }
  const units = await makeOrdinals(named);
  await writeParquet(duck, "SELECT unit, ordinal FROM ordinals ORDER BY ordinal", path);
  // The same rows are the same version however many others were known before.
  const [asRows] = await duck.row(
    `SELECT bool_and(ordinal = rn) FROM ${table} AS typed JOIN ordinals ON ordinals.unit = ${unit}`,
  );
  return { units, path, unitOf: asRows === true ? undefined : unit };
}
