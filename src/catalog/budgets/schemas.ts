/** What a dataset may still spend, and what was spent of it. */
import { z } from "zod";

const quantity = z.strictObject({
  total: z.string().nullable().describe("null: none was declared"),
  spent: z.string(),
  left: z.string().nullable(),
});

export const chargeView = z
  .strictObject({
    id: z.string().describe("chg_…"),
    principal: z.string(),
    grant: z.string(),
    job: z.string(),
    signal_bits: z.int(),
    shown: z.array(z.string()).describe("Which signals of the job these bits were"),
    at: z.iso.datetime(),
  })
  .meta({ id: "Charge", description: "What an answer cost" });

export const budgetView = z
  .strictObject({
    unit: z.string().nullable().describe("The column that names the protected unit; null: each row is one"),
    scope: z.enum(["dataset", "own"]).describe("All of the dataset, or the caller's own share"),
    rho: quantity,
    delta: quantity,
    signal_bits: z.strictObject({
      total: z.int().nullable().describe("null: unlimited"),
      spent: z.int(),
      left: z.int().nullable(),
    }),
    exact_releases: z
      .int()
      .describe("Releases without noise; they lie outside the differential-privacy guarantee"),
    charges: z.array(chargeView).describe("Newest first, at most 200"),
  })
  .meta({ id: "Budget", description: "The dataset's budget and what was charged to it" });

export type ChargeView = z.output<typeof chargeView>;
export type BudgetView = z.output<typeof budgetView>;
