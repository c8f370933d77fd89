/** SQL with noise: from a statement to a plan, to new SQL, to a price, to an answer. */
export { type AnswerValue, answerOf, answerSteps, MISSED, type NoisyAnswer } from "./answer.js";
export { type Cell, cellSteps, cellsOf, type EngineRow } from "./cells.js";
export {
  type EmittedQuery,
  emitExacts,
  emitLeaves,
  LOOKED_AT_FROM,
  type Part,
  PRIVATE_TEXT_BYTES,
} from "./emit.js";
export { QUERY_LIMITS } from "./limits.js";
export type { DeclaredField, DeclaredTable, Plan } from "./model.js";
export { deviation, halfWidth, type Law, tailBound } from "./noise-law.js";
export {
  type Pricing,
  priceOf,
  rhoWithin,
  type Sensitivity,
  sensitivitiesOf,
  type Terms,
  termsOf,
} from "./price.js";
export { type Quoted, quoteOf } from "./quote.js";
export { planOf } from "./read/select.js";
export { atOnce, type Steps, sortSteps } from "./steps.js";
