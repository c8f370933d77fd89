/**
 * A Parquet as it came. It is read once, by DuckDB, and written anew in the types of a version; what follows reads only
 * what was written here.
 *
 * Rules: its claims are bounded before its data are touched, and its data before they are written; whatever DuckDB says
 * of it is an `invalid_input` without DuckDB's words. Types keep their values exactly, or the column is refused.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type ColumnType, GloveboxError, invalidInput } from "../../../../vocabulary/index.js";
import { ENGINE_LIMITS } from "../../model.js";
import { type Duck, literal, stored } from "../duck.js";
import { failureOf } from "../failure.js";
import { nullCounts, writeParquet } from "../parquet.js";
import { saveInput } from "../workplace.js";
import { assertHeader } from "./header.js";
import { Lines } from "./lines.js";
import type { Bytes } from "./pieces.js";
import type { Reading } from "./read.js";
import type { Tabular } from "./tabular.js";

interface Kind {
  duck: RegExp;
  type: ColumnType;
  /** SQL of the value, null where it cannot be kept. */
  value: (c: string) => string;
  /** Why a value may not be kept. */
  loss?: string;
}

const KINDS: readonly Kind[] = [
  { duck: /^BOOLEAN$/, type: "boolean", value: (c) => c },
  {
    duck: /^(U?TINYINT|U?SMALLINT|U?INTEGER|BIGINT)$/,
    type: "integer",
    value: (c) => `CAST(${c} AS BIGINT)`,
  },
  {
    duck: /^(UBIGINT|U?HUGEINT)$/,
    type: "integer",
    value: (c) => `try_cast(${c} AS BIGINT)`,
    loss: "beyond 64 bits",
  },
  { duck: /^DECIMAL\((\d|1[0-8]),0\)$/, type: "integer", value: (c) => `CAST(${c} AS BIGINT)` },
  { duck: /^DECIMAL/, type: "decimal", value: (c) => `CAST(${c} AS DOUBLE)` },
  {
    duck: /^(FLOAT|DOUBLE)$/,
    type: "decimal",
    value: (c) => `CASE WHEN isfinite(${c}) THEN CAST(${c} AS DOUBLE) END`,
    loss: "infinite",
  },
  { duck: /^DATE$/, type: "date", value: (c) => `CASE WHEN isfinite(${c}) THEN ${c} END`, loss: "infinite" },
  {
    duck: /^TIMESTAMP_NS$/,
    type: "timestamp",
    value: (c) => `CASE WHEN epoch_ns(${c}) % 1000 = 0 THEN CAST(${c} AS TIMESTAMP) END`,
    loss: "finer than a microsecond",
  },
  {
    duck: /^TIMESTAMP/,
    type: "timestamp",
    value: (c) => `CASE WHEN isfinite(${c}) THEN CAST(${c} AS TIMESTAMP) END`,
    loss: "infinite",
  },
  {
    duck: /^(VARCHAR|JSON|UUID|ENUM\(.*\))$/s,
    type: "text",
    value: (c) => `CAST(${c} AS VARCHAR)`,
  },
];

interface Described {
  name: string;
  kind: Kind;
}

/** Texts that stand for missing values are null from here on; so is `NaN`, which is a missing number. */
function presentSql(i: number, { kind }: Described, codes: string): string {
  const c = stored(i);
  if (kind.type === "text") return `nullif(CASE WHEN CAST(${c} AS VARCHAR) NOT IN (${codes}) THEN 1 END, 0)`;
  if (kind.type === "decimal") return `CASE WHEN NOT isnan(CAST(${c} AS DOUBLE)) THEN 1 END`;
  return c;
}

async function describe(duck: Duck, path: string): Promise<{ columns: Described[]; rows: number }> {
  const [rows] = await duck.row(`SELECT num_rows FROM parquet_file_metadata(${literal(path)})`);
  const types = await duck.rows(
    `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(${literal(path)}))`,
  );
  if (types.length > ENGINE_LIMITS.columns)
    throw invalidInput("content", `more than ${ENGINE_LIMITS.columns} columns`);
  // DuckDB renames columns of one name; the file's own names are in its schema, below its root.
  const schema = await duck.rows(`SELECT name, num_children FROM parquet_schema(${literal(path)})`);
  const columns = types.map(([shown, type], i): Described => {
    const kind = KINDS.find(({ duck: pattern }) => pattern.test(String(type)));
    if (!kind)
      throw invalidInput(placeOf(String(shown), i), "holds lists, records or bytes, which no column can");
    return { name: String(schema[i + 1]?.[0] ?? ""), kind };
  });
  if (schema.length !== types.length + 1) throw invalidInput("content", "has columns within columns");
  return { columns, rows: Number(rows) };
}

const placeOf = (name: string, i: number): string =>
  name.length > 256 || name === "" ? `column ${i + 1}` : name;

/** Values that its type cannot keep, texts too long or with a NUL, and more bytes than the limit: one look at all rows. */
async function assertValues(duck: Duck, table: string, columns: Described[], rows: number, most: number) {
  const sql = columns.flatMap(({ kind }, i) => {
    const c = stored(i);
    if (kind.type === "text")
      return [
        `min(rn) FILTER (contains(CAST(${c} AS VARCHAR), chr(0)) OR strlen(CAST(${c} AS VARCHAR)) > ${ENGINE_LIMITS.cell_bytes})`,
        `coalesce(sum(strlen(CAST(${c} AS VARCHAR))), 0)`,
      ];
    const here =
      kind.type === "decimal" ? `${c} IS NOT NULL AND NOT isnan(CAST(${c} AS DOUBLE))` : `${c} IS NOT NULL`;
    return [`min(rn) FILTER (${here} AND (${kind.value(c)}) IS NULL)`, `8 * count(*)`];
  });
  const row = await duck.row(`SELECT ${sql.join(", ")}, count(*) FROM ${table}`);
  let bytes = 0;
  for (const [i, { name, kind }] of columns.entries()) {
    const first = row[2 * i];
    if (first !== null && first !== undefined)
      throw invalidInput(
        name,
        `holds a value that is ${kind.loss ?? "too long or has a NUL character"}; first on row ${Number(first) + 1}`,
      );
    bytes += Number(row[2 * i + 1]);
  }
  if (Number(row.at(-1)) !== rows) throw invalidInput("content", "holds another number of rows than it says");
  if (bytes > most) throw tooMuch(most);
}

const tooMuch = (most: number) =>
  new GloveboxError("too_large", { detail: `content: unpacks to more than ${most} bytes`, limit: most });

export async function readParquet(source: Bytes, reading: Reading): Promise<Tabular> {
  const path = join(reading.folder, "content.parquet");
  await saveInput(source, path);
  try {
    return await rebuild(path, reading);
  } catch (error) {
    if (error instanceof GloveboxError) throw error;
    if (failureOf(error).code === "too_large") throw error;
    throw invalidInput("content", "is not a Parquet that can be read");
  } finally {
    await rm(path, { force: true });
  }
}

async function rebuild(path: string, reading: Reading): Promise<Tabular> {
  const { duck, maxBytes } = reading;
  const { columns, rows } = await describe(duck, path);
  const header = columns.map(({ name }) => name);
  assertHeader(header);
  if (rows === 0) throw invalidInput("content", "has no rows");
  // Each value counts as one byte at least, before anything of it is read.
  if (rows > ENGINE_LIMITS.import_rows || rows * columns.length > maxBytes) throw tooMuch(maxBytes);
  const names = columns.map((_, i) => stored(i)).join(", ");
  const table = `(SELECT * FROM read_parquet(${literal(path)}, file_row_number = true)) AS t(${names}, rn)`;
  await assertValues(duck, table, columns, rows, maxBytes);
  const codes = [...new Set(["", ...(reading.options.missing ?? [])])];
  const native = columns.map(({ name, kind }) => {
    const declared = reading.declaredTypes.get(name);
    return declared === undefined || declared === kind.type ? kind.type : undefined;
  });
  const values = columns.map((column, i) => {
    const value = column.kind.value(stored(i));
    const kept = `CASE WHEN ${presentSql(i, column, codes.map(literal).join(", "))} IS NOT NULL THEN ${value} END`;
    return `${native[i] ? kept : `CAST(${kept} AS VARCHAR)`} AS ${stored(i)}`;
  });
  const plain = join(reading.folder, "plain.parquet");
  await writeParquet(duck, `SELECT rn, ${values.join(", ")} FROM ${table}`, plain);
  const missing = await nullCounts(duck, plain, columns.length);
  const lines = new Lines("row");
  lines.note(0, 1);
  return {
    // Its nulls are said by the file; a text is missing only where it is declared to be.
    file: { ...reading.file({ format: "parquet" }), missing: codes },
    header,
    rows,
    lines,
    parts: 1,
    table: () => `read_parquet(${literal(plain)})`,
    partTable: () => `read_parquet(${literal(plain)})`,
    native,
    column: (i) => ({ missing: missing[i]!, whole: false, numeric: false }),
  };
}
