/**
 * A version's Parquet: columns `c0` … in the order of the header, `__unit`, and in its metadata the schema, so that
 * a View needs nothing else. Written in file order; the same input gives the same bytes.
 */
import { z } from "zod";
import { COLUMN_TYPES } from "../../../vocabulary/index.js";
import { columnName, ENGINE_LIMITS } from "../model.js";
import { type Duck, literal, stored } from "./duck.js";

const KEY = "glovebox";
const description = z.object({
  format: z.literal(1),
  columns: z
    .array(z.object({ name: columnName, type: z.enum(COLUMN_TYPES) }))
    .min(1)
    .max(ENGINE_LIMITS.columns),
});
export type VersionDescription = z.infer<typeof description>;

/**
 * Writes the rows of `select` to `path`. Base64 keeps names out of SQL. At its first level zstd takes no longer than
 * snappy does, and half the bytes or fewer.
 */
export async function writeParquet(
  duck: Duck,
  select: string,
  path: string,
  about?: VersionDescription,
): Promise<void> {
  const metadata = about
    ? `, KV_METADATA {${KEY}: ${literal(Buffer.from(JSON.stringify(about)).toString("base64"))}}`
    : "";
  await duck.run(
    `COPY (${select}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1${metadata})`,
  );
}

/** How many nulls each of the first `columns` columns of a version holds, as its metadata say. */
export async function nullCounts(duck: Duck, path: string, columns: number): Promise<number[]> {
  const rows = await duck.rows(
    `SELECT path_in_schema, sum(stats_null_count)::BIGINT FROM parquet_metadata(${literal(path)}) GROUP BY 1`,
  );
  const counts = new Map(rows.map(([name, count]) => [name, count]));
  return Array.from({ length: columns }, (_, i) => {
    const count = counts.get(stored(i));
    if (count === null || count === undefined) throw new Error("engine: a version without null counts");
    return Number(count);
  });
}

/** @throws an Error when the file is no version's. */
export async function describeVersion(
  duck: Duck,
  path: string,
): Promise<VersionDescription & { rows: number }> {
  const [found] = await duck.rows(
    `SELECT decode(value) FROM parquet_kv_metadata(${literal(path)}) WHERE decode(key) = ${literal(KEY)}`,
  );
  if (!found) throw new Error("engine: not a version's Parquet");
  const about = description.parse(JSON.parse(Buffer.from(String(found[0]), "base64").toString("utf8")));
  const [rows] = await duck.row(`SELECT num_rows FROM parquet_file_metadata(${literal(path)})`);
  return { ...about, rows: Number(rows) };
}
