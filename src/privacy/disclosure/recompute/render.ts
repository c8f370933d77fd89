/** The one text of a recomputed table: the same facts always give the same bytes. */

import type { TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import type { Table } from "../table.js";
import { TOTAL_LABEL } from "./plan.js";

/** In the place of a number that is hidden. Where there is no number (the mean of nobody), a cell is empty. */
export const HIDDEN_MARK = "x";

/** How the facts lie on the page. */
export interface Layout {
  /** How many of the dimensions go down the rows. */
  down: number;
}

/** A row for each combination of the levels down, a column for each across and each measure; totals last. */
export function layOut(facts: TableFacts, { down }: Layout): Table {
  const { dimensions, measures } = facts;
  const label = (at: readonly number[], from: number) =>
    at.map((level, i) => (level === TOTAL ? TOTAL_LABEL : dimensions[from + i]!.levels[level]!));
  const across = new Map<string, string>();
  const rows = new Map<string, { label: string[]; cells: Map<string, string> }>();
  for (const { at, measure, value, suppressed } of facts.cells) {
    const [left, top] = [at.slice(0, down), at.slice(down)];
    const column = [...top, measure].join(" ");
    if (!across.has(column)) across.set(column, nameOf(label(top, down), measures, measure));
    const key = left.join(" ");
    const row = rows.get(key) ?? { label: label(left, 0), cells: new Map() };
    row.cells.set(column, suppressed ? HIDDEN_MARK : (value ?? ""));
    rows.set(key, row);
  }
  const columns = [...across.keys()];
  return {
    header: [...dimensions.slice(0, down).map((d) => d.name), ...across.values()],
    rows: [...rows.values()].map((row) => [...row.label, ...columns.map((c) => row.cells.get(c) ?? "")]),
  };
}

/** Two rows or columns that are totals of everything read `Total` once. */
function nameOf(levels: readonly string[], measures: TableFacts["measures"], measure: number): string {
  const total = levels.length > 0 && levels.every((l) => l === TOTAL_LABEL);
  const place = total ? TOTAL_LABEL : levels.join(" / ");
  if (levels.length === 0) return measures[measure]!.name;
  return measures.length === 1 ? place : `${place}: ${measures[measure]!.name}`;
}
