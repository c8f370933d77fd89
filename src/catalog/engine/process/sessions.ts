/**
 * Versions that stay open between requests: a DuckDB each, over their Parquet in a folder of its own.
 *
 * Rules: what is asked is one SELECT, over `data` (columns `c0` …, and the unit's ordinal; `data1` … where several
 * versions are open together) and nothing else that DuckDB could read but the session's folder; parameters are bound; an answer is bounded in rows and bytes. SQL comes from
 * this node's own rooms; the configuration is locked all the same.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBValue, type Json, StatementType } from "@duckdb/node-api";
import { GloveboxError, invalidInput } from "../../../vocabulary/index.js";
import type { CloseRequest, FitRequest, OpenRequest, QueryRequest, UnitsRequest } from "../protocol.js";
import { Duck, type DuckSettings, literal } from "./duck.js";
import { fitRows } from "./fit.js";
import { describeVersion } from "./parquet.js";
import { mustReadOnly } from "./plan.js";
import { unitsInCells } from "./units-in-cells.js";
import { type Inputs, type Outcome, saveInput } from "./workplace.js";

/** What an answer may take on the wire. */
const MAX_ANSWER = 8 * 1024 * 1024;

interface Open {
  duck: Duck;
  folder: string;
  views: string[];
}

export class OpenVersions {
  private readonly open = new Map<string, Open>();

  constructor(private readonly settings: Pick<DuckSettings, "memoryMb" | "threads">) {}

  async begin(request: OpenRequest, inputs: Inputs): Promise<Outcome<"open">> {
    await this.end(request.session);
    const folder = await mkdtemp(join(tmpdir(), "session-"));
    let duck: Duck | undefined;
    try {
      const views = request.inputs.map((_, i) => (i === 0 ? "data" : `data${i}`));
      const total = { rows: 0, bytes: 0 };
      for (const view of views) await saveInput(inputs.next(), join(folder, `${view}.parquet`));
      duck = await Duck.open({ ...this.settings, folder });
      for (const view of views) {
        const path = join(folder, `${view}.parquet`);
        total.rows += (await describeVersion(duck, path)).rows;
        total.bytes += (await stat(path)).size;
        await duck.run(`CREATE VIEW ${view} AS SELECT * FROM read_parquet(${literal(path)})`);
      }
      this.open.set(request.session, { duck, folder, views });
      return { result: total, outputs: [] };
    } catch (error) {
      duck?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async ask(request: QueryRequest): Promise<Outcome<"query">> {
    const session = this.open.get(request.session);
    if (!session) throw new Error("engine: no such session");
    const { connection } = session.duck;
    const statement = await connection.prepare(request.sql);
    try {
      if (statement.statementType !== StatementType.SELECT) throw invalidInput("sql", "is not one SELECT");
      const parameters = request.parameters as DuckDBValue[];
      if (request.planned) await mustReadOnly(connection, request.sql, parameters, session.views);
      statement.bind(parameters);
      const reader = await statement.streamAndReadUntil(request.max_rows + 1);
      if (reader.currentRowCount > request.max_rows)
        throw new GloveboxError("too_large", { detail: `sql: gives more than ${request.max_rows} rows` });
      const rows: Json[][] = reader.getRowsJson();
      if (JSON.stringify(rows).length > MAX_ANSWER)
        throw new GloveboxError("too_large", { detail: `sql: gives more than ${MAX_ANSWER} bytes` });
      const types = reader.columnTypes();
      const columns = reader.columnNames().map((name, i) => ({ name, type: String(types[i]) }));
      return { result: { columns, rows }, outputs: [] };
    } finally {
      statement.destroySync();
    }
  }

  /** Which units are in which cell. */
  async units(request: UnitsRequest): Promise<Outcome<"units">> {
    const session = this.open.get(request.session);
    if (!session) throw new Error("engine: no such session");
    return unitsInCells(session.duck.connection, request);
  }

  async fit(request: FitRequest): Promise<Outcome<"fit">> {
    const session = this.open.get(request.session);
    if (!session) throw new Error("engine: no such session");
    return { result: { facts: await fitRows(session.duck, request) }, outputs: [] };
  }

  async close(request: CloseRequest): Promise<Outcome<"close">> {
    await this.end(request.session);
    return { result: {}, outputs: [] };
  }

  private async end(key: string): Promise<void> {
    const session = this.open.get(key);
    if (!session) return;
    this.open.delete(key);
    session.duck.close();
    await rm(session.folder, { recursive: true, force: true });
  }
}
