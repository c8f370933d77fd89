/** The vectors in R itself: each condition keeps the rows that it says, or those that it says R keeps by itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { packageRoot } from "../../../src/store/index.js";
import { rAnswers, rTerms } from "./r.js";

interface Vector {
  name: string;
  r: string;
  rows: number[];
  r_alone?: { rows: number[]; why: string };
}
interface Formula {
  r: string;
  intercept: boolean;
  orders: number[];
}
const read = <T>(name: string): T =>
  JSON.parse(readFileSync(join(packageRoot(), "tests/vectors/expression", name), "utf8")) as T;
const { columns, rows, filters } = read<{
  columns: { name: string; type: string }[];
  rows: (string | number | null)[][];
  filters: Vector[];
}>("filters.json");
const { formulas } = read<{ formulas: Formula[] }>("formulas.json");

let answers: (number[] | string)[];
let terms: { intercept: boolean; orders: number[] }[];
beforeAll(async () => {
  const texts = rows.map((row) => row.map((value) => (value === null ? null : String(value))));
  answers = await rAnswers({ columns, rows: texts, conditions: filters.map(({ r }) => r) });
  terms = await rTerms(formulas.map(({ r }) => r));
});

describe("a condition in R", () => {
  test.each(filters.map((v, i): [string, number, Vector] => [v.name, i, v]))("%s", (_, i, v) => {
    expect([v.r, answers[i]]).toEqual([v.r, v.r_alone?.rows ?? v.rows]);
  });

  test("says why, where R keeps other rows", () => {
    for (const { r_alone, rows: ours } of filters)
      if (r_alone)
        expect([r_alone.rows.join() !== ours.join(), r_alone.why.length > 0]).toEqual([true, true]);
  });
});

test.each(formulas.map((f, i): [string, number, Formula] => [f.r, i, f]))("terms of %s", (_, i, f) => {
  expect(terms[i]).toEqual({ intercept: f.intercept, orders: [...f.orders].sort() });
});
