/** The data's identifiers, made ready to be looked for: filters and counts in memory, the values stay in DuckDB. */
import type { ColumnSchema } from "../../model.js";
import { type Duck, literal, stored } from "../duck.js";
import { LONGEST, Needles } from "./needles.js";
import { kindOf, SHORT_CODE, shapeOf } from "./shape.js";

/** A stretch of numbers and the share of them that are identifiers. */
export interface Stretch {
  from: number;
  to: number;
  density: number;
}

export interface IdentifierColumn {
  name: string;
  /** Its table of distinct values in lower case: `id`. */
  table: string;
  distinct: number;
  codes: number;
  words: number;
  numbers: number;
  shapes: Map<string, number>;
  stretches: Stretch[];
}

export interface Identifiers {
  columns: IdentifierColumn[];
  needles: Needles;
}

const MAX_SHAPES = 10_000;
const STRETCH_IDS = 100;
const MAX_STRETCHES = 64;
const NUMBER = "regexp_full_match(id, '[1-9][0-9]{0,7}|0')";
/** One letter or two may be anything. */
const SHORTEST_WORD = 3;

/** Which columns hold identifiers: the unit column and those that the owner classed so. */
export function identifierColumns(columns: ColumnSchema[], unitColumn: string | undefined): number[] {
  return columns
    .map((column, i) => ({ column, i }))
    .filter(({ column }) => column.class === "identifier" || column.name === unitColumn)
    .map(({ i }) => i);
}

/** Ids may be dense here and sparse there, so density is taken over stretches of about equally many. */
async function stretchesOf(duck: Duck, table: string, numbers: number): Promise<Stretch[]> {
  if (numbers === 0) return [];
  const parts = Math.max(1, Math.min(MAX_STRETCHES, Math.floor(numbers / STRETCH_IDS)));
  const rows = await duck.rows(
    `SELECT min(v), max(v), count(*) FROM (
       SELECT v, ntile(${parts}) OVER (ORDER BY v) AS part FROM (
         SELECT CAST(id AS BIGINT) AS v FROM ${table} WHERE ${NUMBER}))
     GROUP BY part ORDER BY 1`,
  );
  return rows.map((row, i) => {
    const from = Number(row[0]);
    const to = i + 1 < rows.length ? Number(rows[i + 1]![0]) - 1 : Number(row[1]);
    return { from, to, density: Math.min(1, Number(row[2]) / (to - from + 1)) };
  });
}

/** The share of numbers like this one that are identifiers. */
export function densityAt(stretches: Stretch[], value: number): number {
  return stretches.find(({ from, to }) => value >= from && value <= to)?.density ?? 0;
}

export const isSearched = (id: string): boolean => {
  const kind = kindOf(id);
  if (kind === "code") return id.length >= SHORT_CODE - 1;
  return kind === "word" && (id.length >= SHORTEST_WORD || (id.length >= 2 && /[\u0250-\uffff]/.test(id)));
};

async function learn(duck: Duck, column: IdentifierColumn, needles: Needles): Promise<void> {
  const stream = await duck.connection.stream(`SELECT id FROM ${column.table} WHERE NOT ${NUMBER}`);
  for (
    let chunk = await stream.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await stream.fetchChunk()
  ) {
    for (const value of chunk.getColumnValues(0)) {
      const id = String(value);
      if (kindOf(id) === "code") column.codes++;
      else column.words++;
      if (!isSearched(id)) continue;
      needles.add(id);
      const shape = shapeOf(id);
      if (column.shapes.has(shape) || column.shapes.size < MAX_SHAPES)
        column.shapes.set(shape, (column.shapes.get(shape) ?? 0) + 1);
    }
  }
}

/** `parquet` is SQL of the version's rows. */
export async function loadIdentifiers(
  duck: Duck,
  parquet: string,
  columns: ColumnSchema[],
  unitColumn: string | undefined,
): Promise<Identifiers> {
  const found: IdentifierColumn[] = [];
  let total = 0;
  for (const i of identifierColumns(columns, unitColumn)) {
    const table = `ids_${i}`;
    await duck.run(
      `CREATE OR REPLACE TEMP TABLE ${table} AS SELECT DISTINCT lower(CAST(${stored(i)} AS VARCHAR)) AS id FROM ${parquet}
       WHERE ${stored(i)} IS NOT NULL`,
    );
    const [all, numbers] = await duck.row(`SELECT count(*), count(*) FILTER (${NUMBER}) FROM ${table}`);
    total += Number(all) - Number(numbers);
    const stretches = await stretchesOf(duck, table, Number(numbers));
    const counted = { distinct: Number(all), codes: 0, words: 0, numbers: Number(numbers) };
    found.push({ name: columns[i]!.name, table, ...counted, shapes: new Map(), stretches });
  }
  const needles = new Needles(total);
  for (const column of found) await learn(duck, column, needles);
  return { columns: found, needles };
}

/** Which of the candidates are identifiers of the column. */
export async function confirm(
  duck: Duck,
  column: IdentifierColumn,
  candidates: string,
): Promise<Set<string>> {
  const rows = await duck.rows(
    `SELECT DISTINCT candidate FROM ${candidates} JOIN ${column.table} ON left(id, ${LONGEST}) = candidate`,
  );
  return new Set(rows.map(([candidate]) => String(candidate)));
}

/** A table `name` of one column, filled from a file, for joins with what was found in texts. */
export async function loadCandidates(duck: Duck, name: string, jsonLines: string): Promise<void> {
  await duck.run(
    `CREATE OR REPLACE TEMP TABLE ${name} AS SELECT candidate FROM read_json(${literal(jsonLines)},
     format = 'newline_delimited', columns = {candidate: 'VARCHAR'})`,
  );
}
