/** Tables compared by descriptions and counts alone, where nobody knows which units their cells stand on. */
import { describe, expect, test } from "@jest/globals";
import {
  cellsWithin,
  claimFromWritten,
  columnsOf,
  type PublishedTable,
  planTable,
  requireRecomputed,
  TOTAL,
  writtenClaim,
} from "../../../../src/privacy/index.js";
import { testSeed } from "../../../harness/seed.js";
import { drawer } from "./histories.js";

const COLUMNS = columnsOf([
  { name: "sex", type: "text", categories: ["F", "M"], nullable: true },
  { name: "city", type: "text", categories: ["a", "b", "c"], nullable: true },
  { name: "age", type: "integer", nullable: true },
]);

interface Row {
  sex: string | null;
  city: string | null;
  age: number | null;
}

const EDGES = [0, 30, 60, 90];
/** What a dimension can be, with the level that a row is in; undefined: in none. */
const DIMENSIONS: { written: unknown; level: (row: Row) => number | undefined }[] = [
  { written: "sex", level: (row) => place(["F", "M"], row.sex) },
  { written: "city", level: (row) => place(["a", "b", "c"], row.city) },
  {
    written: { value: "age", edges: EDGES },
    level: (row) => {
      const { age } = row;
      if (age === null) return undefined;
      return place(
        [0, 1, 2],
        EDGES.findIndex((low, i) => age >= low && age < (EDGES[i + 1] ?? 0)),
      );
    },
  },
];
const FILTERS: [written: string | undefined, holds: (row: Row) => boolean][] = [
  [undefined, () => true],
  ["age < 60", ({ age }) => age !== null && age < 60],
  ["age < 58", ({ age }) => age !== null && age < 58],
  ["sex == 'F'", ({ sex }) => sex === "F"],
  ["sex == 'F' and age >= 30", ({ sex, age }) => sex === "F" && age !== null && age >= 30],
  ["city != 'c'", ({ city }) => city !== null && city !== "c"],
];

function place<T>(list: readonly T[], value: T | null): number | undefined {
  const at = value === null ? -1 : list.indexOf(value);
  return at === -1 ? undefined : at;
}

interface Made extends PublishedTable {
  /** Indices of the rows of a cell. */
  members(at: readonly number[]): Set<number>;
}

/** Counted naively. */
function tableOver(rows: readonly Row[], dimensions: readonly number[], filter: number): Made {
  const [where, holds] = FILTERS[filter]!;
  const written = writtenClaim.parse({
    kind: "table",
    rows: dimensions.map((d) => DIMENSIONS[d]!.written),
    missing: "drop",
    ...(where === undefined ? {} : { where }),
  });
  const claim = claimFromWritten(written, "d", COLUMNS, "t");
  const plan = planTable(requireRecomputed(claim.statistic, "t"), COLUMNS);
  const levelsOf = (row: Row) => dimensions.map((d) => DIMENSIONS[d]!.level(row));
  const members = (at: readonly number[]) =>
    new Set(
      rows.flatMap((row, i) => {
        const levels = levelsOf(row);
        const kept = holds(row) && !levels.includes(undefined);
        return kept && at.every((level, k) => level === TOTAL || levels[k] === level) ? [i] : [];
      }),
    );
  let places: number[][] = [[]];
  for (const { levels } of plan.dimensions)
    places = places.flatMap((at) => levels.map((_, level) => [...at, level]));
  return {
    claim,
    version: "v",
    columns: COLUMNS,
    members,
    facts: {
      format: 1,
      stated_by: "node",
      filter: where ?? null,
      dimensions: plan.dimensions.map((d) => ({ name: d.name, levels: d.levels.map((l) => l.label) })),
      measures: [{ name: "units", statistic: "units" }],
      cells: places.map((at) => {
        const units = members(at).size;
        return { at, measure: 0, value: String(units), units };
      }),
    } as PublishedTable["facts"],
  };
}

const within = (a: ReadonlySet<number>, b: ReadonlySet<number>) => [...a].every((i) => b.has(i));
const TERMS = { threshold: 10, oneRowAUnit: true };

function randomRows(draw: (n: number) => number, n: number): Row[] {
  const some = <T>(list: readonly T[]): T | null => (draw(20) === 0 ? null : list[draw(list.length)]!);
  return Array.from({ length: n }, () => ({
    sex: some(["F", "M"]),
    city: some(["a", "b", "c"]),
    age: some([5, 20, 35, 50, 57, 58, 59, 61, 80]),
  }));
}

describe("cells that lie in one another by their descriptions", () => {
  test("all, and all but few by a filter: each cell of which few are left over is named, and the total", () => {
    const rows: Row[] = Array.from({ length: 100 }, (_, i) => ({
      sex: i % 2 === 0 ? "F" : "M",
      city: "a",
      age: i < 6 ? 58 : 20,
    }));
    const [all, most] = [tableOver(rows, [0], 1), tableOver(rows, [0], 2)];
    for (const [mine, other] of [
      [most, all],
      [all, most],
    ] as const) {
      const { small, compared } = cellsWithin(mine, other, TERMS);
      expect(compared).toBe(true);
      expect(small.map(([name]) => name).sort()).toEqual(["F", "M", "Total"]);
    }
  });

  test("a total is told by sums alone where each unit has one row, and not where it may have several", () => {
    const rows: Row[] = Array.from({ length: 100 }, (_, i) => ({
      sex: i % 2 === 0 ? "F" : "M",
      city: i < 4 ? "c" : "a",
      age: 20,
    }));
    const [bySex, byCity] = [tableOver(rows, [0], 0), tableOver(rows, [1], 5)];
    expect(cellsWithin(byCity, bySex, TERMS).small).toEqual([]);
    const [all, some] = [tableOver(rows, [0], 1), tableOver(rows, [0, 1], 1)];
    const named = (oneRowAUnit: boolean) =>
      cellsWithin(some, all, { ...TERMS, oneRowAUnit }).small.map(([name]) => name);
    expect(named(true)).toEqual(["F / a", "M / a", "Total / a"]);
    expect(named(false)).toEqual(["F / a", "M / a"]);
  });

  test("differences of none, or of as many as the threshold, say nothing", () => {
    const rows: Row[] = Array.from({ length: 100 }, (_, i) => ({
      sex: "F",
      city: "a",
      age: i < 10 ? 58 : 20,
    }));
    expect(cellsWithin(tableOver(rows, [0], 2), tableOver(rows, [0], 1), TERMS).small).toEqual([]);
    expect(cellsWithin(tableOver(rows, [0], 1), tableOver(rows, [0], 1), TERMS).small).toEqual([]);
  });

  test("whatever is named lies so in truth: few units are left over of some cell or total of the other", () => {
    const seed = testSeed();
    const draw = drawer(seed);
    let named = 0;
    for (let trial = 0; trial < 25; trial++) {
      const rows = randomRows(draw, 60 + draw(60));
      const pick = () => [0, 1, 2].filter(() => draw(2) === 0);
      const [mine, other] = [tableOver(rows, pick(), draw(6)), tableOver(rows, pick(), draw(6))];
      const { small } = cellsWithin(mine, other, TERMS);
      const names = new Set(small.map(([name]) => name));
      for (const at of allPlaces(mine)) {
        if (!names.has(nameOf(mine, at))) continue;
        named++;
        const a = mine.members(at);
        const holds = allPlaces(other).some((place) => {
          const b = other.members(place);
          const few = Math.abs(a.size - b.size) > 0 && Math.abs(a.size - b.size) < 10;
          return few && (within(a, b) || within(b, a));
        });
        expect([seed, trial, at, holds]).toEqual([seed, trial, at, true]);
      }
    }
    expect(named).toBeGreaterThan(10);
  });
});

function allPlaces({ facts }: PublishedTable): number[][] {
  let places: number[][] = [[]];
  for (const { levels } of facts.dimensions)
    places = places.flatMap((at) => [TOTAL, ...levels.keys()].map((level) => [...at, level]));
  return places;
}

const nameOf = ({ facts }: PublishedTable, at: readonly number[]): string =>
  at.length === 0
    ? "all"
    : at.map((level, i) => (level === TOTAL ? "Total" : facts.dimensions[i]!.levels[level]!)).join(" / ");
