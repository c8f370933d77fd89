/**
 * The statements of one session, prepared and looked at once, so that a question asked again begins at once.
 *
 * Rules: one SELECT each; parameters are bound; an answer is bounded in rows and bytes. What a statement reads follows
 * from its text and from the session's views, which do not change, so its plan is looked at when it is prepared. One
 * that did not come to its end is not used again.
 */
import { type DuckDBPreparedStatement, type DuckDBValue, type Json, StatementType } from "@duckdb/node-api";
import { GloveboxError, invalidInput } from "../../../vocabulary/index.js";
import type { QueryRequest } from "../protocol.js";
import type { Duck } from "./duck.js";
import { mustReadOnly } from "./plan.js";
import type { Outcome } from "./workplace.js";

/** What an answer may take on the wire. */
const MAX_ANSWER = 8 * 1024 * 1024;
/** Statements that a session keeps. */
const KEPT = 16;

interface Kept {
  statement: DuckDBPreparedStatement;
  /** Its plan was found to read nothing but the versions. */
  planned: boolean;
}

export class Statements {
  /** By their SQL, in the order of their last use, oldest first. */
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly duck: Duck,
    private readonly views: readonly string[],
  ) {}

  async ask(request: QueryRequest): Promise<Outcome<"query">> {
    const taken = await this.take(request);
    try {
      const answer = await answered(taken.statement, request);
      this.keep(request.sql, taken);
      return answer;
    } catch (error) {
      taken.statement.destroySync();
      throw error;
    }
  }

  private async take(request: QueryRequest): Promise<Kept> {
    const { sql, planned } = request;
    const before = this.kept.get(sql);
    const isKnown = before !== undefined && (before.planned || !planned);
    if (planned && !isKnown)
      await mustReadOnly(this.duck.connection, sql, request.parameters as DuckDBValue[], this.views);
    this.kept.delete(sql);
    if (before) return { ...before, planned: before.planned || planned };
    const statement = await this.duck.connection.prepare(sql);
    if (statement.statementType === StatementType.SELECT) return { statement, planned };
    statement.destroySync();
    throw invalidInput("sql", "is not one SELECT");
  }

  private keep(sql: string, used: Kept): void {
    this.kept.set(sql, used);
    const [oldest] = this.kept;
    if (this.kept.size <= KEPT || !oldest) return;
    this.kept.delete(oldest[0]);
    oldest[1].statement.destroySync();
  }

  close(): void {
    for (const { statement } of this.kept.values()) statement.destroySync();
    this.kept.clear();
  }
}

async function answered(
  statement: DuckDBPreparedStatement,
  { max_rows, parameters }: QueryRequest,
): Promise<Outcome<"query">> {
  statement.bind(parameters as DuckDBValue[]);
  const reader = await statement.streamAndReadUntil(max_rows + 1);
  if (reader.currentRowCount > max_rows)
    throw new GloveboxError("too_large", { detail: `sql: gives more than ${max_rows} rows` });
  const rows: Json[][] = reader.getRowsJson();
  if (JSON.stringify(rows).length > MAX_ANSWER)
    throw new GloveboxError("too_large", { detail: `sql: gives more than ${MAX_ANSWER} bytes` });
  const types = reader.columnTypes();
  const columns = reader.columnNames().map((name, i) => ({ name, type: String(types[i]) }));
  return { result: { columns, rows }, outputs: [] };
}
