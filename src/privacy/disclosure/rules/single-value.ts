/**
 * A minimum, a maximum, a median shows the value of one unit, or of two: it passes where, as it is shown, at least as many
 * units have it as the threshold asks for.
 *
 * Why so: rounding alone hides nobody in a group of few, and a large group hides nobody at its edge. What protects the one
 * behind the value is that others cannot be told from it, so the sharers are counted, after rounding to the digits shown.
 * A median between two values shows both, so each of the two needs that many. Percentiles and whiskers of a boxplot would
 * be judged the same; no claim asks for them.
 * Source: Griffiths et al., Handbook on Statistical Disclosure Control for Outputs (2019); sharers: recompute/sharers.ts.
 * Vectors: tests/vectors/disclosure/contributions.
 */
import type { TableCell, TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeCells, type NameCell, type Reason, type RuleDefinition, several } from "./definition.js";

export const singleValue: RuleDefinition = {
  id: "single_value",
  title: "One unit's value",
  title_zh: "单一单元取值",
  default: "as the threshold: 10 units share it",
  verdicts: ["fail"],
  sentence:
    "A minimum, maximum or median is, as it is shown, the value of at least as many units as the threshold.",
  sentence_zh: "最小值、最大值与中位数按显示位数须为不少于阈值个单元所共有。",
  source: "Griffiths et al. 2019",
};

export const SHOWS_A_VALUE: ReadonlySet<string> = new Set(["min", "max", "median", "percentile"]);

export function judgeSingleValues(facts: TableFacts, policy: DisclosurePolicy, nameOf: NameCell): Finding[] {
  const alone = (cell: TableCell): Reason | undefined => {
    const { sharers, value, suppressed } = cell;
    if (sharers === undefined || value === null || suppressed || sharers >= policy.threshold)
      return undefined;
    return {
      en: `${several(sharers, "unit")} with that value; ${policy.threshold} are the fewest`,
      zh: `仅 ${sharers} 个单元具有该值，至少应有 ${policy.threshold} 个`,
    };
  };
  return judgeCells(facts, nameOf, alone, {
    rule: singleValue.id,
    verdict: "fail",
    message: (cells) =>
      `${several(cells, "cell")} that show${cells === 1 ? "s" : ""} a value of fewer than ${policy.threshold} units.`,
    message_zh: (cells) => `${cells} 个单元格显示少于 ${policy.threshold} 个单元的取值。`,
    evidence: { threshold: policy.threshold, digits: policy.significant_digits },
  });
}
