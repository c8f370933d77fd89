/**
 * A table with its counts rounded, and what someone makes of it who knows the rule, the totals and their sums.
 *
 * Rules: chance comes from outside, by cell: the same for the same units. A small count is protected
 * where it may as well be zero, if it is shown as 0, and reach the threshold, if it is not: the attack (suppress/attack)
 * looks for tables that show the same numbers. Where it finds none, the protection failed, and the finding says so.
 */
import type { TableFacts } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { attack, type Target } from "../suppress/attack/attack.js";
import { type Puzzle, puzzleOf } from "../suppress/attack/puzzle.js";
import type { Solver } from "../suppress/solver.js";
import { meaningOf, type Rounding, roundCount } from "./round.js";

export function roundTable(
  solver: Solver,
  facts: TableFacts,
  down: number,
  policy: DisclosurePolicy,
  rounding: Rounding,
  /** By cell, from 0 to below 1; where nothing is left to chance, none. */
  chances: readonly number[],
): TableFacts {
  const { threshold } = policy;
  const shown = facts.cells.map((cell, c) =>
    roundCount(Number(cell.value ?? 0), rounding, threshold, chances[c] ?? 0),
  );
  const exposed = new Set<string>();
  let undecided = 0;
  for (const measure of facts.measures.keys()) {
    const all = { facts, isHidden: () => true, knownFrom: Number.POSITIVE_INFINITY, down };
    const puzzle = asRounded(puzzleOf({ ...all, digits: policy.significant_digits }, measure), shown, (n) =>
      meaningOf(n, rounding, threshold),
    );
    for (const found of attack(solver, puzzle, targetsOf(puzzle, facts, shown, threshold))) {
      if (!found.protected) exposed.add(facts.cells[puzzle.unknowns[found.unknown]!.cell]!.at.join(" "));
      if (found.fractionsOnly) undecided++;
    }
  }
  return {
    ...facts,
    cells: facts.cells.map(({ drawn: _, ...cell }, c) => ({ ...cell, value: String(shown[c]!) })),
    protection: {
      how: "round",
      base: rounding.base,
      random: rounding.random,
      withstood: exposed.size === 0,
      exposed: exposed.size,
      undecided,
    },
  };
}

/** Every number lies in what its rounded one may stand for; totals that are not shown are not known. */
function asRounded(
  puzzle: Puzzle,
  shown: readonly number[],
  meaning: (n: number) => { low: number; high: number },
) {
  const unknowns = puzzle.unknowns.map((unknown) => {
    if (unknown.cell < 0) return unknown;
    const { low, high } = meaning(shown[unknown.cell]!);
    return { ...unknown, lower: low, upper: high };
  });
  return { ...puzzle, unknowns };
}

function targetsOf(puzzle: Puzzle, facts: TableFacts, shown: readonly number[], threshold: number): Target[] {
  return puzzle.unknowns.flatMap(({ cell }, unknown): Target[] => {
    if (cell < 0) return [];
    const { value, units } = facts.cells[cell]!;
    const small = (units ?? 0) > 0 && (units ?? 0) < threshold;
    if (!small) return [];
    const count = Number(value ?? 0);
    return [
      shown[cell] === 0
        ? { unknown, atMost: 0, atLeast: count }
        : { unknown, atMost: count, atLeast: threshold },
    ];
  });
}
