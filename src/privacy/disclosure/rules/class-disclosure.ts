/**
 * Class disclosure: in a line of a table all units fall into one cell, so that whoever is known to be in the line is
 * known to be in the cell, however many they are.
 *
 * A line is what one dimension runs through while the others stand still. Where everybody of the table has one level
 * of a dimension, that tells something of everybody in it. A line with a suppressed cell is not judged: what it hides
 * may be filled, and whether it can be worked out is the attack's to say.
 * Source: Hundepool et al., Statistical Disclosure Control (2012), 4.2 (group disclosure); ACRO "all values are the same".
 */
import type { TableCell, TableFacts } from "../facts.js";
import { TOTAL } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type Reason, type RuleDefinition, several } from "./definition.js";

export const classDisclosure: RuleDefinition = {
  id: "class_disclosure",
  title: "Class disclosure",
  title_zh: "类别泄露",
  default: "fail; judged on tables that the node recomputed",
  verdicts: ["review", "fail"],
  sentence: "In no row or column of a table do all units fall into one cell.",
  sentence_zh: "表格任一行或列的全部单元不得落入同一单元格。",
  source: "Hundepool et al. 2012, 4.2",
};

export function judgeClassDisclosure(
  facts: TableFacts,
  policy: DisclosurePolicy,
  nameOf: NameCell,
): Finding[] {
  const how = policy.class_disclosure;
  if (how === "off") return [];
  const alone = new Map<TableCell, Reason>();
  facts.dimensions.forEach(({ name }, dimension) => {
    for (const line of linesAlong(facts, dimension)) {
      // Whether a hidden cell is empty must not show: for who reads the table it may be filled.
      if (line.some(({ suppressed }) => suppressed)) continue;
      const filled = line.filter((cell) => (cell.units ?? 0) > 0);
      if (filled.length !== 1) continue;
      alone.set(filled[0]!, {
        en: `all ${several(filled[0]!.units ?? 0, "unit")} of its line have this ${name}`,
        zh: `该行（列）全部 ${filled[0]!.units ?? 0} 个单元的 ${name} 均为此值`,
      });
    }
  });
  return judgeCells(facts, nameOf, (cell) => alone.get(cell), {
    rule: classDisclosure.id,
    verdict: how,
    message: (cells) =>
      `${several(cells, "cell")} that all units of a row or column fall into: being in the one tells being in the other.`,
    message_zh: (cells) => `${cells} 个单元格容纳其所在行或列的全部单元：属于该行即属于该格。`,
  });
}

/** Cells of the measure with the units, totals of this dimension left out; totals of the others are lines of their own. */
function linesAlong(facts: TableFacts, dimension: number): TableCell[][] {
  const units = facts.measures.findIndex((m) => m.statistic === "units");
  const lines = new Map<string, TableCell[]>();
  for (const cell of facts.cells) {
    if (cell.measure !== units || cell.at[dimension] === TOTAL) continue;
    const key = cell.at.map((level, i) => (i === dimension ? "" : level)).join(" ");
    const line = lines.get(key);
    if (line) line.push(cell);
    else lines.set(key, [cell]);
  }
  return [...lines.values()];
}
