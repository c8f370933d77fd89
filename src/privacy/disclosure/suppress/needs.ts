/**
 * Which cells of a table may not be shown, and what everybody must have to think possible of each.
 *
 * A cell on too few units: that it stands on the threshold, and on half a threshold less than it does (or that it is
 * empty). A cell that all units of a line fall into: that as many as the threshold fall elsewhere. A sum that few units
 * make up: what keeps the largest unit's contribution as uncertain as the rule asks.
 * Source: threshold and class disclosure, Hundepool et al. 2012, 4.2 and 4.3; protection levels of dominance and p%
 * rules, τ-ARGUS 4.2 user's manual, 2.4 (upper level ((100/k) × largest n) − total, and p% × largest − remainder).
 */
import type { TableCell, TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import type { CellNeed } from "./model.js";

export function needsOfCells(facts: TableFacts, policy: DisclosurePolicy): CellNeed[] {
  const needs = new Map<number, CellNeed>();
  const add = (cell: number, below: number, above: number) => {
    const known = needs.get(cell);
    needs.set(cell, {
      cell,
      below: Math.max(below, known?.below ?? 0),
      above: Math.max(above, known?.above ?? 0),
    });
  };
  small(facts, policy, add);
  if (policy.class_disclosure !== "off") alone(facts, policy, add);
  facts.cells.forEach((cell, c) => {
    const lack = lacking(cell, policy);
    if (lack !== undefined) add(c, lack, lack);
  });
  return [...needs.values()].sort((a, b) => a.cell - b.cell);
}

type Add = (cell: number, below: number, above: number) => void;

/** On too few units, or so few fewer than another number of the same place that the difference is too small. */
function small(facts: TableFacts, { threshold }: DisclosurePolicy, add: Add): void {
  const size = facts.measures.length;
  for (let from = 0; from < facts.cells.length; from += size) {
    const cells = facts.cells.slice(from, from + size);
    for (const [m, cell] of cells.entries()) {
      const units = cell.units ?? 0;
      const near = cells.some((other) => {
        const fewer = (other.units ?? 0) - units;
        return fewer > 0 && fewer < threshold;
      });
      const few = units > 0 && units < threshold;
      if (!few && !near) continue;
      const { statistic } = facts.measures[m]!;
      const counts = statistic === "units" || statistic === "count";
      const shown = counts ? Number(cell.value ?? 0) : 0;
      const below = Math.min(shown, Math.ceil(threshold / 2));
      add(from + m, below, counts && few ? Math.max(0, threshold - shown) : below);
    }
  }
}

/** The cell that all units of a line fall into, a line being what one dimension runs through. */
function alone(facts: TableFacts, { threshold }: DisclosurePolicy, add: Add): void {
  const units = facts.measures.findIndex((m) => m.statistic === "units");
  facts.dimensions.forEach((_, dimension) => {
    const lines = new Map<string, number[]>();
    facts.cells.forEach((cell, c) => {
      if (cell.measure !== units || cell.at[dimension] === TOTAL) return;
      const key = cell.at.map((level, i) => (i === dimension ? "" : level)).join(" ");
      lines.set(key, [...(lines.get(key) ?? []), c]);
    });
    for (const line of lines.values()) {
      const filled = line.filter((c) => (facts.cells[c]!.units ?? 0) > 0);
      const [only] = filled;
      if (only === undefined || filled.length > 1) continue;
      add(only, Math.min(threshold, facts.cells[only]!.units ?? 0), 0);
    }
  });
}

/** By how much a sum must stay uncertain each way; undefined where its contributions are many enough. */
function lacking(cell: TableCell, policy: DisclosurePolicy): number | undefined {
  if (cell.top === undefined || cell.total === undefined || cell.negative) return undefined;
  const total = Number(cell.total);
  const top = cell.top.map(Number);
  if (!(total > 0)) return undefined;
  const largest = (n: number) => top.slice(0, n).reduce((a, b) => a + b, 0);
  let lack: number | undefined;
  for (const { n, k } of policy.dominance)
    if (largest(n) >= k * total) lack = Math.max(lack ?? 0, largest(n) / k - total);
  const rest = total - largest(2);
  if (policy.p_ratio > 0 && top[0]! > 0 && rest < policy.p_ratio * top[0]!)
    lack = Math.max(lack ?? 0, policy.p_ratio * top[0]! - rest);
  return lack;
}
