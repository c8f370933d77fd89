/** A catalogue with one dataset made for figures on questions, and DuckDB itself over the same version's Parquet. */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import {
  type Catalog,
  createCatalog,
  createEngine,
  type Engine,
  type QueryAnswer,
  type QueryQuote,
} from "../../src/catalog/index.js";
import { openLedger } from "../../src/ledger/index.js";
import { openKeys, openStore, openVault } from "../../src/store/index.js";
import { type Actor, rfc3339, systemClock } from "../../src/vocabulary/index.js";

/** What the engine gives DuckDB; the peer has the same. */
const MEMORY_MB = 352;
const THREADS = 2;
const ROWS_PER_UNIT = 4;
export const BUDGET = { rho: "1000", delta: "1e-3" };

export interface Questions {
  catalog: Catalog;
  engine: Engine;
  duck: DuckDBConnection;
  /** Asks, without waiting for the deadline. */
  ask(dataset: string, sql: string, epsilon: string): Promise<QueryAnswer>;
  quote(dataset: string, sql: string, epsilon: string): Promise<QueryQuote>;
  /** Makes and publishes a dataset of so many rows, and shows the peer its version as the view `data`. */
  publish(dataset: string, rows: number, rho?: string): Promise<void>;
  end(): Promise<void>;
}

export async function openQuestions(): Promise<Questions> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const store = openStore(join(folder, "data"));
  const keys = openKeys(store.dataDir, { keyFile: join(folder, "key") });
  const ledger = openLedger({ store, keys, clock: systemClock, domain: "bench" });
  const vault = openVault(store.dataDir, keys);
  const engine = createEngine({ threads: THREADS, memoryMb: MEMORY_MB + 160 });
  const parts = { store, ledger, vault, keys, clock: systemClock, engine };
  const catalog = createCatalog({ ...parts, queryPace: (work) => work });
  const instance = await DuckDBInstance.create(":memory:", {
    threads: String(THREADS),
    memory_limit: `${MEMORY_MB}MB`,
    temp_directory: folder,
  });
  const duck = await instance.connect();
  const admin = catalog.principals.byToken(catalog.principals.bootstrapAdmin()?.token ?? "") as Actor;
  const add = (name: string, role: "owner" | "researcher" | "auditor"): Actor =>
    catalog.principals.byToken(catalog.principals.add(admin, { name, roles: [role] }).token) as Actor;
  const owner = add("owner", "owner");
  add("auditor", "auditor");
  const askers = new Map<string, Actor>();
  const asker = (dataset: string): Actor => {
    const actor = askers.get(dataset);
    if (!actor) throw new Error(`no dataset ${dataset}`);
    return actor;
  };
  return {
    catalog,
    engine,
    duck,
    ask: async (dataset, sql, epsilon) =>
      (await catalog.queries.ask(asker(dataset), { datasets: [dataset], sql, epsilon })) as QueryAnswer,
    quote: async (dataset, sql, epsilon) =>
      (await catalog.queries.ask(asker(dataset), {
        datasets: [dataset],
        sql,
        epsilon,
        quote: true,
      })) as QueryQuote,
    async publish(name, rows, rho = BUDGET.rho) {
      const made = join(folder, `${name}.made.parquet`);
      await duck.run(
        // Other values under each name: the same ones would share a budget.
        `COPY (SELECT i // ${ROWS_PER_UNIT} AS id, CAST(hash(i, '${name}') % 1000 AS BIGINT) AS g,
           (hash('${name}', i) % 10001) / 100.0::DOUBLE AS x FROM range(${rows}) t(i)) TO '${made}' (FORMAT parquet)`,
      );
      catalog.datasets.create(owner, {
        name,
        unit_column: "id",
        max_rows_per_unit: ROWS_PER_UNIT,
        auditors: ["auditor"],
        columns: [
          { name: "id" },
          { name: "g", bounds: [0, 999], nullable: false },
          { name: "x", bounds: [0, 100], nullable: false },
        ],
        answer_ms: 60_000,
        budget: { ...BUDGET, rho },
      });
      const media = "application/vnd.apache.parquet";
      await catalog.datasets.putContent(owner, name, createReadStream(made), media);
      rmSync(made);
      catalog.datasets.assess(owner, name);
      catalog.datasets.publish(owner, name);
      const principal = `asker-of-${name}`;
      askers.set(name, add(principal, "researcher"));
      catalog.grants.create(owner, {
        principal,
        dataset: name,
        purpose: "figures",
        access: "query",
        expires_at: rfc3339(Date.now() + 86_400_000),
        ...BUDGET,
        rho,
      });
      const version = store.db
        .prepare(
          "SELECT v.object FROM versions v JOIN datasets d ON d.current_version = v.id WHERE d.name = ?",
        )
        .pluck()
        .get(name) as string;
      const kept = join(folder, `${name}.parquet`);
      await pipeline(vault.get(version), createWriteStream(kept));
      await duck.run(`CREATE OR REPLACE VIEW data AS SELECT * FROM read_parquet('${kept}')`);
    },
    async end() {
      duck.closeSync();
      instance.closeSync();
      await engine.close();
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
