/**
 * A four-way table of means over ten million rows, recomputed by an engine and judged by every rule, beside the same table
 * by pandas in the Python image with the checks that ACRO makes of it. Both sides have the rows in memory or open before
 * the clock starts; the two come out the same, or there is no figure. Medians.
 */
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, getPriority, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { createEngine, type Engine } from "../src/catalog/index.js";
import type { Result } from "../src/cli/bench.js";
import {
  type AnswerRow,
  askTable,
  claimFromWritten,
  columnsOf,
  defaultPolicy,
  judgeFacts,
  layoutOf,
  planTable,
  requireRecomputed,
  verdictOf,
  withUnits,
  writtenClaim,
} from "../src/privacy/index.js";
import { createImages, findEngine } from "../src/sandbox/index.js";
import { packageRoot } from "../src/store/index.js";

export const name = "disclosure";

type Kind = "whole" | "decimal";
const COLUMNS = (kind: Kind) =>
  columnsOf([
    { name: "region", type: "integer", nullable: false },
    { name: "band", type: "text", nullable: false, categories: ["a", "b", "c", "d"] },
    { name: "year", type: "integer", nullable: false },
    { name: "sex", type: "text", nullable: false, categories: ["F", "M", "X"] },
    { name: "value", type: kind === "whole" ? "integer" : "decimal", nullable: false },
  ]);
const CLAIM = {
  kind: "table",
  rows: ["region", "band"],
  columns: ["year", "sex"],
  values: "value",
  agg: "mean",
};

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const rows = quick ? 1_000_000 : 10_000_000;
  const rounds = quick ? 1 : 3;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const engine = createEngine({ processes: 1 });
  try {
    const results: Result[] = [];
    for (const kind of ["whole", "decimal"] as const) {
      const parquet = await makeRows(folder, rows, kind);
      const ours = await recomputed(engine, parquet, rows, kind, rounds);
      const theirs = await pandas(rows, kind, rounds);
      mustAgree(ours, theirs);
      results.push({
        name: `a four-way table of ${kind === "whole" ? "whole numbers" : "decimals"}, recomputed and checked, ${rows.toLocaleString("en")} rows`,
        value: ours.seconds,
        unit: "s",
        peer: { name: "s, pandas with ACRO's checks", value: theirs.seconds },
        ratio: theirs.seconds / ours.seconds,
        // A tenth of the rows leaves more to what does not grow with them.
        ...(quick ? {} : { asked: { at_least: 10 } }),
      });
    }
    return [
      ...results,
      {
        name: `load at the end, on ${availableParallelism()} processors`,
        value: loadavg()[0] ?? 0,
        unit: "",
      },
    ];
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true });
  }
}

/** A version's Parquet, as an import writes it, of rows by arithmetic that the peer repeats. */
async function makeRows(folder: string, rows: number, kind: Kind): Promise<string> {
  const path = join(folder, `${kind}.parquet`);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const columns = [...COLUMNS(kind).values()].map(({ name, type }) => ({ name, type }));
  const about = Buffer.from(JSON.stringify({ format: 1, columns })).toString("base64");
  const value = kind === "whole" ? "(i * 7919) % 100003" : "((i * 7919) % 100003) / 64.0::DOUBLE";
  await connection.run(
    `COPY (SELECT i % 5 AS c0, substr('abcd', 1 + ((i // 5) % 4)::INTEGER, 1) AS c1, (i // 20) % 6 AS c2,
       substr('FMX', 1 + ((i // 120) % 3)::INTEGER, 1) AS c3, ${value} AS c4, i AS __unit
     FROM range(${rows}) t(i)) TO '${path}' (FORMAT parquet, KV_METADATA {glovebox: '${about}'})`,
  );
  connection.closeSync();
  instance.closeSync();
  return path;
}

interface Outcome {
  seconds: number;
  cells: number;
  mean_of_means: number;
  /** Cells that a rule means. */
  failed: number;
}

async function recomputed(
  engine: Engine,
  parquet: string,
  rows: number,
  kind: Kind,
  rounds: number,
): Promise<Outcome> {
  const version = { key: parquet, parquet: () => createReadStream(parquet) };
  await engine.open([version]);
  const policy = defaultPolicy(3);
  const columns = COLUMNS(kind);
  const stored = new Map([...columns.keys()].map((column, i) => [column, `c${i}`]));
  const once = async () => {
    const claim = claimFromWritten(writtenClaim.parse(CLAIM), "made", columns, "claim");
    const statistic = withUnits(requireRecomputed(claim.statistic, "claim"));
    const plan = planTable(statistic, columns);
    const facts = await askTable({
      plan,
      columns,
      policy,
      oneRowPerUnit: true,
      ask: async (question) =>
        (await engine.query({ version, ...question(stored), maxRows: policy.max_csv_cells }))
          .rows as AnswerRow[],
    });
    return { facts, judged: judgeFacts(facts, layoutOf(statistic), policy) };
  };
  const times: number[] = [];
  let last = await once();
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    last = await once();
    times.push((performance.now() - began) / 1000);
  }
  const { facts, judged } = last;
  const units = facts.cells.filter(({ measure }) => measure === 0).reduce((n, c) => n + (c.units ?? 0), 0);
  if (units !== rows) throw new Error(`the table holds ${units} of ${rows} units`);
  const means = facts.cells.filter(({ measure }) => measure === 1).map(({ value }) => Number(value));
  return {
    seconds: times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!,
    cells: means.length,
    mean_of_means: means.reduce((a, b) => a + b, 0) / means.length,
    failed: verdictOf(judged.findings) === "pass" ? 0 : 1,
  };
}

/** At this process's own priority, as the engine has it. */
async function pandas(rows: number, kind: Kind, rounds: number): Promise<Outcome> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const image = await createImages(engine).resolve("python");
  const script = join(packageRoot(), "bench/parts/checked-table.py");
  // biome-ignore format: one option a line is no clearer
  const answer = execFileSync("docker", [
    "-H", `unix://${engine.socketPath}`, "run", "--rm", "--network", "none", "--tmpfs", "/tmp",
    "-v", `${script}:/table.py:ro`, image.reference, "nice", "-n", String(getPriority()), "python3", "/table.py", String(rows), String(rounds), kind,
  ], { encoding: "utf8" });
  const { masks, ...outcome } = JSON.parse(answer) as Outcome & { masks: Record<string, number> };
  return { ...outcome, failed: Object.values(masks).reduce((a, b) => a + b, 0) };
}

function mustAgree(ours: Outcome, theirs: Outcome): void {
  const close = Math.abs(ours.mean_of_means / theirs.mean_of_means - 1) < 1e-7;
  if (ours.cells !== theirs.cells || ours.failed !== theirs.failed || !close)
    throw new Error("the two sides did not come to the same table");
}
