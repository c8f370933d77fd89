import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { errorOf, flchain, flchainStream, importAll, streamOf, typesOf, viewOf } from "./support.js";

let engine: Engine;
beforeAll(() => {
  engine = createEngine({ processes: 1 });
});
afterAll(() => engine.close());

describe("types are inferred over all rows", () => {
  test("flchain has the types that its description gives", async () => {
    const version = await importAll(engine, flchainStream(), { unitColumn: "id" });
    expect(version.rows).toBe(7874);
    expect(version.units).toBe(7874);
    expect(typesOf(version)).toEqual({
      id: "text",
      age: "integer",
      sex: "text",
      "sample.yr": "integer",
      kappa: "decimal",
      lambda: "decimal",
      "flc.grp": "integer",
      creatinine: "decimal",
      mgus: "integer",
      futime: "integer",
      death: "integer",
      chapter: "text",
    });
    expect(version.columns.filter(({ nullable }) => nullable).map(({ name }) => name)).toEqual([
      "creatinine",
      "chapter",
    ]);
    expect(version.columns[0]).toMatchObject({ class: "identifier", grade: 3 });
    expect(version.columns[1]).toMatchObject({ class: "plain", grade: 3 });
  });

  test("the same bytes in give the same bytes out", async () => {
    const [one, two] = [await importAll(engine, flchainStream()), await importAll(engine, flchain())];
    expect(one.parquet.equals(two.parquet)).toBe(true);
  });

  test.each([
    ["true\nFALSE\nNA", "boolean"],
    ["1\n-5\n9223372036854775807", "integer"],
    ["9223372036854775808\n1", "text"],
    ["12345678901234567890.5\n1", "decimal"],
    ["007\n010", "text"],
    ["+86\n+1", "text"],
    ["1\n2.50\nNA", "decimal"],
    ["1e5\n-.5\n3.", "decimal"],
    ["-.5\n3.\n-0.\n0.5", "decimal"],
    ["1.5\n1.2.3", "text"],
    ["1.5\n.", "text"],
    ["1.5\n-.", "text"],
    ["1.5\n1-5", "text"],
    ["1.5\nNaN", "decimal"],
    ["1e999\n2", "text"],
    ["1_000\n2", "text"],
    ["0x1F\n2", "text"],
    ["1.5\nInf", "text"],
    ["2024-02-29\n1999-12-31", "date"],
    ["2023-02-29\n1999-12-31", "text"],
    ["2024-01-02 03:04\n2024-01-02T03:04:05.123", "timestamp"],
    ["2024-01-02 03:04:05+08:00\n2024-01-02 03:04:05Z", "text"],
    ["NA\nNA", "text"],
    ["1,\n,2", "integer"],
  ])("%j is %s", async (rows, type) => {
    const version = await importAll(
      engine,
      `a,b\n${rows.includes(",") ? rows : rows.replaceAll(/$/gm, ",x")}\n`,
    );
    expect(version.columns[0]?.type).toBe(type);
  });

  test("decimals are the nearest doubles of their texts", async () => {
    const texts = [
      "0.1",
      "-.5",
      "3.",
      "0.30000000000000004",
      "9007199254740993.0",
      `0.${"0".repeat(290)}7`,
      "4.35",
    ];
    const plain = await importAll(engine, `a,b\n${texts.map((text) => `${text},x\n`).join("")}`);
    const mixed = await importAll(engine, `a,b\n${[...texts, "1e0"].map((text) => `${text},x\n`).join("")}`);
    for (const version of [plain, mixed]) {
      const values = (await viewOf(engine, version))
        .trimEnd()
        .split("\n")
        .slice(1, texts.length + 1);
      expect(values.map((row) => Number(row.split(",")[0]))).toEqual(texts.map(Number));
    }
  });

  test("a value that only comes late still decides", async () => {
    const late = `n,m\n${"1,NA\n".repeat(20_000)}x,2.5\n`;
    const version = await importAll(engine, late);
    expect(typesOf(version)).toEqual({ n: "text", m: "decimal" });
    expect(version.evidence[0]?.not).toContainEqual({ type: "integer", line: 20_002 });
    expect(version.evidence[1]).toMatchObject({ rows: 20_001, nulls: 20_000 });
  });

  test("a declared type holds or is refused, with its line and without its value", async () => {
    const declared = [{ name: "a", type: "integer" as const }];
    const error = await errorOf(importAll(engine, "a,b\n1,x\n\nsecret,y\nworse,z\n", { declared }));
    expect(error.code).toBe("invalid_input");
    expect(error.params.detail).toBe(
      "a: 2 values are not a whole number of at most 64 bits, as the column is declared; first on line 4",
    );
    const text = await importAll(engine, "a\n1\n2\n", { declared: [{ name: "a", type: "text" }] });
    expect(text.columns[0]?.type).toBe("text");
  });
});

describe("the forms that CSV comes in", () => {
  test.each([
    ["commas", "a,b\n1,2\n", ","],
    ["semicolons with decimal commas", "a;b\n1,5;2\n2,5;3\n", ";"],
    ["tabs", "a\tb\n1\t2,3\n", "\t"],
    ["bars", "a|b\n1|2\n", "|"],
    ["a comma in quotes among semicolons", 'a;b\n"1,2,3";2\n', ";"],
    ["one column", "a\n1\n", ","],
  ])("%s", async (_, content, delimiter) => {
    expect((await importAll(engine, content)).file.delimiter).toBe(delimiter);
  });

  test("a mark, CRLF and no line end at the end are all the same file", async () => {
    const plain = await importAll(engine, "a,b\n1,x y\n2,\n");
    const other = await importAll(engine, "\ufeffa,b\r\n1,x y\r\n2,");
    expect(other.columns).toEqual(plain.columns);
    expect(await viewOf(engine, other)).toBe(await viewOf(engine, plain));
  });

  test("names are kept exactly, whatever they look like", async () => {
    const names = [
      "flc.grp",
      "年龄",
      "select",
      "A",
      "a",
      "c0",
      'x"; DROP TABLE t; --',
      "o'brien",
      "a b",
      "a,b",
      "rn",
    ];
    const header = names.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const version = await importAll(engine, `${header}\n${names.map((_, i) => i).join(",")}\n`);
    expect(version.columns.map(({ name }) => name)).toEqual(names);
    const view = await viewOf(engine, version, ["年龄"]);
    expect(view.split("\n")[1]).toBe("0,2,3,4,5,6,7,8,9,10");
    expect(view.startsWith('flc.grp,select,A,a,c0,"x""; DROP TABLE t; --",o\'brien,a b,"a,b",rn\n')).toBe(
      true,
    );
  });

  test("a stream in pieces of any size is the same file", async () => {
    const content = Buffer.from('名,"b ""q"""\n"一\n二",1\n三,2\n'.repeat(1));
    const whole = await importAll(engine, content);
    const { Readable } = await import("node:stream");
    const bytes = Readable.from([...content].map((b) => Buffer.from([b])));
    expect((await importAll(engine, bytes)).parquet.equals(whole.parquet)).toBe(true);
    expect(await viewOf(engine, whole)).toBe('名,"b ""q"""\n"一\n二",1\n三,2\n');
  });
});

describe("what is wrong is refused with its place", () => {
  const wide = Array.from({ length: 4097 }, (_, i) => `c${i}`).join(",");
  const cases: [string, string | Buffer, RegExp][] = [
    ["nothing", "", /^content: is empty/],
    ["no rows", "a,b\n", /^content: has a header and no rows/],
    ["a short row", "a,b\n1,2\n3\n", /^line 3: has 1 field where the header has 2/],
    ["a long row", "a,b\n1,2,3\n", /^line 2: has 3 fields where the header has 2/],
    ["a ragged row after line breaks in a cell", 'a,b\n"1\n1",2\n\n3\n', /^line 5: has 1 field/],
    ["headers that are the same", "a,b,a\n1,2,3\n", /^column 3: has the same header as column 1/],
    ["an empty header", "a,,c\n1,2,3\n", /^column 2: has an empty header/],
    ["a header with a line break", '"a\nb",c\n1,2\n', /^column 1: its header: no control characters/],
    ["the node's own name", "__unit,b\n1,2\n", /^column 1: its header: this name is taken/],
    ["a quote that never closes", 'a,b\n1,"2\n3,4\n', /^line 2: a quote is opened here and never closed/],
    ["a quote in a plain field", 'a,b\n1,2"x\n', /^line 2: a quote inside a field that is not quoted/],
    ["text after a quote", 'a,b\n1,"2"x\n', /^line 2: text after a closing quote/],
    ["a lone carriage return", "a,b\r1,2\r", /^line 1: a carriage return without a line feed/],
    ["a NUL", "a,b\n1,\0\n", /^line 2: a NUL character/],
    [
      "bytes that are not UTF-8",
      Buffer.from("61 2c 62 0a 31 2c 32 0a c4 ff 2c 32 0a".replaceAll(" ", ""), "hex"),
      /^line 3: is neither valid UTF-8 nor GB18030/,
    ],
    ["a character cut off", Buffer.from("610ae4b8", "hex"), /^line 2: is neither valid UTF-8/],
    ["UTF-32", Buffer.from("fffe0000610000000a000000", "hex"), /^content: is UTF-32/],
    ["too many columns", `${wide}\n${wide}\n`, /^line 1: more than 4096 columns/],
    ["a cell too long", `a\n${"x".repeat(1024 * 1024 + 1)}\n`, /^line 2: a cell is too long/],
    [
      "a line too long",
      `a,b\n${"x".repeat(900_000)},${"y".repeat(900_000)}\n`,
      /^line 2: the line is too long/,
    ],
    ["a name too long", `${"n".repeat(300)}\n1\n`, /^column 1: its header/],
  ];
  test.each(cases)("%s", async (_, content, expected) => {
    const error = await errorOf(importAll(engine, content));
    expect(error.code).toBe("invalid_input");
    expect(error.params.detail).toMatch(expected);
    expect(error.params.errors).toHaveLength(1);
  });

  test("the engine is ready again after each refusal", async () => {
    await errorOf(importAll(engine, "a,b\n1\n"));
    expect((await importAll(engine, "a,b\n1,2\n")).rows).toBe(1);
  });

  test("a refusal comes before a source that goes on for ever ends", async () => {
    const { Readable } = await import("node:stream");
    async function* endless() {
      yield Buffer.from(`a,b\n1\n${"1,2\n".repeat(20_000)}`);
      for (;;) yield Buffer.from("1,2\n".repeat(20_000));
    }
    const error = await errorOf(importAll(engine, Readable.from(endless())));
    expect(error.params.detail).toMatch(/^line 2: has 1 field/);
  });

  test("more bytes than the limit are too large", async () => {
    const small = createEngine({ processes: 1, importBytes: 1000 });
    const error = await errorOf(importAll(small, "a,b\n".repeat(1000)));
    expect(error.code).toBe("too_large");
    await small.close();
  });
});

describe("declarations", () => {
  const csv = "age,sex,when\n50,F,2020-01-01\n60,M,2021-01-01\n99,F,2022-01-01\n";
  test("bounds and categories that hold are kept in the schema", async () => {
    const version = await importAll(engine, csv, {
      declared: [
        { name: "age", bounds: ["50", "99.5"], class: "quasi-identifier", grade: 4, unit: "years" },
        { name: "sex", categories: ["F", "M", "X"] },
        { name: "when", bounds: ["2020-01-01", "2022-01-01"] },
      ],
    });
    expect(version.columns[0]).toEqual({
      name: "age",
      type: "integer",
      class: "quasi-identifier",
      grade: 4,
      bounds: ["50", "99.5"],
      unit: "years",
      nullable: false,
    });
    expect(version.columns[1]?.categories).toEqual(["F", "M", "X"]);
  });
  test.each([
    [{ name: "age", bounds: ["50", "80"] }, "age: 1 value is outside the declared bounds; first on line 4"],
    [
      { name: "sex", categories: ["M"] },
      "sex: 2 values are not among the declared categories; first on line 2",
    ],
    [
      { name: "when", bounds: ["2020-06-01", "2023-01-01"] },
      "when: 1 value is outside the declared bounds; first on line 2",
    ],
    [{ name: "sex", bounds: ["1", "2"] }, "sex: bounds do not go with type text"],
    [{ name: "age", bounds: ["9", "1"] }, "age: the lower bound is above the upper"],
    [
      { name: "age", bounds: ["low", "9"] },
      "age: entry 1 of what is declared is not a finite decimal number",
    ],
    [{ name: "nope" }, "nope: is declared and not in the file"],
  ])("%j is refused", async (column, detail) => {
    const error = await errorOf(importAll(engine, csv, { declared: [column as { name: string }] }));
    expect(error.params.detail).toBe(detail);
  });
});

describe("units", () => {
  test("keep their ordinals through versions, and new ones follow", async () => {
    const first = await importAll(engine, "id,v\nb,1\na,2\n", { unitColumn: "id" });
    const second = await importAll(engine, "id,v\nc,3\na,4\nc,5\nz,6\n", {
      unitColumn: "id",
      maxRowsPerUnit: 2,
      unitIndex: first.unitIndex,
    });
    expect([first.units, second.units, second.rows]).toEqual([2, 3, 4]);
    const third = await importAll(engine, "id,v\nz,1\nc,1\nb,1\n", {
      unitColumn: "id",
      unitIndex: second.unitIndex,
    });
    // Nothing new: the index is as it was.
    expect(third.unitIndex.equals(second.unitIndex)).toBe(true);
    expect(await viewOf(engine, second)).toBe("id,v\nc,3\na,4\nc,5\nz,6\n");
  });
  test.each([
    ["id,v\na,1\n,2\nNA,3\n", 1, "id: 2 rows name no unit; first on line 3"],
    ["id,v\na,1\nb,2\na,3\n", 1, "id: 1 unit has more than 1 row; one of them first on line 2"],
    ["id,v\na,1\nb,2\na,3\na,4\n", 2, "id: 1 unit has more than 2 rows; one of them first on line 2"],
  ])("%j", async (content, maxRowsPerUnit, detail) => {
    const error = await errorOf(importAll(engine, content, { unitColumn: "id", maxRowsPerUnit }));
    expect(error.params.detail).toBe(detail);
  });
  test("a unit column that is not there is refused", async () => {
    const error = await errorOf(importAll(engine, "id\n1\n", { unitColumn: "ID" }));
    expect(error.params.detail).toBe("ID: is named as the unit column and not in the file");
  });
  test("without a unit column each row is one", async () => {
    expect((await importAll(engine, "v\n1\n1\n")).units).toBe(2);
  });
});

test("a source that fails passes its own error on and leaves the engine usable", async () => {
  const { Readable } = await import("node:stream");
  async function* broken() {
    yield Buffer.from("a,b\n1,2\n");
    throw new Error("the upload broke off");
  }
  await expect(importAll(engine, Readable.from(broken()))).rejects.toThrow("the upload broke off");
  expect((await importAll(engine, streamOf("a\n1\n"))).rows).toBe(1);
});
