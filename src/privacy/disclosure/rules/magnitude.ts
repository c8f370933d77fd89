/**
 * Numbers other than counts. How much of a sum one unit holds, and whose value a minimum or a median is, has to be
 * judged from the contributions; as long as no rule does, people do.
 */
import type { TableFacts } from "../facts.js";
import type { Finding } from "../finding.js";
import { type RuleDefinition, several } from "./definition.js";

export const magnitude: RuleDefinition = {
  id: "magnitude",
  title: "Magnitudes",
  title_zh: "数值型统计量",
  default: "review",
  verdicts: ["review"],
  sentence:
    "A sum, mean or spread may be dominated by few units, and a minimum, maximum or median may be the value of one; people judge these.",
  sentence_zh:
    "总和、均值与离散度可能由少数单元主导，最小值、最大值或中位数可能即某一单元的取值，由人工判断。",
  source: "Hundepool et al. 2012, 4.2",
};

const COUNTS = new Set(["units", "count"]);
const ONE_VALUE = new Set(["min", "max", "median"]);

export function judgeMagnitudes(facts: TableFacts): Finding[] {
  const shown = facts.measures.filter((m) => !COUNTS.has(m.statistic));
  if (shown.length === 0) return [];
  const single = shown.filter((m) => ONE_VALUE.has(m.statistic));
  const parts = [
    ...(shown.length > single.length
      ? [`${several(shown.length - single.length, "measure")} that few units may dominate`]
      : []),
    ...(single.length > 0 ? [`${several(single.length, "measure")} that may show one unit's value`] : []),
  ];
  return [
    {
      rule: magnitude.id,
      verdict: "review",
      message: `${parts.join("; ")}: this version does not judge contributions.`,
      evidence: { measures: shown.map((m) => m.name) },
    },
  ];
}
