/**
 * The tables of ACRO's own tests over its made-up data, recomputed and judged here: as published, or with the difference
 * that docs/disclosure.md explains.
 *
 * Source: AI-SDC/ACRO at fe729ae, test/test_tables.py: four variables A, B, C; eleven rows in each combination, but five
 * where the first, third and fourth are C; the value counts up from 0 within each.
 */
import { afterAll, describe, expect, test } from "@jest/globals";
import { defaultPolicy, judgeFacts, verdictOf } from "../../../src/privacy/index.js";
import { type MadeColumn, type MadeRow, OverRows } from "./over-rows.js";

const LABELS = ["A", "B", "C"];
const COLUMNS: MadeColumn[] = [
  ...["v1", "v2", "v3", "v4"].map((name) => ({
    name,
    type: "text" as const,
    nullable: false,
    categories: LABELS,
  })),
  { name: "value", type: "integer", nullable: false },
];

type Row = [v1: string, v2: string, v3: string, v4: string, value: number];
const ALL: Row[] = LABELS.flatMap((v1) =>
  LABELS.flatMap((v2) =>
    LABELS.flatMap((v3) =>
      LABELS.flatMap((v4) =>
        Array.from(
          { length: v1 === "C" && v3 === "C" && v4 === "C" ? 5 : 11 },
          (_, i): Row => [v1, v2, v3, v4, i],
        ),
      ),
    ),
  ),
);
const isSmall = ([v1, , v3, v4]: Row) => v1 === "C" && v3 === "C" && v4 === "C";
const ONE = ALL.filter(([, v2, v3, v4]) => v2 === "C" && v3 === "C" && v4 === "C");
const TWO = ALL.filter(([, , v3, v4]) => v3 === "C" && v4 === "C");
const THREE = ALL.filter(([, , , v4]) => v4 === "C");
const safe = (rows: Row[]) => rows.filter((row) => !isSmall(row));

const opened: OverRows[] = [];
const over = async (rows: readonly Row[]): Promise<OverRows> => {
  const made = await OverRows.of(
    COLUMNS,
    rows.map((values, unit): MadeRow => ({ unit, values })),
  );
  opened.push(made);
  return made;
};
afterAll(() => {
  for (const one of opened) one.close();
});

async function judged(rows: readonly Row[], claim: object) {
  const { facts, layout } = await (await over(rows)).facts({ kind: "table", ...claim });
  const { findings } = judgeFacts(facts, layout, defaultPolicy(3));
  const failed = findings.filter(({ verdict }) => verdict !== "pass");
  return { verdict: verdictOf(findings), failed: failed.map(({ rule, cells }) => [rule, cells?.length]) };
}

const SUM = { values: "value", agg: "sum" };
const SHAPES = {
  1: { rows: ["v1"] },
  2: { rows: ["v1"], columns: ["v2"] },
  3: { rows: ["v1", "v2"], columns: ["v3"] },
  4: { rows: ["v1", "v2"], columns: ["v3", "v4"] },
};

describe("ACRO's made-up data", () => {
  test.each<[keyof typeof SHAPES, Row[]]>([
    [1, ONE],
    [2, TWO],
    [3, THREE],
    [4, ALL],
  ])(
    "in %i dimensions: safe rows pass; with the small cells the table fails on those",
    async (dimensions, rows) => {
      const shape = SHAPES[dimensions];
      for (const what of [{}, SUM, { values: "value", agg: "mean" }, { values: "value", agg: "std" }]) {
        expect(await judged(safe(rows), { ...shape, ...what })).toEqual({ verdict: "pass", failed: [] });
        const unsafe = await judged(rows, { ...shape, ...what });
        const small = dimensions === 1 ? 1 : 3;
        // The units of a cell stand beside its figure, and both are named; four of the five values are not zero.
        const failed =
          "values" in what
            ? [
                ["threshold", 2 * small],
                ["contributors", small],
              ]
            : [["threshold", small]];
        expect(unsafe).toEqual({ verdict: "fail", failed });
      }
    },
  );

  test("totals do not fail of themselves", async () => {
    const shape = { ...SHAPES[2], margins: true };
    expect((await judged(safe(TWO), shape)).verdict).toBe("pass");
    expect((await judged(TWO, shape)).failed).toEqual([["threshold", 3]]);
  });

  test("a cell of zeros fails, but not by the p-ratio: each of its rows is known to be zero", async () => {
    const holes = safe(TWO).map(
      (row): Row => (row[0] === "A" && row[1] === "A" ? ([...row.slice(0, 4), 0] as Row) : row),
    );
    expect(await judged(holes, { ...SHAPES[2], ...SUM })).toEqual({
      verdict: "fail",
      failed: [["same_value", 1]],
    });
  });

  test("a cell that one row dominates fails", async () => {
    const rows = ALL.map((row): Row => [...row]);
    rows.findLast((row) => isSmall(row) && row[1] === "C")![4] = 10_000;
    const { verdict, failed } = await judged(rows, { ...SHAPES[2], ...SUM });
    expect(verdict).toBe("fail");
    // 92 other rows sum to 446: less than a tenth of the sum, and of 10,000.
    expect(failed).toEqual([
      ["dominance", 1],
      ["p_ratio", 1],
    ]);
  });
});
