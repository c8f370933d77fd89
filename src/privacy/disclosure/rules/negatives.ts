/**
 * Contributions of both signs: a unit may hold more than the whole sum, so neither dominance nor the p-ratio say anything,
 * and people look. Where all contributions are negative their shares are those of their opposites, and are judged.
 * Source: ACRO (Smith et al. 2025), which sends a table with any negative value to people; Hundepool et al. 2012, 4.2.2.
 * Vectors: tests/vectors/disclosure/contributions.
 */
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type RuleDefinition, several } from "./definition.js";

export const negatives: RuleDefinition = {
  id: "negatives",
  title: "Both signs",
  title_zh: "正负混合",
  default: "review",
  verdicts: ["review", "fail"],
  sentence: "Some units contribute less than zero and others more, so that shares of the sum mean nothing.",
  sentence_zh: "单元贡献有正有负，份额无意义，须人工判断。",
  source: "ACRO; Hundepool et al. 2012, 4.2.2",
};

export function judgeNegatives(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  const reason = {
    en: "contributions below zero and above it",
    zh: "既有负贡献也有正贡献",
  };
  const mixed = ({ negative, suppressed }: TableFacts["cells"][number]) =>
    negative && !suppressed ? reason : undefined;
  return judgeCells(facts, nameOf, mixed, {
    rule: negatives.id,
    verdict: policy.negatives,
    message: (cells) => `${several(cells, "cell")} to which units contribute with both signs.`,
    message_zh: (cells) => `${cells} 个单元格的贡献正负混合。`,
  });
}
