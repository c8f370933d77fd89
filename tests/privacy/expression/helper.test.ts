/** The shared vectors of conditions, kept by the helper library for Python: the same rows as the node keeps. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { keptByPython } from "./helper.js";

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/expression/filters.json", import.meta.url), "utf8"),
);

test("the helper library for Python keeps the rows that the node keeps", async () => {
  const filters = vectors.filters.filter((f: { python?: string }) => f.python !== undefined);
  const kept = await keptByPython({
    ...vectors,
    conditions: filters.map((f: { python: string }) => f.python),
  });
  filters.forEach((filter: { name: string; rows: number[] }, i: number) => {
    expect([filter.name, kept[i]]).toEqual([filter.name, filter.rows]);
  });
  expect(filters.length).toBeGreaterThan(40);
});
