/** Random tables of one to four dimensions, made safe and attacked; what came of all of them together. */
import { countsOf, type Random } from "../../../../bench/parts/random-tables.js";
import { attack } from "../../../../src/privacy/disclosure/suppress/attack/attack.js";
import { puzzleOf } from "../../../../src/privacy/disclosure/suppress/attack/puzzle.js";
import type { ChooseLimits } from "../../../../src/privacy/disclosure/suppress/choose.js";
import { needsOfCells } from "../../../../src/privacy/disclosure/suppress/needs.js";
import { LIMITS, suppressTable } from "../../../../src/privacy/disclosure/suppress/protect.js";
import type { Solver } from "../../../../src/privacy/disclosure/suppress/solver.js";
import {
  type DisclosurePolicy,
  defaultPolicy,
  judgeFacts,
  type TableCell,
  type TableFacts,
} from "../../../../src/privacy/index.js";

export interface Report {
  tables: number;
  /** Tables with something to protect. */
  protected: number;
  /** Tables that said that their protection failed. */
  refused: number;
  hidden: { primary: number; secondary: number };
  /** Numbers that the attack told closer than they may be, in tables that said that it does not. */
  broken: string[];
  /** Tables called safe whose checks fail. */
  failing: string[];
  /** Loss over the proven optimum, where the optimum is known: the worst, and all together. */
  solved: number;
  worst: number;
  together: number;
  knower: { cells: number; pinned: number; shortened: number };
  told: { cells: number; pinned: number; shortened: number };
}

/** A fraction of the work that a table may take: what is not solved then is not small. */
const worked = (part: number, knower_counts: number) => ({
  ...LIMITS,
  knower_counts,
  optimum: { ...LIMITS.optimum, steps: LIMITS.optimum.steps * part, mends: 2 },
});
export const QUICK = worked(0.01, 8);
export const LONG = worked(0.1, 16);

const SIZES: readonly (readonly number[])[] = [
  [5],
  [9],
  [3, 3],
  [4, 5],
  [6, 7],
  [2, 3, 4],
  [3, 3, 3],
  [2, 2, 3, 3],
];

export interface RandomCase {
  facts: TableFacts;
  down: number;
  policy: DisclosurePolicy;
}

export function randomCase(random: Random): RandomCase {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const sizes = pick(SIZES);
  const down = sizes.length === 1 ? 1 : 1 + Math.floor(random() * (sizes.length - 1));
  const policy = { ...defaultPolicy(3), threshold: pick([3, 5, 10]) };
  const [empty, small] = [random() * 0.3, random() * 0.35];
  const margins = pick([true, true, false, "all"] as const);
  const counts = countsOf(sizes, down, margins, () => {
    const kind = random();
    if (kind < empty) return 0;
    if (kind < empty + small) return 1 + Math.floor(random() * (policy.threshold - 1));
    return policy.threshold + Math.floor(random() ** 2 * 80);
  });
  return { facts: random() < 0.3 ? withSums(counts, random) : counts, down, policy };
}

/** The same table with a sum over each unit's income, of which a few have much. */
function withSums(facts: TableFacts, random: Random): TableFacts {
  const inner = facts.cells.filter(({ at }) => !at.includes(-1));
  const incomes = new Map(
    inner.map(({ at, units }) => [
      at.join(),
      Array.from({ length: units! }, () => 1 + Math.floor(random() ** 8 * 1000)),
    ]),
  );
  const cells = facts.cells.flatMap((cell): TableCell[] => {
    const within = inner.filter(({ at }) =>
      at.every((level, i) => cell.at[i] === -1 || cell.at[i] === level),
    );
    const all = within.flatMap(({ at }) => incomes.get(at.join())!).sort((a, b) => b - a);
    const total = String(all.reduce((a, b) => a + b, 0));
    const sum: TableCell = {
      at: cell.at,
      measure: 1,
      value: all.length > 0 ? total : null,
      units: cell.units,
    };
    return [cell, all.length > 0 ? { ...sum, top: all.slice(0, 2).map(String), total } : sum];
  });
  return {
    ...facts,
    measures: [...facts.measures, { name: "income", statistic: "sum", of: "income" }],
    cells,
  };
}

export function runRandom(solver: Solver, random: Random, tables: number, limits: ChooseLimits): Report {
  const report: Report = {
    tables,
    protected: 0,
    refused: 0,
    hidden: { primary: 0, secondary: 0 },
    broken: [],
    failing: [],
    solved: 0,
    worst: 1,
    together: 1,
    knower: { cells: 0, pinned: 0, shortened: 0 },
    told: { cells: 0, pinned: 0, shortened: 0 },
  };
  const losses = { made: 0, least: 0 };
  for (let i = 0; i < tables; i++) one(solver, randomCase(random), limits, report, losses, `table ${i}`);
  report.together = losses.least > 0 ? losses.made / losses.least : 1;
  return report;
}

function one(
  solver: Solver,
  { facts, down, policy }: RandomCase,
  limits: ChooseLimits,
  report: Report,
  losses: { made: number; least: number },
  name: string,
): void {
  const { facts: safe, choice } = suppressTable(solver, facts, down, policy, limits);
  const made = safe.protection!;
  if (made.how !== "suppress") throw new Error("was to be suppressed");
  if (made.primary === 0) return;
  report.protected++;
  if (!made.withstood) {
    report.refused++;
    return;
  }
  report.hidden.primary += made.primary;
  report.hidden.secondary += made.secondary;
  report.broken.push(...brokenIn(solver, facts, safe, down, policy).map((what) => `${name}: ${what}`));
  const failing = judgeFacts(safe, { down }, policy).findings.filter((f) => f.verdict === "fail");
  report.failing.push(...failing.map((f) => `${name}: ${f.message}`));
  if (choice.method === "optimum" && choice.bound > 0) {
    report.solved++;
    report.worst = Math.max(report.worst, choice.loss / choice.bound);
    losses.made += choice.loss;
    losses.least += choice.bound;
  }
  for (const who of ["knower", "told"] as const) {
    const gain = made.knows_rule?.[who];
    if (gain === undefined) continue;
    report[who].cells += gain.cells;
    report[who].pinned += gain.pinned;
    report[who].shortened += gain.shortened * gain.cells;
  }
}

/** By what is published alone: which needs an attacker defeats. */
function brokenIn(
  solver: Solver,
  facts: TableFacts,
  safe: TableFacts,
  down: number,
  policy: DisclosurePolicy,
): string[] {
  const needs = new Map(needsOfCells(facts, policy).map((need) => [need.cell, need]));
  const shown = [...needs.keys()].filter((c) => !safe.cells[c]!.suppressed).map((c) => `${c} is shown`);
  const told = facts.measures.flatMap((_, measure) => {
    const isHidden = (c: number) => safe.cells[c]!.suppressed !== undefined;
    const table = { facts, isHidden, knownFrom: policy.threshold, down, digits: policy.significant_digits };
    const puzzle = puzzleOf(table, measure);
    const targets = puzzle.unknowns.flatMap(({ cell }, unknown) => {
      const need = needs.get(cell);
      if (need === undefined) return [];
      const truth = Number(facts.cells[cell]!.value ?? 0);
      return [{ unknown, atMost: truth - need.below, atLeast: truth + need.above }];
    });
    return attack(solver, puzzle, targets)
      .filter((found) => !found.protected)
      .map(({ unknown, low, high }) => `${puzzle.unknowns[unknown]!.cell} lies in ${low} to ${high}`);
  });
  return [...shown, ...told];
}

export function linesOf(report: Report): string {
  const share = (n: number, of: number) => (of === 0 ? "–" : `${((100 * n) / of).toFixed(1)} %`);
  const { knower, told, hidden } = report;
  return [
    `${report.tables} tables, ${report.protected} with something to hide, ${report.refused} could not be protected`,
    `${hidden.primary} primary cells, ${hidden.secondary} secondary`,
    `optimum known of ${report.solved}: loss over it ${report.together.toFixed(4)} together, ${report.worst.toFixed(3)} at worst`,
    `who knows the rule: ${knower.cells} cells, ${knower.pinned} named, intervals ${share(knower.shortened, knower.cells)} shorter`,
    `who is told which are small: ${told.cells} cells, ${told.pinned} named, intervals ${share(told.shortened, told.cells)} shorter`,
  ].join("\n");
}
