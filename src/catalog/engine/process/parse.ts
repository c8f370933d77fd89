/**
 * SQL text to DuckDB's tree. The text is a bound parameter of `json_serialize_sql`, which parses it and does nothing
 * else with it; the process that does this holds no data.
 */
import { GloveboxError } from "../../../vocabulary/index.js";
import type { ParseRequest } from "../protocol.js";
import { Duck } from "./duck.js";
import type { Outcome, Workplace } from "./workplace.js";

/** What a tree may take on the wire. */
const MAX_TREE = 8 * 1024 * 1024;

let parser: Promise<Duck> | undefined;

export async function parse(work: Workplace, request: ParseRequest): Promise<Outcome<"parse">> {
  parser ??= Duck.open(work);
  const { connection } = await parser;
  const statement = await connection.prepare("SELECT json_serialize_sql(CAST($1 AS VARCHAR))");
  try {
    statement.bind([request.text]);
    const rows = (await statement.runAndReadAll()).getRows();
    const tree = String(rows[0]?.[0]);
    if (tree.length > MAX_TREE) throw new GloveboxError("too_large", { detail: "sql: is too long" });
    return { result: { tree }, outputs: [] };
  } finally {
    statement.destroySync();
  }
}
