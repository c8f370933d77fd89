/**
 * Residual degrees of freedom: with few more units than coefficients, what is explained can be solved for.
 *
 * Units are counted, not rows: rows of one unit are no more than one person's freedom.
 * Source: ACRO (Smith et al. 2025), `safe_dof_threshold` 10; Brandt et al., Guidelines for output checking (2010), 3.7.
 */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { type RuleDefinition, several } from "./definition.js";

export const degreesOfFreedom: RuleDefinition = {
  id: "degrees_of_freedom",
  title: "Degrees of freedom",
  title_zh: "残差自由度",
  default: "10",
  verdicts: ["fail"],
  sentence: "A model stands on so many more units than it has coefficients.",
  sentence_zh: "模型所依据的单元数须比系数个数多出规定的数量。",
  source: "ACRO default; Brandt et al. 2010, 3.7",
};

export function judgeDegreesOfFreedom(
  { failure, residual_df, parameters, units }: RegressionFacts,
  policy: DisclosurePolicy,
): Finding[] {
  if (failure !== undefined || residual_df >= policy.degrees_of_freedom) return [];
  return [
    {
      rule: degreesOfFreedom.id,
      verdict: "fail",
      message: `${several(units, "unit")} and ${several(parameters, "coefficient")} leave ${residual_df} degrees of freedom, fewer than ${policy.degrees_of_freedom}.`,
      message_zh: `${units} 个单元与 ${parameters} 个系数仅余 ${residual_df} 个自由度，低于 ${policy.degrees_of_freedom}。`,
      evidence: { residual_df, asked: policy.degrees_of_freedom },
    },
  ];
}
