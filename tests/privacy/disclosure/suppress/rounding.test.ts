/** Counts rounded so that none of them says that a cell is small. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import { countsOf, randomOf, randomTable } from "../../../../bench/parts/random-tables.js";
import { roundTable } from "../../../../src/privacy/disclosure/round/protect.js";
import { meaningOf, roundCount } from "../../../../src/privacy/disclosure/round/round.js";
import { Solver } from "../../../../src/privacy/disclosure/suppress/solver.js";
import { chancesOf, defaultPolicy, type TableFacts } from "../../../../src/privacy/index.js";
import { testSeed } from "../../../harness/seed.js";

const POLICY = defaultPolicy(3);
const FIVE = { base: 5, random: false };
const THREE = { base: 3, random: true };
const SECRET = Buffer.alloc(32, 7);
const seed = testSeed();
let solver: Solver;
beforeAll(async () => {
  solver = await Solver.open();
});

const withDraws = (facts: TableFacts): TableFacts => ({
  ...facts,
  cells: facts.cells.map((cell, i) => ({ ...cell, drawn: `units of ${i}` })),
});

describe("rounding a count", () => {
  test("to the nearest 5, up to 7 as 0, where fewer than 10 are few", () => {
    const shown = [0, 1, 5, 7, 8, 9, 10, 12, 13, 17, 18, 102].map((n) => roundCount(n, FIVE, 10, 0));
    expect(shown).toEqual([0, 0, 0, 0, 10, 10, 10, 10, 15, 15, 20, 100]);
  });

  test("no shown number stands for small counts alone, and each for what it says", () => {
    const wrong: unknown[] = [];
    for (const threshold of [3, 5, 10, 20])
      for (const rounding of [FIVE, THREE, { base: 10, random: false }, { base: 2, random: true }])
        for (let count = 0; count <= 200; count++)
          for (const chance of [0, 0.5, 0.999]) {
            const shown = roundCount(count, rounding, threshold, chance);
            const { low, high } = meaningOf(shown, rounding, threshold);
            const telling = shown > 0 ? high < threshold : low !== 0;
            if (count < low || count > high || telling) wrong.push({ threshold, rounding, count, shown });
          }
    expect(wrong).toEqual([]);
  });

  test("by chance a count that is no multiple is right on average", () => {
    const random = randomOf(seed);
    for (const count of [100, 101, 102]) {
      let sum = 0;
      for (let i = 0; i < 20_000; i++) sum += roundCount(count, THREE, 10, random());
      expect(Math.abs(sum / 20_000 - count)).toBeLessThan(0.06);
    }
  });
});

describe(`a rounded table (seed ${seed})`, () => {
  const table = (n: number) =>
    randomTable(
      { sizes: [4, 5], down: 1, margins: true, empty: 0.1, small: 0.2, threshold: 10, most: 90 },
      randomOf(seed + n),
    );

  test("shows multiples of the base alone, each total rounded for itself, and says how it was made", () => {
    const facts = roundTable(solver, table(0), 1, POLICY, FIVE, []);
    expect(facts.cells.every(({ value }) => Number(value) % 5 === 0)).toBe(true);
    expect(facts.protection).toMatchObject({ how: "round", base: 5, random: false });
    const total = facts.cells.at(-1)!;
    expect(Math.abs(Number(total.value) - total.units!)).toBeLessThanOrEqual(2);
  });

  test("gives the same draw for the same units, whatever stands around them, and another under another secret", () => {
    const facts = withDraws(table(1));
    const draws = chancesOf(facts, SECRET);
    const [first, ...rest] = facts.cells;
    const turned = { ...facts, cells: [...rest, first!] };
    expect(chancesOf(turned, SECRET).at(-1)).toBe(draws[0]);
    expect(chancesOf(facts, Buffer.alloc(32, 8))).not.toEqual(draws);
    expect(draws.every((d) => d >= 0 && d < 1)).toBe(true);
    const once = roundTable(solver, facts, 1, POLICY, THREE, draws);
    expect(roundTable(solver, facts, 1, POLICY, THREE, draws)).toEqual(once);
    expect(JSON.stringify(once)).not.toContain("drawn");
  });

  test("withstands the attack in most tables, and says so where sums tell too much", () => {
    const made = Array.from({ length: 20 }, (_, i) => roundTable(solver, table(i), 1, POLICY, FIVE, []));
    for (const { protection } of made) expect(protection!.withstood).toBe(protection!.exposed === 0);
    expect(made.filter(({ protection }) => protection!.withstood).length).toBeGreaterThan(10);
    // Four that are shown as 0 are at most 7 each, and their total, shown as 30, at least 28.
    const tight = countsOf([1, 4], 1, true, ([, j]) => [7, 7, 7, 7][j!]!);
    expect(roundTable(solver, tight, 1, POLICY, FIVE, []).protection).toMatchObject({ withstood: false });
  });
});
