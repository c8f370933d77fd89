/**
 * Bad and hostile content, case by case: how it is made and how it is sent. What the engine must say of each stands in
 * tests/vectors/import/invalid/expect.json; small ones lie beside it as files, large ones are made when needed.
 */
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import type { DeclaredColumn, ReadOptions, SentAs } from "../../../src/catalog/engine/index.js";
import { parquetOf, type SheetCell, workbookOf, workbookParts, zipOf } from "./files.js";

export interface Case {
  name: string;
  content: () => Readable | Buffer | string | Promise<Buffer>;
  declared?: DeclaredColumn[];
  unitColumn?: string;
  options?: ReadOptions;
  sentAs?: SentAs;
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const GBK = hex("d0d5c3fb2cc4eac1e40ad5c5c8fd2c33300a");
const csv = "a,b\n1,x\n2,y\n";
const plain = (name: string, content: string | Buffer, more: Partial<Case> = {}): Case => ({
  name,
  content: () => content,
  ...more,
});

const FORM: Case[] = [
  plain("empty", ""),
  plain("only-a-mark", "\ufeff"),
  plain("only-line-ends", "\n\n\r\n"),
  plain("no-rows", "a,b\n"),
  plain("short-row", "a,b\n1,2\n3\n"),
  plain("long-row", "a,b\n1,2,3\n"),
  plain("ragged-after-a-cell-of-lines", 'a,b\n"1\n\n1",2\n3\n'),
  plain("ragged-on-the-last-line-without-end", "a,b\n1,2\n3"),
  plain("equal-headers", "a,b,a\n1,2,3\n"),
  plain("empty-header", "a,,c\n1,2,3\n"),
  plain("header-of-spaces", "a,   ,c\n1,2,3\n"),
  plain("header-with-a-line", '"a\nb",c\n1,2\n'),
  plain("header-with-a-bell", "a\u0007,c\n1,2\n"),
  plain("header-of-the-node", "__unit,b\n1,2\n"),
  plain("header-too-long", `${"n".repeat(300)}\n1\n`),
  plain("header-of-numbers", "1,2\n3,4\n"),
  plain("quote-never-closed", 'a,b\n1,"2\n3,4\n'),
  plain("quote-in-a-field", 'a,b\n1,2"x\n'),
  plain("text-after-a-quote", 'a,b\n1,"2"x\n'),
  plain("quote-after-a-space", 'a,b\n1, "2"\n'),
  plain("quote-of-a-backslash", 'a,b\n"1\\"2",3\n'),
  plain("lone-carriage-returns", "a,b\r1,2\r"),
  plain("carriage-return-in-a-field", "a,b\n1\rx,2\n"),
  plain("nul", "a,b\n1,\0\n"),
  plain("nul-in-the-header", "a\0,b\n1,2\n"),
  plain("control-z-at-the-end", "a,b\n1,2\n\x1a"),
  plain("html", "<!DOCTYPE html><html><body>not here</body></html>"),
  plain("xml", '<?xml version="1.0"?><rows/>'),
];

const ENCODINGS: Case[] = [
  plain("gbk-cut-in-a-character", GBK.subarray(0, 3)),
  plain("gbk-then-utf-8", Buffer.concat([GBK, Buffer.from("王五,1\n")])),
  plain("utf-8-then-gbk", Buffer.concat([Buffer.from("姓名,年龄\n王五,1\n"), GBK])),
  plain("utf-8-cut-in-a-character", hex("610ae4b8")),
  plain("utf-8-overlong", hex("610af08082ac0a")),
  plain("utf-8-surrogate", hex("610aeda0800a")),
  plain("latin-1", latin1("a,b\ncaf\xe9,1\nni\xf1o,2\n")),
  plain("big5", hex("610aa4a4a4e50ab4fab8d50a")),
  plain("utf-16-with-half-a-pair", utf16("\ufeffa\n1\n\ud800x\n")),
  plain("utf-16-with-an-odd-byte", Buffer.concat([utf16("\ufeffa\n1\n2"), hex("31")])),
  plain("utf-16-with-a-nul", utf16("\ufeffa\n1\n\0\n")),
  plain("utf-32", hex("fffe0000610000000a000000")),
  plain("gbk-declared-utf-8", GBK, { options: { encoding: "utf-8" } }),
  plain("utf-8-declared-utf-16", csv, { options: { encoding: "utf-16le" } }),
  plain("nuls-declared-gbk", hex("610a0031000a"), { options: { encoding: "gb18030" } }),
];

const VALUES: Case[] = [
  plain("whole-number-beyond-64-bits", "a\n9223372036854775808\n", {
    declared: [{ name: "a", type: "integer" }],
  }),
  plain("decimal-that-overflows", "a\n1\n1e999\n", { declared: [{ name: "a", type: "decimal" }] }),
  plain("decimal-that-is-infinite", "a\nInf\n", { declared: [{ name: "a", type: "decimal" }] }),
  plain("two-points", "a\n1.2.3\n", { declared: [{ name: "a", type: "decimal" }] }),
  plain("万-beyond-64-bits", "a\n9999999999999999亿\n", { declared: [{ name: "a", type: "integer" }] }),
  plain("day-that-is-not", "a\n2023年2月29日\n", { declared: [{ name: "a", type: "date" }] }),
  plain("time-that-is-not", "a\n2023-02-01 25:00\n", { declared: [{ name: "a", type: "timestamp" }] }),
  plain("neither-true-nor-false", "a\ntrue\nyes\n", { declared: [{ name: "a", type: "boolean" }] }),
  plain("outside-bounds", "a\n1\n2\n", { declared: [{ name: "a", bounds: ["0", "1"] }] }),
  plain("outside-categories", "a\nx\ny\n", { declared: [{ name: "a", categories: ["x"] }] }),
  plain("bounds-on-a-text", "a\nx\n", { declared: [{ name: "a", bounds: ["0", "1"] }] }),
  plain("declared-and-absent", csv, { declared: [{ name: "c" }] }),
  plain("declared-twice", csv, { declared: [{ name: "a" }, { name: "a" }] }),
  plain("unit-column-absent", csv, { unitColumn: "id" }),
  plain("unit-column-with-gaps", "id,b\nu,1\n,2\nNA,3\n", { unitColumn: "id" }),
  plain("unit-with-too-many-rows", "id,b\nu,1\nv,2\nu,3\n", { unitColumn: "id" }),
];

const PACKED: Case[] = [
  plain("gzip-cut-short", gzipSync(csv).subarray(0, 24)),
  plain("gzip-damaged", Buffer.concat([gzipSync(csv).subarray(0, 12), hex("ffffffffffffffffff")])),
  plain(
    "gzip-with-a-wrong-checksum",
    Buffer.concat([gzipSync(csv).subarray(0, -8), hex("0000000000000000")]),
  ),
  plain("gzip-of-nothing", gzipSync("")),
  plain("gzip-of-gzip", gzipSync(gzipSync(csv))),
  plain("gzip-of-zip", gzipSync(zipOf({ "a.csv": csv }))),
  plain("gzip-of-a-bad-row", gzipSync("a,b\n1\n")),
  plain("gzip-sent-as-csv", gzipSync(csv), { sentAs: "csv" }),
  plain("csv-sent-as-gzip", csv, { sentAs: "gzip" }),
  plain("zip-of-two", zipOf({ "a.csv": csv, "b.csv": csv })),
  plain("zip-of-none", zipOf({})),
  plain("zip-of-a-folder", zipOf({ "a/": "" })),
  plain("zip-of-zip", zipOf({ "a.zip": zipOf({ "a.csv": csv }) })),
  plain("zip-encrypted", zipOf({ "a.csv": csv }, { lie: { flags: 0x801 } })),
  plain("zip-with-a-wrong-checksum", zipOf({ "a.csv": csv }, { lie: { crc: 1 } })),
  plain("zip-that-says-less", zipOf({ "a.csv": csv }, { lie: { bytes: 3 } })),
  plain("zip-that-says-more", zipOf({ "a.csv": csv }, { lie: { bytes: 3000 } })),
  plain("zip-packed-in-another-way", zipOf({ "a.csv": csv }, { lie: { method: 12 } })),
  plain("zip-with-a-member-beyond-its-end", zipOf({ "a.csv": csv }, { lie: { packed: 99_999 } })),
  plain("zip-with-overlapping-members", zipOf({ "a.csv": csv, "b.csv": csv }, { lie: { offset: 0 } })),
  plain("zip-64", zipOf({ "a.csv": csv }, { lie: { packed: 0xffffffff } })),
  plain("zip-cut-short", zipOf({ "a.csv": csv }).subarray(0, -30)),
  plain("old-workbook", Buffer.concat([hex("d0cf11e0a1b11ae1"), Buffer.alloc(600)])),
  plain("bzip2", Buffer.concat([latin1("BZh91AY&SY"), Buffer.alloc(20)])),
  plain("xz", hex("fd377a585a000004e6d6b446")),
  plain("zstd", hex("28b52ffd04000000")),
  plain("7z", hex("377abcaf271c000400000000")),
  plain("pdf", "%PDF-1.7\n%"),
  plain("database", Buffer.concat([Buffer.from("SQLite format 3\0"), Buffer.alloc(84)])),
];

const JSON_LINES: Case[] = [
  plain("json-array", '[{"a":1}]'),
  plain("json-nested", '{"a":1}\n{"a":{"b":2}}\n'),
  plain("json-list-within", '{"a":[1]}\n'),
  plain("json-one-key-twice", '{"a":1,"a":2}\n'),
  plain("json-cut", '{"a":1}\n{"a":\n'),
  plain("json-trailing", '{"a":1} {"a":2}\n'),
  plain("json-number-that-is-none", '{"a":01}\n'),
  plain("json-nan", '{"a":NaN}\n'),
  plain("json-half-a-character", '{"a":"\\ud800"}\n'),
  plain("json-nul", '{"a":"\\u0000"}\n'),
  plain("json-without-columns", "{}\n{}\n"),
  plain("json-empty-key", '{"":1}\n'),
  plain("json-spread-over-lines", '{"a":\n1}\n'),
  plain("json-sent-as-csv", '{"a":1}\n', { sentAs: "csv" }),
  plain("json-open-string", '{"a":"x\n'),
];

const book = (rows: SheetCell[][], parts: Record<string, string> = {}): Buffer =>
  workbookOf({ s: rows }, { parts });
const sheetXml = (inner: string): Buffer =>
  book([["a"]], { "xl/worksheets/sheet1.xml": `<worksheet><sheetData>${inner}</sheetData></worksheet>` });
const without = (name: string): Buffer => {
  const { [name]: _, ...parts } = workbookParts({ s: [["a"], [1]] });
  return zipOf(parts);
};
const LAUGHS =
  '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>';

const WORKBOOKS: Case[] = [
  plain("workbook-empty", book([])),
  plain("workbook-without-rows", book([["a", "b"]])),
  plain(
    "workbook-equal-headers",
    book([
      ["a", "a"],
      [1, 2],
    ]),
  ),
  plain(
    "workbook-gap-in-the-header",
    book([
      ["a", null, "c"],
      [1, 2, 3],
    ]),
  ),
  plain("workbook-cell-beyond-the-header", book([["a"], [1, 2]])),
  plain("workbook-error-cell", book([["a"], [{ raw: '<c r="A2" t="e"><v>#DIV/0!</v></c>' }]])),
  plain("workbook-unknown-text", book([["a"], [{ raw: '<c r="A2" t="s"><v>7</v></c>' }]])),
  plain("workbook-doctype", book([["a"]], { "xl/worksheets/sheet1.xml": LAUGHS })),
  plain("workbook-unknown-entity", sheetXml('<row r="1"><c t="str"><v>&x;</v></c></row>')),
  plain("workbook-tags-crossed", sheetXml("<row><c></row></c>")),
  plain("workbook-cut", book([["a"]], { "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" })),
  plain("workbook-nested-deeply", sheetXml("<x>".repeat(100) + "</x>".repeat(100))),
  plain("workbook-rows-out-of-order", sheetXml('<row r="2"/><row r="1"/>')),
  plain("workbook-cells-out-of-order", sheetXml('<row r="1"><c r="B1"/><c r="A1"/></row>')),
  plain("workbook-cell-far-out", sheetXml('<row r="1"><c r="ZZZ1"><v>1</v></c></row>')),
  plain(
    "workbook-number-that-is-none",
    sheetXml('<row><c t="str"><v>a</v></c></row><row><c><v>1x</v></c></row>'),
  ),
  plain("workbook-empty-part", book([["a"]], { "xl/styles.xml": "" }), { options: { sheet: "s" } }),
  plain("workbook-sheet-absent", book([["a"], [1]]), { options: { sheet: "t" } }),
  plain("workbook-all-hidden", workbookOf({ s: [["a"], [1]] }, { hidden: ["s"] })),
  plain("workbook-lacks-its-sheet", without("xl/worksheets/sheet1.xml")),
  plain("workbook-lacks-its-relations", without("xl/_rels/workbook.xml.rels")),
  plain("workbook-sent-as-csv", book([["a"], [1]]), { sentAs: "csv" }),
];

const made = (name: string, sql: string, more: Partial<Case> = {}): Case => ({
  name,
  content: () => parquetOf(sql),
  ...more,
});
const PARQUET: Case[] = [
  plain("parquet-that-is-none", "PAR1 and nothing of the kind PAR1"),
  plain("parquet-of-four-bytes", "PAR1"),
  { name: "parquet-cut-short", content: async () => (await parquetOf("SELECT 1 a")).subarray(0, -6) },
  made("parquet-of-lists", "SELECT [1, 2] a"),
  made("parquet-of-records", "SELECT {'x': 1} a"),
  made("parquet-of-bytes", "SELECT 'x'::BLOB a"),
  made("parquet-of-intervals", "SELECT INTERVAL 1 DAY a"),
  made("parquet-without-rows", "SELECT 1 a WHERE false"),
  made("parquet-infinite", "SELECT unnest([1::DOUBLE, 'inf'::DOUBLE]) a"),
  made("parquet-beyond-64-bits", "SELECT 18446744073709551615::UBIGINT a"),
  made("parquet-finer-than-microseconds", "SELECT TIMESTAMP_NS '2024-01-01 00:00:00.000000001' a"),
  made("parquet-nul", "SELECT 'x' || chr(0) a"),
  made("parquet-text-declared-whole", "SELECT 'x' a", { declared: [{ name: "a", type: "integer" }] }),
  made("parquet-sent-as-csv", "SELECT 1 a", { sentAs: "csv" }),
];

function* repeated(first: string, piece: string, times: number): Generator<Buffer> {
  yield Buffer.from(first);
  const block = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
  for (let i = 0; i < times; i++) yield block;
}
const MIB = 16;
const zeros = (mb: number): Buffer => Buffer.alloc(mb * 1024 * 1024, "1,x\n");
/** Larger than the limit of the engine that the corpus runs in, packed or not. */
const LARGE: Case[] = [
  { name: "large/one-line-without-end", content: () => Readable.from(repeated("a,b\n", "x", 32_768)) },
  { name: "large/one-line-of-json", content: () => Readable.from(repeated('{"a":"', "x", 32_768)) },
  { name: "large/one-line-of-utf-16", content: () => Readable.from(repeated("\ufeffa", "x\0", 32_768)) },
  { name: "large/one-quoted-cell", content: () => Readable.from(repeated('a\n"', "x\n", 32_768)) },
  { name: "large/header-without-end", content: () => Readable.from(repeated("", "abc,", 32_768)) },
  { name: "large/too-many-bytes", content: () => Readable.from(repeated("a,b\n", "1,x\n", 32_768)) },
  { name: "large/too-many-columns", content: () => `${"c,".repeat(5000)}c\n` },
  { name: "large/cell-too-long", content: () => `a\n${"x".repeat(1024 * 1024 + 1)}\n` },
  { name: "large/gzip-bomb", content: () => gzipSync(Buffer.concat([Buffer.from("a,b\n"), zeros(4 * MIB)])) },
  {
    name: "large/zip-bomb",
    content: () => zipOf({ "a.csv": Buffer.concat([Buffer.from("a,b\n"), zeros(4 * MIB)]) }),
  },
  {
    name: "large/zip-of-many",
    content: () => zipOf(Object.fromEntries(Array.from({ length: 11_000 }, (_, i) => [`${i}`, ""]))),
  },
  {
    name: "large/workbook-bomb",
    content: () =>
      book([["a"]], {
        "xl/worksheets/sheet1.xml": `<worksheet>${" ".repeat(4 * MIB * 1024 * 1024)}</worksheet>`,
      }),
  },
  {
    name: "large/workbook-text-bomb",
    content: () =>
      book([["a"]], { "xl/sharedStrings.xml": `<sst><si><t>${"x".repeat(40 * 1024 * 1024)}</t></si></sst>` }),
  },
  {
    name: "large/workbook-many-texts",
    content: () =>
      book([["a"]], {
        "xl/sharedStrings.xml": `<sst>${"<si><t>xxxxxxxxxxxxxxxxxxxx</t></si>".repeat(1_700_000)}</sst>`,
      }),
  },
  { name: "large/parquet-bomb-of-rows", content: () => parquetOf("SELECT 1 a FROM range(80000000)") },
  {
    name: "large/parquet-bomb-of-text",
    content: () => parquetOf("SELECT repeat('x', 100000) a FROM range(2000)"),
  },
  { name: "large/parquet-cell-too-long", content: () => parquetOf("SELECT repeat('x', 1048577) a") },
];

export const CASES: readonly Case[] = [
  ...FORM,
  ...ENCODINGS,
  ...VALUES,
  ...PACKED,
  ...JSON_LINES,
  ...WORKBOOKS,
  ...PARQUET,
  ...LARGE,
];

const CHINESE = "姓名,日期,金额\n张三,2024年3月5日,3.5万\n李四,2023/12/31,800\n";
const inGbk = hex(
  "d0d5c3fb2cc8d5c6da2cbdf0b6ee0ad5c5c8fd2c32303234c4ea33d4c235c8d52c332e35cdf20ac0eecbc42c323032332f31322f33312c3830300a",
);
const ROWS: SheetCell[][] = [
  ["姓名", "日期", "金额"],
  ["张三", { serial: 45356 }, 1.5],
  ["李四", null, 2],
];

/** Good content in every form; what it is read as stands in tests/vectors/import/valid/expect.json. */
export const VALID: readonly Case[] = [
  plain("utf-8", CHINESE),
  plain("utf-8-with-its-mark", `\ufeff${CHINESE}`),
  plain("gbk", inGbk),
  plain("gbk-declared", inGbk, { options: { encoding: "gb18030" } }),
  plain("utf-16-le", utf16(CHINESE)),
  plain("utf-16-le-with-its-mark", utf16(`\ufeff${CHINESE}`)),
  plain("utf-16-be", utf16(CHINESE).swap16()),
  plain("semicolons-and-commas", "a;b\r\n1,5;x\r\n2,25;y\r\n"),
  plain("apostrophes", "'a'|'b'\n'it''s'|1\n"),
  plain("cells-of-lines", 'a,b\n"1\n2","""q"", r"\n,NA\n'),
  plain("no-header", "1,x\n2,y\n", { options: { header: "absent" } }),
  plain("missing-codes", "a,b\n-9,.\n1,NA\n", { options: { missing: ["-9", "."] } }),
  plain("gzip", gzipSync(CHINESE)),
  plain("gzip-of-gbk", gzipSync(inGbk)),
  plain("zip", zipOf({ "数据/表.csv": CHINESE })),
  plain("json-lines", '{"姓名":"张三","n":12345678901234567}\n{"n":null,"x":true}\n'),
  plain("workbook", workbookOf({ 表: ROWS })),
  plain(
    "workbook-of-shared-texts-in-a-zip",
    zipOf({ "a.xlsx": workbookOf({ x: [], 表: ROWS }, { hidden: ["x"], shared: true }) }),
  ),
  made(
    "parquet",
    "SELECT * FROM (VALUES (1, '007', DATE '2024-03-05', 1.5), (NULL, 'x', NULL, 2)) t(a, \"名\", d, f)",
  ),
];
