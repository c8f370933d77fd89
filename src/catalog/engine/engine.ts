/** The engine as other rooms use it: requests to a pool of confined processes. Plaintext only passes through here. */
import { totalmem } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { spawnConfined } from "../../sandbox/index.js";
import { packageRoot } from "../../store/index.js";
import { GloveboxError, invalidInput, parseInput } from "../../vocabulary/index.js";
import {
  ENGINE_LIMITS,
  type Engine,
  type Imported,
  type ImportInput,
  type Materialised,
  type ScanHit,
  type ScanInput,
} from "./model.js";
import { EnginePool } from "./pool.js";
import { type EngineRequest, engineRequest, type RequestOf } from "./protocol.js";
import { Sessions } from "./sessions.js";
import { twin } from "./twin.js";

export interface EngineOptions {
  /** How many processes at most. */
  processes?: number;
  /** What one request may use, in MiB, its files in memory not counted. */
  memoryMb?: number;
  threads?: number;
  /** What one request's files in memory may take, in MiB. */
  tmpMb?: number;
  deadlineMs?: number;
  /** What versions that are held open may take in all processes together, in MiB. */
  sessionMb?: number;
  /** Largest content. */
  importBytes?: number;
}

const QUEUE = 256;
/** Node and the code itself need this much of `memoryMb`; the rest is DuckDB's. */
const OVERHEAD_MB = 160;

function settingsOf(options: EngineOptions) {
  const quarter = Math.floor(totalmem() / 4 / 1024 ** 2);
  return {
    processes: 2,
    memoryMb: 512,
    threads: 2,
    tmpMb: Math.max(512, Math.min(8192, quarter)),
    sessionMb: 256,
    deadlineMs: 15 * 60_000,
    importBytes: ENGINE_LIMITS.import_bytes,
    ...options,
  };
}

function spawnEngine(settings: ReturnType<typeof settingsOf>) {
  return spawnConfined({
    profile: "engine",
    entry: join(packageRoot(), "dist/catalog/engine/process/main.js"),
    args: [`--memory-mb=${settings.memoryMb - OVERHEAD_MB}`, `--threads=${settings.threads}`],
    // Its files are memory too, so the two limits add up.
    memoryMb: settings.memoryMb + settings.tmpMb,
    tmpMb: settings.tmpMb,
  });
}

/** One process that parses SQL and never sees data. */
const PARSER = { memoryMb: 320, tmpMb: 16, deadlineMs: 10_000 };
const spawnParser = () =>
  spawnConfined({
    profile: "engine",
    entry: join(packageRoot(), "dist/catalog/engine/process/main.js"),
    args: [`--memory-mb=${PARSER.memoryMb - OVERHEAD_MB}`, "--threads=1"],
    memoryMb: PARSER.memoryMb + PARSER.tmpMb,
    tmpMb: PARSER.tmpMb,
  });

const parsed = async (parsers: EnginePool, text: string): Promise<string> => {
  const request = checked({ op: "parse" as const, text, inputs: [] as [] });
  return (await parsers.ask(request, [])).result.tree;
};

/** A text that ends or stalls its parser is a statement that cannot be read, where another text can be. */
async function parseSql(parsers: EnginePool, text: string): Promise<string> {
  try {
    return await parsed(parsers, text);
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code === "invalid_input") throw error;
    await parsed(parsers, "SELECT 1");
    throw new GloveboxError("query_unsupported", { detail: "sql: this text cannot be read as a SELECT" });
  }
}

/** A request is checked before it takes a process. */
const checked = <R extends EngineRequest>(request: R): R => parseInput(engineRequest, request) as R;

export function createEngine(options: EngineOptions = {}): Engine {
  const settings = settingsOf(options);
  if (settings.memoryMb < OVERHEAD_MB + 64)
    throw invalidInput("engine memory", `at least ${OVERHEAD_MB + 64} MiB`);
  const pool = new EnginePool({
    spawn: () => spawnEngine(settings),
    processes: settings.processes,
    queue: QUEUE,
    deadlineMs: settings.deadlineMs,
  });
  const sessions = new Sessions(pool, settings.sessionMb * 1024 ** 2);
  const parsers = new EnginePool({
    spawn: () => spawnParser(),
    processes: 1,
    queue: QUEUE,
    deadlineMs: PARSER.deadlineMs,
  });
  return {
    importCsv: (input) => importCsv(pool, settings.importBytes, input),
    materialise: (input) => materialise(pool, input),
    twin,
    query: (input) => sessions.query(input),
    units: (input) => sessions.units(input),
    fit: (input) => sessions.fit(input),
    open: (versions) => sessions.prepare(versions),
    parseSql: (text) => parseSql(parsers, text),
    scan: (input) => scan(pool, sessions, input),
    async close() {
      await Promise.all([pool.close(), parsers.close()]);
    },
  };
}

async function importCsv(pool: EnginePool, maxBytes: number, input: ImportInput): Promise<Imported> {
  const request = checked({
    op: "import" as const,
    declared: input.declared,
    options: input.options ?? {},
    sent_as: input.sentAs,
    unit_column: input.unitColumn,
    max_rows_per_unit: input.maxRowsPerUnit,
    max_bytes: maxBytes,
    inputs: input.unitIndex ? ["unit_index" as const, "source" as const] : ["source" as const],
  });
  const inputs = input.unitIndex ? [input.unitIndex, input.source] : [input.source];
  const { result, outputs } = await pool.ask(request as RequestOf<"import">, inputs);
  const [parquet, unitIndex] = outputs;
  const dispose = () => {
    for (const output of outputs) output.destroy();
  };
  return { ...result, parquet: parquet!, unitIndex: unitIndex!, dispose };
}

async function materialise(
  pool: EnginePool,
  input: Parameters<Engine["materialise"]>[0],
): Promise<Materialised> {
  const request = checked({
    op: "materialise" as const,
    spec: input.spec,
    inputs: ["parquet" as const] as [parquet: "parquet"],
  });
  const { result, outputs } = await pool.ask(request, [input.parquet]);
  const csv = outputs[0]!;
  return { csv, rows: result.rows, dispose: () => csv.destroy() };
}

/** Texts of so many bytes together are looked through where the version is open; longer ones would keep it too long. */
const WARM_TEXTS = 1024 * 1024;

async function scan(pool: EnginePool, sessions: Sessions, input: ScanInput): Promise<ScanHit[]> {
  const sought = {
    columns: input.columns,
    unit_column: input.unitColumn,
    significant_digits: input.significantDigits ?? 8,
    texts: input.texts.map(({ name }) => name),
  };
  const named = input.texts.map((_, i) => `text ${i}`);
  const bytes = input.texts.flatMap(({ content }) => (Buffer.isBuffer(content) ? [content] : []));
  const isWarm =
    bytes.length === named.length && bytes.reduce((n, { length }) => n + length, 0) <= WARM_TEXTS;
  if (isWarm) {
    const {
      op: _,
      session: __,
      ...request
    } = checked({
      op: "search" as const,
      session: input.version.key,
      ...sought,
      inputs: named,
    });
    return sessions.search(input.version, request, bytes);
  }
  const request = checked({ op: "scan" as const, ...sought, inputs: ["parquet", ...named] });
  const contents = input.texts.map(({ content }) =>
    Buffer.isBuffer(content) ? Readable.from([content], { objectMode: false }) : content,
  );
  const { result } = await pool.ask(request, [input.version.parquet(), ...contents]);
  return result.hits;
}
