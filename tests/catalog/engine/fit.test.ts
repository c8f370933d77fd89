/** Models in an engine process: what they read, what they leave out, what they may take, and that no row comes back. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { columnsOf, type ModelStatistic, modelQuestion, readClaim } from "../../../src/privacy/index.js";
import { type Data, dataOf, fitted } from "../../privacy/disclosure/models/claims.js";
import { errorOf, streamOf } from "./support.js";

// Every fifth has no x; persons have two rows; one city is named like SQL.
const ROWS = Array.from({ length: 200 }, (_, i) => ({
  person: `person-${1000 + Math.floor(i / 2)}`,
  x: i % 5 === 0 ? "" : String((i * 37) % 101),
  y: String(((i * 53) % 89) / 7),
  city: i % 4 === 0 ? "'; DROP TABLE data; --" : "Wuhan",
  ended: String(i % 3 === 0),
}));
const CSV = `person,x,y,city,ended\n${ROWS.map((r) => Object.values(r).join(",")).join("\n")}\n`;

let engine: Engine;
let data: Data;
beforeAll(async () => {
  engine = createEngine({ processes: 1 });
  data = await dataOf(engine, "visits", CSV, "person", 2);
});
afterAll(() => engine.close());

const ols = (formula: string, more: object = {}) =>
  fitted(engine, data, { kind: "regression", family: "ols", formula, ...more });

describe("a fit", () => {
  test("leaves out rows without a value that it reads, and counts persons apart from rows", async () => {
    const facts = await ols("y ~ x");
    const kept = ROWS.filter((r) => r.x !== "");
    expect(facts).toMatchObject({ rows: kept.length, units: new Set(kept.map((r) => r.person)).size });
    expect(await ols("y ~ city")).toMatchObject({ rows: 200, units: 100 });
  });

  test("keeps the rows of its filter, with categories, true and false, and names that look like SQL", async () => {
    const facts = await ols("y ~ city + ended", { where: "x > 50" });
    expect(facts.rows).toBe(ROWS.filter((r) => r.x !== "" && Number(r.x) > 50).length);
    if (facts.kind !== "regression") throw new Error("not a regression");
    expect(facts.coefficients.map((c) => c.name)).toEqual(["Intercept", "city[T.Wuhan]", "ended[T.true]"]);
    const { filter } = facts;
    expect(JSON.parse(filter)).toMatchObject({ version: 1, where: { op: "compare" } });
  });

  test("gives the same facts each time, and after its engine was replaced", async () => {
    const first = await ols("y ~ x * city");
    expect(await ols("y ~ x * city")).toEqual(first);
    const other = createEngine({ processes: 1, threads: 1 });
    try {
      const again = await fitted(other, data, { kind: "regression", family: "ols", formula: "y ~ x * city" });
      expect(again).toEqual(first);
    } finally {
      await other.close();
    }
  });

  test("answers with facts in which no person and no row stands", async () => {
    const facts = await ols("y ~ x + city");
    const text = JSON.stringify(facts);
    expect(text).not.toContain("person-");
    expect(text.length).toBeLessThan(3_000);
  });

  test("a factor with more levels than a model may have is no model", async () => {
    const many = `g,y\n${Array.from({ length: 1_200 }, (_, i) => `g${i},${i % 7}`).join("\n")}\n`;
    const wide = await dataOf(engine, "wide", many);
    const facts = await fitted(engine, wide, { kind: "regression", family: "ols", formula: "y ~ g" });
    expect(facts).toMatchObject({ failure: "too_many_levels", coefficients: [] });
    const some = `g,y\n${Array.from({ length: 1_200 }, (_, i) => `g${i % 300},${i % 7}`).join("\n")}\n`;
    const less = await dataOf(engine, "less", some);
    expect(await fitted(engine, less, { kind: "regression", family: "ols", formula: "y ~ g" })).toMatchObject(
      {
        failure: "too_many_parameters",
      },
    );
  });

  test("of more rows than a model may hold is refused before a row is read", async () => {
    const columns = columnsOf(data.version.columns);
    const statistic = readClaim(
      {
        version: 1,
        dataset: "visits",
        statistic: {
          kind: "regression",
          family: "ols",
          formula: {
            version: 1,
            response: { value: { op: "column", name: "y" } },
            intercept: true,
            terms: [],
            offsets: [],
          },
        },
      },
      columns,
    ).statistic as ModelStatistic;
    const question = modelQuestion(statistic, columns, new Map([["y", "c2"]]), 10);
    const version = { key: data.key, parquet: () => streamOf(data.version.parquet) };
    const sql = "SELECT i AS u, 1.5::DOUBLE AS v0 FROM range(20000000) t(i)";
    const error = await errorOf(engine.fit({ version, ...question, sql, parameters: [] }));
    expect(error.code).toBe("too_large");
    // And the engine goes on.
    expect(await ols("y ~ x")).toMatchObject({ rows: 160 });
  });

  test("of anything but one SELECT is refused", async () => {
    const version = { key: data.key, parquet: () => streamOf(data.version.parquet) };
    const plan = { kind: "survival", time: "t", event: "e", dimensions: [], threshold: 10 };
    for (const sql of ["SELECT 1) TO '/tmp/x'; --", "COPY data TO '/tmp/x.csv'", "SELECT 1; SELECT 2"]) {
      const refused = await errorOf(engine.fit({ version, sql, parameters: [], reads: ["number"], plan }));
      expect(refused.code).toMatch(/invalid_input|internal|engine_unavailable/);
    }
  });
});
