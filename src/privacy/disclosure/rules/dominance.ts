/**
 * Dominance, or the (n, k) rule: a cell in which the n largest units hold the share k of its sum, or more, tells those few
 * about each other, and everybody else nearly what they have.
 *
 * Unit-aware: a unit's rows are one contribution. Judged on sums, means, standard deviations and variances, and on counts
 * of rows where a unit may have several. On contributions without sign where all have the same one; of both signs no
 * share means anything (negatives.ts). A cell that sums to zero has no share either.
 * Source: Hundepool et al., Statistical Disclosure Control (2012), 4.2.2; ACRO (Smith et al. 2025) n = 2, k = 0.9.
 * Vectors: tests/vectors/disclosure/contributions.
 */
import { compareRational } from "../../../vocabulary/index.js";
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type Reason, type RuleDefinition, several } from "./definition.js";
import { contributionsOf, percent, ratio, sumOf, times } from "./ratio.js";

export const dominance: RuleDefinition = {
  id: "dominance",
  title: "Dominance (n, k)",
  title_zh: "主导规则 (n, k)",
  default: "n = 2, k = 0.90",
  verdicts: ["fail"],
  sentence: "In no cell do the n largest units hold the share k of its sum, or more.",
  sentence_zh: "任一单元格中，贡献最大的 n 个单元所占份额不得达到 k。",
  source: "Hundepool et al. 2012, 4.2.2; ACRO default",
};

/** Why a cell fails; undefined: it does not, or there is nothing to judge. */
export function dominated(cell: TableCell, policy: Pick<DisclosurePolicy, "dominance">): Reason | undefined {
  const held = contributionsOf(cell);
  if (held === undefined) return undefined;
  for (const { n, k } of policy.dominance) {
    const largest = sumOf(held.top.slice(0, n));
    if (compareRational(largest, times(ratio(k), held.total)) < 0) continue;
    const share = percent(largest, held.total);
    const of = several(cell.units ?? 0, "unit");
    return {
      en: `the ${n} largest of ${of} hold ${share} of it; ${Math.round(k * 100)} % is too much`,
      zh: `${cell.units ?? 0} 个单元中最大的 ${n} 个占 ${share}，上限 ${Math.round(k * 100)} %`,
    };
  }
  return undefined;
}

export function judgeDominance(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  return judgeCells(facts, nameOf, (cell) => dominated(cell, policy), {
    rule: dominance.id,
    verdict: "fail",
    message: (cells) => `${several(cells, "cell")} in which the largest units hold too much of the sum.`,
    message_zh: (cells) => `${cells} 个单元格由少数单元主导。`,
    evidence: { dominance: policy.dominance.map(({ n, k }) => ({ n, k })) },
  });
}
