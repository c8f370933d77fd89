/** Versions that are held open: asked again without being sent again, closed when others need the room, gone with their process. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { until } from "../../harness/index.js";
import { enginesOf } from "../../promises/engine/processes.js";
import { errorOf, flchain, importAll, streamOf, type Version } from "./support.js";

let engine: Engine;
let version: Version;
let sent = 0;
beforeAll(async () => {
  engine = createEngine({ processes: 2 });
  version = await importAll(engine, flchain(), { unitColumn: "id" });
});
afterAll(() => engine.close());

const of = (key: string, parquet = version.parquet) => ({
  key,
  parquet: () => {
    sent++;
    return streamOf(parquet);
  },
});
const ask = (sql: string, parameters: (string | number | boolean | null)[] = [], key = "flchain") =>
  engine.query({ version: of(key), sql, parameters, maxRows: 100 });

describe("a version that is open", () => {
  test("answers with values as JSON has them, its parameters bound", async () => {
    const sql =
      "SELECT c2, count(*) AS n, sum(c1)::HUGEINT AS s, min(DATE '2024-03-05') AS d, NULL AS z FROM data WHERE c1 > $1 GROUP BY 1 ORDER BY 1";
    const { columns, rows } = await ask(sql, [90]);
    expect(columns.map(({ name }) => name)).toEqual(["c2", "n", "s", "d", "z"]);
    expect(rows.map((row) => [row[0], typeof row[2], row[3], row[4]])).toEqual([
      ["F", "string", "2024-03-05", null],
      ["M", "string", "2024-03-05", null],
    ]);
    const hostile = "x' OR true; --";
    expect((await ask("SELECT count(*) FROM data WHERE c2 = $1", [hostile])).rows).toEqual([["0"]]);
  });
  test("is sent once, however often and however many ask at once", async () => {
    sent = 0;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask("SELECT count(*) FROM data", [], "once")),
    );
    expect(answers.every(({ rows }) => rows[0]?.[0] === "7874")).toBe(true);
    await ask("SELECT 1", [], "once");
    expect(sent).toBe(1);
  });
  test("takes one SELECT and nothing else, and tells no value in a refusal", async () => {
    for (const sql of [
      "DROP VIEW data",
      "SELECT 1; SELECT 2",
      "COPY data TO 'x'",
      "SET threads=1",
      "ATTACH ':memory:'",
    ]) {
      const error = await errorOf(ask(sql));
      expect(["invalid_input", "internal"]).toContain(error.code);
    }
    const error = await errorOf(ask("SELECT CAST(c0 AS INTEGER) FROM data"));
    expect([error.code, error.params.detail]).toEqual(["internal", "the engine could not do this"]);
    expect((await ask("SELECT count(*) FROM data")).rows).toEqual([["7874"]]);
  });
  test("gives no more rows than were asked for", async () => {
    expect((await errorOf(ask("SELECT c0 FROM data"))).code).toBe("too_large");
  });
  test("reads nothing beside its own folder", async () => {
    await errorOf(ask("SELECT * FROM read_text('/etc/passwd')"));
    await errorOf(ask("SELECT * FROM glob('/tmp/*')"));
  });
  test("is opened again when its process dies", async () => {
    await ask("SELECT 1");
    sent = 0;
    for (const pid of enginesOf(process.pid)) process.kill(pid, "SIGKILL");
    await until(() => enginesOf(process.pid).length === 0, "the end of the engines");
    expect((await ask("SELECT count(*) FROM data")).rows).toEqual([["7874"]]);
    expect(sent).toBe(1);
  });
});

describe("texts compared with a version that is open", () => {
  const text = "a note of U0001234\n";
  const look = (key: string, columns = version.columns, content: Buffer | ReturnType<typeof streamOf>) =>
    engine.scan({ version: of(key), columns, texts: [{ name: "note", content }] });
  const classed = (name: string) =>
    version.columns.map((column) =>
      column.name === name ? { ...column, class: "identifier" as const } : column,
    );
  let id = "";
  beforeAll(async () => {
    id = String((await ask("SELECT c0 FROM data LIMIT 1", [], "texts")).rows[0]?.[0]);
    sent = 0;
  });
  const note = () => Buffer.from(text.replace("U0001234", id));

  test("find its identifiers without its being sent again", async () => {
    for (let i = 0; i < 3; i++)
      expect(await look("texts", classed("id"), note())).toMatchObject([
        { kind: "identifier", column: "id" },
      ]);
    expect(sent).toBe(0);
  });
  test("find what is an identifier now, whatever it was before", async () => {
    expect(await look("texts", undefined, Buffer.from("M\n"))).toEqual([]);
    const plain = version.columns.map((column) => ({ ...column, class: "plain" as const }));
    expect(await look("texts", plain, note())).toEqual([]);
    expect(await look("texts", classed("id"), note())).toHaveLength(1);
  });
  test("leave nothing that a question could read", async () => {
    await look("texts", classed("id"), Buffer.concat([note(), Buffer.from("1 2 3 4 61 72 0.5 F\n")]));
    for (const table of ["ids_0", "candidates", "tokens_text", "temp.ids_0"])
      expect((await errorOf(ask(`SELECT * FROM ${table}`, [], "texts"))).code).toBe("internal");
  });
  test("are looked through anew when its process dies meanwhile", async () => {
    for (const pid of enginesOf(process.pid)) process.kill(pid, "SIGKILL");
    await until(() => enginesOf(process.pid).length === 0, "the end of the engines");
    expect(await look("texts", classed("id"), note())).toHaveLength(1);
    expect(sent).toBe(1);
  });
  test("go to a process of their own where they are long", async () => {
    sent = 0;
    expect(
      await look("texts", classed("id"), Buffer.concat([Buffer.alloc(2 ** 20, "x "), note()])),
    ).toHaveLength(1);
    expect(await look("texts", classed("id"), streamOf(note()))).toHaveLength(1);
    expect(sent).toBe(2);
  });
});

test("what was not used for longest is closed when others need the room", async () => {
  const small = createEngine({ processes: 1, sessionMb: (2.5 * version.parquet.length) / 1024 ** 2 });
  const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
  const query = (key: string) =>
    small.query({
      version: {
        key,
        parquet: () => {
          counts[key]!++;
          return streamOf(version.parquet);
        },
      },
      sql: "SELECT count(*) FROM data",
      maxRows: 1,
    });
  for (const key of ["a", "b", "a", "c", "a", "c"]) await query(key);
  expect(counts).toEqual({ a: 1, b: 1, c: 1 });
  await query("b");
  expect(counts).toEqual({ a: 1, b: 2, c: 1 });
  await query("a");
  expect(counts.a).toBe(2);
  await small.close();
});

test("a version that cannot be opened is refused, and can be tried again", async () => {
  const broken = { key: "broken", parquet: () => streamOf("PAR1 nothing PAR1") };
  expect((await errorOf(engine.query({ version: broken, sql: "SELECT 1", maxRows: 1 }))).code).toBe(
    "internal",
  );
  expect((await ask("SELECT 1", [], "broken")).rows).toEqual([[1]]);
});
