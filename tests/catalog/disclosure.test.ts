/** What an owner asks of outputs, in the catalogue. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type CatalogFixture, catalogFixture, datasetIn, entriesOf, outcome } from "./fixture.js";

let f: CatalogFixture;
beforeEach(() => {
  f = catalogFixture();
});
afterEach(() => f.end());

const figures = (name: string) => f.catalog.datasets.get(f.researcher, name).disclosure;

test("is the grade's defaults until the owner says otherwise, and is for everyone to read", async () => {
  const name = await datasetIn(f, "published");
  expect(figures(name)).toMatchObject({ threshold: 10, dominance: [{ n: 2, k: 0.9 }], p_ratio: 0.1 });
});

test("is changed figure by figure, also of a published dataset, with an entry; null puts all back", async () => {
  const name = await datasetIn(f, "published");
  f.catalog.datasets.patch(f.owner, name, { disclosure: { threshold: 20 } });
  f.catalog.datasets.patch(f.owner, name, { disclosure: { dominance: { n: 1, k: 0.5 } } });
  expect(figures(name)).toMatchObject({ threshold: 20, dominance: [{ n: 1, k: 0.5 }], p_ratio: 0.1 });
  const dataset = f.catalog.datasets.row(name).id;
  expect(entriesOf(f, dataset).slice(-2)).toEqual(["dataset.changed", "dataset.changed"]);
  f.catalog.datasets.patch(f.owner, name, { disclosure: null });
  expect(figures(name)).toMatchObject({ threshold: 10, dominance: [{ n: 2, k: 0.9 }] });
});

test("may be looser than the default down to the grade's floor, and no further", async () => {
  const name = await datasetIn(f, "published");
  expect(outcome(() => f.catalog.datasets.patch(f.owner, name, { disclosure: { threshold: 5 } }))).toBe("ok");
  expect(outcome(() => f.catalog.datasets.patch(f.owner, name, { disclosure: { threshold: 4 } }))).toBe(
    "invalid_input",
  );
  expect(figures(name).threshold).toBe(5);
});

test("is measured by the grade that the same change leads to, and follows the grade when it rises", async () => {
  const columns = ["id", "age", "city"].map((column) => ({ name: column, grade: 1 as const }));
  f.catalog.datasets.create(f.owner, {
    name: "open",
    unit_column: "id",
    columns,
    disclosure: { threshold: 2 },
  });
  expect(f.catalog.datasets.get(f.owner, "open").disclosure.threshold).toBe(2);
  const risen = { columns: [{ name: "age", grade: 4 as const }] };
  f.catalog.datasets.patch(f.owner, "open", risen);
  expect(f.catalog.datasets.get(f.owner, "open").disclosure.threshold).toBe(10);
  const both = { columns: [{ name: "city", grade: 5 as const }], disclosure: { threshold: 3 } };
  expect(outcome(() => f.catalog.datasets.patch(f.owner, "open", both))).toBe("invalid_input");
});

test("is the owner's to say, and nobody else's", async () => {
  const name = await datasetIn(f, "published");
  for (const actor of [f.admin, f.otherOwner, f.researcher, f.auditor])
    expect(outcome(() => f.catalog.datasets.patch(actor, name, { disclosure: { threshold: 50 } }))).toBe(
      "forbidden",
    );
});
