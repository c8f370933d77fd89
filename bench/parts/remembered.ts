/** A catalogue with one dataset of which many tables were released, made for figures on differencing. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Catalog, createCatalog, createEngine, type HeldTable } from "../../src/catalog/index.js";
import { openLedger } from "../../src/ledger/index.js";
import {
  type Claim,
  claimFromWritten,
  columnsOf,
  encodeUnitSets,
  type TableFacts,
  type UnitSets,
  writtenClaim,
} from "../../src/privacy/index.js";
import { openKeys, openStore, openVault, type Store, type Vault } from "../../src/store/index.js";
import { type Actor, systemClock } from "../../src/vocabulary/index.js";

const WARDS = 20;

/** Values of unit u, the same in every run. */
const ageOf = (u: number): number => 18 + ((Math.imul(u, 2_654_435_761) >>> 8) % 80);
const wardOf = (u: number): number => (Math.imul(u ^ 0x5bd1e995, 1_540_483_477) >>> 7) % WARDS;
const sexOf = (u: number): number => (Math.imul(u, 40_503) >>> 5) & 1;

interface Shape {
  low: number;
  high: number;
  wards: number;
  by: readonly ("age" | "ward" | "sex")[];
  bins: readonly number[];
}

/** Tables of one to three groupings over bands of age and some wards; no two are alike. */
export function shapeOf(i: number): Shape {
  const low = 18 + ((i * 7) % 23);
  const high = 60 + ((i * 11) % 37);
  const bins = [low, low + 4 + (i % 5), low + 10 + (i % 9), high + 1];
  const by = ([["ward"], ["age", "sex"], ["ward", "sex"], ["age", "ward"], ["age"]] as const)[i % 5] ?? [
    "ward",
  ];
  return { low, high, wards: i % 3 === 0 ? WARDS : 5 + (i % 14), by, bins };
}

function claimText({ low, high, wards, by, bins }: Shape): unknown {
  const some = Array.from({ length: wards }, (_, w) => w).join(", ");
  const grouping = (name: Shape["by"][number]) => (name === "age" ? { value: "age", edges: bins } : name);
  return {
    kind: "table",
    rows: by.map(grouping),
    where: `age >= ${low} and age <= ${high}${wards < WARDS ? ` and ward in (${some})` : ""}`,
  };
}

interface Counted {
  facts: TableFacts;
  units: UnitSets;
}

function count(shape: Shape, units: number): Counted {
  const { low, high, wards, by, bins } = shape;
  const sizes = by.map((name) => (name === "age" ? bins.length - 1 : name === "ward" ? wards : 2));
  const cellsCount = sizes.reduce((n, size) => n * size, 1);
  const of = cellsCount < 255 ? new Uint8Array(units) : new Uint16Array(units);
  const counts = new Int32Array(cellsCount);
  for (let u = 0; u < units; u++) {
    const [age, ward] = [ageOf(u), wardOf(u)];
    if (age < low || age > high || ward >= wards) continue;
    let cell = 0;
    for (const [d, name] of by.entries()) {
      const level = name === "ward" ? ward : name === "sex" ? sexOf(u) : binOf(age, bins);
      cell = cell * (sizes[d] as number) + level;
    }
    of[u] = cell + 1;
    counts[cell]! += 1;
  }
  const at = (cell: number): number[] => {
    const levels: number[] = [];
    let rest = cell;
    for (const size of [...sizes].reverse()) {
      levels.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return levels;
  };
  const cells = [...counts.keys()].map((cell) => ({ at: at(cell), keys: at(cell).map(String), present: 0 }));
  const facts: TableFacts = {
    format: 1,
    stated_by: "node",
    filter: null,
    dimensions: by.map((name, d) => ({
      name,
      levels: Array.from({ length: sizes[d] as number }, (_, level) =>
        name === "age" ? binLabel(bins, level) : String(level),
      ),
    })),
    measures: [{ name: "units", statistic: "units" }],
    cells: cells.map((cell, i) => ({
      at: cell.at,
      measure: 0,
      value: String(counts[i]),
      units: counts[i] as number,
    })),
  };
  return { facts, units: { cells, lists: undefined, bits: [null], of } };
}

const binLabel = (bins: readonly number[], level: number): string =>
  `[${bins[level]}, ${bins[level + 1]}${level === bins.length - 2 ? "]" : ")"}`;

const binOf = (age: number, bins: readonly number[]): number => {
  const at = bins.findIndex((edge, i) => i > 0 && age < edge);
  return at < 0 ? bins.length - 2 : at - 1;
};

export interface Remembered {
  catalog: Catalog;
  /** A table that was not released, held as after its check. */
  held(i: number): Promise<HeldTable>;
  /** What the units of remembered tables take in the vault, in bytes, in the mean. */
  bytes: number;
  end(): Promise<void>;
}

/** @param tables are released before anything is asked */
export async function openRemembered(units: number, tables: number): Promise<Remembered> {
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const store = openStore(join(folder, "data"));
  const keys = openKeys(store.dataDir, { keyFile: join(folder, "key") });
  const ledger = openLedger({ store, keys, clock: systemClock, domain: "bench" });
  const vault = openVault(store.dataDir, keys);
  const engine = createEngine();
  const catalog = createCatalog({ store, ledger, vault, keys, clock: systemClock, engine });
  const version = await publish(catalog, store, units);
  const columns = columnsOf(catalog.datasets.version(version).columns);
  const held = async (i: number): Promise<HeldTable> => {
    const shape = shapeOf(i);
    const claim: Claim = claimFromWritten(writtenClaim.parse(claimText(shape)), "study", columns, "claim");
    const { facts, units: sets } = count(shape, units);
    const { object } = await vault.put(encodeUnitSets(sets));
    return {
      output: `out_${i}`,
      name: `t${i}.csv`,
      claim,
      declared: true,
      version,
      facts,
      units_object: object,
    };
  };
  let bytes = 0;
  for (let i = 0; i < tables; i++) {
    const table = await held(i);
    bytes += await sizeOf(vault, table.units_object);
    letOut(store, version, i);
    ledger.commit((tx) =>
      catalog.memory.remember(tx, [
        {
          ...table,
          dataset: catalog.datasets.row("study").id,
          release: `rel_${i}`,
          job: "job_1" as HeldJob,
          table: table.facts,
        },
      ]),
    );
  }
  return {
    catalog,
    held,
    bytes: bytes / Math.max(1, tables),
    async end() {
      await catalog.memory.close();
      await engine.close();
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

type HeldJob = Parameters<Catalog["memory"]["remember"]>[1][number]["job"];

async function sizeOf(vault: Vault, object: string | null): Promise<number> {
  return object === null ? 0 : (await vault.read(object, 1e9)).length;
}

async function publish(catalog: Catalog, store: Store, units: number): Promise<string> {
  const admin = catalog.principals.byToken(catalog.principals.bootstrapAdmin()?.token ?? "") as Actor;
  const { token } = catalog.principals.add(admin, { name: "owner", roles: ["owner"] });
  const owner = catalog.principals.byToken(token) as Actor;
  catalog.datasets.create(owner, { name: "study", unit_column: "id" });
  async function* csv(): AsyncGenerator<string> {
    yield "id,age,ward,sex\n";
    for (let u = 0; u < units; u += 1_000) {
      const lines: string[] = [];
      for (let k = u; k < Math.min(units, u + 1_000); k++)
        lines.push(`${k},${ageOf(k)},${wardOf(k)},${sexOf(k)}\n`);
      yield lines.join("");
    }
  }
  await catalog.datasets.putContent(owner, "study", Readable.from(csv()), "text/csv");
  return store.db.prepare("SELECT id FROM versions").pluck().get() as string;
}

/** The rows that a fact names: of no use to what is measured. */
function letOut({ db }: Store, version: string, i: number): void {
  const owner = db.prepare("SELECT id FROM principals WHERE name = 'owner'").pluck().get() as string;
  if (i === 0) {
    db.prepare(
      `INSERT INTO jobs (id, kind, mode, state, principal, purpose, spec, spec_sha256, grade, isolation, created_at,
         signals_shown) VALUES ('job_1', 'table', 'real', 'held', ?, '', '{}', '', 3, 'container', 0, 'full')`,
    ).run(owner);
    db.prepare(
      "INSERT INTO runs (id, job, fence, worker, state, leased_at, lease_expires_at) VALUES ('run_1', 'job_1', 1, '', 'ended', 0, 0)",
    ).run();
  }
  db.prepare(
    `INSERT INTO outputs (id, job, run, name, media_type, bytes, created_at)
     VALUES (?, 'job_1', 'run_1', ?, 'text/csv', 0, 0)`,
  ).run(`out_${i}`, `t${i}.csv`);
  db.prepare(
    "INSERT INTO releases (id, job, principal, justification, state, created_at) VALUES (?, 'job_1', ?, ?, 'released', 0)",
  ).run(`rel_${i}`, owner, version);
}
