/**
 * Numbers whose contributions the node does not know: decimals beyond what can be summed, and facts of before
 * contributions were asked for. No rule can judge how much of them one unit holds, so people do.
 */
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import { judgeCells, type NameCell, type RuleDefinition, several } from "./definition.js";

export const magnitude: RuleDefinition = {
  id: "magnitude",
  title: "Contributions known",
  title_zh: "贡献可知",
  default: "review",
  verdicts: ["review"],
  sentence: "Of each sum, mean, spread, minimum, maximum and median it is known what units contribute to it.",
  sentence_zh: "各总和、均值、离散度、极值与中位数的单元贡献应可知。",
  source: "Hundepool et al. 2012, 4.2",
};

const COUNTS = new Set(["units", "count"]);

export function judgeMagnitudes(facts: TableFacts, nameOf: NameCell): Finding[] {
  const reason = { en: "what units contribute is not known", zh: "单元贡献未知" };
  const unknown = ({ measure, units, suppressed, total, sharers }: TableCell) => {
    const counted = COUNTS.has(facts.measures[measure]!.statistic);
    if (counted || suppressed || units === 0) return undefined;
    return total === undefined && sharers === undefined ? reason : undefined;
  };
  return judgeCells(facts, nameOf, unknown, {
    rule: magnitude.id,
    verdict: "review",
    message: (cells) => `${several(cells, "cell")} of which it is not known what units contribute.`,
    message_zh: (cells) => `${cells} 个单元格的单元贡献未知。`,
  });
}
