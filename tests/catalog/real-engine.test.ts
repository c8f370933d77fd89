/** The catalogue over the engine itself: confined processes, real data, nothing doubled. */
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type DatasetInput, type Engine } from "../../src/catalog/index.js";
import { packageRoot } from "../../src/store/index.js";
import { type CatalogFixture, catalogFixture, give, outcomeOf } from "./fixture.js";

const FLCHAIN = join(packageRoot(), "examples", "data", "flchain.csv");
const lines = readFileSync(FLCHAIN, "utf8").trimEnd().split(/\r?\n/);
const COLUMNS: DatasetInput["columns"] = [
  { name: "id", class: "identifier" },
  { name: "age", bounds: [50, 101], unit: "year" },
  { name: "sex", categories: ["F", "M"] },
  { name: "kappa", class: "sensitive", bounds: [0, 30], unit: "mg/dL" },
];

let f: CatalogFixture<Engine>;
beforeAll(async () => {
  f = catalogFixture(undefined, createEngine());
  f.catalog.datasets.create(f.owner, {
    name: "flchain",
    unit_column: "id",
    auditors: ["auditor"],
    columns: COLUMNS,
    synthetic_rows: 200,
  });
  await f.catalog.datasets.putContent(f.owner, "flchain", createReadStream(FLCHAIN), "text/csv");
  f.catalog.datasets.assess(f.owner, "flchain");
  f.catalog.datasets.publish(f.owner, "flchain");
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

const current = () => f.catalog.datasets.row("flchain").current_version!;

describe("flchain, registered", () => {
  test("has its rows and units counted, its columns typed, its declarations kept", () => {
    const { versions, columns } = f.catalog.datasets.get(f.owner, "flchain");
    expect(versions).toMatchObject([{ rows: lines.length - 1, units: lines.length - 1 }]);
    const by = Object.fromEntries(columns.map((c) => [c.name, c]));
    expect(by.id).toMatchObject({ type: "text", class: "identifier", nullable: false });
    expect(by.age).toMatchObject({ type: "integer", bounds: ["50", "101"], unit: "year" });
    expect(by.kappa).toMatchObject({ type: "decimal", class: "sensitive", bounds: ["0", "30"] });
    expect(by.creatinine).toMatchObject({ type: "decimal", nullable: true });
  });

  test("comes back in a View value for value, without what the grant drops", async () => {
    const grant = f.catalog.grants.row(
      give(f, "flchain", { constraints: { drop_columns: ["chapter", "id"] } }).id,
    );
    const view = await f.catalog.views.ensure({ grant, versionId: current(), mode: "real" });
    const csv = (await f.vault.read(view.object, 1 << 24)).toString().trimEnd().split("\n");
    expect(view.rows).toBe(lines.length - 1);
    expect(csv[0]).toBe("age,sex,sample.yr,kappa,lambda,flc.grp,creatinine,mgus,futime,death");
    const cells = (line: string) => line.replaceAll('"', "").split(",");
    const wanted = lines.slice(1).map((line) => cells(line).slice(1, 11));
    const got = csv.slice(1).map(cells);
    const differing = wanted.findIndex((row, i) =>
      row.some((cell, k) => {
        const other = got[i]?.[k] ?? "";
        return k === 1
          ? cell !== other
          : (cell === "NA" ? "" : cell) !== other && Number(cell) !== Number(other);
      }),
    );
    expect(differing).toBe(-1);
  });

  test("keeps the twin apart from the data: declared bounds and categories, no identifier", async () => {
    const twin = (await buffer(await f.catalog.datasets.synthetic(f.researcher, "flchain"))).toString();
    const rows = twin
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","));
    expect(rows).toHaveLength(200);
    const real = new Set(lines.slice(1).map((line) => line.split(",")[0]!.replaceAll('"', "")));
    expect(rows.filter((row) => real.has(row[0]!))).toEqual([]);
    for (const row of rows) {
      expect(Number(row[1])).toBeGreaterThanOrEqual(50);
      expect(Number(row[1])).toBeLessThanOrEqual(101);
      expect(["F", "M"]).toContain(row[2]);
    }
    const again = (await buffer(await f.catalog.datasets.synthetic(f.owner, "flchain"))).toString();
    expect(again).toBe(twin);
  });

  test("is the same version when it is put again, and continues its units when it grows", async () => {
    const before = current();
    const again = await f.catalog.datasets.putContent(
      f.owner,
      "flchain",
      createReadStream(FLCHAIN),
      "text/csv",
    );
    expect(again.version).toBe(before);
    const grown = [...lines, lines[1]!.replace("F00001", "X00001")].join("\n");
    const next = await f.catalog.datasets.putContent(f.owner, "flchain", Readable.from([grown]), "text/csv");
    expect(next).toMatchObject({ seq: 2, rows: lines.length, units: lines.length });
    expect(f.catalog.datasets.row("flchain").state).toBe("published");
  });

  test("is found in what a program wrote: an identifier in base64, and a record's values", async () => {
    const ids = lines.slice(1, 40).map((line) => line.split(",")[0]!.replaceAll('"', ""));
    const hits = await f.catalog.scanOutputs({
      versionIds: [current()],
      texts: [
        { name: "log", content: Buffer.from(Buffer.from(ids.join(" ")).toString("base64")) },
        { name: "honest", content: Buffer.from("group,deaths\n1,120\n2,340\n") },
      ],
    });
    expect(
      hits.some((hit) => hit.name === "log" && hit.kind === "identifier" && hit.verdict === "fail"),
    ).toBe(true);
    expect(hits.filter((hit) => hit.name === "honest" && hit.verdict === "fail")).toEqual([]);
    for (const id of ids) expect(JSON.stringify(hits)).not.toContain(id);
  });
});

describe("what an import refuses", () => {
  const BAD: [what: string, csv: string, input: Partial<DatasetInput>][] = [
    ["a row with too many cells", "id,age\nCANARY1,CANARY2\nCANARY3,4,CANARY5\n", {}],
    ["a unit with more rows than declared", "id,age\nCANARY1,2\nCANARY1,3\n", { unit_column: "id" }],
    ["no such unit column", "id,age\nCANARY1,2\n", { unit_column: "person" }],
    [
      "a value outside the declared bounds",
      "id,age\nCANARY1,987654321\n",
      { columns: [{ name: "age", bounds: [0, 9] }] },
    ],
    [
      "a value outside the categories",
      "id,sex\n1,CANARY1\n",
      { columns: [{ name: "sex", categories: ["F"] }] },
    ],
    [
      "a declared type that does not hold",
      "id,age\n1,CANARY1\n",
      { columns: [{ name: "age", type: "integer" }] },
    ],
    ["a quote that never closes", 'id,age\n1,"CANARY1\n2,3\n', {}],
    ["a column named twice", "id,id\nCANARY1,2\n", {}],
    ["bytes that are not UTF-8", "id,age\n\xff\xfeCANARY1,2\n", {}],
    ["a NUL", "id,age\nCANARY1\u0000,2\n", {}],
    ["a declared column that is missing", "id,age\nCANARY1,2\n", { columns: [{ name: "income" }] }],
    ["nothing at all", "", {}],
  ];
  test.each(BAD)("%s, without a value in the error", async (what, csv, input) => {
    const name = `bad-${BAD.findIndex(([w]) => w === what)}`;
    f.catalog.datasets.create(f.owner, { name, ...input });
    const source = Readable.from([Buffer.from(csv, "latin1")]);
    const before = [...f.vault.list()].length;
    const error = await f.catalog.datasets.putContent(f.owner, name, source, "text/csv").then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { code: string; params: object },
    );
    expect(error).toMatchObject({ code: "invalid_input" });
    const said = [String(error), JSON.stringify(error!.params), error!.stack ?? "", causes(error)].join("\n");
    for (const canary of ["CANARY", "987654321"]) expect(said).not.toContain(canary);
    expect([...f.vault.list()].length).toBe(before);
    expect(f.catalog.datasets.row(name).current_version).toBeNull();
  });

  test("and content beyond the node's limit", async () => {
    const small = catalogFixture({ maxContentBytes: 1000 }, f.engine);
    small.catalog.datasets.create(small.owner, { name: "d", unit_column: null });
    const put = small.catalog.datasets.putContent(small.owner, "d", createReadStream(FLCHAIN), "text/csv");
    expect(await outcomeOf(put)).toBe("too_large");
    small.end();
  });
});

/** All that a log could print of an error's causes. */
function causes(error: unknown): string {
  const said: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) said.push(at.message, JSON.stringify(at));
  return said.join("\n");
}
