/** Accounting: what mechanisms cost, alone and together, each bound rounded in the safe direction. */
export * from "./calculators.js";
export type { Composed } from "./composition.js";
export { composeSteps } from "./composition.js";
export { zcdpEpsilon } from "./conversion.js";
export * from "./curves.js";
export { decimalUp } from "./decimal.js";
export * from "./filter.js";
export { analyticSigma } from "./gaussian.js";
export * from "./pld/index.js";
