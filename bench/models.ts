/**
 * Regressions over a million rows, fitted by an engine with all that is judged of them (how much stands on which units),
 * beside the same fits by statsmodels in the Python image. Both sides have the rows in memory or open before the clock
 * starts; coefficients and standard errors must agree in eight digits, or there is no figure. Medians.
 */
import { execFileSync } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { createEngine, type Engine } from "../src/catalog/index.js";
import type { Result } from "../src/cli/bench.js";
import {
  claimFromWritten,
  coefficientNamed,
  columnsOf,
  defaultPolicy,
  filterOf,
  judgeModel,
  type ModelStatistic,
  modelFacts,
  modelQuestion,
  type RegressionFacts,
  writtenClaim,
} from "../src/privacy/index.js";
import { createImages, findEngine } from "../src/sandbox/index.js";
import { packageRoot } from "../src/store/index.js";

export const name = "models";

const COLUMNS = columnsOf([
  { name: "age", type: "integer", nullable: false },
  { name: "sex", type: "text", nullable: false },
  { name: "kappa", type: "decimal", nullable: false },
  { name: "futime", type: "integer", nullable: false },
  { name: "death", type: "integer", nullable: false },
]);

const MODELS = {
  ols: { title: "OLS", formula: "kappa ~ age + sex + death" },
  logit: { title: "logit", formula: "death ~ age + sex + kappa" },
  cox: { title: "Cox with Efron's ties", formula: "Surv(futime, death) ~ age + sex + kappa" },
} as const;
type Family = keyof typeof MODELS;

interface Peer {
  seconds: number;
  coefficients: Record<string, number>;
  standard_errors: Record<string, number>;
}

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const rows = quick ? 100_000 : 1_000_000;
  const rounds = quick ? 1 : 3;
  const folder = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const engine = createEngine({ processes: 1 });
  try {
    const parquet = await makeRows(folder, rows);
    const peers = await statsmodels(rows, rounds);
    const results: Result[] = [];
    for (const family of Object.keys(MODELS) as Family[]) {
      const ours = await fits(engine, parquet, family, rounds);
      mustAgree(ours.facts, peers[family]);
      results.push({
        name: `${MODELS[family].title}, ${rows.toLocaleString("en")} rows, fitted and judged`,
        value: ours.seconds,
        unit: "s",
        peer: { name: "s, statsmodels", value: peers[family].seconds },
        ratio: ours.seconds / peers[family].seconds,
      });
    }
    const load = {
      name: `load at the end, on ${availableParallelism()} processors`,
      value: loadavg()[0] ?? 0,
      unit: "",
    };
    return [...results, load];
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true });
  }
}

/** A version's Parquet, as an import writes it, of rows by arithmetic that the peer repeats. */
async function makeRows(folder: string, rows: number): Promise<string> {
  const path = join(folder, "made.parquet");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const columns = [...COLUMNS.values()].map(({ name, type }) => ({ name, type }));
  const about = Buffer.from(JSON.stringify({ format: 1, columns })).toString("base64");
  await connection.run(
    `COPY (
       WITH made AS (
         SELECT i, 40 + (i * 7919) % 50 AS age, (i // 7) % 2 AS male, ((i * 104729) % 9973 + 1) / 1000.0::DOUBLE AS kappa,
           ((i * 48271 + 11) % 2147483647) / 2147483647.0::DOUBLE AS u
         FROM range(${rows}) t(i))
       SELECT age AS c0, CASE male WHEN 1 THEN 'M' ELSE 'F' END AS c1, kappa AS c2, 1 + (i * 31337) % 3000 AS c3,
         (u * 100 < age - 30 + 5 * male + kappa)::BIGINT AS c4, i AS __unit
       FROM made ORDER BY i
     ) TO '${path}' (FORMAT parquet, KV_METADATA {glovebox: '${about}'})`,
  );
  connection.closeSync();
  instance.closeSync();
  return path;
}

async function fits(
  engine: Engine,
  parquet: string,
  family: Family,
  rounds: number,
): Promise<{ seconds: number; facts: RegressionFacts }> {
  const version = { key: parquet, parquet: () => createReadStream(parquet) };
  await engine.open([version]);
  const policy = defaultPolicy(3);
  const stored = new Map([...COLUMNS.keys()].map((column, i) => [column, `c${i}`]));
  const once = async () => {
    const written = writtenClaim.parse({ kind: "regression", family, formula: MODELS[family].formula });
    const statistic = claimFromWritten(written, "made", COLUMNS, "claim").statistic as ModelStatistic;
    const answer = await engine.fit({
      version,
      ...modelQuestion(statistic, COLUMNS, stored, policy.threshold),
    });
    const facts = modelFacts.parse({ ...answer, filter: filterOf(statistic) });
    judgeModel(facts, policy);
    if (facts.kind !== "regression" || facts.failure !== undefined)
      throw new Error(`no estimate: ${facts.failure}`);
    return facts;
  };
  const times: number[] = [];
  let facts = await once();
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    facts = await once();
    times.push((performance.now() - began) / 1000);
  }
  return { facts, seconds: times.sort((a, b) => a - b)[Math.floor(times.length / 2)]! };
}

async function statsmodels(rows: number, rounds: number): Promise<Record<Family, Peer>> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const image = await createImages(engine).resolve("python");
  const script = join(packageRoot(), "bench/parts/models.py");
  // biome-ignore format: one option a line is no clearer
  const answer = execFileSync("docker", [
    "-H", `unix://${engine.socketPath}`, "run", "--rm", "--network", "none", "--tmpfs", "/tmp",
    "-v", `${script}:/models.py:ro`, image.reference, "python3", "/models.py", String(rows), String(rounds),
  ], { encoding: "utf8" });
  return JSON.parse(answer) as Record<Family, Peer>;
}

function mustAgree({ coefficients }: RegressionFacts, peer: Peer): void {
  for (const [name, value] of Object.entries(peer.coefficients)) {
    const own = coefficientNamed(name, coefficients);
    const error = peer.standard_errors[name]!;
    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-8 * Math.abs(b);
    if (!own || !near(Number(own.estimate), value) || !near(Number(own.std_error), error))
      throw new Error(`the two sides did not come to the same model: ${name} ${own?.estimate} ${value}`);
  }
}
