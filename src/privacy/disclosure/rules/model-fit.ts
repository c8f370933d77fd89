/**
 * Models that explain nearly everything: who knows the covariates of a person learns the outcome.
 * Source: Brandt et al., Guidelines for output checking (2010), 3.7: R² of modelled output below 0.8.
 */
import type { Finding } from "../finding.js";
import type { RegressionFacts } from "../models/facts.js";
import type { RuleDefinition } from "./definition.js";

export const modelFit: RuleDefinition = {
  id: "model_fit",
  title: "Fit of a model",
  title_zh: "模型拟合优度",
  default: "review above an R² of 0.8",
  verdicts: ["review"],
  sentence: "A model that explains nearly all of an outcome tells it of whoever's covariates are known.",
  sentence_zh: "几乎完全解释因变量的模型，会泄露已知自变量者的结局。",
  source: "Brandt et al. 2010, 3.7",
};

const MOST = 0.8;

export function judgeFit({ figures, failure }: RegressionFacts): Finding[] {
  const explained = figures.r_squared ?? figures.pseudo_r_squared;
  if (failure !== undefined || explained === undefined || Number(explained) <= MOST) return [];
  const share = Number(Number(explained).toFixed(3));
  return [
    {
      rule: modelFit.id,
      verdict: "review",
      message: `The model explains ${share} of the outcome, more than ${MOST}.`,
      message_zh: `模型解释了因变量的 ${share}，高于 ${MOST}。`,
      evidence: { explained: share, review_above: MOST },
    },
  ];
}
