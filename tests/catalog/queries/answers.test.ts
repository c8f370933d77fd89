/** Questions in SQL over flchain, through the engine, charges and the ledger. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { QueryAnswer, QueryQuote } from "../../../src/catalog/index.js";
import { entriesOf, outcomeOf } from "../fixture.js";
import { FLCHAIN, type QueryFixture, queryFixture } from "./fixture.js";

let f: QueryFixture;
beforeAll(async () => {
  f = await queryFixture();
});
afterAll(() => f.stop());

const [header = "", ...lines] = readFileSync(FLCHAIN, "utf8").trimEnd().split(/\r?\n/);
const names = header.split(",").map((name) => name.replaceAll('"', ""));
const people = lines.map((line) => {
  const cells = line.split(",").map((cell) => cell.replaceAll('"', ""));
  return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
});

describe("an answer", () => {
  test("lies within a few noise widths of the truth, group by group", async () => {
    const answer = await f.ask(
      "SELECT sex, count(*) AS n, avg(kappa) AS k FROM flchain WHERE age >= 60 GROUP BY sex",
    );
    expect(answer.columns).toEqual([
      { name: "sex", type: "text" },
      { name: "n", type: "integer" },
      { name: "k", type: "decimal", bounds: [0, 30] },
    ]);
    expect(answer.rows.map(([sex]) => sex)).toEqual(["F", "M"]);
    for (const [i, [sex, n, k]] of answer.rows.entries()) {
      const kept = people.filter((p) => p.sex === sex && Number(p.age) >= 60);
      const mean = kept.reduce((sum, p) => sum + Number(p.kappa), 0) / kept.length;
      expect(Math.abs(Number(n) - kept.length)).toBeLessThan(60);
      expect(Math.abs(Number(k) - mean)).toBeLessThan(0.4);
      expect(answer.intervals[i]![0]).toBeNull();
      expect(answer.intervals[i]![1]![0]).toBeLessThan(Number(n));
    }
  });

  test("names its charge, its entry in the ledger, and what is left", async () => {
    const before = f.catalog.datasets.budget(f.researcher, "flchain");
    const answer = await f.ask("SELECT count(*) FROM flchain WHERE age > 91");
    expect(entriesOf(f, answer.charge.id)).toEqual(["charge.made", "charge.answered"]);
    expect(Number(answer.charge.rho)).toBeGreaterThan(0);
    expect(Number(answer.charge.rho)).toBeLessThanOrEqual(0.5);
    expect(Number(answer.left.rho)).toBeLessThan(Number(before.rho.left));
  });

  test("is given again at no cost when asked again, in whatever words the same plan is put", async () => {
    const first = await f.ask("SELECT sum(age) AS s FROM flchain WHERE sex = 'F' AND age < 90");
    const again = await f.ask("select  SUM(age) as s from flchain where age<90 and 'F' = sex");
    expect(again).toMatchObject({ rows: first.rows, charge: first.charge, repeated: true });
    expect(again.left).toEqual(first.left);
  });

  test("is priced by a quote that spends nothing and names no number of the data", async () => {
    const before = f.catalog.datasets.budget(f.researcher, "flchain").rho.left;
    const quote = (await f.catalog.queries.ask(f.researcher, {
      datasets: ["flchain"],
      sql: "SELECT sex, count(*) AS n, sum(kappa) AS s FROM flchain GROUP BY sex",
      epsilon: "0.5",
      quote: true,
    })) as QueryQuote;
    expect(quote).toMatchObject({ quote: true, groups: 2, fits: true, free: false, mechanism: "laplace" });
    expect(quote.columns.map((c) => (c.half_width ?? 0) > 0)).toEqual([false, true, true]);
    expect(f.catalog.datasets.budget(f.researcher, "flchain").rho.left).toBe(before);
  });

  test("shows every declared group, also those without rows", async () => {
    const answer = await f.ask('SELECT "flc.grp" AS g, count(*) FROM flchain WHERE age > 200 GROUP BY 1');
    expect(answer.rows.map(([g]) => g)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("shows private groups above a threshold, for a δ", async () => {
    const sql = "SELECT chapter, count(*) FROM flchain GROUP BY chapter";
    expect(await outcomeOf(f.ask(sql))).toBe("invalid_input");
    const answer = await f.ask(sql, { delta: "1e-6" });
    expect(answer.threshold).toBeGreaterThan(10);
    expect(answer.rows.length).toBeGreaterThan(3);
    for (const row of answer.rows) expect(Number(row[1])).toBeGreaterThanOrEqual(0);
    expect(answer.charge.delta).not.toBe("0");
  });
});

describe("each form", () => {
  const forms: [string, RegExp][] = [
    ["SELECT median(age) FROM flchain", /^\[\[\d+/],
    ["SELECT quantile(kappa, 0.9) AS q FROM flchain WHERE sex = 'F'", /^\[\[/],
    ["SELECT var_samp(age), stddev(kappa) FROM flchain", /^\[\[[\d.]+,[\d.]+\]\]$/],
    ["SELECT histogram(age, 5) FROM flchain", /\[50, 60\.2\)/],
    [
      "SELECT CASE WHEN age < 70 THEN 'young' ELSE 'old' END AS g, 100 * avg(death) FROM flchain GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
      /^\[\["old"/,
    ],
    ["SELECT sex, count(*) AS n FROM flchain GROUP BY sex HAVING n > 1000000", /^\[\]$/],
    [
      "WITH u AS (SELECT id, sum(kappa) AS s FROM flchain GROUP BY id) SELECT avg(s) FROM u WHERE s > 1",
      /^\[\[/,
    ],
    ["SELECT count(DISTINCT id), count(creatinine) FROM flchain", /^\[\[\d+,\d+\]\]$/],
    ['SELECT avg(k) FROM (SELECT kappa + "lambda" AS k, age FROM flchain) WHERE age > 60', /^\[\[/],
    [
      "SELECT a.sex, count(*) FROM flchain a JOIN flchain b USING (id) WHERE b.age > 60 GROUP BY 1",
      /^\[\["F"/,
    ],
    ["SELECT sum(clamp(age, 60, 70)), count(*) FILTER (WHERE death = 1) FROM flchain", /^\[\[/],
    ["SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY age) FROM flchain", /^\[\[/],
  ];
  test.each(forms)("%s", async (sql, shape) => {
    const answer: QueryAnswer = await f.ask(sql);
    expect(JSON.stringify(answer.rows)).toMatch(shape);
    expect(answer.intervals.map((row) => row.length)).toEqual(answer.rows.map((row) => row.length));
  });
});
