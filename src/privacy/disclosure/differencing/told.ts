/**
 * What a table tells, as sets of units: for each cell and margin the units that its numbers stand on, and how well their
 * count is known from what is shown. Pure.
 *
 * A suppressed cell tells of no set. A rounded count tells of an interval. A number without a shown count beside it (a mean
 * over those who have a value) tells of its set all the same: two such numbers can be subtracted.
 */
import type { Claim } from "../../expression/index.js";
import { canonicalText, claimText } from "../../expression/index.js";
import type { TableCell, TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import { cellsOf, classCount, type UnitSets } from "./unit-sets.js";

/** A table that was released, or is about to be. */
export interface ToldTable {
  /** Its output's id. */
  id: string;
  /** As auditors know it. */
  name: string;
  claim: Claim;
  version: string;
  /** Each unit has at most one row in the version. */
  oneRowAUnit: boolean;
  facts: TableFacts;
  /** Where it is no table but a model or curves: its own claim; `claim` and `facts` are then of the rows that it stands on. */
  model?: Claim | undefined;
}

export interface ToldSet {
  /** Level by dimension, or TOTAL. */
  at: readonly number[];
  /** Among the units of the cell those that have a value of this measure; null: all. */
  bit: number | null;
  /** Which numbers are shown of it. */
  shows: readonly string[];
  /** Between which the count of its units is known to be; undefined: its count is not shown. */
  count: { low: number; high: number } | undefined;
  /** By class of the table's unit sets. */
  classes: Uint8Array;
  /** How many units it has. */
  units: number;
}

/** Sets of a table over its unit sets, in the order of its cells. */
export function toldSets(table: ToldTable, units: UnitSets): ToldSet[] {
  const sizes = classSizes(units);
  const kinds = measureTexts(table);
  const model = table.model === undefined ? [] : [claimText(table.model)];
  const groups = new Map<string, { at: readonly number[]; bit: number | null; cells: TableCell[] }>();
  for (const cell of table.facts.cells) {
    if (cell.value === null) continue;
    const bit = units.bits[cell.measure] ?? null;
    const key = `${cell.at.join(" ")}|${bit}`;
    const group = groups.get(key) ?? { at: cell.at, bit, cells: [] };
    group.cells.push(cell);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ at, bit, cells }) => {
    const classes = classesOf(units, at, bit);
    let count = 0;
    for (let i = 0; i < sizes.length; i++) if (classes[i] === 1) count += sizes[i] ?? 0;
    return {
      at,
      bit,
      shows: [...cells.map((c) => kinds[c.measure] ?? ""), ...model],
      count: shownCount(table, cells),
      classes,
      units: count,
    };
  });
}

/** Units of each class. */
export function classSizes(units: UnitSets): Float64Array {
  const sizes = new Float64Array(classCount(units) + 1);
  const { of } = units;
  for (let i = 0; i < of.length; i++) sizes[of[i] as number]! += 1;
  return sizes.subarray(1);
}

function classesOf(units: UnitSets, at: readonly number[], bit: number | null): Uint8Array {
  const inCell = units.cells.map(
    (cell) =>
      at.every((level, i) => level === TOTAL || cell.at[i] === level) &&
      (bit === null || ((cell.present >> bit) & 1) === 1),
  );
  const classes = new Uint8Array(classCount(units));
  for (let k = 0; k < classes.length; k++) if (cellsOf(units, k).some((c) => inCell[c])) classes[k] = 1;
  return classes;
}

function measureTexts({ claim, facts }: ToldTable): string[] {
  const { statistic } = claim;
  const measures = "measures" in statistic ? statistic.measures : [];
  return facts.measures.map((m, i) => {
    const value = measures[i]?.value;
    return value === undefined ? m.statistic : `${m.statistic} ${canonicalText(value)}`;
  });
}

/** A count of units; or of rows, where a unit has one. */
function shownCount(table: ToldTable, cells: readonly TableCell[]): ToldSet["count"] {
  const shown = cells.find((c) => {
    const { statistic } = table.facts.measures[c.measure]!;
    return statistic === "units" || (statistic === "count" && table.oneRowAUnit);
  });
  const value = shown === undefined ? undefined : Number(shown.value);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  const slack = roundingSlack(table.claim, shown?.value ?? "");
  return { low: Math.max(0, value - slack), high: value + slack };
}

/**
 * How far a shown count may be from the true one. Rounded on request: less than its base, and up to seven where zero is
 * shown. Above the digits that are kept: half of the last one shown.
 */
function roundingSlack({ statistic }: Claim, text: string): number {
  const { protect } = statistic as { protect?: { how?: string; base?: number } };
  const dropped = text.length > 8 ? 10 ** (/0*$/.exec(text)?.[0].length ?? 0) / 2 : 0;
  if (protect?.how !== "round") return dropped;
  const base = protect.base ?? 5;
  return Math.max(dropped, Number(text) === 0 ? Math.max(7, base - 1) : base - 1);
}

/** Nothing of it is suppressed or rounded on request. */
export const isWhole = ({ claim, facts }: Pick<ToldTable, "claim" | "facts">): boolean =>
  !("protect" in claim.statistic) &&
  facts.cells.every((c) => c.value !== null || facts.measures[c.measure]!.statistic !== "units");
