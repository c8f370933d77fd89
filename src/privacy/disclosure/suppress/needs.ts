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
import { dominated } from "../rules/dominance.js";
import { tooClose } from "../rules/p-ratio.js";
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
  for (const [c, cell] of facts.cells.entries()) {
    const lack = lacking(cell, policy);
    if (lack !== undefined) add(c, Math.min(lack, Number(cell.total ?? 0)), lack);
    // What every zero tells is that nobody is there.
    if (policy.zeros === "fail" && cell.units === 0 && facts.measures[cell.measure]!.statistic === "units")
      add(c, 0, Math.ceil(policy.threshold / 2));
    if (policy.negatives === "fail" && cell.negative) add(c, 0, 0);
  }
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
  const total = Number(cell.total ?? 0);
  // All of one value: how many there are must not tell it.
  if (policy.class_disclosure !== "off" && cell.same && cell.units)
    return Math.max(policy.p_ratio, 0.1) * total;
  const few = (count: number | undefined) => count !== undefined && count > 0 && count < policy.threshold;
  // Few who contribute, or one of two values that few have: of a mark the total counts those who bear it.
  if (few(cell.nonzero) || few(cell.rarer))
    return Math.max(0.1 * total, few(cell.rarer) ? policy.threshold : 0);
  if (dominated(cell, policy) === undefined && tooClose(cell, policy) === undefined) return undefined;
  const top = (cell.top ?? []).map(Number);
  const largest = (n: number) => top.slice(0, n).reduce((a, b) => a + b, 0);
  const lacks = policy.dominance.map(({ n, k }) => largest(n) / k - total);
  return Math.max(0, ...lacks, policy.p_ratio * largest(1) - (total - largest(2)));
}

/** Numbers that show one unit's value (a minimum, a maximum, a median): hidden by themselves, by index. */
export function tellingNumbers(facts: TableFacts, { threshold }: DisclosurePolicy): Set<number> {
  return new Set(
    facts.cells.flatMap(({ sharers, value }, c) =>
      sharers !== undefined && value !== null && sharers < threshold ? [c] : [],
    ),
  );
}
