/** Tables that sdcTable tests itself with (sdcTools/sdcTable at 6393dfb, tests/testthat), and what is found of them here. */
import { beforeAll, describe, expect, test } from "@jest/globals";
import { countsOf } from "../../../../bench/parts/random-tables.js";
import { attack } from "../../../../src/privacy/disclosure/suppress/attack/attack.js";
import { puzzleOf } from "../../../../src/privacy/disclosure/suppress/attack/puzzle.js";
import { suppressTable } from "../../../../src/privacy/disclosure/suppress/protect.js";
import { Solver } from "../../../../src/privacy/disclosure/suppress/solver.js";
import { defaultPolicy, type TableFacts } from "../../../../src/privacy/index.js";

let solver: Solver;
beforeAll(async () => {
  solver = await Solver.open();
});

const table = (rows: number[][]): TableFacts =>
  countsOf([rows.length, rows[0]!.length], 1, true, ([i, j]) => rows[i!]![j!]!);

/** [lowest, highest] that follow for each hidden cell. */
function follows(facts: TableFacts, hidden: readonly string[]): Map<string, [number, number]> {
  const isHidden = (c: number) => hidden.includes(facts.cells[c]!.at.join());
  const puzzle = puzzleOf({ facts, isHidden, knownFrom: 0, down: 1, digits: 8 }, 0);
  const targets = puzzle.unknowns.map((_, unknown) => ({ unknown, atMost: -1, atLeast: 1e6 }));
  return new Map(
    attack(solver, puzzle, targets).map(({ unknown, low, high }) => [
      facts.cells[puzzle.unknowns[unknown]!.cell]!.at.join(),
      [Math.round(low), Math.round(high)],
    ]),
  );
}

describe("their 4×4 table of test-simpleheuristic.R", () => {
  const TABLE = table([
    [30, 47, 64, 89],
    [90, 124, 5, 31],
    [92, 100, 59, 85],
    [800, 991, 651, 685],
  ]);
  /** Two or more in each line: what their older heuristic leaves. */
  const HIDDEN = "0,0 0,1 0,2 1,0 1,2 2,1 2,3 3,1 3,3".split(" ");

  test("as published, one hidden cell is known exactly: 47", () => {
    expect(follows(TABLE, HIDDEN).get("0,1")).toEqual([47, 47]);
  });

  test("and follows from shown numbers by hand: two rows less one column leave the rest of the cell's own column", () => {
    const hidden = (at: readonly number[]) => HIDDEN.includes(at.join());
    const values = TABLE.cells.filter(({ at }) => !at.includes(-1));
    /** What a line's hidden cells are together: its total less what it shows, as everybody can work out. */
    const left = (line: (at: readonly number[]) => boolean) => {
      const total = values.filter(({ at }) => line(at)).reduce((sum, c) => sum + Number(c.value), 0);
      const shown = values.filter(({ at }) => line(at) && !hidden(at));
      return shown.reduce((sum, c) => sum - Number(c.value), total);
    };
    const row = (r: number) => left(([i]) => i === r);
    const column = (c: number) => left(([, j]) => j === c);
    // Rows 2 and 3 hide cells of columns 1 and 3 alone, and column 3 hides cells of these rows alone.
    expect([row(2), row(3), column(3), column(1)]).toEqual([185, 1676, 770, 1138]);
    expect(column(1) - (row(2) + row(3) - column(3))).toBe(47);
  });

  test("one more (124), as they choose, frees it: from 0 to all that its row hides", () => {
    // Theirs says 0 to 78, with upper bounds that it assumes of each cell; here nothing but the sums is known: 230 − 89.
    expect(follows(TABLE, [...HIDDEN, "1,1"]).get("0,1")).toEqual([0, 141]);
  });
});

describe("a single small cell, as of test-protectTable.r", () => {
  test("is hidden with three others, which is the fewest that protect it, as by their OPT, HYPERCUBE and HITAS", () => {
    const facts = table([
      [20, 4],
      [30, 35],
      [26, 41],
      [52, 33],
    ]);
    const made = suppressTable(solver, facts, 1, defaultPolicy(3)).facts;
    expect(made.protection).toMatchObject({ withstood: true, primary: 1, secondary: 3 });
  });
});
