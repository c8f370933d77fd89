/** What queries with noise ask of an engine: texts that are parsed and not run, plans that are looked at, versions together. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { NATIVE } from "../../promises/dp/statements.js";
import { errorOf, flchain, importAll, streamOf, type Version } from "./support.js";

let engine: Engine;
let people: Version;
let visits: Version;
beforeAll(async () => {
  engine = createEngine({ processes: 2 });
  people = await importAll(engine, flchain(), { unitColumn: "id" });
  visits = await importAll(engine, "person,cost\nF00001,3\nF00001,4\nF00002,5\n", {
    unitColumn: "person",
    maxRowsPerUnit: 2,
  });
});
afterAll(() => engine.close());

const of = (key: string, { parquet }: Version) => ({ key, parquet: () => streamOf(parquet) });
const planned = (sql: string, parameters: string[] = []) =>
  engine.query({
    version: of("people", people),
    others: [of("visits", visits)],
    sql,
    parameters,
    maxRows: 1000,
    planned: true,
  });

describe("a text", () => {
  test("of any kind is parsed to a tree, or to what is wrong with it, and never run", async () => {
    for (const sql of NATIVE) expect(await engine.parseSql(sql)).toMatch(/^\{"error":(true|false)/);
    const { rows } = await planned("SELECT count(*) FROM data");
    expect(rows).toEqual([["7874"]]);
  });

  test("that is nested beyond all measure is refused, and the next is parsed", async () => {
    for (const deep of [
      "(".repeat(30_000),
      `SELECT ${"(".repeat(20_000)}1${")".repeat(20_000)}`,
      `SELECT ${"-".repeat(60_000)}1`,
      `SELECT ${"NOT ".repeat(15_000)}true`,
    ]) {
      const outcome = await engine.parseSql(deep).then(
        () => "parsed",
        (error: { code: string }) => error.code,
      );
      expect(["parsed", "query_unsupported"]).toContain(outcome);
    }
    expect(await engine.parseSql("SELECT 1")).toContain("SELECT_NODE");
  });
});

describe("a statement", () => {
  const older = (sql: string, ages: string[], maxRows = 1000, isPlanned = true) =>
    engine.query({
      version: of("people", people),
      sql,
      parameters: ages,
      maxRows,
      planned: isPlanned,
    });
  const ROWS = "SELECT c0 FROM data WHERE c1 > CAST($1 AS BIGINT)";

  test("that is asked again is asked with its new parameters, and after an answer too large", async () => {
    const count = async (age: string) => (await older(ROWS, [age], 8000)).rows.length;
    const [all, some] = [await count("0"), await count("80")];
    expect([all, some > 0 && some < all]).toEqual([7874, true]);
    expect((await errorOf(older(ROWS, ["0"], 100))).code).toBe("too_large");
    expect([await count("0"), await count("80"), await count("0")]).toEqual([all, some, all]);
  });

  test("that was asked without a look at its plan is looked at when that is wanted", async () => {
    const foreign = "SELECT count(*) FROM range(3)";
    expect((await older(foreign, [], 1, false)).rows).toEqual([["3"]]);
    for (let again = 0; again < 2; again++)
      expect((await errorOf(older(foreign, [], 1, true))).code).toBe("internal");
  });

  test("is one of few that are kept, whatever others are asked", async () => {
    for (let i = 0; i < 40; i++)
      expect((await older(`SELECT count(*) + ${i} FROM data`, [])).rows).toEqual([[String(7874 + i)]]);
    expect((await older("SELECT count(*) + 0 FROM data", [])).rows).toEqual([["7874"]]);
  });
});

describe("a plan", () => {
  test("that reads the versions, joined, is carried out", async () => {
    const sql =
      "SELECT count(*) AS n, sum(v.c1) AS s FROM data AS p JOIN data1 AS v ON p.c0 = v.c0 WHERE p.c1 > CAST($1 AS BIGINT)";
    expect((await planned(sql, ["50"])).rows).toEqual([["3", "12"]]);
  });

  test("that reads anything else is not, and its error says nothing", async () => {
    for (const sql of [
      "SELECT count(*) FROM duckdb_settings()",
      "SELECT count(*) FROM information_schema.tables",
      "SELECT count(*) FROM sqlite_master",
      "SELECT count(*) FROM range(10)",
      "SELECT count(*) FROM read_parquet('*.parquet')",
      "SELECT count(*) FROM glob('*')",
      "SELECT count(*) FROM data JOIN duckdb_functions() ON true",
      "SELECT (SELECT count(*) FROM duckdb_tables()) FROM data",
      "SELECT count(*) FROM '/etc/passwd'",
    ]) {
      const error = await errorOf(planned(sql));
      expect(error.code).toBe("internal");
      expect(error.message).not.toMatch(/duckdb|parquet|passwd/);
    }
  });
});
