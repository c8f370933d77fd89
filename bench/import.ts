/**
 * What an engine costs over DuckDB itself, on rows made from the example data: import against DuckDB's own CSV to
 * Parquet of the same file, with the memory it takes; a View against COPY of the same columns; a question of a version
 * that is open against the same question in this process. Medians, the two sides in turns, on one machine.
 */
import {
  createReadStream,
  createWriteStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { appendFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { createEngine, type Engine, type Imported } from "../src/catalog/engine/index.js";
import type { Result } from "../src/cli/bench.js";
import { packageRoot } from "../src/store/index.js";

export const name = "import";

const THREADS = 2;
const MEMORY_MB = 512;
const ALLOWED_MIB = 1024;

async function runBenchmark({ quick }: { quick: boolean }): Promise<Result[]> {
  const rows = quick ? 500_000 : 5_000_000;
  const rounds = 3;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const engine = createEngine({ processes: 1, memoryMb: MEMORY_MB, threads: THREADS });
  const instance = await DuckDBInstance.create(":memory:", { threads: String(THREADS) });
  try {
    const duck = await instance.connect();
    const csv = join(folder, "rows.csv");
    await makeRows(csv, rows);
    const bench = { engine, duck, folder, csv, rows, rounds };
    const results = [...(await imports(bench, undefined)), ...(await imports(bench, "id"))];
    return [...results, await views(bench), ...(await questions(bench))];
  } finally {
    await engine.close();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}

export { runBenchmark as run };

interface Bench {
  engine: Engine;
  duck: DuckDBConnection;
  folder: string;
  csv: string;
  rows: number;
  rounds: number;
}

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** The example's rows over and over, each with an id of its own. */
async function makeRows(path: string, count: number): Promise<void> {
  const text = readFileSync(join(packageRoot(), "examples/data/flchain.csv"), "utf8");
  const [header, ...rows] = text.trimEnd().split("\n");
  const rests = rows.map((row) => row.slice(row.indexOf(",")));
  writeFileSync(path, `${header}\n`);
  for (let at = 0; at < count; at += 50_000) {
    const part = Array.from(
      { length: Math.min(50_000, count - at) },
      (_, i) => `"U${at + i}"${rests[(at + i) % rests.length]}\n`,
    );
    await appendFile(path, part.join(""));
  }
}

async function drained(stream: Readable): Promise<void> {
  for await (const _ of stream);
}

/** What has been imported, its version kept at `path`. */
async function importTo(bench: Bench, unitColumn: string | undefined, path: string): Promise<Imported> {
  const imported = await bench.engine.importCsv({
    source: createReadStream(bench.csv, { highWaterMark: 1024 * 1024 }),
    declared: [],
    unitColumn,
    maxRowsPerUnit: 1,
  });
  await pipeline(imported.parquet, createWriteStream(path));
  await drained(imported.unitIndex);
  return imported;
}

async function imports(bench: Bench, unitColumn: string | undefined): Promise<Result[]> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const memory = new Memory();
  const other = join(bench.folder, "duck.parquet");
  const copy = `COPY (FROM read_csv('${bench.csv}')) TO '${other}' (FORMAT parquet)`;
  for (let round = 0; round < bench.rounds; round++) {
    theirs.push(await timed(() => bench.duck.run(copy)));
    ours.push(await timed(() => importTo(bench, unitColumn, join(bench.folder, "version.parquet"))));
  }
  const peak = memory.stop();
  const what = unitColumn === undefined ? "" : ", units numbered";
  const value = median(ours) / 1000;
  const peer = { name: "s: DuckDB CSV to Parquet", value: median(theirs) / 1000 };
  return [
    {
      name: `import of ${bench.rows} rows${what}`,
      value,
      unit: "s",
      peer,
      ratio: value / peer.value,
      asked: { at_most: 2 },
    },
    {
      name: `its memory, files included${what}`,
      value: peak,
      unit: "MiB",
      peer: { name: "MiB allowed", value: ALLOWED_MIB },
      ratio: peak / ALLOWED_MIB,
      asked: { at_most: 1 },
    },
  ];
}

async function views(bench: Bench): Promise<Result> {
  const path = join(bench.folder, "version.parquet");
  const { columns } = await importTo(bench, undefined, path);
  const spec = { columns: columns.map(({ name }) => ({ name, treatment: "as_is" as const })) };
  const stored = columns.map((_, i) => `c${i}`).join(", ");
  const out = join(bench.folder, "view.csv");
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    const copy = `COPY (SELECT ${stored} FROM read_parquet('${path}')) TO '${out}' (FORMAT csv)`;
    theirs.push(await timed(() => bench.duck.run(copy)));
    ours.push(
      await timed(async () => {
        const view = await bench.engine.materialise({ parquet: createReadStream(path), spec });
        await pipeline(view.csv, createWriteStream(out));
      }),
    );
  }
  const value = median(ours) / 1000;
  const peer = { name: "s: DuckDB COPY", value: median(theirs) / 1000 };
  return {
    name: "View of all columns",
    value,
    unit: "s",
    peer,
    ratio: value / peer.value,
    asked: { at_most: 1.5 },
  };
}

async function questions(bench: Bench): Promise<Result[]> {
  const path = join(bench.folder, "version.parquet");
  const sql = "SELECT c2, count(*), avg(c1) FROM data GROUP BY 1 ORDER BY 1";
  await bench.duck.run(`CREATE OR REPLACE VIEW data AS SELECT * FROM read_parquet('${path}')`);
  const ask = (key: string) =>
    bench.engine.query({ version: { key, parquet: () => createReadStream(path) }, sql, maxRows: 100 });
  const cold = await timed(() => ask("cold"));
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 30; round++) {
    theirs.push(await timed(async () => (await bench.duck.runAndReadAll(sql)).getRowsJson()));
    ours.push(await timed(() => ask("cold")));
  }
  const peer = { name: "ms: in this process", value: median(theirs) };
  const value = median(ours);
  return [
    { name: "question of an open version", value, unit: "ms", peer, ratio: value / peer.value },
    { name: "its overhead", value: value - peer.value, unit: "ms" },
    { name: "the first question, the version sent", value: cold, unit: "ms" },
  ];
}

/**
 * The most that the engine process and its files in memory have held together, looked at often: it is found once, for
 * looking through all processes takes from both sides what they are measured by.
 */
class Memory {
  private peak = 0;
  private pid: string | undefined;
  private readonly timer = setInterval(() => this.look(), 50);

  stop(): number {
    this.look();
    clearInterval(this.timer);
    return this.peak;
  }

  private look(): void {
    this.pid ??= enginePid();
    if (this.pid === undefined) return;
    try {
      const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
      const resident = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      const files = statfsSync(`/proc/${this.pid}/root/tmp`);
      const held = resident / 1024 + ((files.blocks - files.bfree) * files.bsize) / 1024 ** 2;
      this.peak = Math.max(this.peak, held);
    } catch {
      // It ended meanwhile.
      this.pid = undefined;
    }
  }
}

/** The engine process that this one has started. */
function enginePid(): string | undefined {
  return readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return /^\S*node .*engine\/process\/main\.js/.test(command) && descends(pid);
    } catch {
      // It ended meanwhile.
      return false;
    }
  });
}

/** Whether a process was started by this one, however many stand between. */
function descends(pid: string): boolean {
  for (let at = pid; at !== "0" && at !== ""; ) {
    if (at === String(process.pid)) return true;
    const stat = readFileSync(`/proc/${at}/stat`, "utf8");
    at = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? "";
  }
  return false;
}
