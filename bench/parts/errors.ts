/** How far noisy answers are off, against mechanisms as textbooks have them, at equal ε, δ and bound of a unit. */
import { randomBytes } from "node:crypto";
import type { Engine } from "../../src/catalog/index.js";
import type { Result } from "../../src/cli/bench.js";
import {
  analyticSigma,
  answerOf,
  createNoise,
  type Plan,
  type Pricing,
  planOf,
  priceOf,
  termsOf,
} from "../../src/privacy/index.js";
import { parseDecimal, rational } from "../../src/vocabulary/index.js";

const DRAWS = 200_000;
/** Whole answers, which cost more than a draw. */
const ANSWERS = 60_000;
const MOST = 1.02;

const ROWS_PER_UNIT = 4;
const TABLE = {
  name: "data",
  unit: "id",
  maxRows: ROWS_PER_UNIT,
  columns: [
    { name: "id", type: "integer" as const, nullable: false, at: 0 },
    {
      name: "x",
      type: "decimal" as const,
      nullable: false,
      at: 2,
      bounds: ["0", "100"] as [string, string],
    },
  ],
};

const noise = createNoise(randomBytes);
const count = (n: number): string => n.toLocaleString("en");

/** Errors by both mechanisms, in units of the answer. Textbooks' are asked to be met. */
function compared(what: string, value: number, peer: string, by: number, asked = true): Result {
  const result = { name: what, value, unit: "", peer: { name: peer, value: by }, ratio: value / by };
  return asked ? { ...result, asked: { at_most: MOST } } : result;
}

async function priced(
  engine: Engine,
  sql: string,
  delta?: string,
): Promise<{ plan: Plan; pricing: Pricing }> {
  const plan = await planOf(sql, (text) => engine.parseSql(text), [TABLE]);
  return { plan, pricing: priceOf(plan, termsOf("1", delta)) };
}

const meanAbsolute = (drawn: readonly bigint[], step: number): number =>
  (step * drawn.reduce((sum, n) => sum + Math.abs(Number(n)), 0)) / drawn.length;

const stepOf = (plan: Plan): number => {
  const [estimate] = plan.estimates;
  return estimate?.kind === "sum" ? Number(`1e${-estimate.digits}`) : 1;
};

/** One number, by Laplace noise of the sensitivity over ε. */
async function laplaces(engine: Engine): Promise<Result[]> {
  const results: Result[] = [];
  for (const [what, sql, sensitivity] of [
    ["count", "SELECT count(*) FROM data", 4],
    ["sum", "SELECT sum(x) FROM data", 400],
    ["sum per unit", "SELECT sum(s) FROM (SELECT id, sum(x) AS s FROM data GROUP BY id)", 400],
  ] as const) {
    const { plan, pricing } = await priced(engine, sql);
    const [law] = pricing.laws;
    if (law?.kind !== "laplace") throw new Error("Laplace noise was expected");
    results.push(
      compared(
        `mean error of ${what} at ε = 1, ${count(DRAWS)} draws`,
        meanAbsolute(noise.laplaceMany(law.scale, DRAWS), stepOf(plan)),
        "the Laplace mechanism's own",
        sensitivity,
      ),
    );
  }
  return results;
}

const COUNTS = 30;
const DELTA = "1e-6";

/** Thirty numbers at once, by Gaussian noise of their sensitivity together: as it was first proven, and the least. */
async function gaussians(engine: Engine): Promise<Result[]> {
  const counts = Array.from({ length: COUNTS }, (_, i) => `count(*) FILTER (WHERE x > ${i})`);
  const { pricing } = await priced(engine, `SELECT ${counts.join(", ")} FROM data`, DELTA);
  const [law] = pricing.laws;
  if (law?.kind !== "gaussian") throw new Error("Gaussian noise was expected");
  const value = meanAbsolute(noise.gaussianMany(law.variance, DRAWS), 1);
  const sensitivity = ROWS_PER_UNIT * Math.sqrt(COUNTS);
  const errorOf = (sigma: number) => sigma * sensitivity * Math.sqrt(2 / Math.PI);
  const least = Number(analyticSigma(rational(1n), parseDecimal(DELTA, "delta"), rational(1n)));
  const what = `mean error of each of ${COUNTS} counts at ε = 1, δ = ${DELTA}, ${count(DRAWS)} draws`;
  return [
    compared(
      what,
      value,
      "the Gaussian mechanism's, √(2 ln(1.25/δ))/ε",
      errorOf(Math.sqrt(2 * Math.log(1.25 / Number(DELTA)))),
    ),
    compared(what, value, "the analytic Gaussian mechanism's, once and alone", errorOf(least), false),
  ];
}

const ROWS = 100_000;

/** A mean, where it lies a quarter of the bounds from their middle; the textbook gives half of ε to each of the two numbers. */
async function means(engine: Engine): Promise<Result[]> {
  const { plan, pricing } = await priced(engine, "SELECT avg(x) FROM data");
  const mean = 75;
  const exacts = plan.exacts.map((exact) =>
    exact.kind === "sum" ? BigInt(ROWS) * BigInt(mean) * 10n ** BigInt(exact.value.digits) : BigInt(ROWS),
  );
  const cells = [{ key: [], exacts, leaves: [] }];
  let sum = 0;
  for (let i = 0; i < ANSWERS; i++)
    sum += Math.abs(Number(answerOf(plan, pricing, cells, noise).rows[0]?.[0]) - mean);
  // |x + y| of two Laplace variables of scales a and b is (a² + ab + b²)/(a + b) on average.
  const [a, b] = [(2 * ROWS_PER_UNIT * 50) / ROWS, (2 * ROWS_PER_UNIT * (mean - 50)) / ROWS];
  return [
    compared(
      `mean error of avg at ε = 1, ${count(ROWS)} rows, ${count(ANSWERS)} answers`,
      sum / ANSWERS,
      "of a noisy sum over a noisy count, half of ε each",
      (a * a + a * b + b * b) / (a + b),
    ),
  ];
}

export const errors = async (engine: Engine): Promise<Result[]> => [
  ...(await laplaces(engine)),
  ...(await gaussians(engine)),
  ...(await means(engine)),
];
