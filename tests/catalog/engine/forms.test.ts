/** What people have: encodings, dialects, Chinese numbers and dates, packed files, JSON lines, workbooks, Parquet. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine, type ReadOptions } from "../../../src/catalog/engine/index.js";
import { parquetOf, workbookOf, zipOf } from "./files.js";
import { bytesOf, errorOf, importAll, streamOf, typesOf, viewOf } from "./support.js";

let engine: Engine;
beforeAll(() => {
  engine = createEngine({ processes: 1 });
});
afterAll(() => engine.close());

const read = (content: string | Buffer, options: ReadOptions = {}) => importAll(engine, content, { options });
const view = async (content: string | Buffer, options: ReadOptions = {}) =>
  viewOf(engine, await read(content, options));

const TABLE = "姓名,年龄\n张三,30\n李四,41\n";
/** TABLE in GBK. */
const GBK = Buffer.from("d0d5c3fb2cc4eac1e40ad5c5c8fd2c33300ac0eecbc42c34310a", "hex");
const utf16 = (text: string, bigEndian = false) => {
  const bytes = Buffer.from(text, "utf16le");
  return bigEndian ? bytes.swap16() : bytes;
};

describe("an encoding is found, and it is said by what", () => {
  test.each<[string, Buffer, object]>([
    ["UTF-8", Buffer.from(TABLE), { name: "utf-8", found_by: "valid" }],
    ["UTF-8 with its mark", Buffer.from(`\ufeff${TABLE}`), { name: "utf-8", found_by: "mark" }],
    ["GBK", GBK, { name: "gb18030", found_by: "statistics", characters: 8, common: 8 }],
    ["UTF-16 LE with its mark", utf16(`\ufeff${TABLE}`), { name: "utf-16le", found_by: "mark" }],
    ["UTF-16 BE with its mark", utf16(`\ufeff${TABLE}`, true), { name: "utf-16be", found_by: "mark" }],
    ["UTF-16 LE", utf16(TABLE), { name: "utf-16le", found_by: "zero_bytes" }],
    ["UTF-16 BE", utf16(TABLE, true), { name: "utf-16be", found_by: "zero_bytes" }],
  ])("%s", async (_, content, encoding) => {
    const version = await read(content);
    expect(version.file.encoding).toEqual(encoding);
    expect(typesOf(version)).toEqual({ 姓名: "text", 年龄: "integer" });
    expect(await viewOf(engine, version)).toBe(TABLE);
  });

  test("pure ASCII is said to be that", async () => {
    expect((await read("a\n1\n")).file.encoding).toEqual({ name: "utf-8", found_by: "ascii" });
  });
  test("Chinese that begins after megabytes of ASCII", async () => {
    const content = Buffer.concat([
      Buffer.from(`a,b\n${"1,x\n".repeat(400_000)}2,`),
      Buffer.from("d5c5c8fd0a", "hex"),
    ]);
    const version = await read(content);
    expect(version.file.encoding).toMatchObject({ name: "gb18030" });
    expect((await viewOf(engine, version)).endsWith("2,张三\n")).toBe(true);
  });
  test("a character of four bytes of GB18030, and one declared as GBK", async () => {
    const four = Buffer.from("610a81308a30d6d00a", "hex");
    expect(await view(four, { encoding: "gb18030" })).toBe(
      "a\n\u0101中\n".replace("\u0101", new TextDecoder("gb18030").decode(Buffer.from("81308a30", "hex"))),
    );
  });
  test("a declared one is believed, and shown as declared", async () => {
    const version = await read(GBK, { encoding: "gb18030" });
    expect(version.file).toMatchObject({ encoding: { found_by: "declared" }, declared: ["encoding"] });
    const error = await errorOf(read(GBK, { encoding: "utf-8" }));
    expect(error.params.detail).toBe("line 1: is not valid UTF-8");
  });
  test.each<[string, Buffer, string]>([
    [
      "GBK that turns into UTF-8",
      Buffer.concat([GBK, Buffer.from("王五,1\n赵六中,2\n")]),
      "line 4: is UTF-8 where the lines before are GB18030",
    ],
    ["UTF-8 that turns into GBK", Buffer.concat([Buffer.from(TABLE), GBK]), "line 4: is not valid UTF-8"],
    ["half a pair of UTF-16", utf16("\ufeffa\n1\n\ud800x\n"), "line 3: is not valid UTF-16"],
    [
      "half a byte pair",
      Buffer.concat([utf16("\ufeffa\n1\n2"), Buffer.from([0x31])]),
      "line 3: is not valid UTF-16",
    ],
    [
      "Latin letters with accents",
      Buffer.from("a,b\ncaf\xe9,1\nni\xf1o,2\n", "latin1"),
      "line 2: is neither valid UTF-8 nor GB18030",
    ],
  ])("%s is refused", async (_, content, detail) => {
    expect((await errorOf(read(content))).params.detail).toBe(detail);
  });
});

describe("a dialect is found, shown, and can be declared", () => {
  test("apostrophes around every field of the first line", async () => {
    const version = await read("'a';'b'\n'x;y';'it''s'\n\"q\";2\n");
    expect(version.file).toMatchObject({ delimiter: ";", quote: "'" });
    expect(await viewOf(engine, version)).toBe('a,b\nx;y,it\'s\n"""q""",2\n');
  });
  test("no quotes at all", async () => {
    expect(await view("a|b\n5\"|6'\n", { quote: "none" })).toBe('a,b\n"5""",6\'\n');
  });
  test("a declared delimiter", async () => {
    expect(typesOf(await read("a,b;c\n1,2;3\n", { delimiter: "," }))).toEqual({
      a: "integer",
      "b;c": "text",
    });
  });
  test("no header", async () => {
    const version = await read("1,x\n2,\n", { header: "absent" });
    expect(typesOf(version)).toEqual({ column_1: "integer", column_2: "text" });
    expect(version.evidence[1]?.nulls).toBe(1);
    const error = await errorOf(read("1,2024-01-02\n2,2024-01-03\n"));
    expect(error.params.detail).toBe("line 1: holds numbers or dates only; say whether it is a header");
    expect(typesOf(await read("2010,2011\n1,2\n", { header: "present" }))).toEqual({
      2010: "integer",
      2011: "integer",
    });
  });
  test("missing-value codes: declared ones replace NA, the empty one stays", async () => {
    const content = 'a,b\n-9,NA\n1,"."\n,-9\n';
    const version = await read(content, { missing: ["-9", "."] });
    expect(version.file.missing).toEqual(["", "-9", "."]);
    expect(await viewOf(engine, version)).toBe("a,b\n,NA\n1,\n,\n");
    expect(version.evidence.map(({ nulls }) => nulls)).toEqual([2, 2]);
  });
});

describe("numbers and dates as they are written in China", () => {
  test.each<[string, string[], string, string | undefined, string[]]>([
    ["年月日", ["2024年3月5日", "1999年12月31日"], "date", "date_chinese", ["2024-03-05", "1999-12-31"]],
    ["号", ["2024年3月5号", "2024-03-06"], "date", "date_chinese", ["2024-03-05", "2024-03-06"]],
    ["slashes", ["2024/3/5", "2024/12/31"], "date", "date_separated", ["2024-03-05", "2024-12-31"]],
    ["points", ["2024.3.5", "2024.10.11"], "date", "date_separated", ["2024-03-05", "2024-10-11"]],
    ["days that are not", ["2024/2/30", "2024/1/1"], "text", undefined, ["2024/2/30", "2024/1/1"]],
    ["month before year", ["3/5/2024", "4/5/2024"], "text", undefined, ["3/5/2024", "4/5/2024"]],
    [
      "times",
      ["2024年3月5日 8时05分", "2024/3/5 13:06:07"],
      "timestamp",
      "date_chinese",
      ["2024-03-05 08:05:00", "2024-03-05 13:06:07"],
    ],
    [
      "万 and 亿",
      ["3.5万", "-0.5万", "800", "1.23456万", "2亿"],
      "decimal",
      "chinese_units",
      ["35000.0", "-5000.0", "800.0", "12345.6", "200000000.0"],
    ],
    [
      "whole 万",
      ["3.5万", '"1,200万"', "１２万", "0"],
      "integer",
      "chinese_units",
      ["35000", "12000000", "120000", "0"],
    ],
    ["full-width digits", ["１２３", "４５"], "integer", "loose", ["123", "45"]],
    ["a full-width code", ["００７", "０１０"], "text", undefined, ["００７", "０１０"]],
    ["thousands", ['"1,234"', '"1,234,567"', "8"], "integer", "grouped", ["1234", "1234567", "8"]],
    ["thousands with a fraction", ['"1,234.50"', "8"], "decimal", "grouped", ["1234.5", "8.0"]],
    ["fractions after a comma", ['"1,5"', '"1.234,25"'], "decimal", "decimal_comma", ["1.5", "1234.25"]],
    ["a comma that groups nothing", ['"1,23,4"', "5"], "text", undefined, ["1,23,4", "5"]],
    ["spaces around", [" 1", "2 "], "integer", "loose", ["1", "2"]],
    ["a beyond-64-bit 亿", ["99999999999999999亿", "1"], "text", undefined, ["99999999999999999亿", "1"]],
  ])("%s", async (_, values, type, reading, expected) => {
    const version = await read(`a,b\n${values.map((value) => `${value},x`).join("\n")}\n`);
    expect([version.columns[0]?.type, version.evidence[0]?.reading]).toEqual([type, reading]);
    const shown = (await viewOf(engine, version, ["b"])).trimEnd().split("\n").slice(1);
    expect(shown.map((line) => line.replaceAll('"', ""))).toEqual(expected);
  });

  test("evidence says where the plain types failed", async () => {
    const version = await read("d\n2024-01-02\n2024年3月5日\n");
    expect(version.evidence[0]).toMatchObject({
      reading: "date_chinese",
      not: expect.arrayContaining([{ type: "date", line: 3 }]),
    });
  });
  test("a declared type is read in any of its forms, or refused", async () => {
    const declared = [{ name: "d", type: "date" as const }];
    expect((await importAll(engine, "d\n2024年3月5日\n", { declared })).columns[0]?.type).toBe("date");
    const error = await errorOf(importAll(engine, "d\n2024年3月5日\n三月\n", { declared }));
    expect(error.params.detail).toBe(
      "d: 1 value is not a date (YYYY-MM-DD), as the column is declared; first on line 3",
    );
  });
  test("a form that only shows late, beyond the first rows", async () => {
    const version = await read(`n,m\n${"1,2024-01-02\n".repeat(20_000)}"1,234",2024/3/5\n`);
    expect(typesOf(version)).toEqual({ n: "integer", m: "date" });
    expect(version.evidence.map(({ reading }) => reading)).toEqual(["grouped", "date_separated"]);
  });
  test("semicolons between fields make commas within numbers fractions; so does a declaration", async () => {
    expect(await view("a;b\n1,234;x\n2,500;y\n")).toBe("a,b\n1.234,x\n2.5,y\n");
    expect(await view('a,b\n"1,234",x\n1.000,y\n', { decimal: "," })).toBe("a,b\n1.234,x\n1000.0,y\n");
    expect(await view("a;b\n1,234;x\n2,500;y\n", { decimal: "." })).toBe("a,b\n1234,x\n2500,y\n");
  });
});

describe("packed files", () => {
  const csv = Buffer.from("a,b\n1,x\n2,y\n");
  test.each<[string, () => Buffer, object]>([
    ["gzip", () => gzipSync(csv), { format: "csv", compression: "gzip" }],
    [
      "gzip in two members",
      () => Buffer.concat([gzipSync(csv.subarray(0, 5)), gzipSync(csv.subarray(5))]),
      { compression: "gzip" },
    ],
    ["zip", () => zipOf({ "data/表.csv": csv }), { format: "csv", compression: "zip" }],
    [
      "zip, stored, with what macOS adds",
      () => zipOf({ "a.csv": csv, "__MACOSX/._a.csv": "x", "d/": "" }, { stored: true }),
      { compression: "zip" },
    ],
  ])("%s", async (_, content, file) => {
    const version = await read(content());
    expect(version.file).toMatchObject(file);
    expect(await viewOf(engine, version)).toBe(csv.toString());
  });
  test("what was sent as one thing and is another is refused", async () => {
    const work = (sentAs: "csv" | "gzip") =>
      engine.importCsv({ source: streamOf(gzipSync(csv)), sentAs, declared: [], maxRowsPerUnit: 1 });
    expect((await errorOf(work("csv"))).params.detail).toBe("content: is gzip and was sent as csv");
    const taken = await work("gzip");
    await bytesOf(taken.parquet);
    await bytesOf(taken.unitIndex);
  });
});

describe("JSON lines", () => {
  test("keys are columns in the order of their appearance; absent ones and null are missing", async () => {
    const version = await read('{"a":1,"b":"x"}\n\n{"b":"y, \\"z\\"\\n","c":true}\r\n{"a":null,"c":false}');
    expect(version.file).toMatchObject({ format: "jsonl" });
    expect(typesOf(version)).toEqual({ a: "integer", b: "text", c: "boolean" });
    expect(await viewOf(engine, version)).toBe('a,b,c\n1,x,\n,"y, ""z""\n",true\n,,false\n');
    expect(version.evidence.map(({ nulls }) => nulls)).toEqual([2, 1, 1]);
  });
  test("numbers keep their digits", async () => {
    const version = await read('{"n":9007199254740993}\n{"n":9223372036854775807}\n');
    expect(await viewOf(engine, version)).toBe(
      "n\n9007199254740993\n9223372036854775807\n".replaceAll('"', ""),
    );
  });
});

describe("a workbook", () => {
  const sheets = {
    说明: [["nothing here"]],
    数据: [
      ["姓名", "日期", "金额", "有"],
      ["张三", { serial: 45356 }, 1.5, true],
      [],
      ["李四", { serial: 61 }, null, false],
    ],
  };
  test("its declared sheet, with dates, numbers, truths and gaps", async () => {
    const version = await read(workbookOf(sheets), { sheet: "数据" });
    expect(version.file).toMatchObject({ format: "xlsx", sheet: "数据", declared: ["sheet"] });
    expect(typesOf(version)).toEqual({ 姓名: "text", 日期: "date", 金额: "decimal", 有: "boolean" });
    expect(await viewOf(engine, version)).toBe(
      "姓名,日期,金额,有\n张三,2024-03-05,1.5,true\n李四,1900-03-01,,false\n",
    );
  });
  test("its first sheet that is not hidden, texts shared or inline, in a zip", async () => {
    const book = workbookOf({ 藏: [["x"], ["y"]], 数据: sheets.数据 }, { hidden: ["藏"], shared: true });
    const version = await read(zipOf({ "书.xlsx": book }));
    expect(version.file).toMatchObject({ format: "xlsx", compression: "zip", sheet: "数据" });
    expect(version.rows).toBe(2);
  });
  test("a place in it is a row", async () => {
    const error = await errorOf(
      importAll(engine, workbookOf({ s: [["n"], [], [1], ["x"]] }), {
        declared: [{ name: "n", type: "integer" }],
      }),
    );
    expect(error.params.detail).toMatch(/first on row 4$/);
  });
});

describe("Parquet", () => {
  test("keeps its types: texts that look like numbers stay texts", async () => {
    const sql = `SELECT * FROM (VALUES (1::TINYINT, '007', 1.5::FLOAT, DATE '2024-03-05', TIMESTAMPTZ '2024-03-05 08:00:00+00', true, 12.50::DECIMAL(6,2)),
      (NULL, '', 'NaN'::FLOAT, NULL, NULL, NULL, NULL)) t("n","码",f,d,t,b,m)`;
    const version = await read(await parquetOf(sql));
    expect(version.file).toMatchObject({ format: "parquet" });
    expect(typesOf(version)).toEqual({
      n: "integer",
      码: "text",
      f: "decimal",
      d: "date",
      t: "timestamp",
      b: "boolean",
      m: "decimal",
    });
    expect(await viewOf(engine, version)).toBe(
      "n,码,f,d,t,b,m\n1,007,1.5,2024-03-05,2024-03-05 08:00:00,true,12.5\n,,,,,,\n",
    );
    expect(version.columns.every(({ nullable }) => nullable)).toBe(true);
  });
  test("a declared type is read from the texts", async () => {
    const content = await parquetOf("SELECT * FROM (VALUES ('1', 5), ('2', 6)) t(a, b)");
    const declared = [
      { name: "a", type: "integer" as const },
      { name: "b", type: "text" as const },
    ];
    expect(typesOf(await importAll(engine, content, { declared }))).toEqual({ a: "integer", b: "text" });
  });
});
