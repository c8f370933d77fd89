import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { createEngine, type Engine } from "../../../src/catalog/engine/index.js";
import { testSeed } from "../../harness/seed.js";
import { bytesOf, errorOf, flchain, importAll, streamOf, typesOf, type Version, viewOf } from "./support.js";

let engine: Engine;
let version: Version;
beforeAll(async () => {
  engine = createEngine({ processes: 1 });
  version = await importAll(engine, flchain(), { unitColumn: "id" });
});
afterAll(() => engine.close());

type Row = Record<string, string>;
const rowsOf = (csv: string): Row[] => parse(csv, { columns: true }) as Row[];
const same = (a: number, b: number): boolean => Object.is(a, b);

describe("a View of flchain", () => {
  test("reads as bit-equal doubles, the same texts and the same gaps, in file order", async () => {
    const raw = rowsOf(flchain());
    const view = rowsOf(await viewOf(engine, version));
    expect(view).toHaveLength(raw.length);
    const numeric = new Set(version.columns.filter(({ type }) => type !== "text").map(({ name }) => name));
    let wrong = 0;
    raw.forEach((row, i) => {
      for (const [name, text] of Object.entries(row)) {
        const seen = view[i]![name]!;
        const missing = text === "NA" || text === "";
        const equal = missing
          ? seen === ""
          : numeric.has(name)
            ? same(Number(seen), Number(text))
            : seen === text;
        if (!equal) wrong++;
      }
    });
    expect(wrong).toBe(0);
  });

  test("holds no ordinal of a unit", async () => {
    const [header] = (await viewOf(engine, version)).split("\n");
    expect(header).toBe("id,age,sex,sample.yr,kappa,lambda,flc.grp,creatinine,mgus,futime,death,chapter");
  });

  test("drops what it drops and is the same bytes every time", async () => {
    const [one, two] = [
      await viewOf(engine, version, ["id", "chapter"]),
      await viewOf(engine, version, ["id", "chapter"]),
    ];
    expect(one).toBe(two);
    expect(
      one.startsWith("age,sex,sample.yr,kappa,lambda,flc.grp,creatinine,mgus,futime,death\n97,F,1997,5.7,"),
    ).toBe(true);
    expect(one).not.toContain("F00001");
  });

  test("imported again it is the same View", async () => {
    const view = await viewOf(engine, version);
    const again = await importAll(engine, view, { unitColumn: "id" });
    expect(typesOf(again)).toEqual(typesOf(version));
    expect(await viewOf(engine, again)).toBe(view);
    expect(again.parquet.equals(version.parquet)).toBe(true);
  });
});

/** As programs write doubles: whole ones beyond 64 bits with an exponent. */
const written = (value: number): string =>
  Object.is(value, -0) ? "-0.0" : Math.abs(value) >= 2 ** 63 ? value.toExponential() : String(value);

describe("values of any kind come through", () => {
  test("random doubles are written in a form that reads back as the same double", async () => {
    const seed = testSeed();
    console.log(`seed ${seed}`);
    let state = BigInt(seed);
    const doubles: number[] = [0, -0, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 123456789012345680];
    const view = new DataView(new ArrayBuffer(8));
    while (doubles.length < 20_000) {
      state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
      view.setBigUint64(0, state ^ (state >> 29n));
      const value = view.getFloat64(0);
      if (Number.isFinite(value)) doubles.push(value);
    }
    const csv = `v,k\n0.5,0\n${doubles.map((value, i) => `${written(value)},${i}`).join("\n")}\n`;
    const imported = await importAll(engine, csv);
    expect(imported.columns[0]?.type).toBe("decimal");
    const rows = rowsOf(await viewOf(engine, imported)).slice(1);
    expect(rows.filter((row, i) => !same(Number(row.v), doubles[i]!))).toEqual([]);
  });

  test("texts with every troublesome character", async () => {
    const texts = [
      'a"b',
      "a,b",
      "a\nb",
      "a\r\nb",
      " a ",
      "#a",
      "'",
      "\\n",
      "null",
      "N/A",
      "中文",
      "😀",
      "=1+1",
      "\t",
      "-",
      "\u00a0",
    ];
    const csv = `t,n\n${texts.map((text, i) => `"${text.replaceAll('"', '""')}",${i}`).join("\n")}\n`;
    const view = rowsOf(await viewOf(engine, await importAll(engine, csv)));
    expect(view.map(({ t }) => t)).toEqual(texts);
  });

  test("booleans, dates and times", async () => {
    const csv = "b,d,t\nTRUE,2024-02-29,2024-01-02T03:04\nfalse,0001-01-01,2024-01-02 03:04:05.120\n,,\n";
    expect(await viewOf(engine, await importAll(engine, csv))).toBe(
      "b,d,t\ntrue,2024-02-29,2024-01-02 03:04:00\nfalse,0001-01-01,2024-01-02 03:04:05.12\n,,\n",
    );
  });

  test("a single column keeps its gaps as rows", async () => {
    expect(await viewOf(engine, await importAll(engine, "a\n1\n\n2\n"))).toBe('a\n1\n""\n2\n');
  });
});

describe("a View is what was asked for, or nothing", () => {
  const refuse = async (columns: { name: string; treatment: unknown }[]) =>
    (await errorOf(engine.materialise({ parquet: streamOf(version.parquet), spec: { columns } as never })))
      .params.detail;
  const all = (treatment: unknown) => version.columns.map(({ name }) => ({ name, treatment }));

  test("a mask whose method is not known", async () => {
    expect(await refuse(all({ method: "hash" }))).toBe("id: mask method hash is not known");
  });
  test("a treatment that is not known", async () => {
    expect(await refuse(all("keep"))).toMatch(/^spec\.columns\.0\.treatment/);
  });
  test("a column left out, unknown or named twice", async () => {
    expect(await refuse(all("as_is").slice(1))).toBe("id: has no treatment in the View");
    expect(await refuse([...all("as_is"), { name: "x", treatment: "drop" }])).toBe(
      "x: is not a column of the version",
    );
    expect(await refuse([...all("as_is"), { name: "id", treatment: "drop" }])).toBe(
      "spec: names a column twice",
    );
  });
  test("nothing at all", async () => {
    expect(await refuse(all("drop"))).toBe("spec: shows no column");
  });
  test("bytes that are no version", async () => {
    const error = await errorOf(
      engine.materialise({
        parquet: streamOf("PAR1 rubbish PAR1"),
        spec: { columns: [{ name: "a", treatment: "as_is" }] },
      }),
    );
    expect(error.code).toBe("internal");
    expect(error.params).toEqual({ detail: "the engine could not do this" });
  });
});

test("a View that is not read to its end frees the engine", async () => {
  const spec = { columns: version.columns.map(({ name }) => ({ name, treatment: "as_is" as const })) };
  const view = await engine.materialise({ parquet: streamOf(version.parquet), spec });
  view.dispose();
  const again = await engine.materialise({ parquet: streamOf(version.parquet), spec });
  expect((await bytesOf(again.csv)).length).toBeGreaterThan(300_000);
  expect(again.rows).toBe(7874);
});
