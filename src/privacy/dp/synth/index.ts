/** Synthetic data with a guarantee: noisy marginals over declared cells, a tree of pairs, records. */
export { codeOf, synthColumn } from "./columns.js";
export { countsOf, emitMarginal, emitRecords } from "./emit.js";
export type { TreeModel } from "./fit.js";
export { type Coded, marginalErrors, type Usefulness, usefulness } from "./measure.js";
export {
  type Marginals,
  type Pair,
  pairsOf,
  SYNTH_LIMITS,
  type SynthCell,
  type SynthColumn,
  type SynthPricing,
} from "./model.js";
export { choosesTree, synthCost, synthPrice } from "./price.js";
export type { Uniform } from "./sample.js";
export {
  type Chance,
  createChance,
  deviationOf,
  type ExpectedError,
  expectedErrors,
  fitModel,
  sampleRecords,
} from "./synthesise.js";
