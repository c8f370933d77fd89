/** What the node learns of units behind a cell, against a naive computation over the same rows. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { defaultPolicy, judgeFacts, type TableCell, type TableFacts } from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { type MadeColumn, type MadeRow, OverRows } from "./over-rows.js";

const COLUMNS: MadeColumn[] = [
  { name: "sex", type: "text", nullable: false, categories: ["F", "M", "X"] },
  { name: "grp", type: "integer", nullable: true },
  { name: "site", type: "text", nullable: false },
  { name: "age", type: "integer", nullable: false },
  { name: "kappa", type: "decimal", nullable: true },
];
type Row = MadeRow & { values: [string, number | null, string, number, number | null] };

const seed = testSeed();
let state = seed;
const random = (n: number) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const rowsOf = (rowsPerUnit: number): Row[] =>
  Array.from({ length: 600 }, (_, i) => ({
    unit: Math.floor(i / rowsPerUnit),
    values: [
      ["F", "M"][random(2)]!,
      random(10) === 0 ? null : random(3),
      "abcd"[random(4)]!,
      40 + random(9),
      random(8) === 0 ? null : (random(4000) - (random(5) === 0 ? 800 : 0)) / 64,
    ],
  }));

const made: { single: Row[]; several: Row[] } = { single: rowsOf(1), several: rowsOf(3) };
let over: { single: OverRows; several: OverRows };
beforeAll(async () => {
  over = {
    single: await OverRows.of(COLUMNS, made.single),
    several: await OverRows.of(COLUMNS, made.several),
  };
});
afterAll(() => {
  over.single.close();
  over.several.close();
});

/** Rows of a cell over sex, grp and site. */
function inCell(facts: TableFacts, { at }: TableCell, rows: readonly Row[]): Row[] {
  const places = facts.dimensions.map(({ name }) => COLUMNS.findIndex((c) => c.name === name));
  return rows.filter((row) =>
    at.every((level, i) => {
      const value = row.values[places[i]!];
      return value !== null && (level === -1 || String(value) === facts.dimensions[i]!.levels[level]);
    }),
  );
}

function contributionsIn(rows: readonly Row[], column: number): Map<number, number> {
  const sums = new Map<number, number>();
  for (const { unit, values } of rows) {
    const value = values[column];
    if (typeof value === "number") sums.set(unit, (sums.get(unit) ?? 0) + value);
  }
  return sums;
}

/** Units with a value that is shown like this one. */
const sharing = (rows: readonly Row[], column: number, shown: number, digits: number): number =>
  new Set(
    rows
      .filter(({ values }) => values[column] !== null)
      .filter(({ values }) => Number(values[column]).toPrecision(digits) === shown.toPrecision(digits))
      .map(({ unit }) => unit),
  ).size;

const CLAIM = {
  kind: "table",
  rows: ["sex", "grp"],
  columns: ["site"],
  values: ["kappa", "age"],
  agg: ["count", "sum", "mean", "std", "min", "max", "median"],
  margins: "all",
};

describe.each(["single", "several"] as const)(`of units with %s rows (seed ${seed})`, (kind) => {
  test("contributions are summed by unit: the largest, the total, both signs, one value", async () => {
    const { facts } = await over[kind].facts(CLAIM);
    const measure = (name: string) => facts.measures.findIndex((m) => m.name === name);
    let judged = 0;
    for (const [name, column] of [
      ["sum kappa", 4],
      ["mean age", 3],
      ["std kappa", 4],
    ] as const)
      for (const cell of facts.cells.filter((c) => c.measure === measure(name))) {
        const rows = inCell(facts, cell, made[kind]);
        const sums = [...contributionsIn(rows, column).values()];
        expect(cell.units).toBe(sums.length);
        if (sums.length === 0) continue;
        const sizes = sums.map(Math.abs).sort((a, b) => b - a);
        expect(cell.top?.map(Number)).toEqual(sizes.slice(0, 2).map((s) => expect.closeTo(s, 8)));
        expect(Number(cell.total)).toBeCloseTo(
          sizes.reduce((a, b) => a + b, 0),
          6,
        );
        expect(cell.negative ?? false).toBe(sums.some((s) => s < 0) && sums.some((s) => s > 0));
        expect(cell.nonzero).toBe(sums.filter((s) => s !== 0).length);
        const values = rows.map((r) => r.values[column]).filter((v) => v !== null);
        expect(cell.same ?? false).toBe(new Set(values).size === 1);
        judged++;
      }
    expect(judged).toBeGreaterThan(60);
  });

  test("of a minimum, maximum and median the units are counted that are shown alike", async () => {
    for (const digits of [8, 2]) {
      const policy = { ...defaultPolicy(3), significant_digits: digits };
      const { facts } = await over[kind].facts(CLAIM, policy);
      for (const [m, { name }] of facts.measures.entries()) {
        const [how, of] = name.split(" ");
        if (!["min", "max", "median"].includes(how!)) continue;
        const column = of === "age" ? 3 : 4;
        for (const cell of facts.cells.filter((c) => c.measure === m && c.units! > 0)) {
          const rows = inCell(facts, cell, made[kind]);
          const values = rows
            .map((r) => r.values[column])
            .filter((v) => v !== null)
            .sort((a, b) => Number(a) - Number(b)) as number[];
          const behind =
            how === "min"
              ? [values[0]!]
              : how === "max"
                ? [values.at(-1)!]
                : [values[Math.floor((values.length - 1) / 2)]!, values[Math.ceil((values.length - 1) / 2)]!];
          const naive = Math.min(...behind.map((v) => sharing(rows, column, v, digits)));
          // A value halfway between two that are shown is shared by nobody.
          const halfway = behind.some((v) => isHalfway(v, digits));
          if (halfway) expect(cell.sharers).toBe(0);
          else expect(cell.sharers).toBeLessThanOrEqual(naive);
          if (!rows.some((r) => isHalfway(Number(r.values[column] ?? 0), digits)))
            expect(cell.sharers).toBe(naive);
        }
      }
    }
  });

  test("all margins: totals over every combination of dimensions, each the last level of its dimension", async () => {
    const { facts, layout } = await over[kind].facts({ ...CLAIM, values: undefined, agg: undefined });
    expect(facts.cells).toHaveLength(4 * 4 * 5);
    for (const cell of facts.cells)
      expect(cell.units).toBe(new Set(inCell(facts, cell, made[kind]).map((r) => r.unit)).size);
    const text = judgeFacts(facts, layout, defaultPolicy(3)).canonical!.toString("utf8").split("\n");
    expect(text[0]).toBe("sex,grp,a,b,c,d,Total");
    expect(text.filter((line) => line.startsWith("F,"))).toHaveLength(4);
    expect(text.slice(1).map((line) => line.split(",").slice(0, 2).join())).toEqual([
      ...["F", "M", "X", "Total"].flatMap((sex) => ["0", "1", "2", "Total"].map((grp) => `${sex},${grp}`)),
      "",
    ]);
  });
});

test("the mean of a mark is a count: who bears it and who does not, whatever its two numbers", async () => {
  for (const kind of ["single", "several"] as const) {
    const marked = made[kind].map((row) => ({
      ...row,
      values: [...row.values, Number(row.values[3] === 41) + 1],
    }));
    const columns: MadeColumn[] = [...COLUMNS, { name: "mark", type: "integer", nullable: false }];
    const rows = await OverRows.of(columns, marked);
    const { facts } = await rows.facts({ kind: "table", rows: ["sex"], values: "mark", agg: "mean" });
    rows.close();
    for (const cell of facts.cells.filter((c) => c.measure === 1 && c.units! > 0)) {
      const inside = inCell(facts, cell, made[kind]);
      const bearing = inside.filter(({ values }) => values[3] === 41).length;
      expect(cell.rarer).toBe(Math.min(bearing, inside.length - bearing));
    }
  }
});

test("what is put together from columns goes to people, for it could mark out anybody", async () => {
  const claim = { kind: "table", values: "age * 2", agg: "sum" };
  const { facts, layout } = await over.single.facts(claim);
  const { findings } = judgeFacts(facts, layout, defaultPolicy(3));
  expect(findings.filter(({ verdict }) => verdict !== "pass").map(({ rule }) => rule)).toEqual(["composed"]);
});

test("a count of rows is judged by what each unit brings, where a unit may have several", async () => {
  const { facts } = await over.several.facts({ kind: "table", rows: ["sex"], agg: "count" });
  const rows = facts.measures.findIndex(({ statistic }) => statistic === "count");
  const cell = facts.cells.find((c) => c.measure === rows)!;
  expect(cell.top).toEqual(["3", "3"]);
  expect(Number(cell.total)).toBe(Number(cell.value));
  const single = await over.single.facts({ kind: "table", rows: ["sex"], agg: "count" });
  expect(single.facts.cells.every(({ top }) => top === undefined)).toBe(true);
});

test("both ways of asking, by rows and by units, come to the same where each unit has one row", async () => {
  const [byRows, byUnits] = [
    await over.single.facts(CLAIM, defaultPolicy(3), true),
    await over.single.facts(CLAIM, defaultPolicy(3), false),
  ];
  const without = ({ cells, measures }: TableFacts) =>
    cells.filter(({ measure }) => measures[measure]!.statistic !== "count");
  expect(without(byRows.facts)).toEqual(without(byUnits.facts));
});

test("all margins of more than four groupings are refused, by name", async () => {
  const rows = ["sex", "grp", "site", "age", { value: "kappa", edges: [0, 10] }];
  await expect(over.single.facts({ kind: "table", rows, margins: "all" })).rejects.toThrow(/margins/);
});

function isHalfway(value: number, digits: number): boolean {
  if (value === 0) return false;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value))) + 1 - digits);
  const rest = Math.abs(value / step) % 1;
  return Math.abs(rest - 0.5) < 1e-6;
}
