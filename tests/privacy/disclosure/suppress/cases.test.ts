/** Small tables whose hidden numbers can be worked out when they are hidden without thought. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import { countsOf } from "../../../../bench/parts/random-tables.js";
import { attack } from "../../../../src/privacy/disclosure/suppress/attack/attack.js";
import { puzzleOf } from "../../../../src/privacy/disclosure/suppress/attack/puzzle.js";
import { attackKnowingRule } from "../../../../src/privacy/disclosure/suppress/attack/rule.js";
import { choose } from "../../../../src/privacy/disclosure/suppress/choose.js";
import { LIMITS, suppressTable } from "../../../../src/privacy/disclosure/suppress/protect.js";
import { Solver } from "../../../../src/privacy/disclosure/suppress/solver.js";
import type { System } from "../../../../src/privacy/disclosure/suppress/system.js";
import { defaultPolicy, type TableFacts } from "../../../../src/privacy/index.js";

const POLICY = defaultPolicy(3);
let solver: Solver;
beforeAll(async () => {
  solver = await Solver.open();
});

const table = (rows: number[][], margins = true): TableFacts =>
  countsOf([rows.length, rows[0]!.length], 1, margins, ([i, j]) => rows[i!]![j!]!);
const safe = (facts: TableFacts) => suppressTable(solver, facts, 1, POLICY).facts;
const hidden = (facts: TableFacts) =>
  facts.cells.filter((c) => c.suppressed).map((c) => [c.at, c.suppressed]);

const near = (x: number): number => Math.round(x * 1e6) / 1e6;

/** What follows for the cells that `isHidden` hides: [lowest, highest] of each. */
function worksOut(
  facts: TableFacts,
  isHidden: (at: readonly number[]) => boolean,
): Map<string, [number, number]> {
  const puzzle = puzzleOf(
    { facts, isHidden: (c) => isHidden(facts.cells[c]!.at), knownFrom: 10, down: 1, digits: 8 },
    0,
  );
  const targets = puzzle.unknowns.map((_, unknown) => ({ unknown, atMost: -1, atLeast: 1e6 }));
  const found = attack(solver, puzzle, targets);
  return new Map(
    found.map(({ unknown, low, high }) => [
      facts.cells[puzzle.unknowns[unknown]!.cell]!.at.join(),
      [near(low), near(high)],
    ]),
  );
}

describe("the attack", () => {
  /**
   * Number of delinquent children by county and education of the head of household; counts below five are small.
   * Federal Committee on Statistical Methodology, Statistical Policy Working Paper 22 (2005), chapter II, section C.
   */
  const CLASSIC = table([
    [15, 1, 3, 1],
    [20, 10, 10, 15],
    [3, 10, 10, 2],
    [12, 14, 7, 2],
  ]);
  /** Two hidden cells in each line that hides any. */
  const NAIVE = "0,1 0,2 0,3 1,1 1,2 2,0 2,3 3,0 3,3".split(" ");

  test("works out a cell that is hidden alone in its row", () => {
    expect(worksOut(CLASSIC, (at) => at.join() === "3,3").get("3,3")).toEqual([2, 2]);
  });

  test("works out a cell of the classic 4×4 table although each line hides two", () => {
    const found = worksOut(CLASSIC, (at) => NAIVE.includes(at.join()));
    // As published: (row Alpha + row Beta) − (column Medium + column High) leaves one number, and it is one.
    expect(found.get("0,3")).toEqual([1, 1]);
    for (const at of ["0,1", "0,2", "2,0", "2,3"]) expect(found.get(at)![0]).toBeLessThan(found.get(at)![1]);
  });

  test("finds nothing in what suppression makes of the same table", () => {
    const { facts } = suppressTable(solver, CLASSIC, 1, { ...POLICY, threshold: 5 });
    expect(facts.protection).toMatchObject({ withstood: true, exposed: 0, method: "optimum" });
    const names = hidden(facts).map(([at]) => String(at));
    for (const small of ["0,1", "0,2", "0,3", "2,0", "2,3", "3,3"]) expect(names).toContain(small);
    for (const [low, high] of worksOut(CLASSIC, (at) => names.includes(at.join())).values())
      expect(high - low).toBeGreaterThan(1);
  });

  test("the same table gives the same pattern", () => {
    const again = () => hidden(suppressTable(solver, CLASSIC, 1, { ...POLICY, threshold: 5 }).facts);
    expect(again()).toEqual(again());
  });
});

describe("zeros and ones that could be worked out", () => {
  test("15 = 10+5+0+0: the five alone, or with a zero, is told by the sum; it is hidden with what may hold ten more", () => {
    const rows = [
      [10, 5, 0, 0],
      [20, 30, 40, 50],
      [12, 20, 15, 15],
    ];
    const facts = table(rows);
    expect(worksOut(facts, (at) => at.join() === "0,1").get("0,1")).toEqual([5, 5]);
    const withZero = worksOut(facts, (at) => ["0,1", "0,2", "1,1", "1,2"].includes(at.join()));
    expect(withZero.get("0,1")).toEqual([0, 5]);
    const made = safe(facts);
    expect(made.protection).toMatchObject({ withstood: true });
    const shown = worksOut(facts, (at) => hidden(made).some(([h]) => String(h) === at.join()));
    expect(shown.get("0,1")![0]).toBeLessThanOrEqual(0);
    expect(shown.get("0,1")![1]).toBeGreaterThanOrEqual(10);
  });

  test("15 = 10+3+1+1: three small ones protect each other only up to their sum, so the ten is hidden too", () => {
    const rows = [
      [10, 3, 1, 1],
      [20, 30, 40, 50],
      [12, 20, 14, 15],
    ];
    const facts = table(rows);
    const small = worksOut(facts, (at) => at[0] === 0 && at[1]! > 0);
    // Alone in their columns they are told by these.
    expect([...small.values()].every(([low, high]) => low === high)).toBe(true);
    const made = safe(facts);
    expect(made.cells.find((c) => c.at.join() === "0,0")!.suppressed).toBe("secondary");
    const shown = worksOut(facts, (at) => hidden(made).some(([h]) => String(h) === at.join()));
    for (const at of ["0,1", "0,2", "0,3"]) {
      expect(shown.get(at)![0]).toBeLessThanOrEqual(0);
      expect(shown.get(at)![1]).toBeGreaterThanOrEqual(10);
    }
  });

  test("12 = 10+1+1: who is told which are small names both ones; who knows the rule alone does not", () => {
    const facts = countsOf([3], 1, true, ([i]) => [10, 1, 1][i!]!);
    const puzzle = puzzleOf(
      { facts, isHidden: (c) => facts.cells[c]!.at[0]! >= 0, knownFrom: 10, down: 1, digits: 8 },
      0,
    );
    const { knower, told } = attackKnowingRule(solver, puzzle, [1, 2], 10, 16);
    expect(told!.fewest).toBeLessThanOrEqual(10);
    expect(knower!.pinned).toEqual([]);
    expect(knower!.fewest).toBeGreaterThan(1);
  });

  test("without totals in the table those are taken as known from elsewhere", () => {
    const made = safe(
      table(
        [
          [30, 4, 25],
          [22, 41, 18],
          [19, 27, 35],
        ],
        false,
      ),
    );
    expect(made.protection).toMatchObject({ withstood: true, primary: 1, secondary: 3 });
  });

  test("a table that cannot be protected says so", () => {
    // All of twelve are known to be in two cells whose other numbers are shown elsewhere: nothing is left to hide.
    const system: System = {
      numbers: [3, 9, 12].map((value, place) => ({ place, value, lower: 0, upper: 1e6, whole: true })),
      places: [
        { loss: 1, hideable: true },
        { loss: 1, hideable: false },
        { loss: 1, hideable: false },
      ],
      relations: [{ numbers: [0, 1, 2], factors: [1, 1, -1], low: 0, high: 0 }],
      sensitive: [{ number: 0, below: 3, above: 7 }],
      primary: [0],
    };
    expect(choose(solver, system, LIMITS).impossible).toHaveLength(2);
  });
});

describe("tables that are linked", () => {
  /** Two tables over the same rows, which share the total of each row: what one hides the other must not tell. */
  function linked(): System {
    const left = [
      [8, 40, 30],
      [25, 30, 12],
      [33, 21, 44],
    ];
    const right = [
      [50, 28],
      [37, 30],
      [58, 40],
    ];
    const numbers: System["numbers"][number][] = [];
    const add = (value: number) =>
      numbers.push({ place: numbers.length, value, lower: 0, upper: 1e6, whole: true }) - 1;
    const relations: System["relations"][number][] = [];
    const sum = (total: number, parts: number[]) =>
      relations.push({ numbers: [total, ...parts], factors: [-1, ...parts.map(() => 1)], low: 0, high: 0 });
    const rowTotals = left.map((row) => add(row.reduce((a, b) => a + b)));
    const all = add(left.flat().reduce((a, b) => a + b));
    sum(all, rowTotals);
    for (const rows of [left, right]) {
      const cells = rows.map((row) => row.map(add));
      for (const [i, row] of cells.entries()) sum(rowTotals[i]!, row);
      const columns = rows[0]!.map((_, j) => {
        const total = add(rows.reduce((s, row) => s + row[j]!, 0));
        sum(
          total,
          cells.map((row) => row[j]!),
        );
        return total;
      });
      sum(all, columns);
    }
    return {
      numbers,
      relations,
      // Inner cells cost one, totals ten.
      places: numbers.map((_, p) => ({ loss: p < 4 ? 0.5 : 1, hideable: true })),
      sensitive: [{ number: 4, below: 5, above: 2 }],
      primary: [4],
    };
  }

  test("are one system: a total that is hidden for one table is hidden in the other, and protected there too", () => {
    const system = linked();
    const { hidden: chosen, impossible, method } = choose(solver, system, LIMITS);
    expect([impossible, method]).toEqual([[], "optimum"]);
    const puzzle = {
      unknowns: [...chosen].map((cell) => ({ cell, lower: 0, upper: 1e6, whole: true })),
      equations: system.relations.map(({ numbers, factors }) => {
        const unknown = new Map([...chosen].map((p, i) => [p, i]));
        const known = numbers.reduce(
          (s, n, i) => (unknown.has(n) ? s : s + factors[i]! * system.numbers[n]!.value),
          0,
        );
        const terms = numbers.flatMap((n, i) =>
          unknown.has(n) ? [[unknown.get(n)!, factors[i]!] as const] : [],
        );
        return { terms, low: -known, high: -known };
      }),
    };
    const target = { unknown: [...chosen].indexOf(4), atMost: 3, atLeast: 10 };
    expect(attack(solver, puzzle, [target])[0]).toMatchObject({ protected: true });
  });
});
