/**
 * What noisy answers cost over DuckDB itself: whole questions, from SQL to the stored answer but for the wait until the
 * deadline, beside the same bounded statement by hand over the same version's Parquet, in turns; then noise alone,
 * quotes, many askers at once, and errors against the textbook's. Medians, warm.
 */
import { randomBytes } from "node:crypto";
import { availableParallelism, loadavg } from "node:os";
import type { Result } from "../src/cli/bench.js";
import {
  admits,
  createNoise,
  type Noise,
  pureCurve,
  renyiFilter,
  repeatCurve,
} from "../src/privacy/index.js";
import { parseDecimal, rational } from "../src/vocabulary/index.js";
import { errors } from "./parts/errors.js";
import { BUDGET, openQuestions, type Questions } from "./parts/questions.js";

export const name = "query";

const MILLION = 1_000_000;
/** Where nobody says otherwise. Fifty million rows take minutes to import: `GLOVEBOX_BENCH_ROWS=50000000`. */
const SIZES = { quick: [MILLION], full: [MILLION, 10 * MILLION] };
const ASKED_AT = 10 * MILLION;
const CELLS = 100_000;
const ASKERS = 200;

const sizes = (quick: boolean): number[] => {
  const wanted = Number(process.env.GLOVEBOX_BENCH_ROWS ?? 0);
  return wanted > 0 ? [wanted] : quick ? SIZES.quick : SIZES.full;
};

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const questions = await openQuestions();
  try {
    const results: Result[] = [];
    for (const rows of sizes(quick)) results.push(...(await statements(questions, rows, quick ? 5 : 9)));
    return [
      ...results,
      ...noises(),
      ...(await quotes(questions)),
      ...(await crowd(questions)),
      ...(await errors(questions.engine)),
      {
        name: `load at the end, on ${availableParallelism()} processors`,
        value: loadavg()[0] ?? 0,
        unit: "",
      },
    ];
  } finally {
    await questions.end();
  }
}

const nth = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;
const median = (values: readonly number[]): number => nth(values, 0.5);

async function timed(action: () => unknown): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

/** Values that no other round has: an answer is given once. */
let asked = 0;
const epsilon = (): string => `0.5${String(++asked).padStart(5, "0")}1`;

/** Beside each question what a careful person writes for it by hand. */
const STATEMENTS = [
  {
    what: "count",
    sql: "SELECT count(*) FROM data WHERE x > 30",
    bare: "SELECT count(*) FROM data WHERE c2 > 30",
  },
  {
    what: "sum",
    sql: "SELECT sum(x) FROM data",
    bare: "SELECT sum(greatest(0, least(100, c2))) FROM data",
  },
  {
    what: "sum, the peer's exact as well",
    sql: "SELECT sum(x) FROM data",
    bare: "SELECT sum(CAST(CASE WHEN c2 < 0 THEN 0 WHEN c2 > 100 THEN 100 ELSE c2 END * 1e9::DOUBLE AS BIGINT)) FROM data",
  },
  {
    what: "count in 1,000 groups",
    sql: "SELECT g, count(*) FROM data GROUP BY g",
    bare: "SELECT c1, count(*) FROM data WHERE c1 BETWEEN 0 AND 999 GROUP BY c1",
  },
  {
    what: "bounded sum per unit",
    sql: "SELECT sum(s) FROM (SELECT id, sum(x) AS s FROM data GROUP BY id)",
    bare: `SELECT sum(greatest(0, least(400, s))) FROM
             (SELECT sum(greatest(0, least(100, c2))) AS s FROM data GROUP BY __unit)`,
  },
];

async function statements(questions: Questions, rows: number, rounds: number): Promise<Result[]> {
  const dataset = `rows-${rows}`;
  await questions.publish(dataset, rows);
  const results: Result[] = [];
  for (const { what, sql, bare } of STATEMENTS) {
    const ours: number[] = [];
    const theirs: number[] = [];
    const mine = sql.replace("FROM data", `FROM "${dataset}"`);
    const ask = () => questions.ask(dataset, mine, epsilon());
    const peer = async () => (await questions.duck.runAndReadAll(bare)).getRowsJson();
    for (let round = -1; round < rounds; round++) {
      const [a, b] = [await timed(peer), await timed(ask)];
      // The first of each opens, and warms.
      if (round >= 0) {
        theirs.push(a);
        ours.push(b);
      }
    }
    const value = median(ours);
    const by = median(theirs);
    results.push({
      name: `${what}, ${rows / MILLION} million rows`,
      value,
      unit: "ms",
      peer: { name: "ms: DuckDB alone", value: by },
      ratio: value / by,
      ...(rows >= ASKED_AT ? { asked: { at_most: 1.3 } } : {}),
    });
  }
  return results;
}

const within = (what: string, value: number, limit: number, more: Partial<Result> = {}): Result => ({
  name: what,
  value,
  unit: "ms",
  peer: { name: "ms allowed", value: limit },
  ratio: value / limit,
  asked: { at_most: 1 },
  ...more,
});

/** With a new sampler each, so that its tables are made anew. */
function noises(): Result[] {
  const laws: [string, (noise: Noise) => unknown][] = [
    ["Laplace of scale 10", (n) => n.laplaceMany(rational(10n), CELLS)],
    ["Laplace of scale 123,456.7", (n) => n.laplaceMany(rational(1_234_567n, 10n), CELLS)],
    ["Gaussian of σ 10", (n) => n.gaussianMany(rational(100n), CELLS)],
    ["Gaussian of σ 123,456.7", (n) => n.gaussianMany(rational(1_234_567n ** 2n, 100n), CELLS)],
  ];
  return laws.map(([what, draw]) => {
    const times = Array.from({ length: 5 }, () => {
      const noise = createNoise(randomBytes);
      const began = performance.now();
      draw(noise);
      return performance.now() - began;
    });
    return within(`noise for ${CELLS.toLocaleString("en")} cells, ${what}`, median(times), 300);
  });
}

/** Of an ε that nobody asked with before; of a text that was quoted before, as people try one ε after the other, or not. */
async function quotes(questions: Questions): Promise<Result[]> {
  const dataset = "quoted";
  await questions.publish(dataset, 10_000);
  const sql = (least: number) =>
    `SELECT g, count(*), avg(x), stddev(x) FROM ${dataset} WHERE x > ${least} GROUP BY g`;
  await questions.quote(dataset, sql(0), epsilon());
  const known: number[] = [];
  const fresh: number[] = [];
  for (let i = 1; i <= 50; i++) {
    known.push(await timed(() => questions.quote(dataset, sql(0), epsilon())));
    fresh.push(await timed(() => questions.quote(dataset, sql(i), epsilon())));
  }
  const what = "quote of three aggregates by group, a new ε each";
  return [within(`${what}, a new text each`, median(fresh), 5), within(what, median(known), 5)];
}

/** Each asks something else at once, of a budget that pays about half of them. */
async function crowd(questions: Questions): Promise<Result[]> {
  const dataset = "crowded";
  const rho = "0.5";
  await questions.publish(dataset, MILLION, rho);
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: ASKERS }, async (_, i) => {
      const began = performance.now();
      try {
        await questions.ask(dataset, `SELECT count(*) FROM ${dataset} WHERE x > ${i / 2}`, "0.1");
        times.push(performance.now() - began);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "budget_exhausted")) throw error;
      }
    }),
  );
  const paid = payable(rho);
  return [
    {
      name: `${ASKERS} questions at once, one million rows: 99 % answered within`,
      value: nth(times, 0.99),
      unit: "ms",
    },
    {
      name: "of them answered, the others refused",
      value: times.length,
      unit: "answers",
      peer: { name: "that the budget pays", value: paid },
      ratio: times.length / paid,
      asked: { at_most: 1 },
    },
  ];
}

/** How many answers of ε = 0.1 the filter admits by itself. */
function payable(rho: string): number {
  const filter = renyiFilter({ rho: parseDecimal(rho, "rho"), delta: parseDecimal(BUDGET.delta, "delta") });
  const each = pureCurve(rational(1n, 10n));
  let count = 0n;
  while (admits(filter, repeatCurve(each, count + 1n))) count++;
  return Number(count);
}
