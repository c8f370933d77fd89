/**
 * Two tables compared without knowing which units their cells stand on: where descriptions prove that a cell of the one lies
 * in a cell of the other, their counts can be subtracted. Pure.
 *
 * Rules: cells are those that are shown and, where each unit has one row, the totals that add up from them. A pair is looked
 * at only where its counts differ by more than zero and fewer than the threshold, for only then anything follows.
 */
import { type Expr, groupValue } from "../../expression/index.js";
import { TOTAL } from "../facts.js";
import { planTable, requireRecomputed } from "../recompute/plan.js";
import { cellCondition, type Described, groupingsOf, isDropping, isTable, relateRows } from "./conditions.js";
import { labelOf } from "./described.js";
import type { PublishedTable } from "./requester.js";

/** More pairs are not looked at while all else waits. */
const MAX_RELATED = 300;
const MAX_DIMENSIONS = 6;

interface CountedSet {
  at: readonly number[];
  units: number;
}

export interface Within {
  /** Of the first table: cells of which few units are left over beside a cell of the second, or the other way round. */
  small: [row: string, column: string][];
  /** All pairs that could matter were looked at. */
  compared: boolean;
}

/** Both of one version: their rows are the same people's. */
export function cellsWithin(
  mine: PublishedTable,
  other: PublishedTable,
  { threshold, oneRowAUnit }: { threshold: number; oneRowAUnit: boolean },
): Within {
  const small = new Map<string, [string, string]>();
  const theirRows = rowsOf(other);
  const theirs = countedSets(other, oneRowAUnit);
  const [myRows, named] = [rowsOf(mine), nameOf(mine)];
  let related = 0;
  for (const set of countedSets(mine, oneRowAUnit))
    for (const against of theirs) {
      const difference = set.units - against.units;
      if (difference === 0 || Math.abs(difference) >= threshold) continue;
      if (++related > MAX_RELATED) return { small: [...small.values()], compared: false };
      const [a, b] = [myRows(set.at), theirRows(against.at)];
      if (a === undefined || b === undefined) return { small: [...small.values()], compared: false };
      const relation = relateRows(a, b);
      const lies = difference < 0 ? relation.first_in_second : relation.second_in_first;
      if (lies === "yes") small.set(set.at.join(" "), [named(set.at), ""]);
    }
  return { small: [...small.values()], compared: true };
}

const nameOf =
  ({ facts }: PublishedTable) =>
  (at: readonly number[]): string =>
    labelOf(facts, at);

/** Cells with what stands behind them, each once; and what adds up from them. */
function countedSets({ claim, facts }: PublishedTable, oneRowAUnit: boolean): CountedSet[] {
  const sets = new Map<string, CountedSet>();
  for (const { at, units } of facts.cells) if (units !== null) sets.set(at.join(" "), { at, units });
  const size = facts.dimensions.length;
  if (!oneRowAUnit || !isTable(claim) || size === 0 || size > MAX_DIMENSIONS) return [...sets.values()];
  const inner = [...sets.values()].filter(({ at }) => !at.includes(TOTAL));
  const shown = new Set(sets.keys());
  for (let mask = 1; mask < 2 ** size; mask++)
    for (const { at, units } of inner) {
      const total = at.map((level, i) => ((mask >> i) & 1 ? TOTAL : level));
      const key = total.join(" ");
      if (shown.has(key)) continue;
      sets.set(key, { at: total, units: (sets.get(key)?.units ?? 0) + units });
    }
  return [...sets.values()];
}

/**
 * The rows of a cell by description: without those that the table leaves out for having no group. Undefined where a level is
 * not declared: then its description is not known.
 */
function rowsOf({ claim, columns }: PublishedTable): (at: readonly number[]) => Described | undefined {
  if (!isTable(claim)) return () => undefined;
  const plan = planTable(requireRecomputed(claim.statistic, "statistic"), columns);
  const kept: Expr[] = isDropping(claim)
    ? groupingsOf(claim).map((g) => ({ op: "not", value: { op: "is_null", value: groupValue(g, columns) } }))
    : [];
  return (at) => {
    const levels = at.map((level, i) => (level === TOTAL ? "total" : plan.dimensions[i]?.levels[level]));
    if (levels.includes(undefined)) return undefined;
    const keys = levels.map((level) => (typeof level === "object" ? level.key : undefined));
    return { where: { op: "and", args: [cellCondition(claim, keys, columns), ...kept] }, columns };
  };
}
