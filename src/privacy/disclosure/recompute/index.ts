/** Tables that the node computes itself from a claim: plan, question, answer, text, findings. */
export { type AnswerRow, cellPlaces, factsOf, quotientText, STATISTIC_OF } from "./answer.js";
export { chosenByProgram } from "./described.js";
export { askTable, isDoubtful, type TableRequest } from "./doubt.js";
export { judgeFacts, renderFacts } from "./judge.js";
export { claimLabel } from "./label.js";
export { judgeNoisy } from "./noisy.js";
export {
  layoutOf,
  marginSets,
  planTable,
  RECOMPUTED_KINDS,
  type RecomputedStatistic,
  requireRecomputed,
  type TablePlan,
  withUnits,
} from "./plan.js";
export { type Asked, askedOf, type Question, questionOf } from "./question.js";
export { renameColumns } from "./rename.js";
export type { Layout } from "./render.js";
export {
  CLAIM_SYNTAXES,
  type ClaimSyntax,
  claimFromWritten,
  inside,
  type WrittenClaim,
  writtenClaim,
  writtenProtect,
  writtenSurvival,
} from "./written.js";
