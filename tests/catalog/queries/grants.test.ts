/** Who may ask what, and who pays: grants, dropped columns, several datasets, and versions that change. */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { QueryAnswer } from "../../../src/catalog/index.js";
import { DAY, give, outcomeOf } from "../fixture.js";
import { type QueryFixture, queryFixture } from "./fixture.js";

let f: QueryFixture;
beforeAll(async () => {
  f = await queryFixture();
  f.catalog.datasets.create(f.otherOwner, {
    name: "visits",
    unit_column: "person",
    max_rows_per_unit: 4,
    columns: [{ name: "cost", type: "integer", bounds: [0, 100] }],
    budget: { rho: "10", delta: "1e-4" },
  });
  const rows = Array.from({ length: 400 }, (_, i) => `F${String((i % 150) + 1).padStart(5, "0")},${i % 100}`);
  await putVisits(rows);
  f.catalog.datasets.assess(f.otherOwner, "visits");
  f.catalog.datasets.publish(f.otherOwner, "visits");
});
afterAll(() => f.stop());

const putVisits = (rows: string[]) =>
  f.catalog.datasets.putContent(
    f.otherOwner,
    "visits",
    Readable.from([`person,cost\n${rows.join("\n")}\n`]),
    "text/csv",
  );
const spent = (name: string, owner = f.otherOwner) => f.catalog.datasets.budget(owner, name).rho.spent;
const join = "SELECT sex, sum(cost) FROM flchain JOIN visits ON id = person GROUP BY sex";
const both = { datasets: ["flchain", "visits"] };

describe("a join of two owners' datasets", () => {
  test("needs a grant from each", async () => {
    expect(await outcomeOf(f.ask(join, both))).toBe("no_grant");
    expect(spent("visits")).toBe("0");
    f.catalog.grants.create(f.otherOwner, {
      principal: "researcher",
      dataset: "visits",
      purpose: "costs by sex",
      access: "query",
      rho: "5",
      delta: "1e-5",
      expires_at: new Date(f.clock.now() + 30 * DAY).toISOString(),
    });
  });

  test("is charged to both, for as many rows as a unit may have in it", async () => {
    const before = [spent("flchain", f.owner), spent("visits")].map(Number);
    const answer: QueryAnswer = await f.ask(join, both);
    expect(answer.rows.map(([sex]) => sex)).toEqual(["F", "M"]);
    // Four rows of at most 100 each: Laplace noise of scale 400.
    const [low, high] = answer.intervals[0]![1]!;
    expect((high - low) / 2).toBeGreaterThan(1100);
    expect((high - low) / 2).toBeLessThan(1300);
    const after = [spent("flchain", f.owner), spent("visits")].map(Number);
    for (const [i, was] of before.entries()) expect(after[i]!).toBeGreaterThan(was);
  });

  test("charges only what is read", async () => {
    const before = spent("visits");
    await f.ask("SELECT count(*) FROM flchain WHERE age > 66", both);
    expect(spent("visits")).toBe(before);
  });

  test("is on the units and nothing else", async () => {
    for (const on of ["age = cost", "id = person AND age > 3", "true"])
      expect(await outcomeOf(f.ask(`SELECT count(*) FROM flchain JOIN visits ON ${on}`, both))).toBe(
        "query_unsupported",
      );
  });
});

describe("a grant", () => {
  test("that drops a column makes it unknown", async () => {
    const id = f.catalog.grants.list(f.researcher).items.find((g) => g.dataset === "flchain")!.id;
    f.catalog.grants.revoke(f.owner, id);
    give(f, "flchain", {
      access: "query",
      rho: "20",
      delta: "1e-4",
      constraints: { drop_columns: ["kappa"] },
    });
    expect(await outcomeOf(f.ask("SELECT avg(kappa) FROM flchain"))).toBe("invalid_input");
    expect((await f.ask("SELECT avg(age) FROM flchain")).rows).toHaveLength(1);
  });

  test("of sandbox access carries queries from its own share of ρ, and none without one", async () => {
    const ask = (sql: string) =>
      f.catalog.queries.ask(f.operator, { datasets: ["flchain"], sql, epsilon: "0.1" });
    expect(await outcomeOf(ask("SELECT count(*) FROM flchain"))).toBe("no_grant");
    const without = give(f, "flchain", { principal: "operator" });
    expect(await outcomeOf(ask("SELECT count(*) FROM flchain"))).toBe("budget_exhausted");
    f.catalog.grants.revoke(f.owner, without.id);
    give(f, "flchain", { principal: "operator", rho: "1", delta: "1e-6" });
    expect(await outcomeOf(ask("SELECT count(*) FROM flchain"))).toBe("ok");
  });

  test("that has ended gives no answer again, also none that was given", async () => {
    const sql = "SELECT count(*) FROM flchain WHERE death = 1";
    await f.ask(sql);
    for (const { id, dataset, state } of f.catalog.grants.list(f.researcher).items)
      if (dataset === "flchain" && state === "active") f.catalog.grants.revoke(f.owner, id);
    expect(await outcomeOf(f.ask(sql))).toBe("no_grant");
  });
});

test("another version is another question: it is charged anew, and the budget is not", async () => {
  const sql = "SELECT count(*), sum(cost) FROM visits";
  const first = await f.ask(sql, { datasets: ["visits"] });
  const before = Number(spent("visits"));
  await putVisits(["F00001,1", "F00002,2"]);
  const second = await f.ask(sql, { datasets: ["visits"] });
  expect(second.charge.id).not.toBe(first.charge.id);
  expect(Number(spent("visits"))).toBeGreaterThan(before);
});
