/**
 * What the node found of a model or of survival curves, computed by an engine from the rows of a View.
 *
 * Rules: estimates are decimal text of the doubles that were computed, all of their digits; rounding is the renderer's.
 * `units` are distinct units; an outcome's `with` and `without` are distinct units that have it and that do not.
 */
import { z } from "zod";
import { FAMILIES, TIES } from "../../expression/index.js";
import { MODEL_FAILURES, type ModelFailure } from "./failure.js";

const count = z.int().nonnegative();
const decimal = z.string().regex(/^-?(?:\d+(?:\.\d+)?(?:e[+-]\d+)?|Infinity)$/);
const label = z.string();
const group = { units: count, with: count, without: count };

export const coefficientFact = z.strictObject({
  /** As patsy writes it, and as R does. */
  name: label,
  r_name: label,
  estimate: decimal,
  std_error: decimal,
  /** Of a probit, by expected information. */
  expected_std_error: decimal.optional(),
  statistic: decimal,
  p_value: decimal,
  /** Share of it that stands on one unit, and on the largest `few` units together; over domains it is not known. */
  one_unit: z.number().optional(),
  few_units: z.number().optional(),
});
export type CoefficientFact = z.infer<typeof coefficientFact>;

const common = {
  format: z.literal(1),
  stated_by: z.literal("node"),
  /** Canonical JSON of the typed filter. */
  filter: z.string(),
  rows: count,
  units: count,
};

export const regressionFacts = z.strictObject({
  ...common,
  kind: z.literal("regression"),
  family: z.enum(FAMILIES),
  ties: z.enum(TIES).optional(),
  formula: z.string(),
  /** Where there is no estimate: why, and of which columns. Then nothing below is there. */
  failure: z.enum(Object.keys(MODEL_FAILURES) as [ModelFailure, ...ModelFailure[]]).optional(),
  columns: z.array(label).optional(),
  parameters: count,
  /** Units less coefficients. */
  residual_df: z.int(),
  /** Of an outcome that is yes or no, an event or a count. */
  events: z.strictObject({ with: count, without: count }).optional(),
  coefficients: z.array(coefficientFact),
  figures: z.record(z.string(), decimal),
  /** The largest leverage of one unit; over domains it is not known. */
  max_leverage: z.number().optional(),
  /** Over domains: what `one_unit`, `few_units` and `max_leverage` are at most; what is not there is not known. */
  influence_at_most: z.literal(true).optional(),
  /** How many units `few_units` are. */
  few: count,
  /** Combinations of levels that the formula names. */
  cells: z.array(z.strictObject({ term: label, level: label, ...group })),
  /** Where the model is the means of these groups and nothing else. */
  patterns: z.array(z.strictObject(group)).optional(),
  /** Over domains: whether it is that. */
  patterns_unknown: z.literal(true).optional(),
});
export type RegressionFacts = z.infer<typeof regressionFacts>;

export const survivalStep = z.strictObject({
  /** The end of an interval that begins after the step before, or at the start. */
  time: decimal,
  /** Rows that entered the interval, that ended in it with the event, and without. */
  at_risk: count,
  events: count,
  censored: count,
  /** Distinct units of each. */
  units: z.strictObject({ at_risk: count, events: count, censored: count }),
  /** Kaplan–Meier at the interval's end, and Greenwood's standard error. */
  survival: decimal,
  std_error: decimal,
});
export type SurvivalStep = z.infer<typeof survivalStep>;

export const survivalFacts = z.strictObject({
  ...common,
  kind: z.literal("survival"),
  failure: z.enum(Object.keys(MODEL_FAILURES) as [ModelFailure, ...ModelFailure[]]).optional(),
  /** Names of what the curves are by. */
  by: z.array(label),
  curves: z.array(
    z.strictObject({
      levels: z.array(label),
      rows: count,
      units: count,
      /** Distinct units with the event and without. */
      with: count,
      without: count,
      steps: z.array(survivalStep),
      /** Rows and units after the last step. */
      after: z.strictObject({ rows: count, units: count }),
    }),
  ),
  /** The threshold by which steps were joined, and how many times were asked for. */
  threshold: count,
  times: count,
});
export type SurvivalFacts = z.infer<typeof survivalFacts>;

export const modelFacts = z.discriminatedUnion("kind", [regressionFacts, survivalFacts]);
export type ModelFacts = z.infer<typeof modelFacts>;

/** A double as text: what `decimal` says. NaN is for no fact. */
export function decimalOf(value: number): string {
  if (Number.isNaN(value)) throw new RangeError("not a number");
  return Object.is(value, -0) ? "0" : String(value);
}
