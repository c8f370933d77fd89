/**
 * Saturated models: as many coefficients as groups of units with the same covariates. Such a model is a table in other
 * words, its coefficients are the groups' means, and it is judged as that table: a group on few units, or with few units
 * on one side of a yes-or-no outcome, fails. A model with more than a third as many coefficients as units fails too.
 * Source: Brandt et al., Guidelines for output checking (2010), 3.7 (fully saturated models are tables); DataSHIELD,
 * `nfilter.glm` 0.33. Vectors: tests/privacy/disclosure/models/rules.test.ts.
 */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { type RuleDefinition, several } from "./definition.js";

export const saturatedModel: RuleDefinition = {
  id: "saturated_model",
  title: "Saturated model",
  title_zh: "饱和模型",
  default:
    "fail on groups below the threshold, or above a third as many coefficients as units; else review, also where it is not known",
  verdicts: ["review", "fail"],
  sentence:
    "A model that shows nothing but the means of a few groups is judged as the table of these groups.",
  sentence_zh: "仅等同于若干组均值的模型，按这些组的表格判断。",
  source: "Brandt et al. 2010, 3.7; DataSHIELD nfilter.glm",
};

/** Coefficients to units. */
const MOST = 0.33;

/** Each domain has few groups, and their covariates are not compared. */
const UNKNOWN: Finding = {
  rule: saturatedModel.id,
  verdict: "review",
  message:
    "Whether the model is a table of a few groups of units is not known over domains; people judge it.",
  message_zh: "跨域情况下无法得知模型是否等同于少数几组单元的表格，由人工判断。",
};

export function judgeSaturated(facts: RegressionFacts, policy: DisclosurePolicy): Finding[] {
  const { failure, parameters, units, patterns, patterns_unknown } = facts;
  if (failure !== undefined) return [];
  const rule = saturatedModel.id;
  const dense: Finding[] =
    parameters > MOST * units
      ? [
          {
            rule,
            verdict: "fail",
            message: `${several(parameters, "coefficient")} on ${several(units, "unit")}: more than one to three.`,
            message_zh: `${units} 个单元对应 ${parameters} 个系数，超过三分之一。`,
            evidence: { parameters, units, most: MOST },
          },
        ]
      : [];
  if (patterns_unknown) return [...dense, UNKNOWN];
  if (patterns === undefined) return dense;
  const isSmall = (n: number) => n > 0 && n < policy.threshold;
  const small = patterns.filter(
    (p) => isSmall(p.units) || (facts.events !== undefined && (isSmall(p.with) || isSmall(p.without))),
  );
  const groups = several(patterns.length, "group");
  const table: Finding =
    small.length > 0
      ? {
          rule,
          verdict: "fail",
          message: `The model is the table of ${groups} of units, and ${small.length} of them would show fewer than ${policy.threshold}.`,
          message_zh: `模型等同于 ${patterns.length} 组单元的表格，其中 ${small.length} 组会显示少于 ${policy.threshold} 个单元。`,
          evidence: { groups: patterns.length, small: small.length, threshold: policy.threshold },
        }
      : {
          rule,
          verdict: "review",
          message: `The model is the table of ${groups} of units in other words.`,
          message_zh: `模型等同于 ${patterns.length} 组单元的表格。`,
          evidence: { groups: patterns.length },
        };
  return [...dense, table];
}
