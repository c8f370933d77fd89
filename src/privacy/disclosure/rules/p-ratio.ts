/**
 * p-ratio, or the p% rule: who contributes the second most, and knows it, can take it off the sum; what is then left beside
 * the largest unit's contribution must be at least the share p of it, or that one is known too closely.
 *
 * (total − largest − second) / largest < p fails. A cell that sums to zero has no largest unit, and does not fail: ACRO
 * divides there and reports a failure. Contributions as in dominance.ts.
 * Source: Hundepool et al., Statistical Disclosure Control (2012), 4.2.2; ACRO (Smith et al. 2025) p = 0.1.
 * Vectors: tests/vectors/disclosure/contributions.
 */
import { compareRational, ZERO } from "../../../vocabulary/index.js";
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type Reason, type RuleDefinition, several } from "./definition.js";
import { contributionsOf, less, percent, ratio, sumOf, times } from "./ratio.js";

export const pRatio: RuleDefinition = {
  id: "p_ratio",
  title: "p-ratio",
  title_zh: "p 比率",
  default: "0.10",
  verdicts: ["fail"],
  sentence:
    "In each cell the units beside the two largest hold together at least the share p of what the largest holds.",
  sentence_zh: "每个单元格中，除最大两个单元外其余单元之和不得低于最大单元的 p 倍。",
  source: "Hundepool et al. 2012, 4.2.2; ACRO default",
};

/** Why a cell fails; undefined: it does not, or there is nothing to judge. */
export function tooClose(
  cell: TableCell,
  { p_ratio }: Pick<DisclosurePolicy, "p_ratio">,
): Reason | undefined {
  const held = p_ratio === 0 ? undefined : contributionsOf(cell);
  if (held === undefined) return undefined;
  const largest = held.top[0] ?? ZERO;
  const others = less(held.total, sumOf(held.top.slice(0, 2)));
  if (compareRational(others, times(ratio(p_ratio), largest)) >= 0) return undefined;
  const share = percent(others, largest);
  const least = `${Math.round(p_ratio * 100)} %`;
  return {
    en: `beside the two largest the others hold ${share} of the largest; ${least} is the least`,
    zh: `除最大两个单元外，其余之和为最大单元的 ${share}，至少应为 ${least}`,
  };
}

export function judgePRatio(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  return judgeCells(facts, nameOf, (cell) => tooClose(cell, policy), {
    rule: pRatio.id,
    verdict: "fail",
    message: (cells) =>
      `${several(cells, "cell")} from which the second largest unit learns the largest's value.`,
    message_zh: (cells) => `${cells} 个单元格可由第二大单元推知最大单元的取值。`,
    evidence: { p_ratio: policy.p_ratio },
  });
}
