/**
 * What DuckDB is about to do, held against what it was asked for: a query reads the versions that its session opened,
 * so many times, and nothing else. A second wall: the first is that SQL is written by this node from names of its own.
 */
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import { z } from "zod";

interface Node {
  name: string;
  children: Node[];
}
const node: z.ZodType<Node> = z.lazy(() => z.object({ name: z.string(), children: z.array(node) }));

/** Operators without children that read nothing. */
const NOTHING_READ = ["EMPTY_RESULT", "DUMMY_SCAN", "COLUMN_DATA_SCAN", "DELIM_SCAN"];
const VERSION_READ = "READ_PARQUET";

function leaves({ name, children }: Node): string[] {
  return children.length === 0 ? [name.trim()] : children.flatMap(leaves);
}

/** @throws an Error where it would read anything but these views */
export async function mustReadOnly(
  connection: DuckDBConnection,
  sql: string,
  parameters: readonly DuckDBValue[],
  views: readonly string[],
): Promise<void> {
  const named = connection.getTableNames(sql, true);
  if (named.some((name) => !views.includes(name))) throw new Error("engine: a query names another relation");
  const explain = await connection.prepare(`EXPLAIN (FORMAT json) ${sql}`);
  try {
    explain.bind([...parameters]);
    const rows = (await explain.runAndReadAll()).getRows();
    const plans = z.array(node).parse(JSON.parse(String(rows[0]?.[1])));
    const foreign = plans
      .flatMap(leaves)
      .find((leaf) => leaf !== VERSION_READ && !NOTHING_READ.includes(leaf));
    if (foreign !== undefined) throw new Error("engine: a query's plan reads something else");
  } finally {
    explain.destroySync();
  }
}
