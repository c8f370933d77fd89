/**
 * The threshold on what the node recomputed: each value of a table stands on so many distinct units.
 *
 * Two numbers of one cell must not differ by fewer units than the threshold either: a count of those with a value
 * beside the units of the cell tells the few without one. What is suppressed is not shown, and is not judged.
 * Source and vectors: threshold.ts, tests/privacy/disclosure/recomputed.test.ts.
 */
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type Reason, several } from "./definition.js";
import { threshold } from "./threshold.js";

/** @param nameOf row and column of a cell, as the table shows them */
export function judgeUnits(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  const least = policy.threshold;
  const isSmall = (units: number) => units > 0 && units < least;
  const evidence = { threshold: least, stated_by: "node" };
  const few = ({ units, suppressed }: TableCell): Reason | undefined =>
    isSmall(units ?? 0) && !suppressed
      ? { en: `${several(units ?? 0, "unit")}, fewer than ${least}`, zh: `${units} 个单元，少于 ${least}` }
      : undefined;
  const short = shortOfAnother(facts, isSmall);
  return [
    ...judgeCells(facts, nameOf, few, {
      rule: threshold.id,
      verdict: "fail",
      message: (cells) =>
        `${several(cells, "cell")} on more than zero and fewer than ${least} units. The node counted the units itself.`,
      message_zh: (cells) => `${cells} 个单元格的单元数大于零且少于 ${least}（由节点自行计数）。`,
      evidence,
    }),
    ...judgeCells(facts, nameOf, (cell) => short.get(cell), {
      rule: threshold.id,
      verdict: "fail",
      message: (cells) =>
        `${several(cells, "cell")} whose units are fewer than ${least} short of another number's of the same cell: the difference tells of those few. The node counted the units itself.`,
      message_zh: (cells) =>
        `${cells} 个数值与同一单元格另一数值的单元数之差少于 ${least}，差额即泄露这些单元。`,
      evidence,
    }),
  ];
}

function shortOfAnother(
  { cells, measures }: TableFacts,
  isSmall: (units: number) => boolean,
): ReadonlyMap<TableCell, Reason> {
  const found = new Map<TableCell, Reason>();
  for (let from = 0; from < cells.length; from += measures.length) {
    const shown = cells.slice(from, from + measures.length).filter(({ suppressed }) => !suppressed);
    for (const one of shown) {
      const other = shown.find(({ units }) => isSmall((units ?? 0) - (one.units ?? 0)));
      if (other === undefined) continue;
      const lacking = (other.units ?? 0) - (one.units ?? 0);
      const name = measures[other.measure]!.name;
      found.set(one, {
        en: `${several(lacking, "unit")} short of ${name}`,
        zh: `比 ${name} 少 ${lacking} 个单元`,
      });
    }
  }
  return found;
}
