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
    kind: z.string().describe("`signals`, or the kind of what was answered: query, table, aggregate, train"),
    job: z.string().optional().describe("Of signals"),
    signal_bits: z.int(),
    shown: z.array(z.string()).describe("Which signals of the job these bits were"),
    rho: z.string().optional().describe("Of an answer with noise: the least ρ of zCDP that bounds its cost"),
    delta: z.string().optional().describe("What its probability of failing took of δ"),
    state: z.enum(["charged", "answered"]).optional().describe("charged: the answer is not stored yet"),
    version: z.string().optional().describe("ver_…"),
    ledger_index: z.int().optional().describe("Of the entry charge.made"),
    at: z.iso.datetime(),
  })
  .meta({ id: "Charge", description: "What an answer cost" });

export const budgetView = z
  .strictObject({
    unit: z.string().nullable().describe("The column that names the protected unit; null: each row is one"),
    scope: z.enum(["dataset", "own"]).describe("All of the dataset, or the caller's own share"),
    rho: quantity.describe("left: the most that zCDP mechanisms may still spend"),
    delta: quantity,
    guarantee: z
      .strictObject({ epsilon: z.string(), delta: z.string() })
      .nullable()
      .describe("All noisy answers of a period together are (ε, δ)-DP; null: no ρ was declared"),
    refresh: z
      .strictObject({
        days: z.number().describe("Length of a period, at whose end the budget is there anew"),
        period: z.int().describe("0, 1, …"),
        next: z.iso.datetime().describe("When the next one begins"),
      })
      .nullable()
      .describe("null: the budget is there once"),
    shared_with: z
      .array(z.string())
      .describe(
        "Other datasets of the same owner that were found to hold the same rows, and pay and are paid for together",
      ),
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
