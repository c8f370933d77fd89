/** The shared vectors of conditions, kept by the helper library for R: the same rows as the node keeps. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { keptByR } from "./helper.js";

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/expression/filters.json", import.meta.url), "utf8"),
);

test("the helper library for R keeps the rows that the node keeps", async () => {
  const filters = vectors.filters.filter((f: { r?: string }) => f.r !== undefined);
  const kept = await keptByR({ ...vectors, conditions: filters.map((f: { r: string }) => f.r) });
  filters.forEach((filter: { name: string; rows: number[] }, i: number) => {
    expect([filter.name, kept[i]]).toEqual([filter.name, filter.rows]);
  });
  expect(filters.length).toBeGreaterThan(40);
});
