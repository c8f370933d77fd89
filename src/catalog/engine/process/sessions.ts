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
import type {
  CloseRequest,
  FitRequest,
  OpenRequest,
  QueryRequest,
  SearchRequest,
  UnitsRequest,
} from "../protocol.js";
import { Duck, type DuckSettings, literal } from "./duck.js";
import { fitRows } from "./fit.js";
import { describeVersion } from "./parquet.js";
import { search } from "./scan/scan.js";
import { ScannedVersion } from "./scan/version.js";
import { Statements } from "./statements.js";
import { unitsInCells } from "./units-in-cells.js";
import { type Inputs, type Outcome, saveInput } from "./workplace.js";

interface Open {
  duck: Duck;
  folder: string;
  statements: Statements;
  /** Once texts were compared with it. */
  scanned?: ScannedVersion;
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
      this.open.set(request.session, { duck, folder, statements: new Statements(duck, views) });
      return { result: total, outputs: [] };
    } catch (error) {
      duck?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  private opened({ session }: { session: string }): Open {
    const open = this.open.get(session);
    if (!open) throw new Error("engine: no such session");
    return open;
  }

  async ask(request: QueryRequest): Promise<Outcome<"query">> {
    return this.opened(request).statements.ask(request);
  }

  /** Texts compared with the first of its versions. */
  async search(request: SearchRequest, inputs: Inputs): Promise<Outcome<"search">> {
    const session = this.opened(request);
    const { duck, folder } = session;
    session.scanned ??= await ScannedVersion.open(await duck.beside(), join(folder, "data.parquet"));
    const place = await mkdtemp(join(folder, "search-"));
    try {
      return { result: { hits: await search(session.scanned, place, request, inputs) }, outputs: [] };
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }

  /** Which units are in which cell. */
  async units(request: UnitsRequest): Promise<Outcome<"units">> {
    return unitsInCells(this.opened(request).duck.connection, request);
  }

  async fit(request: FitRequest): Promise<Outcome<"fit">> {
    return { result: { facts: await fitRows(this.opened(request).duck, request) }, outputs: [] };
  }

  async close(request: CloseRequest): Promise<Outcome<"close">> {
    await this.end(request.session);
    return { result: {}, outputs: [] };
  }

  private async end(key: string): Promise<void> {
    const session = this.open.get(key);
    if (!session) return;
    this.open.delete(key);
    session.statements.close();
    session.scanned?.close();
    session.duck.close();
    await rm(session.folder, { recursive: true, force: true });
  }
}
