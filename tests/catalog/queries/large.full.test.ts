/** Answers larger than what is kept: they are cut where noise alone decides, stored, and given again. */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { MAX_ANSWER_BYTES } from "../../../src/catalog/budgets/charges.js";
import { createEngine, type Engine, type QueryAnswer } from "../../../src/catalog/index.js";
import {
  answerOf,
  cellsOf,
  createNoise,
  type Plan,
  priceOf,
  QUERY_LIMITS,
  termsOf,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { type CatalogFixture, catalogFixture, give } from "../fixture.js";
import { PLAN } from "./private-plan.js";

const seed = testSeed();
const group = { op: "column", name: "g0" } as const;
const WITH_TOWN: Plan = {
  ...PLAN,
  outputs: [{ name: "town", type: "text", value: group }, ...PLAN.outputs],
};
const PRICING = priceOf(PLAN, termsOf("5", "1e-6"));

const answerOver = (towns: number, text: (i: string) => string, plan = WITH_TOWN) => {
  const rows = Array.from({ length: towns }, (_, i) => [text(String(i).padStart(6, "0")), "30"]);
  return answerOf(plan, PRICING, cellsOf(plan, rows, []), createNoise(seeded(`large ${seed}`)));
};
/** The longest text that a private group may have, of bytes that JSON writes as six. */
const longest = (i: string) => i + "\u0001".repeat(250);

describe(`an answer of private groups (seed ${seed})`, () => {
  test("has the rows for which there is room, and says how many it has not", () => {
    const all = answerOver(24_000, (i) => i);
    expect(all.leftOut).toBe(0);
    const cut = answerOver(24_000, longest);
    expect(cut.rows.length).toBeGreaterThan(15_000);
    expect(cut.rows.length + cut.leftOut).toBe(all.rows.length);
    // The first ones, with the numbers that they would have had.
    expect(cut.rows.map(([town, n]) => [String(town).slice(0, 6), n])).toEqual(
      all.rows.slice(0, cut.rows.length),
    );
    expect(cut.intervals).toEqual(all.intervals.slice(0, cut.rows.length));
    const bytes = Buffer.byteLength(JSON.stringify(cut));
    expect(bytes).toBeLessThan(QUERY_LIMITS.answer_bytes + 1_000_000);
    expect(bytes).toBeGreaterThan(QUERY_LIMITS.answer_bytes - 50_000);
  });

  test("is cut at the number of values as well, after LIMIT and OFFSET", () => {
    const wide: Plan = { ...PLAN, outputs: Array.from({ length: 64 }, () => PLAN.outputs[0]!) };
    const rows = QUERY_LIMITS.values / 64;
    expect(answerOver(rows + 7, (i) => i, wide)).toMatchObject({ leftOut: 7 });
    const limited = answerOver(rows + 7, (i) => i, { ...wide, limit: 3, offset: 2 });
    expect([limited.rows.length, limited.leftOut]).toEqual([3, 0]);
  });

  test("leaves room for what else is stored of it", () => {
    // 64 columns' names are in the statement.
    expect(QUERY_LIMITS.answer_bytes + 6 * QUERY_LIMITS.sql_chars + 65_536).toBeLessThan(MAX_ANSWER_BYTES);
  });
});

describe("asked for", () => {
  const TOWNS = 2500;
  const long = (i: number) => `${String(i).padStart(6, "0")}${"\\".repeat(250)}`;
  const columns = Array.from({ length: 60 }, (_, i) => `town AS t${i}`).join(", ");
  const question = {
    datasets: ["places"],
    sql: `SELECT ${columns}, count(*) AS n FROM places GROUP BY town`,
    epsilon: "8",
    delta: "1e-6",
  };
  let f: CatalogFixture<Engine>;
  beforeAll(async () => {
    f = catalogFixture({ queryPace: (work) => work }, createEngine());
    const budget = { rho: "100", delta: "1e-4" };
    f.catalog.datasets.create(f.owner, { name: "places", unit_column: "id", budget });
    const lines = Array.from({ length: 6 * TOWNS }, (_, i) => `p${i},${long(i % TOWNS)}`);
    await f.catalog.datasets.putContent(
      f.owner,
      "places",
      Readable.from([`id,town\n${lines.join("\n")}\n`]),
      "text/csv",
    );
    f.catalog.datasets.assess(f.owner, "places");
    f.catalog.datasets.publish(f.owner, "places");
    give(f, "places", { access: "query", rho: "50", delta: "1e-5", signal_bits: 0 });
  });
  afterAll(async () => {
    await f.engine.close();
    f.end();
  });

  test("it is charged, answered and kept", async () => {
    const answer = (await f.catalog.queries.ask(f.researcher, question)) as QueryAnswer;
    expect(answer.rows[0]?.[0]).toBe(long(0));
    expect(answer.rows_left_out).toBeGreaterThan(0);
    expect(answer.rows.length + (answer.rows_left_out ?? 0)).toBeLessThanOrEqual(TOWNS);
    const again = (await f.catalog.queries.ask(f.researcher, question)) as QueryAnswer;
    expect(again.repeated).toBe(true);
    expect(again.rows).toEqual(answer.rows);
    expect(again.rows_left_out).toBe(answer.rows_left_out);
    const [charge] = f.catalog.datasets.budget(f.researcher, "places").charges;
    expect(charge).toMatchObject({ id: answer.charge.id, state: "answered" });
  });
});
