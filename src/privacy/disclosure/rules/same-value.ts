/**
 * All of one value: where all rows of a cell have the same, their mean, sum or spread tells the value of each, however
 * many they are. Class disclosure of a number.
 * Source: ACRO (Smith et al. 2025), "all values are the same"; Hundepool et al. 2012, 4.2 (group disclosure).
 * Vectors: tests/vectors/disclosure/contributions.
 */
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type RuleDefinition, several } from "./definition.js";

export const sameValue: RuleDefinition = {
  id: "same_value",
  title: "All of one value",
  title_zh: "取值全同",
  default: "fail",
  verdicts: ["review", "fail"],
  sentence: "In no cell do all rows have one and the same value, which the figure would tell of each.",
  sentence_zh: "任一单元格内全部记录取值不得完全相同。",
  source: "ACRO; Hundepool et al. 2012, 4.2",
};

export function judgeSameValues(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  const how = policy.class_disclosure;
  if (how === "off") return [];
  const reason = { en: "every row has the same value", zh: "所有记录取值相同" };
  const told = ({ same, suppressed, units }: TableFacts["cells"][number]) =>
    same && !suppressed && units ? reason : undefined;
  return judgeCells(facts, nameOf, told, {
    rule: sameValue.id,
    verdict: how,
    message: (cells) =>
      `${several(cells, "cell")} in which all rows have one value: the figure tells it of each.`,
    message_zh: (cells) => `${cells} 个单元格内取值全同，统计量即泄露每一记录的取值。`,
  });
}
