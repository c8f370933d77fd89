/** Content long enough to be typed while it is still coming in: what comes out is what it would be otherwise. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { Rising } from "../../../src/catalog/engine/process/import/facts.js";
import { joinParquet } from "../../../src/catalog/engine/process/parquet-join.js";
import { decodeStruct, encodeStruct } from "../../../src/catalog/engine/process/thrift-compact.js";
import { errorOf, importAll, typesOf } from "./support.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "glovebox-parts-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function duck<T>(work: (run: (sql: string) => Promise<unknown[][]>) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return await work(async (sql) => (await connection.runAndReadAll(sql)).getRowsJson());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe("Parquet files are joined", () => {
  const part = (from: number, to: number): string =>
    `SELECT i AS a, CASE WHEN i % 3 = 0 THEN NULL ELSE 'text ' || (i % 7) END AS b, i / 4 AS c, i % 2 = 0 AS d
     FROM range(${from}, ${to}) AS t(i)`;

  test("and hold the rows of all, in order, with what their footers say of them", () =>
    duck(async (run) => {
      const bounds = [0, 300_000, 300_001, 301_000, 450_000];
      const paths = bounds.slice(1).map((_, i) => join(folder, `join-${i}.parquet`));
      for (const [i, path] of paths.entries())
        await run(
          `COPY (${part(bounds[i]!, bounds[i + 1]!)}) TO '${path}' (FORMAT parquet, KV_METADATA {note: 'kept'})`,
        );
      const joined = await joinParquet(paths);
      const of = `read_parquet('${joined}')`;
      expect(await run(`SELECT count(*) FROM (${part(0, 450_000)} EXCEPT FROM ${of})`)).toEqual([["0"]]);
      expect(
        await run(`SELECT count(*), bool_and(a = n) FROM (SELECT a, file_row_number AS n
        FROM read_parquet('${joined}', file_row_number = true))`),
      ).toEqual([["450000", true]]);
      expect(
        await run(`SELECT a, b FROM ${of} WHERE b = 'text 5' AND a BETWEEN 300000 AND 300100 LIMIT 1`),
      ).toEqual([["300004", "text 5"]]);
      expect(await run(`SELECT num_rows FROM parquet_file_metadata('${joined}')`)).toEqual([["450000"]]);
      expect(await run(`SELECT decode(value) FROM parquet_kv_metadata('${joined}')`)).toEqual([["kept"]]);
      const nulls = `SELECT sum(stats_null_count)::BIGINT FROM parquet_metadata('${joined}') WHERE path_in_schema = 'b'`;
      expect(await run(nulls)).toEqual([["150000"]]);
    }));

  test("a footer that is read and written again is the same bytes", () =>
    duck(async (run) => {
      const path = join(folder, "footer.parquet");
      await run(`COPY (${part(0, 400_000)}) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`);
      const bytes = readFileSync(path);
      const footer = bytes.subarray(
        bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8),
        bytes.length - 8,
      );
      expect(encodeStruct(decodeStruct(footer)).equals(footer)).toBe(true);
      expect(() => decodeStruct(footer.subarray(0, -1))).toThrow("cut short");
      expect(() => decodeStruct(Buffer.concat([footer, footer]))).toThrow("bytes after");
    }));

  test("of other columns, or what is no Parquet, are not", () =>
    duck(async (run) => {
      const [one, two] = [join(folder, "one.parquet"), join(folder, "two.parquet")];
      await run(`COPY (SELECT 1 AS a) TO '${one}' (FORMAT parquet)`);
      await run(`COPY (SELECT 1 AS a, 2 AS b) TO '${two}' (FORMAT parquet)`);
      await expect(joinParquet([one, two])).rejects.toThrow("different columns");
      writeFileSync(two, "no Parquet at all");
      await expect(joinParquet([two, one])).rejects.toThrow("not a Parquet");
      await expect(joinParquet([])).rejects.toThrow("no Parquet");
    }));
});

describe("texts that rise", () => {
  const holds = (texts: string[]): boolean => {
    const rising = new Rising();
    for (const text of texts) {
      const bytes = Buffer.from(`..${text}.`);
      rising.note(bytes, 2, bytes.length - 1);
    }
    return rising.holds;
  };
  test.each([
    [["a", "b", "c"], true],
    [["a", "ab", "b"], true],
    [["U9", "U10", "U11", "V00"], true],
    [["1", "2", "10", "3"], false],
    [["a", "a"], false],
    [["", ""], false],
    [["b", "a"], false],
    [["a", "b", "a"], false],
    [["9", "10", "011", "012"], true],
    [[`${"x".repeat(300)}1`, `${"x".repeat(300)}2`], true],
    [[`${"x".repeat(300)}1`, `${"x".repeat(300)}1`], false],
  ])("%j: %s", (texts, expected) => {
    expect(holds(texts)).toBe(expected);
  });
});

test("units whose texts differ and whose values do not are one unit", async () => {
  const engine = createEngine({ processes: 1 });
  const content = "id,v\n1.0,1\n1.00,2\n1.50,3\n";
  expect((await errorOf(importAll(engine, content, { unitColumn: "id" }))).params.detail).toBe(
    "id: 1 unit has more than 1 row; one of them first on line 2",
  );
  await engine.close();
});

describe("long content", () => {
  const ROWS = 250_000;
  let engine: Engine;
  beforeAll(() => {
    engine = createEngine({ processes: 1 });
  });
  afterAll(() => engine.close());

  /** Three parts of records. `cell` gives the first column; the unit column is the last. */
  const long = (
    cell: (row: number) => string,
    id: (row: number) => string | number = (row) => row,
  ): Readable => {
    const filling = "x".repeat(280);
    function* pieces() {
      yield Buffer.from("v,filling,id\n");
      for (let at = 0; at < ROWS; at += 5000) {
        const rows = Array.from({ length: 5000 }, (_, i) => `${cell(at + i)},"${filling}",${id(at + i)}\n`);
        yield Buffer.from(rows.join(""));
      }
    }
    return Readable.from(pieces());
  };
  /** Rows of the version, and how many stand where they should. */
  const looked = (parquet: Buffer, where: string) =>
    duck(async (run) => {
      const path = join(folder, "version.parquet");
      writeFileSync(path, parquet);
      return run(`SELECT count(*), count(c0), count(*) FILTER (${where}) FROM read_parquet('${path}')`);
    });

  test("is one version, each row in its place, and its units numbered", async () => {
    const version = await importAll(
      engine,
      long((row) => (row % 10 === 0 ? "NA" : String(row))),
      {
        unitColumn: "id",
      },
    );
    expect([version.rows, version.units]).toEqual([ROWS, ROWS]);
    expect(typesOf(version)).toEqual({ v: "integer", filling: "text", id: "integer" });
    const right = "c0 IS NOT DISTINCT FROM CASE WHEN __unit % 10 <> 0 THEN __unit END AND c2 = __unit";
    expect(await looked(version.parquet, right)).toEqual([[String(ROWS), "225000", String(ROWS)]]);
    const again = await importAll(
      engine,
      long((row) => (row % 10 === 0 ? "NA" : String(row))),
    );
    expect(again.parquet.equals(version.parquet)).toBe(true);
  });

  test("whose last row surprises is written anew", async () => {
    const version = await importAll(
      engine,
      long((row) => (row === ROWS - 1 ? "late" : String(row))),
    );
    expect(typesOf(version).v).toBe("text");
    expect(version.evidence[0]?.not).toContainEqual({ type: "integer", line: ROWS + 1 });
    const right = "c0 = CASE WHEN __unit = 249999 THEN 'late' ELSE CAST(__unit AS VARCHAR) END";
    expect(await looked(version.parquet, right)).toEqual([[String(ROWS), String(ROWS), String(ROWS)]]);
  });

  test("that is refused at its end leaves the engine as it was", async () => {
    const ragged = long((row) => (row === ROWS - 1 ? "1,2" : "1"));
    expect((await errorOf(importAll(engine, ragged))).params.detail).toBe(
      `line ${ROWS + 1}: has 4 fields where the header has 3`,
    );
    const twice = long(
      () => "1",
      (row) => (row === ROWS - 1 ? 7 : row),
    );
    expect((await errorOf(importAll(engine, twice, { unitColumn: "id" }))).params.detail).toBe(
      "id: 1 unit has more than 1 row; one of them first on line 9",
    );
    expect((await importAll(engine, "a\n1\n")).rows).toBe(1);
  });
});
