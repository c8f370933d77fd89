/** For each column, which rows hold the values that the texts hold: the part of the data that a text can match. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBValue } from "@duckdb/node-api";
import type { ColumnType } from "../../../../vocabulary/index.js";
import type { ColumnSchema } from "../../model.js";
import { literal, stored } from "../duck.js";
import type { ScanData } from "./data.js";
import { LEAST_VALUES } from "./records.js";
import type { Keys } from "./tokens.js";

export interface ColumnPostings {
  /** Token → the rows that hold its value, ascending. */
  rows: Map<number, Int32Array>;
}

export interface Postings {
  rowCount: number;
  columns: ColumnPostings[];
}

/** Above this share of the rows a value says next to nothing of its record. */
const COMMON = 0.25;
/** Row numbers held at once, over all columns. */
const BUDGET = 12_000_000;
/** Rows times columns of one question. */
const ROWS_TOGETHER = 2_000_000;

export const KEY_OF: Record<ColumnType, keyof Keys> = {
  boolean: "text",
  integer: "integer",
  decimal: "decimal",
  text: "text",
  date: "text",
  timestamp: "text",
};

/** A value as the key that a text's words have. Times are compared by their day. */
export function keySql(type: ColumnType, column: string, digits: number): string {
  if (type === "decimal") return `format('{:.${digits - 1}e}', ${column})`;
  if (type === "timestamp") return `CAST(CAST(${column} AS DATE) AS VARCHAR)`;
  return `lower(CAST(${column} AS VARCHAR))`;
}

/** JavaScript writes 1e+0 where DuckDB writes 1e+00. */
const padExponent = (key: string): string => (key.at(-3) === "e" ? `${key.slice(0, -1)}0${key.at(-1)}` : key);

const COLUMNS = "columns = {key: 'VARCHAR', token: 'INTEGER'}";
const KINDS = ["integer", "decimal", "text"] as const;

/** Numbers need no quotes, and a table of them is read faster than objects are; texts may hold anything. */
async function writeTokens(data: ScanData, keys: Keys, kind: keyof Keys): Promise<void> {
  const path = join(data.folder, `tokens-${kind}`);
  const lines: string[] = [];
  for (const [key, token] of keys[kind]) {
    if (kind === "text") lines.push(JSON.stringify({ key, token }));
    else lines.push(`${kind === "decimal" ? padExponent(key) : key},${token}`);
  }
  await writeFile(path, lines.join("\n"));
  const from =
    kind === "text"
      ? `read_json(${literal(path)}, format = 'newline_delimited', ${COLUMNS})`
      : `read_csv(${literal(path)}, auto_detect = false, header = false, delim = ',', ${COLUMNS})`;
  await data.duck.run(`CREATE OR REPLACE TEMP TABLE tokens_${kind} AS SELECT key, token FROM ${from}`);
}

interface SearchedColumn {
  index: number;
  type: ColumnType;
}

/** Where the columns hold values of the texts: the rarest first, as many in each as the budget holds. */
function postingsSql(
  data: ScanData,
  columns: readonly SearchedColumn[],
  digits: number,
  budget: number,
): string {
  const matches = columns.map(
    ({ index, type }) =>
      `SELECT ${index} AS col, token, row FROM (
         SELECT ${keySql(type, stored(index), digits)} AS key, file_row_number AS row FROM ${data.numbered}
         WHERE ${stored(index)} IS NOT NULL) JOIN tokens_${KEY_OF[type]} USING (key)`,
  );
  return `WITH matched AS MATERIALIZED (${matches.join(" UNION ALL ")})
     SELECT col, token, row::INTEGER FROM matched JOIN (
       SELECT col, token FROM (
         SELECT col, token, count(*) AS n,
           sum(count(*)) OVER (PARTITION BY col ORDER BY count(*), token) AS held
         FROM matched GROUP BY col, token)
       WHERE n <= ${Math.max(1, Math.floor(data.rows * COMMON))} AND held <= ${budget}) USING (col, token)
     ORDER BY col, token, row`;
}

async function readPostings(data: ScanData, sql: string, into: ReadonlyMap<number, Map<number, number[]>>) {
  const stream = await data.duck.connection.stream(sql);
  for (
    let chunk = await stream.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await stream.fetchChunk()
  ) {
    const [columns, tokens, numbers] = [0, 1, 2].map((i) => chunk!.getColumnValues(i)) as [
      DuckDBValue[],
      DuckDBValue[],
      DuckDBValue[],
    ];
    for (let i = 0; i < tokens.length; i++) {
      const rows = into.get(Number(columns[i]))!;
      const list = rows.get(Number(tokens[i]));
      if (list) list.push(Number(numbers[i]));
      else rows.set(Number(tokens[i]), [Number(numbers[i])]);
    }
  }
}

/** Columns looked at in one question: a question costs as much as some rows do, and its matches take memory. */
function* together(columns: readonly SearchedColumn[], rows: number): Generator<SearchedColumn[]> {
  const most = Math.max(1, Math.floor(ROWS_TOGETHER / Math.max(1, rows)));
  for (let i = 0; i < columns.length; i += most) yield columns.slice(i, i + most);
}

/** Undefined where too few columns could match for a record to be met. */
export async function loadPostings(
  data: ScanData,
  schema: ColumnSchema[],
  keys: Keys,
  digits: number,
): Promise<Postings | undefined> {
  const columns = schema
    .map(({ type }, index) => ({ index, type }))
    .filter(({ type }) => keys[KEY_OF[type]].size > 0);
  if (columns.length < LEAST_VALUES) return undefined;
  for (const kind of KINDS)
    if (columns.some(({ type }) => KEY_OF[type] === kind)) await writeTokens(data, keys, kind);
  const budget = Math.floor(BUDGET / schema.length);
  const found = new Map(columns.map(({ index }) => [index, new Map<number, number[]>()]));
  for (const part of together(columns, data.rows))
    await readPostings(data, postingsSql(data, part, digits, budget), found);
  const typed = (rows: Map<number, number[]>) =>
    new Map([...rows].map(([token, list]) => [token, Int32Array.from(list)]));
  return { rowCount: data.rows, columns: [...found.values()].map((rows) => ({ rows: typed(rows) })) };
}
