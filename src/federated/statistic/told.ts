/** How a question reads, and as which table it is held against others. Pure. */
import { type ClaimStatistic, claimLabel, valueLabel } from "../../privacy/index.js";
import type { CollaborationSpec } from "../collaborations/spec.js";
import { asSurvival, type SharedQuestion } from "./asked.js";
import { covarianceUnits } from "./covariance.js";
import { quantileUnits } from "./quantile.js";

/** Of what only domains together compute, the units that it stands on: these are what it shows of a table. */
export function comparedAs(question: SharedQuestion): ClaimStatistic {
  switch (question.kind) {
    case "covariance":
      return covarianceUnits(question);
    case "quantiles":
      return quantileUnits(question);
    case "logrank":
      return asSurvival(question);
    default:
      return question;
  }
}

/** In words, for reviewers. */
export function questionLabel(question: SharedQuestion, { name }: Pick<CollaborationSpec, "name">): string {
  const label = (statistic: ClaimStatistic) => claimLabel({ version: 1, dataset: name, statistic });
  const where = question.where === undefined ? "" : `, where ${valueLabel(question.where)}`;
  switch (question.kind) {
    case "covariance":
      return `covariances of ${question.values.map(valueLabel).join(", ")}${where}`;
    case "quantiles": {
      const { value, at, by } = question;
      const groups = by.length === 0 ? "" : ` by ${by.map((g) => valueLabel(g.value)).join(" and ")}`;
      return `quantiles ${at.join(", ")} of ${valueLabel(value)}${groups}${where}`;
    }
    case "logrank":
      return `log-rank test of ${label(asSurvival(question))}`;
    default:
      return label(question);
  }
}
