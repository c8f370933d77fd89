/**
 * What an engine is told of a model: which numbers and levels it reads, and how they are put together. It travels as
 * JSON, so it has a schema; the data go beside it (data.ts).
 */
import { z } from "zod";
import { COLUMN_TYPES } from "../../../vocabulary/index.js";
import { FAMILIES, TIES } from "../../expression/index.js";

export const MODEL_LIMITS = {
  /** Coefficients of one model. */
  parameters: 256,
  /** Levels of one factor, and combinations of levels of one term. */
  levels: 1_000,
  cells: 10_000,
  /** What the rows of one model may take in memory, in bytes. */
  bytes: 96 * 1024 ** 2,
  /** The most units of which it is asked how much they hold together. */
  few: 99,
  /** Up to here a design is held whole, in bytes; above, its rows are made anew each time. */
  held_bytes: 64 * 1024 ** 2,
  /** Rows times the square of parameters: the work of one pass. */
  pass: 5e9,
  /** Curves of one claim, and points of all curves together. */
  groups: 1_000,
  points: 100_000,
} as const;

const label = z.string().min(1).max(4096);

export const plannedFactor = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("numeric"), label }),
  z.strictObject({
    kind: z.literal("categorical"),
    label,
    type: z.enum(COLUMN_TYPES),
    /** The level that the others are held against; the lowest unless told. */
    reference: z.string().optional(),
  }),
]);
export type PlannedFactor = z.infer<typeof plannedFactor>;

/** Units below this are few: a policy's threshold. */
const threshold = z.int().min(1).max(100_000);

export const regressionPlan = z.strictObject({
  kind: z.literal("regression"),
  family: z.enum(FAMILIES),
  ties: z.enum(TIES),
  response: label,
  /** As people read it. */
  formula: z.string().max(65_536),
  factors: z.array(plannedFactor).max(1_024),
  /** Each a set of factors, by their place above. */
  terms: z.array(z.array(z.int().nonnegative()).min(1).max(8)).max(256),
  intercept: z.boolean(),
  offset: z.boolean(),
  threshold,
});
export type RegressionPlan = z.infer<typeof regressionPlan>;

const level = z.strictObject({ key: z.string().nullable(), label: z.string() });
export const survivalPlan = z.strictObject({
  kind: z.literal("survival"),
  time: label,
  event: label,
  dimensions: z
    .array(z.strictObject({ name: label, type: z.enum(COLUMN_TYPES), levels: z.array(level).max(10_000) }))
    .max(8),
  /** Rising; where there are none, round times are chosen up to `until`, or up to the longest that there is. */
  times: z.array(z.number()).max(1_000).optional(),
  until: z.number().positive().optional(),
  threshold,
});
export type SurvivalPlan = z.infer<typeof survivalPlan>;

export const modelPlan = z.discriminatedUnion("kind", [regressionPlan, survivalPlan]);
export type ModelPlan = z.infer<typeof modelPlan>;
