/** Content of any form through the catalogue: what was declared reaches the engine, and the answer says how it was read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sentContent } from "../../src/catalog/datasets/media.js";
import { contentQuery, createEngine, type Engine, readOptionsOf } from "../../src/catalog/index.js";
import { packageRoot } from "../../src/store/index.js";
import { type CatalogFixture, catalogFixture, outcome, outcomeOf } from "./fixture.js";

let f: CatalogFixture<Engine>;
beforeAll(() => {
  f = catalogFixture(undefined, createEngine({ processes: 1 }));
  f.catalog.datasets.create(f.owner, { name: "d" });
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

const VALID = join(packageRoot(), "tests/vectors/import/valid");
const put = (file: string | Buffer, media: string, query: Record<string, unknown> = {}) =>
  f.catalog.datasets.putContent(
    f.owner,
    "d",
    Readable.from([typeof file === "string" ? readFileSync(join(VALID, file)) : file]),
    media,
    readOptionsOf(contentQuery.parse(query)),
  );

describe("content", () => {
  test("in GBK is read, and the answer says by what it was known", async () => {
    const info = await put("gbk", "text/csv");
    expect(info.file).toMatchObject({ format: "csv", encoding: { name: "gb18030", found_by: "statistics" } });
    expect(info.columns.map(({ name, type }) => [name, type])).toEqual([
      ["姓名", "text"],
      ["日期", "date"],
      ["金额", "integer"],
    ]);
    expect(info.evidence[1]).toMatchObject({ reading: "date_chinese" });
  });

  test.each([
    ["workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"],
    ["parquet", "application/vnd.apache.parquet", "parquet"],
    ["json-lines", "application/x-ndjson", "jsonl"],
    ["gzip", "application/gzip", "csv"],
    ["zip", "application/zip", "csv"],
    ["parquet", "application/octet-stream", "parquet"],
  ])("%s as %s", async (file, media, format) => {
    expect((await put(file, media)).file.format).toBe(format);
  });

  test("sent as what it is not is refused, and leaves nothing", async () => {
    const before = f.catalog.datasets.row("d").current_version;
    expect(await outcomeOf(put("gzip", "text/csv"))).toBe("invalid_input");
    expect(f.catalog.datasets.row("d").current_version).toBe(before);
  });

  test("of the same bytes, read otherwise, is another version; read as before, the one it was", async () => {
    const content = Buffer.from("a,b\n-9,x\n1,y\n");
    const plain = await put(content, "text/csv");
    const coded = await put(content, "text/csv", { missing: "-9" });
    expect(coded.sha256).toBe(plain.sha256);
    expect(coded.version).not.toBe(plain.version);
    expect((await put(content, "text/csv")).version).toBe(plain.version);
    expect((await put(content, "text/csv", { missing: ["-9"] })).version).toBe(coded.version);
  });
});

describe("what is declared", () => {
  test("has words for characters that an address cannot well hold", () => {
    const query = {
      encoding: "gbk",
      delimiter: "tab",
      quote: "single",
      decimal: "comma",
      header: "absent",
      missing: ["-9", "x"],
    };
    expect(readOptionsOf(contentQuery.parse(query))).toEqual({
      encoding: "gb18030",
      delimiter: "\t",
      quote: "'",
      decimal: ",",
      header: "absent",
      missing: ["-9", "x"],
    });
    expect(readOptionsOf(contentQuery.parse({ delimiter: ";" }))).toEqual({ delimiter: ";" });
    expect(outcome(() => readOptionsOf(contentQuery.parse({ missing: "a\nb" })))).toBe("invalid_input");
  });
  test("may stand in the media type; the query goes before it", () => {
    expect(sentContent('Text/CSV; charset="GBK"', {})).toEqual({
      sentAs: "csv",
      options: { encoding: "gb18030" },
    });
    expect(sentContent("text/csv; charset=gbk", { encoding: "utf-8" }).options).toEqual({
      encoding: "utf-8",
    });
    expect(outcome(() => sentContent("text/csv; charset=ebcdic", {}))).toBe("invalid_input");
    expect(outcome(() => sentContent("constructor", {}))).toBe("invalid_input");
  });
});
