/**
 * How often the printed 95 % intervals hold the true bounded quantity, how wide they are beside the errors made, and
 * whether answers are off in the mean; for each aggregate, on flchain, under both laws of noise.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { answerOf, createNoise, priceOf, termsOf } from "../../../../src/privacy/index.js";
import { testSeed } from "../../../harness/seed.js";
import { seeded } from "../random.js";
import { type Flchain, openFlchain } from "./flchain.js";

interface Case {
  name: string;
  sql: string;
  /** Of the clamped values, computed by DuckDB. */
  truth: string;
  /** How much wider than the errors' own 95 % range the intervals may be. */
  wide: number;
  /** Its mean error may be so many of its own standard errors. */
  unbiased: boolean;
}

const clamped =
  "SELECT *, greatest(least(kappa, 30), 0) AS k, CASE WHEN creatinine > 15 THEN 15 ELSE creatinine END AS c FROM t";
const CASES: Case[] = [
  { name: "count", sql: "count(*)", truth: "count(*)", wide: 1.35, unbiased: true },
  { name: "count of what is there", sql: "count(creatinine)", truth: "count(c)", wide: 1.35, unbiased: true },
  { name: "sum", sql: "sum(kappa)", truth: "sum(k)", wide: 1.05, unbiased: true },
  {
    name: "sum of a condition",
    sql: "sum(CASE WHEN age > 90 THEN 1 ELSE 0 END)",
    truth: "sum((age > 90)::INT)",
    wide: 1.35,
    unbiased: true,
  },
  { name: "avg", sql: "avg(kappa)", truth: "avg(k)", wide: 1.1, unbiased: true },
  { name: "avg with missing values", sql: "avg(creatinine)", truth: "avg(c)", wide: 1.1, unbiased: true },
  {
    name: "avg of few",
    sql: "avg(age) FILTER (WHERE age > 97)",
    truth: "avg(age) FILTER (WHERE age > 97)",
    wide: 1.25,
    unbiased: false,
  },
  { name: "var", sql: "var_samp(kappa)", truth: "var_samp(k)", wide: 1.15, unbiased: false },
  { name: "stddev", sql: "stddev_samp(age)", truth: "stddev_samp(age)", wide: 1.15, unbiased: false },
  {
    name: "var of few",
    sql: "var_samp(age) FILTER (WHERE age > 94)",
    truth: "var_samp(age) FILTER (WHERE age > 94)",
    wide: 4,
    unbiased: false,
  },
  {
    name: "median of whole numbers",
    sql: "median(age)",
    truth: "quantile_disc(age, 0.5)",
    wide: 4,
    unbiased: false,
  },
  {
    name: "quantile of decimals",
    sql: "quantile(kappa, 0.9)",
    truth: "quantile_disc(k, 0.9)",
    wide: 6,
    unbiased: false,
  },
  {
    name: "arithmetic of two",
    sql: "sum(kappa) / count(*)",
    truth: "sum(k) / count(*)",
    wide: 1.6,
    unbiased: false,
  },
];
/** Beside so many other counts the Gaussian law is the better one. */
const OTHERS = Array.from({ length: 45 }, (_, i) => `, count(*) FILTER (WHERE age > ${51 + i})`).join("");
const LAWS = [
  { law: "laplace", delta: undefined, others: "" },
  { law: "gaussian", delta: "1e-6", others: OTHERS },
] as const;

interface Seen {
  covered: number;
  meanError: number;
  standardError: number;
  /** Half of the mean width beside the 95th percentile of the errors. */
  wide: number;
}

export function coverageSuite(repetitions: number, least: number): void {
  const seed = testSeed();
  const noise = createNoise(seeded(`coverage ${seed}`));
  let flchain: Flchain;
  beforeAll(async () => {
    flchain = await openFlchain();
  });
  afterAll(() => flchain.close());

  async function seen({ sql, truth }: Case, { law, delta, others }: (typeof LAWS)[number]): Promise<Seen> {
    const plan = await flchain.plan(`SELECT ${sql} AS v${others} FROM flchain`);
    // So that the noise on the one that is looked at is about the same under both laws.
    const pricing = priceOf(plan, termsOf(others === "" ? "1" : "4", delta));
    expect(pricing.kind).toBe(law);
    const cells = await flchain.cells(plan);
    const [row] = await flchain.rows(`SELECT (${truth})::DOUBLE FROM (${clamped})`);
    const exact = Number(row?.[0]);
    const errors: number[] = [];
    let [covered, widths] = [0, 0];
    for (let i = 0; i < repetitions; i++) {
      const { rows, intervals } = answerOf(plan, pricing, cells, noise);
      const [low, high] = intervals[0]![0]!;
      // A step of the grid, and what a double can tell, are nobody's noise.
      const slack = 1e-9 * Math.max(1, Math.abs(exact));
      covered += exact >= low - slack && exact <= high + slack ? 1 : 0;
      errors.push(Number(rows[0]![0]) - exact);
      widths += (high - low) / 2;
    }
    const mean = errors.reduce((a, b) => a + b, 0) / repetitions;
    const spread = Math.sqrt(errors.reduce((a, b) => a + (b - mean) ** 2, 0) / repetitions);
    const sorted = errors.map(Math.abs).sort((a, b) => a - b);
    const percentile = sorted[Math.floor(0.95 * repetitions)]!;
    return {
      covered: covered / repetitions,
      meanError: mean,
      standardError: spread / Math.sqrt(repetitions),
      wide: widths / repetitions / Math.max(percentile, 1e-9),
    };
  }

  describe.each(LAWS)(`intervals under $law noise (seed ${seed})`, (noisy) => {
    test.each(CASES)("$name", async (of) => {
      const found = await seen(of, noisy);
      console.info(
        `${noisy.law} ${of.name}: covered ${(100 * found.covered).toFixed(2)} %, ${found.wide.toFixed(2)} times the errors, mean error ${(found.meanError / found.standardError || 0).toFixed(1)} standard errors`,
      );
      expect(found.covered).toBeGreaterThanOrEqual(least);
      // An integer's error may be zero nearly always: then there is nothing to be wider than.
      if (Number.isFinite(found.wide) && found.wide < 1e6) expect(found.wide).toBeLessThan(of.wide);
      if (of.unbiased) expect(Math.abs(found.meanError)).toBeLessThan(5 * found.standardError + 1e-9);
    });
  });
}
