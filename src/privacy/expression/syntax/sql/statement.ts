/**
 * SQL text to DuckDB's tree, by the parser that is passed in, and from there to one strict SELECT. The text is only
 * ever parsed: what runs is emitted from the expression.
 */
import type { z } from "zod";
import { unsupported, wrong } from "../../errors.js";
import { EXPRESSION_LIMITS as LIMITS } from "../../limits.js";
import { parseLossless } from "./json.js";
import { failure, NODES, type SelectNode, type SqlNode, selectNode, statement } from "./nodes.js";

/** The answer of DuckDB's `SELECT json_serialize_sql($1)`, with none of its options. */
export type SqlSerializer = (sql: string) => Promise<string>;

/** Where in the writer's own text a place in the statement lies, from 1. */
export type Locate = (location: string) => number | undefined;

export interface Statement {
  node: unknown;
  locate: Locate;
}

const NEAREST =
  "there are comparisons, in, between, like, is null, and, or, not, case, coalesce, arithmetic, date parts";

/** Parses the text put after `before`; offsets in DuckDB's answer count bytes of the whole. */
export async function parseStatement(
  text: string,
  before: string,
  serialize: SqlSerializer,
): Promise<Statement> {
  if (text.length > LIMITS.text_chars) throw wrong("text", `longer than ${LIMITS.text_chars} characters`);
  if (text.includes("\0")) throw wrong("text", "holds a NUL character");
  const whole = Buffer.from(before + text);
  const locate: Locate = (location) => {
    const offset = Number(location);
    if (!(offset >= before.length && offset <= whole.length)) return undefined;
    return whole.subarray(0, offset).toString().length - before.length + 1;
  };
  const tree = parseLossless(await serialize(before + text));
  const failed = failure.safeParse(tree);
  if (failed.success) {
    const at = locate(failed.data.position ?? "");
    throw wrong(at === undefined ? "text" : `character ${at}`, "this is not a SQL expression");
  }
  const parsed = statement.safeParse(tree);
  if (!parsed.success)
    throw unsupported("text", "more than one statement, or a parameter", "write one expression");
  return { node: parsed.data.statements[0].node, locate };
}

/** Keys of a SELECT that must be empty, and what they stand for. */
const CLAUSES: Record<string, string> = {
  type: "a union or another kind of query",
  modifiers: "ORDER BY, LIMIT or DISTINCT",
  cte_map: "WITH",
  from_table: "a join, a subquery or a table function",
  having: "HAVING",
  sample: "a sample",
  qualify: "QUALIFY",
};

/** The one SELECT over one relation that a statement is. */
export function parseSelect({ node }: Statement): SelectNode {
  const parsed = selectNode.safeParse(node);
  if (parsed.success) return parsed.data;
  const key = String(parsed.error.issues[0]?.path[0] ?? "");
  throw unsupported("text", CLAUSES[key] ?? "this clause", "write one SELECT over one dataset");
}

/** A node of a known class in its strict shape. */
export function parseNode(node: unknown, locate: Locate): SqlNode {
  const { class: of, type, query_location } = (node ?? {}) as Record<string, unknown>;
  const location = (query_location as { $digits?: string } | undefined)?.$digits;
  const at = location === undefined ? undefined : locate(location);
  const schema: z.ZodType<SqlNode> | undefined =
    typeof of === "string" && Object.hasOwn(NODES, of) ? NODES[of as keyof typeof NODES] : undefined;
  const parsed = schema?.safeParse(node);
  if (parsed?.success) return parsed.data;
  const what = String(type ?? "this")
    .toLowerCase()
    .replaceAll("_", " ");
  throw unsupported(at === undefined ? "text" : `character ${at}`, `this form (${what})`, NEAREST);
}
