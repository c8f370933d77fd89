/** For each column, which rows hold the values that the texts hold: the part of the data that a text can match. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ColumnType } from "../../../../vocabulary/index.js";
import type { ColumnSchema } from "../../model.js";
import { literal, stored } from "../duck.js";
import type { ScanData } from "./data.js";
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

const KEY_OF: Record<ColumnType, keyof Keys> = {
  boolean: "text",
  integer: "integer",
  decimal: "decimal",
  text: "text",
  date: "text",
  timestamp: "text",
};

/** A value as the key that a text's words have. Times are compared by their day. */
function keySql(type: ColumnType, column: string, digits: number): string {
  if (type === "decimal") return `format('{:.${digits - 1}e}', ${column})`;
  if (type === "timestamp") return `CAST(CAST(${column} AS DATE) AS VARCHAR)`;
  return `lower(CAST(${column} AS VARCHAR))`;
}

/** JavaScript writes 1e+0 where DuckDB writes 1e+00. */
const padExponent = (key: string): string => (key.at(-3) === "e" ? `${key.slice(0, -1)}0${key.at(-1)}` : key);

const COLUMNS = "columns = {key: 'VARCHAR', token: 'INTEGER'}";

/** Numbers need no quotes, and a table of them is read faster than objects are; texts may hold anything. */
async function writeTokens(data: ScanData, keys: Keys): Promise<void> {
  for (const kind of ["integer", "decimal", "text"] as const) {
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
    await data.duck.run(
      `CREATE OR REPLACE TABLE tokens_${kind} AS ${
        lines.length === 0
          ? "SELECT NULL::VARCHAR AS key, NULL::INTEGER AS token WHERE false"
          : `SELECT key, token FROM ${from}`
      }`,
    );
  }
}

async function columnPostings(
  data: ScanData,
  index: number,
  type: ColumnType,
  digits: number,
  budget: number,
): Promise<ColumnPostings> {
  const { duck } = data;
  await duck.run(
    `CREATE OR REPLACE TABLE matched AS SELECT token, row FROM (
       SELECT ${keySql(type, stored(index), digits)} AS key, file_row_number AS row FROM ${data.numbered}
       WHERE ${stored(index)} IS NOT NULL) JOIN tokens_${KEY_OF[type]} USING (key)`,
  );
  // The rarest values first, as many as the budget holds.
  const stream = await duck.connection.stream(
    `SELECT token, row::INTEGER FROM matched JOIN (
       SELECT token FROM (
         SELECT token, count(*) AS n, sum(count(*)) OVER (ORDER BY count(*), token) AS held FROM matched GROUP BY token)
       WHERE n <= ${Math.max(1, Math.floor(data.rows * COMMON))} AND held <= ${budget}) USING (token)
     ORDER BY token, row`,
  );
  const rows = new Map<number, number[]>();
  for (
    let chunk = await stream.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await stream.fetchChunk()
  ) {
    const tokens = chunk.getColumnValues(0);
    const numbers = chunk.getColumnValues(1);
    for (let i = 0; i < tokens.length; i++) {
      const token = Number(tokens[i]);
      const list = rows.get(token);
      if (list) list.push(Number(numbers[i]));
      else rows.set(token, [Number(numbers[i])]);
    }
  }
  return { rows: new Map([...rows].map(([token, list]) => [token, Int32Array.from(list)])) };
}

export async function loadPostings(
  data: ScanData,
  schema: ColumnSchema[],
  keys: Keys,
  digits: number,
): Promise<Postings> {
  await writeTokens(data, keys);
  const budget = Math.floor(BUDGET / schema.length);
  const columns: ColumnPostings[] = [];
  for (const [i, { type }] of schema.entries())
    columns.push(await columnPostings(data, i, type, digits, budget));
  return { rowCount: data.rows, columns };
}
