/** What goes in and out of queries: one schema a payload, from which types, checks and OpenAPI come. */
import { z } from "zod";
import { QUERY_LIMITS } from "../../privacy/index.js";
import { COLUMN_TYPES } from "../../vocabulary/index.js";
import { datasetName } from "../datasets/schemas.js";

export const amount = z
  .string()
  .regex(/^\d{1,64}(\.\d{1,64})?([eE][+-]?\d{1,4})?$/, "must be a non-negative decimal string")
  .describe("A non-negative decimal string, such as 0.5 or 1e-6");

export const queryInput = z
  .strictObject({
    datasets: z
      .array(datasetName)
      .min(1)
      .max(8)
      .refine((list) => new Set(list).size === list.length, "names a dataset twice")
      .describe("The datasets that the SQL may name"),
    sql: z.string().min(1).max(QUERY_LIMITS.sql_chars).describe("One SELECT; docs/dp.md lists the forms"),
    epsilon: amount.describe("What this answer may reveal of any one unit: it is (ε, δ)-DP"),
    delta: amount
      .optional()
      .describe("0 when not said; private groups need it, and with it noise can be Gaussian"),
    quote: z.boolean().optional().describe("Only say what it would cost, touching no row"),
  })
  .meta({ id: "QueryInput", description: "A question in SQL, answered with noise" });

export const cost = { rho: z.string(), delta: z.string() };

const column = {
  name: z.string(),
  type: z.enum(COLUMN_TYPES),
  bounds: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe("The public bounds into which its values were clamped"),
};

const mechanism = z.enum(["laplace", "gaussian"]).describe("The law of the noise: discrete, exact");
const threshold = z.int().optional().describe("Private groups show from so many noisy units on");
const rowsLeftOut = z
  .int()
  .optional()
  .describe("Rows at the end that an answer had no room for: as by a LIMIT; ask for fewer columns");

const value = z.union([z.number(), z.string(), z.boolean(), z.null()]);

export const queryAnswer = z
  .strictObject({
    columns: z.array(z.strictObject(column)),
    rows: z.array(z.array(value)),
    intervals: z
      .array(z.array(z.tuple([z.number(), z.number()]).nullable()))
      .describe("Beside each value its 95 % interval, of the noise alone; null for groups"),
    mechanism,
    threshold,
    rows_left_out: rowsLeftOut,
    charge: z.strictObject({ id: z.string().describe("chg_…"), ...cost }),
    ledger_index: z.int().describe("Place of the charge in the ledger"),
    repeated: z.boolean().describe("It was asked before: this is the same answer, and costs nothing"),
    left: z.strictObject(cost).describe("What you may still spend, of the tightest budget concerned"),
  })
  .meta({ id: "QueryAnswer", description: "A noisy answer, with what it cost" });

export const queryQuote = z
  .strictObject({
    quote: z.literal(true),
    columns: z.array(
      z.strictObject({
        ...column,
        half_width: z.number().optional().describe("Half the width of its 95 % interval"),
        half_width_times_rows: z
          .number()
          .optional()
          .describe(
            "Of a mean: half the width times the rows of its group, with the mean anywhere in its bounds",
          ),
        rank_half_width: z
          .number()
          .optional()
          .describe("Of a quantile: by how many rows its rank may be off at each of its steps"),
      }),
    ),
    groups: z
      .int()
      .nullable()
      .describe("How many rows the answer has before HAVING and LIMIT; null: private groups"),
    mechanism,
    threshold,
    charge: z.strictObject(cost),
    fits: z.boolean().describe("Whether the budgets would cover it now"),
    free: z.boolean().describe("It was asked before: the answer is kept, and costs nothing"),
    left: z.strictObject(cost),
  })
  .meta({ id: "QueryQuote", description: "What a query would cost, and how exact it would be" });

export type NoisyQueryInput = z.input<typeof queryInput>;
export type QueryAnswer = z.output<typeof queryAnswer>;
export type QueryQuote = z.output<typeof queryQuote>;

/** What is stored of an answer and given again: all but what changes from one asking to the next. */
export const storedAnswer = queryAnswer.pick({
  columns: true,
  rows: true,
  intervals: true,
  mechanism: true,
  threshold: true,
  rows_left_out: true,
});
export type StoredAnswer = z.output<typeof storedAnswer>;
