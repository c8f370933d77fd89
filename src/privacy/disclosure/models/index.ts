/** Models and survival curves that the node computes itself: question, plan, fit, document, findings. */

export { cholesky, inverseDiagonal as inverseDiagonalOf, solve as solvePositive } from "./cholesky.js";
export { codeTerms } from "./coding.js";
export { compareModels, type ModelComparison, sameModel } from "./compare.js";
export { compareCurves } from "./compare-curves.js";
export type { Levels } from "./data.js";
export { extensionOfModel, mediaTypeOfModel, renderModel } from "./document.js";
export {
  type CoefficientFact,
  decimalOf,
  type ModelFacts,
  modelFacts,
  type RegressionFacts,
  type SurvivalFacts,
} from "./facts.js";
export { MODEL_FAILURES, ModelFailed, type ModelFailure } from "./failure.js";
export type { Fitted } from "./fit.js";
export { type GroupedCurve, groupedCurve, type IntervalCount, logRank } from "./grouped.js";
export { judgeModel } from "./judge.js";
export { formulaLabel, labelOf as valueLabel } from "./label.js";
export { judgeLogRank, type LogRankFacts, logRankFacts } from "./logrank.js";
export { coefficientNamed } from "./names.js";
export { MODEL_LIMITS, type ModelPlan, modelPlan } from "./plan.js";
export {
  filterOf,
  isModel,
  MODEL_KINDS,
  type ModelQuestion,
  type ModelStatistic,
  modelQuestion,
} from "./question.js";
export { computeModel, type LevelsRead, type ReadRows } from "./read.js";
export { chiSquareAbove, twoSided } from "./special.js";
export { standingFacts, standingOf } from "./standing.js";
