import { randomBytes } from "node:crypto";
import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { createEngine, type Engine, type ScanHit } from "../../../src/catalog/engine/index.js";
import { flchain, importAll, scanTexts, type Version, viewOf } from "./support.js";

let engine: Engine;
let version: Version;
let view: string;
let lines: string[];
beforeAll(async () => {
  engine = createEngine({ processes: 1 });
  version = await importAll(engine, flchain(), { unitColumn: "id" });
  view = await viewOf(engine, version);
  lines = view.trimEnd().split("\n");
});
afterAll(() => engine.close());

const scan = (content: string | Buffer): Promise<ScanHit[]> =>
  scanTexts(engine, version, { "out.txt": content }, "id");
const ids = (n: number, from = 100): string[] =>
  lines.slice(1 + from, 1 + from + n).map((line) => line.split(",")[0]!);
const identifiers = (hits: ScanHit[]) => hits.filter(({ kind }) => kind === "identifier");
const prose =
  "The model converged after 7 iterations; see the table below for coefficients and intervals.\n".repeat(20);

describe("identifiers are found however they are hidden", () => {
  const hidden: [string, (list: string[]) => string | Buffer, string][] = [
    ["plain", (list) => list.join("\n"), "exact"],
    ["in another case", (list) => list.join(" ").toLowerCase(), "exact"],
    ["run together", (list) => `x${list.join("")}y`, "exact"],
    ["inside words", (list) => list.map((id) => `row_${id}_end`).join(" "), "exact"],
    ["reversed", (list) => [...list.join(",")].reverse().join(""), "reversed"],
    ["grouped by dashes", (list) => list.map((id) => [...id].join("-")).join("\n"), "grouped"],
    [
      "grouped by spaces",
      (list) => list.map((id) => `${id.slice(0, 2)} ${id.slice(2, 4)} ${id.slice(4)}`).join("\n"),
      "grouped",
    ],
    ["base64", (list) => Buffer.from(list.join(",")).toString("base64"), "base64"],
    ["base64, URL-safe and unpadded", (list) => Buffer.from(list.join("?>")).toString("base64url"), "base64"],
    ["base64, shifted by one", (list) => `A${Buffer.from(list.join(",")).toString("base64")}`, "base64"],
    ["base64, shifted by two", (list) => `AB${Buffer.from(list.join(",")).toString("base64")}`, "base64"],
    ["base64, shifted by three", (list) => `ABC${Buffer.from(list.join(",")).toString("base64")}`, "base64"],
    [
      "base64 after one and two other bytes",
      (list) =>
        `${Buffer.from(`x${list[0]}`).toString("base64")} ${Buffer.from(`xy${list[1]}`).toString("base64")}`,
      "base64",
    ],
    [
      "base64 in lines of 76",
      (list) =>
        Buffer.from(list.join(","))
          .toString("base64")
          .replace(/(.{76})/g, "$1\n"),
      "base64",
    ],
    [
      "base64 in lines of 19",
      (list) =>
        Buffer.from(list.join(","))
          .toString("base64")
          .replace(/(.{19})/g, "$1\n"),
      "base64",
    ],
    ["base64 of UTF-16", (list) => Buffer.from(list.join(","), "utf16le").toString("base64"), "base64"],
    [
      "base64 twice",
      (list) => Buffer.from(Buffer.from(list.join(",")).toString("base64")).toString("base64"),
      "base64+base64",
    ],
    ["hex", (list) => Buffer.from(list.join(",")).toString("hex"), "hex"],
    [
      "hex in capitals, shifted",
      (list) => `F${Buffer.from(list.join(",")).toString("hex").toUpperCase()}`,
      "hex",
    ],
    [
      "hex in pairs",
      (list) => (Buffer.from(list.join(",")).toString("hex").match(/../g) ?? []).join(" "),
      "hex",
    ],
    [
      "escaped bytes",
      (list) =>
        (Buffer.from(list.join(",")).toString("hex").match(/../g) ?? []).map((h) => `\\x${h}`).join(""),
      "hex",
    ],
    ["character codes", (list) => [...Buffer.from(list.join(","))].join(", "), "codes"],
    ["gzip", (list) => gzipSync(list.join(",")), "gzip"],
    ["gzip in base64", (list) => gzipSync(list.join(",")).toString("base64"), "base64+gzip"],
    ["zlib in base64", (list) => deflateSync(list.join(",")).toString("base64"), "base64+gzip"],
    ["gzip in hex", (list) => gzipSync(list.join(",")).toString("hex"), "hex+gzip"],
    [
      "reversed in base64",
      (list) => Buffer.from([...list.join(",")].reverse().join("")).toString("base64"),
      "base64+reversed",
    ],
  ];
  test.each(hidden)("%s", async (_, hide, encoding) => {
    const content = hide(ids(12));
    const text = Buffer.isBuffer(content) ? content : `${prose}${content}\n${prose}`;
    const hit = identifiers(await scan(text)).find((found) => found.encoding === encoding);
    expect(hit).toMatchObject({ name: "out.txt", column: "id", verdict: "fail" });
    expect(hit!.count).toBeGreaterThanOrEqual(2);
  });

  test("one alone is enough", async () => {
    expect(identifiers(await scan(`${prose}see ${ids(1)[0]}.`))).toMatchObject([
      { kind: "identifier", encoding: "exact", count: 1, verdict: "fail" },
    ]);
  });

  test("a hit holds counts and names and no value", async () => {
    const hits = await scan(lines.slice(0, 50).join("\n"));
    const text = JSON.stringify(hits);
    for (const id of ids(40, 0)) expect(text).not.toContain(id);
    for (const hit of hits)
      expect(Object.keys(hit).sort()).toEqual(
        ["name", "kind", "encoding", "count", "chance", "verdict", ...(hit.column ? ["column"] : [])].sort(),
      );
  });

  test("each text has its own hits", async () => {
    const hits = await scanTexts(
      engine,
      version,
      { "a.txt": prose, "b.txt": ids(3).join(" "), "c.txt": prose },
      "id",
    );
    expect(new Set(hits.map(({ name }) => name))).toEqual(new Set(["b.txt"]));
  });
});

describe("runs of a record's values are found", () => {
  const runs = (hits: ScanHit[]) => hits.filter(({ kind }) => kind === "record_run");
  const records = (n: number) => lines.slice(1000, 1000 + n).map((line) => line.split(","));

  test.each<[string, (fields: string[]) => string]>([
    ["whole rows without their id", (f) => f.slice(1).join(",")],
    ["in another order", (f) => [f[9], f[5], f[11], f[4], f[1], f[7]].join(" ")],
    ["four values only", (f) => [f[4], f[5], f[9], f[1]].join(";")],
    [
      "as JSON",
      (f) => JSON.stringify({ a: Number(f[1]), k: Number(f[4]), l: Number(f[5]), t: Number(f[9]) }),
    ],
    ["one value a line", (f) => f.slice(1).join("\n")],
    ["between words", (f) => `aged ${f[1]} with kappa ${f[4]} and lambda ${f[5]} for ${f[9]} days`],
    [
      "with more digits than they have",
      (f) => [f[1], Number(f[4]).toFixed(6), Number(f[5]).toExponential(9), f[9]].join(" "),
    ],
  ])("%s", async (_, write) => {
    expect(runs(await scan(`${prose}${records(10).map(write).join("\n")}\n${prose}`))).toMatchObject([
      { encoding: "exact", verdict: "fail" },
    ]);
  });

  test("hidden in base64", async () => {
    const text = Buffer.from(
      records(10)
        .map((f) => f.slice(1).join(","))
        .join("\n"),
    ).toString("base64");
    expect(runs(await scan(prose + text))).toMatchObject([{ encoding: "base64", verdict: "fail" }]);
  });

  test("one whole record alone", async () => {
    expect(runs(await scan(prose + records(1)[0]!.slice(1).join(",")))).toMatchObject([
      { count: 1, verdict: "fail" },
    ]);
  });

  test("one value that many columns of a record share counts once", async () => {
    const header = ["id", ...Array.from({ length: 8 }, (_, i) => `c${i}`)].join(",");
    const rows = Array.from({ length: 600 }, (_, i) =>
      [`P${i}`, ...Array.from({ length: 8 }, (_, c) => (i < 12 ? 0 : ((i * 31 + c * 7) % 997) / 100))].join(
        ",",
      ),
    );
    const zeros = await importAll(engine, `${header}\n${rows.join("\n")}\n`, { unitColumn: "id" });
    expect(await scanTexts(engine, zeros, { t: "min,0,0,0,0,0,0,0,0\n" }, "id")).toEqual([]);
    const leak = rows
      .slice(100, 103)
      .map((row) => row.slice(row.indexOf(",") + 1))
      .join("\n");
    expect(runs(await scanTexts(engine, zeros, { t: leak }, "id"))).toMatchObject([{ verdict: "fail" }]);
  });

  test("values of as many different records in one line are none", async () => {
    const shuffled = Array.from({ length: 20 }, (_, i) =>
      [1, 4, 5, 7].map((c) => lines[1 + ((i * 377 + c * 991) % 7000)]!.split(",")[c]).join(","),
    );
    expect(runs(await scan(shuffled.join("\n")))).toEqual([]);
  });
});

type Row = Record<string, string>;
const number = (x: number): string => String(Number(x.toPrecision(8)));

describe("ordinary output is clean", () => {
  const rows = (): Row[] => parse(view, { columns: true }) as Row[];
  const group = (key: (row: Row) => string): [string, Row[]][] => {
    const groups = new Map<string, Row[]>();
    for (const row of rows()) groups.set(key(row), [...(groups.get(key(row)) ?? []), row]);
    return [...groups].sort();
  };
  const mean = (list: Row[], c: string): number =>
    list.reduce((sum, row) => sum + Number(row[c]), 0) / list.length;

  const outputs: [string, () => string][] = [
    [
      "a regression",
      () => `                           Logit Regression Results
==============================================================================
Dep. Variable:                  death   No. Observations:                 6524
Model:                          Logit   Df Residuals:                     6519
Method:                           MLE   Df Model:                            4
Date:                Tue, 24 Nov 2026   Pseudo R-squ.:                  0.2632
Time:                        10:12:33   Log-Likelihood:                -2889.4
converged:                       True   LL-Null:                       -3921.6
Covariance Type:            nonrobust   LLR p-value:                     0.000
==============================================================================
                 coef    std err          z      P>|z|      [0.025      0.975]
------------------------------------------------------------------------------
Intercept     -9.3372      0.259    -36.026      0.000      -9.845      -8.829
sex[T.M]       0.4342      0.066      6.553      0.000       0.304       0.564
age            0.1192      0.003     34.674      0.000       0.112       0.126
kappa          0.1064      0.050      2.110      0.035       0.008       0.205
lambda         0.2387      0.048      4.925      0.000       0.144       0.334
creatinine     0.0617      0.080      0.769      0.442      -0.095       0.219
==============================================================================
`,
    ],
    [
      "deaths by group and sex",
      () =>
        `flc.grp,sex,n,deaths\n${group((r) => `${r["flc.grp"]},${r.sex}`)
          .map(([key, list]) => `${key},${list.length},${list.filter((r) => r.death === "1").length}`)
          .join("\n")}\n`,
    ],
    [
      "deaths by age and sex",
      () =>
        `age,F,M\n${group((r) => String(r.age))
          .map(
            ([age, l]) =>
              `${age},${l.filter((r) => r.sex === "F").length},${l.filter((r) => r.sex === "M").length}`,
          )
          .join("\n")}\n`,
    ],
    [
      "means by group",
      () =>
        `group,n,age,kappa,lambda,futime\n${group((r) => String(r["flc.grp"]))
          .map(([key, l]) =>
            [key, l.length, ...["age", "kappa", "lambda", "futime"].map((c) => number(mean(l, c)))].join(","),
          )
          .join("\n")}\n`,
    ],
    [
      "rounded means by year",
      () =>
        `year age kappa lambda creatinine futime\n${group((r) => String(r["sample.yr"]))
          .map(
            ([key, l]) =>
              `${key} ${mean(l, "age").toFixed(0)} ${mean(l, "kappa").toFixed(2)} ${mean(l, "lambda").toFixed(2)} ${mean(l, "futime").toFixed(0)}`,
          )
          .join("\n")}\n`,
    ],
    [
      "a description with extremes and quartiles",
      () => {
        const columns = ["age", "sample.yr", "kappa", "lambda", "flc.grp", "futime"];
        const sorted = columns.map((c) =>
          rows()
            .map((r) => Number(r[c]))
            .sort((a, b) => a - b),
        );
        const at = (q: number) => sorted.map((list) => list[Math.floor(q * (list.length - 1))]).join("  ");
        return `       ${columns.join("  ")}\ncount  7874  7874  7874  7874  7874  7874\nmin  ${at(0)}\n25%  ${at(0.25)}\n50%  ${at(0.5)}\n75%  ${at(0.75)}\nmax  ${at(1)}\n`;
      },
    ],
    [
      "a survival curve",
      () => {
        let alive = 1;
        const out = ["time,at_risk,events,survival"];
        const sorted = rows().sort((a, b) => Number(a.futime) - Number(b.futime));
        for (let i = 0; i < sorted.length; i++) {
          if (sorted[i]!.death === "1") alive *= 1 - 1 / (sorted.length - i);
          if (i % 100 === 0)
            out.push(`${sorted[i]!.futime},${sorted.length - i},${sorted[i]!.death},${number(alive)}`);
        }
        return out.join("\n");
      },
    ],
    [
      "JSON of a model",
      () =>
        JSON.stringify(
          {
            nobs: 6524,
            params: { Intercept: -9.3372145, "sex[T.M]": 0.43421987, F: 1 },
            dates: ["2026-11-24"],
            years: [1995, 2003],
          },
          null,
          1,
        ),
    ],
    [
      "a log with a hash and a traceback",
      () =>
        `Traceback (most recent call last):\n  File "/work/main.py", line 12, in <module>\nValueError: 0x7f3a9c00d1 ${"ab".repeat(32)}\npandas 1.5.3 numpy 1.24.2 F0 x100 R2\n`,
    ],
    ["rows of sex and small counts", () => "sex,0,1,2,3,4\nF,0,12,34,5,6\nM,1,2,3,4,5\n"],
  ];
  test.each(outputs)("%s", async (_, make) => {
    expect(await scan(make())).toEqual([]);
  });

  test("a picture's worth of random base64", async () => {
    expect(await scan(randomBytes(200_000).toString("base64"))).toEqual([]);
  });
});

describe("short numeric identifiers count only beyond chance", () => {
  const derive = (idOf: (i: number) => string): string =>
    [
      "id,age,kappa,futime",
      ...lines.slice(1, 3001).map((line, i) => {
        const f = line.split(",");
        return [idOf(i), f[1], f[4], f[9]].join(",");
      }),
    ].join("\n");
  const table = "group,n,deaths\n1,812,44\n2,790,61\n3,640,101\n4,512,98\nall,2754,304\n1997,55,12\n";

  test("dense ids: numbers of ordinary tables are no hit, whatever they are", async () => {
    const dense = await importAll(
      engine,
      derive((i) => String(i + 1)),
      { unitColumn: "id" },
    );
    expect(identifiers(await scanTexts(engine, dense, { t: table }, "id"))).toEqual([]);
  });

  test("dense ids: a long list is for people to judge", async () => {
    const dense = await importAll(
      engine,
      derive((i) => String(i + 1)),
      { unitColumn: "id" },
    );
    const list = Array.from({ length: 400 }, (_, i) => i * 7 + 1).join("\n");
    expect(identifiers(await scanTexts(engine, dense, { t: list }, "id"))).toMatchObject([
      { verdict: "review" },
    ]);
    const encoded = Buffer.from(Array.from({ length: 20 }, (_, i) => i * 7 + 1).join("\n")).toString(
      "base64",
    );
    expect(identifiers(await scanTexts(engine, dense, { t: encoded }, "id"))).toMatchObject([
      { encoding: "base64", verdict: "review" },
    ]);
  });

  test("sparse ids: a few fail, and the same number of other numbers is no hit", async () => {
    const idOf = (i: number) => String(100_000 + ((i * 7919) % 899_981));
    const sparse = await importAll(engine, derive(idOf), { unitColumn: "id" });
    const list = Array.from({ length: 8 }, (_, i) => idOf(i * 31)).join("\n");
    expect(identifiers(await scanTexts(engine, sparse, { t: table + list }, "id"))).toMatchObject([
      { encoding: "exact", count: 8, verdict: "fail" },
    ]);
    const known = new Set(Array.from({ length: 3000 }, (_, i) => idOf(i)));
    const others = Array.from({ length: 300 }, (_, i) => String(200_003 + i * 1013)).filter(
      (n) => !known.has(n),
    );
    expect(identifiers(await scanTexts(engine, sparse, { t: table + others.join("\n") }, "id"))).toEqual([]);
  });

  test("long ids fail at once, grouped and reversed too", async () => {
    const idOf = (i: number) => `1101011990${String(10_000_000 + i * 3331).slice(0, 8)}`;
    const long = await importAll(engine, derive(idOf), { unitColumn: "id" });
    expect(long.columns[0]?.type).toBe("integer");
    const id = idOf(77);
    for (const [text, encoding] of [
      [id, "exact"],
      [[...id].reverse().join(""), "reversed"],
      [Buffer.from(id).toString("base64"), "base64"],
    ] as const)
      expect(identifiers(await scanTexts(engine, long, { t: `id: ${text}` }, "id"))).toMatchObject([
        { encoding, verdict: "fail" },
      ]);
    const grouped = [1, 2, 3].map((i) => idOf(i).replace(/(\d{6})(\d{4})(\d{4})/, "$1 $2 $3 ")).join("\n");
    expect(identifiers(await scanTexts(engine, long, { t: grouped }, "id"))).toMatchObject([
      { encoding: "grouped", verdict: "fail" },
    ]);
  });

  test("names: three fail, one is for people to judge, Chinese ones within a sentence too", async () => {
    const csv = "name,v\n王小明,1\n李雷,2\n韩梅梅,3\nAnna Schmidt,4\nBob O'Neil,5\n";
    const named = await importAll(engine, csv, { unitColumn: "name" });
    const look = async (text: string) => identifiers(await scanTexts(engine, named, { t: text }, "name"));
    expect(await look("患者王小明与李雷及韩梅梅复诊")).toMatchObject([{ count: 3, verdict: "fail" }]);
    expect(await look("Report for anna schmidt.")).toMatchObject([{ count: 1, verdict: "review" }]);
    expect(await look("Annabelle Schmidtson")).toEqual([]);
    expect(await look(Buffer.from("王小明 李雷 韩梅梅").toString("base64"))).toMatchObject([
      { encoding: "base64", verdict: "fail" },
    ]);
  });
});

describe("hostile texts are bounded, and what is not looked into is said", () => {
  test("a gzip bomb", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024)).toString("base64");
    expect(await scan(bomb)).toContainEqual(
      expect.objectContaining({ kind: "unscanned", verdict: "review" }),
    );
  }, 60_000);

  test("gzip within gzip within gzip", async () => {
    let inner: Buffer = Buffer.from(ids(5).join(","));
    for (let i = 0; i < 6; i++) inner = gzipSync(inner);
    expect((await scan(inner.toString("base64"))).map(({ verdict }) => verdict)).toContain("review");
  });

  test("an archive that cannot be opened here", async () => {
    const archive = Buffer.concat([Buffer.from("BZh91AY&SY"), randomBytes(200)]).toString("base64");
    expect(await scan(archive)).toContainEqual(expect.objectContaining({ kind: "unscanned" }));
  });

  test("ten megabytes of base64, and two each of digits, of one word, of quotes", async () => {
    const start = performance.now();
    const big = 10 * 1024 * 1024;
    const texts = {
      base64: randomBytes((big / 4) * 3).toString("base64"),
      digits: "12 345 6789 ".repeat(big / 60),
      line: "a".repeat(big / 5),
      quotes: '"\\x41'.repeat(big / 25),
    };
    const hits = await scanTexts(engine, version, texts, "id");
    console.log(
      `16 MiB of hostile text: ${Math.round(performance.now() - start)} ms, ${JSON.stringify(hits)}`,
    );
    expect(hits.filter(({ verdict }) => verdict === "fail")).toEqual([]);
  }, 110_000);
});
