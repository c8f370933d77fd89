/** A Parquet table leaves as its cells, rounded, and is judged like any table. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parquetWriteBuffer } from "hyparquet-writer";
import { finding, look, refusal, SECRET, searched, twice, verdicts } from "./check.js";

const dir = mkdtempSync(join(tmpdir(), "glovebox-parquet-"));
let duck: DuckDBConnection;
beforeAll(async () => {
  duck = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => {
  duck.closeSync();
  rmSync(dir, { recursive: true, force: true });
});

/** A file as DuckDB writes it. */
async function written(select: string, options = ""): Promise<Buffer> {
  const path = join(dir, "written.parquet");
  await duck.run(`COPY (${select}) TO '${path}' (FORMAT parquet${options})`);
  return readFileSync(path);
}

/** The rows of a file as DuckDB reads them. */
async function rowsOf(bytes: Buffer): Promise<string[]> {
  const path = join(dir, "read.parquet");
  writeFileSync(path, bytes);
  const result = await duck.runAndReadAll(`SELECT t::VARCHAR FROM read_parquet('${path}') t`);
  return result.getRows().map(([text]) => String(text));
}

const MANY = `SELECT i AS n, i * 1.000000001 AS x, (i * 0.1)::FLOAT AS s, i % 3 = 0 AS flag,
  CASE WHEN i % 4 = 0 THEN NULL ELSE 'group ' || (i % 5) END AS g, DATE '2020-01-01' + i::INT AS d,
  TIMESTAMP '2020-01-01 10:00:00.123456' + INTERVAL (i) SECOND AS t, (i % 7)::UTINYINT AS small,
  i::DECIMAL(18, 3) AS money, '日本' || i AS text FROM range(500) r(i)`;
const HYPARQUET = { createdBy: "someone", statistics: true };

describe("tables as DuckDB writes them", () => {
  test.each(["snappy", "zstd", "gzip", "brotli", "uncompressed"])(
    "with %s are read back as they are",
    async (codec) => {
      const given = await written(MANY, `, COMPRESSION ${codec}`);
      const got = twice("t.parquet", given);
      expect(verdicts(got, "hidden_content")).toEqual([]);
      const expected = await rowsOf(
        await written(`SELECT * REPLACE (date_trunc('second', t) AS t) FROM (${MANY})`),
      );
      const rows = await rowsOf(got.canonical);
      expect(rows.length).toBe(500);
      expect(rows[7]).toBe(
        expected[7]!
          .replace("7.000000007", "7.0")
          .replace("10:00:07", "10:00:07+00")
          .replace("'money': 7.000", "'money': 7.0"),
      );
    },
  );

  test("the way in which they were packed tells nothing", async () => {
    const all = [
      await written(MANY, ", COMPRESSION zstd, ROW_GROUP_SIZE 2048"),
      await written(MANY, ", COMPRESSION snappy, PARQUET_VERSION V2"),
      await written(MANY, ", DICTIONARY_SIZE_LIMIT 1"),
    ];
    expect(new Set(all.map((bytes) => look("t.parquet", bytes).sha256)).size).toBe(1);
  });

  test("are judged like the same table in CSV", async () => {
    const select = "SELECT * FROM (VALUES ('F', 4350, '=1+1'), ('M', 3, 'b')) t(sex, n, note)";
    const parquet = twice("t.parquet", await written(select));
    const csv = look("t.csv", Buffer.from("sex,n,note\nF,4350,=1+1\nM,3,b\n"));
    for (const rule of ["threshold", "no_counts", "formula"])
      expect(finding(parquet, rule)).toEqual(finding(csv, rule));
    expect(parquet.table).toEqual(csv.table);
    expect(searched(parquet, "F,4350,=1+1\n")).toBe(true);
  });

  test("without rows, and with nothing but nulls, stay what they are", async () => {
    expect(
      await rowsOf(twice("t.parquet", await written("SELECT 1 AS a, 'x' AS b WHERE false")).canonical),
    ).toEqual([]);
    const nulls = twice(
      "t.parquet",
      await written("SELECT NULL::INT AS a, NULL::VARCHAR AS b FROM range(3)"),
    );
    expect((await rowsOf(nulls.canonical)).length).toBe(3);
  });

  test("lose low-order bits, payloads of NaN and invisible text", () => {
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          { name: "x\u200b", data: [1 / 3, -0, Number.NaN], type: "DOUBLE" },
          { name: "t", data: ["a\u202eb", "c 1.23456789012", "d"], type: "STRING" },
          { name: "n", data: [1234567890123n, -5n, 0n], type: "INT64" },
        ],
      }),
    );
    const got = twice("t.parquet", bytes);
    expect(searched(got, "x,t,n\n0.33333333,ab,1234567900000\n0,c 1.2345679,-5\nNaN,d,0\n")).toBe(true);
    expect(verdicts(got, "invisible_text")).toEqual(["review"]);
    expect(verdicts(got, "rounding")).toEqual(["pass"]);
  });
});

describe("rows hidden in a table are removed, searched and reported", () => {
  const columnData = [{ name: "n", data: [1, 2, 3], type: "INT32" as const }];
  const plain = Buffer.from(parquetWriteBuffer({ columnData }));
  const clean = look("t.parquet", plain);
  const footer = plain.length - 8 - plain.readUInt32LE(plain.length - 8);

  test.each<[string, Buffer, string]>([
    [
      "in the file's properties",
      Buffer.from(
        parquetWriteBuffer({ columnData, kvMetadata: [{ key: "note", value: SECRET.toString() }] }),
      ),
      "pass",
    ],
    [
      "in many properties",
      Buffer.from(
        parquetWriteBuffer({
          columnData,
          kvMetadata: [{ key: "note", value: SECRET.toString().repeat(200) }],
        }),
      ),
      "fail",
    ],
    [
      "between the columns and the footer",
      Buffer.concat([plain.subarray(0, footer), SECRET, plain.subarray(footer)]),
      "fail",
    ],
    [
      "behind the footer's fields",
      (() => {
        const size = Buffer.alloc(4);
        size.writeUInt32LE(plain.readUInt32LE(plain.length - 8) + SECRET.length);
        return Buffer.concat([plain.subarray(0, -8), SECRET, size, plain.subarray(-4)]);
      })(),
      "fail",
    ],
  ])("%s", (_, bytes, verdict) => {
    const got = twice("t.parquet", bytes);
    expect(got.sha256).toBe(clean.sha256);
    expect(verdicts(got, "hidden_content")).toEqual([verdict]);
    expect(searched(got, "1001,70,F,2.31,1.07")).toBe(true);
  });

  test("in dictionary entries that no row uses", () => {
    const names = ["used entry used entry", SECRET.toString().slice(0, 21)];
    const data = Array.from({ length: 40 }, (_, i) => names[i % 2]!);
    const both = Buffer.from(
      parquetWriteBuffer({
        columnData: [{ name: "g", data, type: "STRING", encoding: "RLE_DICTIONARY", nullable: false }],
        codec: "UNCOMPRESSED",
        statistics: false,
      }),
    );
    // all rows name the first entry: the runs of a page of 40 rows and one bit each become noughts
    const at = both.lastIndexOf(Buffer.from([0xaa, 0xaa]));
    const first = both.indexOf(Buffer.from([0xaa, 0xaa]));
    for (let i = first; i <= at + 1; i++) both[i] = 0;
    const got = twice("t.parquet", both);
    expect(got.canonical.includes("1001,70")).toBe(false);
    expect(finding(got, "hidden_content")[0]?.message).toContain("dictionary entries that no row uses");
    expect(searched(got, "1001,70,F")).toBe(true);
  });

  test("in statistics and filters, whatever those say", () => {
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          {
            name: "n",
            data: ["a", SECRET.toString().slice(0, 20)],
            type: "STRING",
            bloomFilter: true,
            columnIndex: true,
          },
        ],
        ...HYPARQUET,
      }),
    );
    const lying = Buffer.from(
      bytes.toString("latin1").replaceAll("1001,70,F,2.31,1", "9999,99,X,9.99,9"),
      "latin1",
    );
    const got = twice("t.parquet", lying);
    expect(verdicts(got, "hidden_content")).toEqual([]);
    expect(searched(got, "9999,99,X,9.99,9")).toBe(true);
  });
});

describe("what is no such table is refused", () => {
  const columnData = [{ name: "n", data: [1, 2, 3], type: "INT32" as const }];
  const plain = Buffer.from(parquetWriteBuffer({ columnData }));
  const of = (element: object, data: unknown[]) =>
    Buffer.from(
      parquetWriteBuffer({
        columnData: [{ name: "a", data: data as string[] }],
        schema: [
          { name: "root", num_children: 1 },
          { name: "a", repetition_type: "OPTIONAL", ...element },
        ],
      }),
    );
  test.each<[string, () => Buffer | Promise<Buffer>]>([
    ["lists", () => written("SELECT [1, 2] AS a")],
    ["structures", () => written("SELECT {'a': 1} AS a")],
    ["raw bytes", () => written("SELECT '\\xFF\\xFE'::BLOB AS a")],
    ["intervals", () => written("SELECT INTERVAL 3 DAY AS a")],
    ["times of day", () => written("SELECT TIME '10:00:00' AS a")],
    ["identifiers as bytes", () => written("SELECT uuid() AS a")],
    ["dates out of range", () => of({ type: "INT32", converted_type: "DATE" }, [2_000_000_000])],
    ["too many rows", () => written("SELECT 1 AS a FROM range(100001)")],
    [
      "too many cells",
      () =>
        written(`SELECT ${Array.from({ length: 11 }, (_, i) => `1 AS a${i}`).join(", ")} FROM range(99999)`),
    ],
    ["a tail", () => Buffer.concat([plain, SECRET])],
    ["half a file", () => plain.subarray(0, plain.length / 2)],
    ["another signature", () => Buffer.from("PARE")],
    ["a CSV table", () => SECRET],
    ["a zip archive", () => Buffer.from("PK\x03\x04")],
  ])("%s", async (_, make) => {
    expect(["unreadable", "media_type", "limits"]).toContain(refusal("t.parquet", await make())[0]);
  });

  test("any byte of its footer changed gives a table that is canonical after one pass, or a refusal", () => {
    const bytes = Buffer.from(
      parquetWriteBuffer({
        columnData: [
          ...columnData,
          { name: "t", data: ["a", "b", "a"], type: "STRING", encoding: "RLE_DICTIONARY" },
        ],
      }),
    );
    // runs of values are not tried here: one changed byte makes a run of millions, which ends a checker process
    for (let at = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8); at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x11;
      if (look("t.parquet", changed).canonical !== undefined) void twice("t.parquet", changed);
    }
  });
});
