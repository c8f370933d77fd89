/**
 * The threshold on what the node recomputed: each value of a table stands on so many distinct units.
 *
 * Two numbers of one cell must not differ by fewer units than the threshold either: a count of those with a value
 * beside the units of the cell tells the few without one.
 * Source and vectors: threshold.ts, tests/privacy/disclosure/recomputed.test.ts.
 */
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { type NameCell, several, withCells } from "./definition.js";
import { threshold } from "./threshold.js";

const RECOMPUTED = "The node counted the units itself.";

/** @param nameOf row and column of a cell, as the table shows them */
export function judgeUnits(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  const small = new Set<TableCell>();
  const near = new Set<TableCell>();
  const isSmall = (units: number) => units > 0 && units < policy.threshold;
  const size = facts.measures.length;
  for (let from = 0; from < facts.cells.length; from += size) {
    const cell = facts.cells.slice(from, from + size);
    for (const one of cell) {
      if (isSmall(one.units ?? 0)) small.add(one);
      for (const other of cell) if (isSmall((other.units ?? 0) - (one.units ?? 0))) near.add(one);
    }
  }
  const evidence = { threshold: policy.threshold, stated_by: "node" };
  const findings: Finding[] = [];
  if (small.size > 0) {
    const message = `${several(small.size, "cell")} on more than zero and fewer than ${policy.threshold} units. ${RECOMPUTED}`;
    findings.push(
      withCells({ rule: threshold.id, verdict: "fail", message, evidence }, [...small].map(nameOf)),
    );
  }
  if (near.size > 0) {
    const message = `${several(near.size, "cell")} whose units are fewer than ${policy.threshold} short of another number's of the same cell: the difference tells of those few. ${RECOMPUTED}`;
    findings.push(
      withCells({ rule: threshold.id, verdict: "fail", message, evidence }, [...near].map(nameOf)),
    );
  }
  return findings;
}
