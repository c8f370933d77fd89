/** Whether a column may be empty is what its owner says: content is held to it, and noisy answers know nothing else. */
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  createEngine,
  type DatasetInput,
  type Engine,
  type QueryAnswer,
} from "../../../src/catalog/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, give } from "../fixture.js";

type Columns = NonNullable<DatasetInput["columns"]>;

let f: CatalogFixture<Engine>;
beforeAll(() => {
  f = catalogFixture({ queryPace: (work) => work }, createEngine());
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

const FULL = "id,sex,age\na,F,61\nb,M,72\nc,F,55\n";
const GAPS = "id,sex,age\na,F,61\nb,,72\nc,F,\nd,,50\n";

const create = (name: string, columns: Columns) =>
  f.catalog.datasets.create(f.owner, { name, unit_column: "id", auditors: ["auditor"], columns });
const put = (name: string, csv: string) =>
  f.catalog.datasets.putContent(f.owner, name, Readable.from([csv]), "text/csv");
function publish(name: string): void {
  f.catalog.datasets.assess(f.owner, name);
  f.catalog.datasets.publish(f.owner, name);
}
const nullables = (name: string) =>
  Object.fromEntries(
    f.catalog.datasets.get(f.researcher, name).columns.map((column) => [column.name, column.nullable]),
  );

async function errorOf(work: () => unknown): Promise<GloveboxError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof GloveboxError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a column declared never to be empty", () => {
  test("refuses content with a gap in it, naming column, line and number, and takes what has none", async () => {
    create("kept-full", [{ name: "sex", nullable: false }, { name: "age" }]);
    const error = await errorOf(() => put("kept-full", GAPS));
    expect([error.code, error.params.detail]).toEqual([
      "invalid_input",
      "sex: 2 values are missing, where none may be as declared; first on line 3",
    ]);
    expect((await put("kept-full", FULL)).rows).toBe(3);
  });

  test("cannot be declared over content that has gaps", async () => {
    create("has-gaps", []);
    await put("has-gaps", GAPS);
    const patch = (nullable: boolean) =>
      f.catalog.datasets.patch(f.owner, "has-gaps", { columns: [{ name: "sex", nullable }] });
    const error = await errorOf(() => patch(false));
    expect([error.code, error.params.detail]).toEqual([
      "invalid_input",
      "columns.0.nullable: has empty cells in the content that is there",
    ]);
    expect(patch(true).columns.find(({ name }) => name === "sex")?.nullable).toBe(true);
  });
});

test("the entry shows what was declared, whether or not a cell is empty", async () => {
  const columns: Columns = [
    { name: "sex", nullable: true },
    { name: "age", nullable: true },
  ];
  for (const [name, csv] of [
    ["no-gaps-yet", FULL],
    ["some-gaps", GAPS],
  ] as const) {
    create(name, columns);
    await put(name, csv);
    publish(name);
    expect(nullables(name)).toEqual({ id: false, sex: true, age: true });
  }
  // What may be empty may come to be so under the published entry.
  expect((await put("no-gaps-yet", GAPS)).rows).toBe(4);
});

describe("to noisy answers", () => {
  const groups = async (name: string, csv: string, columns: Columns): Promise<unknown[]> => {
    create(name, columns);
    await put(name, csv);
    publish(name);
    give(f, name, { access: "query", rho: "10", delta: "1e-4" });
    const sql = `SELECT sex, count(*) FROM "${name}" GROUP BY sex`;
    const answer = await f.catalog.queries.ask(f.researcher, { datasets: [name], sql, epsilon: "1" });
    return (answer as QueryAnswer).rows.map(([sex]) => sex);
  };
  const sex = { name: "sex", categories: ["F", "M"] };

  test("a column of which nothing is said may be empty, whatever is in it", async () => {
    expect(await groups("unsaid-full", FULL, [sex])).toEqual(["F", "M", null]);
    expect(await groups("unsaid-gaps", GAPS, [sex])).toEqual(["F", "M", null]);
  });

  test("a declared one is what was declared", async () => {
    expect(await groups("said-full", FULL, [{ ...sex, nullable: false }])).toEqual(["F", "M"]);
    expect(await groups("said-open", FULL, [{ ...sex, nullable: true }])).toEqual(["F", "M", null]);
  });
});
