/** Every vector file under tests/vectors/disclosure/contributions: which rule means which cell, by what units contribute. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  type DisclosurePolicy,
  defaultPolicy,
  judgeFacts,
  RULES,
  type Statistic,
  type TableCell,
  type TableFacts,
} from "../../../src/privacy/index.js";
import { packageRoot } from "../../../src/store/index.js";

interface Vector {
  source: string;
  expect: string;
  policy?: Partial<DisclosurePolicy>;
  cells: (Partial<Omit<TableCell, "at">> & { at: string[]; units: number; statistic?: Statistic })[];
  findings: Record<string, string[][]>;
}

const FOLDER = join(packageRoot(), "tests/vectors/disclosure/contributions");
const VECTORS = readdirSync(FOLDER).map((file): [string, Vector] => [
  file,
  JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Vector,
]);

/** Cells of one figure, a dimension for each label; without a column of units, so that only this figure is judged. */
function factsOf({ cells }: Vector): TableFacts {
  const dimensions = cells[0]!.at.map((_, i) => ({
    name: `d${i}`,
    levels: [...new Set(cells.map(({ at }) => at[i]!))],
  }));
  return {
    format: 1,
    stated_by: "node",
    filter: null,
    dimensions,
    measures: [{ name: "x", statistic: cells[0]!.statistic ?? "sum", of: "x" }],
    cells: cells.map(({ at, statistic: _, ...cell }) => ({
      ...cell,
      at: at.map((label, i) => dimensions[i]!.levels.indexOf(label)),
      measure: 0,
      value: cell.units === 0 || cell.suppressed ? null : "7",
    })),
  };
}

describe("rules on contributions", () => {
  test.each(VECTORS)("%s", (_, vector) => {
    const policy = { ...defaultPolicy(3), ...vector.policy };
    const { findings } = judgeFacts(factsOf(vector), { down: 1 }, policy);
    const meant = findings.filter(({ cells }) => cells !== undefined);
    expect(Object.fromEntries(meant.map(({ rule, cells }) => [rule, cells!.length]))).toEqual(
      Object.fromEntries(Object.entries(vector.findings).map(([rule, cells]) => [rule, cells.length])),
    );
    for (const { rule, verdict, cells, reasons } of meant) {
      const named = cells!.map(([row, column]) => (column === "x" ? [row] : [row, column]));
      expect(named.map((at) => at.join()).sort()).toEqual(
        vector.findings[rule]!.map((at) => at.join()).sort(),
      );
      expect(RULES.find(({ id }) => id === rule)!.verdicts).toContain(verdict);
      expect(reasons).toHaveLength(cells!.length);
    }
  });
});
