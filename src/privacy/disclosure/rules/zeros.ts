/**
 * Cells that nobody falls into. By default a zero is no finding: it is structural (nobody can be there), or it tells of
 * those in its row or column, which class disclosure judges. An owner to whom each zero tells something says so.
 * Source: ACRO (Smith et al. 2025), `zeros_are_disclosive`, which is on there by default.
 */
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type RuleDefinition, several } from "./definition.js";

export const zeros: RuleDefinition = {
  id: "zeros",
  title: "Zeros",
  title_zh: "零值",
  default: "off",
  verdicts: ["review", "fail"],
  sentence: "Where the owner asks for it: no cell is empty.",
  sentence_zh: "按数据提供方要求，表中不得出现空单元格。",
  source: "ACRO, zeros_are_disclosive",
};

export function judgeZeros(facts: TableFacts, { zeros: how }: DisclosurePolicy, nameOf: NameCell): Finding[] {
  if (how === "off") return [];
  const first = facts.measures.findIndex(({ statistic }) => statistic === "units");
  const reason = { en: "nobody is in it", zh: "无任何单元" };
  return judgeCells(
    facts,
    nameOf,
    (cell) =>
      cell.measure === Math.max(first, 0) && cell.units === 0 && !cell.suppressed ? reason : undefined,
    {
      rule: zeros.id,
      verdict: how,
      message: (cells) => `${several(cells, "cell")} that nobody falls into.`,
      message_zh: (cells) => `${cells} 个单元格无任何单元。`,
    },
  );
}
