/**
 * A coarser claim: fewer, larger cells. Chosen from what the claim says alone, never from what it showed.
 *
 * Rules: with nothing named, neighbouring bins are joined two by two where there are any, else the last grouping is left
 * out. A claim of one cell has no coarser one.
 */
import { invalidInput } from "../../../vocabulary/index.js";
import type { ClaimStatistic, Grouping } from "../../expression/index.js";
import { type RecomputedStatistic, requireRecomputed } from "../recompute/plan.js";

export interface Coarsening {
  /** A grouping to leave out, by its name. */
  drop?: string | undefined;
  /** A grouping by bins whose neighbours are joined, by its name. */
  merge?: string | undefined;
}

/** @throws invalid_input where there is no such grouping, or nothing left to make coarser */
export function coarserStatistic(given: ClaimStatistic, { drop, merge }: Coarsening): ClaimStatistic {
  const statistic = requireRecomputed(given, "statistic");
  const groupings = groupingsOf(statistic);
  if (drop !== undefined || merge !== undefined) {
    for (const [path, name] of [
      ["drop", drop],
      ["merge", merge],
    ] as const)
      if (name !== undefined && !groupings.some((g) => g.name === name))
        throw invalidInput(path, "is no grouping of this table");
    const merged = merge === undefined ? statistic : joined(statistic, (g) => g.name === merge);
    return drop === undefined ? merged : without(merged, drop);
  }
  if (groupings.some(canJoin)) return joined(statistic, canJoin);
  const last = groupings.at(-1);
  if (last === undefined || groupings.length === 1)
    throw invalidInput("how", "this table has nothing to merge: ask for suppression or rounding");
  return without(statistic, last.name);
}

function groupingsOf(s: RecomputedStatistic): readonly Grouping[] {
  if (s.kind === "table") return [...s.rows, ...s.columns];
  return s.kind === "histogram" ? [s.bins] : s.by;
}

const canJoin = (g: Grouping): boolean => g.kind === "bins" && g.edges.length > 2;

/** Every second inner edge goes; the outermost stay, so the same rows are counted. */
function joinedBins(grouping: Grouping): Grouping {
  if (grouping.kind !== "bins") throw invalidInput("merge", "only bins are merged: drop it instead");
  const { edges } = grouping;
  const last = edges.length - 1;
  return { ...grouping, edges: edges.filter((_, i) => i % 2 === 0 || i === last) };
}

function joined(s: RecomputedStatistic, which: (g: Grouping) => boolean): RecomputedStatistic {
  const each = (list: readonly Grouping[]) => list.map((g) => (which(g) ? joinedBins(g) : g));
  if (s.kind === "table") return { ...s, rows: each(s.rows), columns: each(s.columns) };
  return s.kind === "histogram" ? { ...s, bins: joinedBins(s.bins) } : { ...s, by: each(s.by) };
}

function without(s: RecomputedStatistic, name: string): RecomputedStatistic {
  const rest = (list: readonly Grouping[]) => list.filter((g) => g.name !== name);
  if (s.kind === "table") return { ...s, rows: rest(s.rows), columns: rest(s.columns) };
  if (s.kind === "histogram") throw invalidInput("drop", "is all that this histogram shows");
  return { ...s, by: rest(s.by) };
}
