/** What goes in and out of synthetic data with noise: one schema a payload. */
import { z } from "zod";
import { SYNTH_LIMITS } from "../../privacy/index.js";
import { COLUMN_TYPES } from "../../vocabulary/index.js";
import { amount, cost } from "../queries/schemas.js";

const { bins, columns } = SYNTH_LIMITS;

export const syntheticInput = z
  .strictObject({
    epsilon: amount.describe("What the records may reveal of any one unit: they are (ε, δ)-DP"),
    delta: amount
      .optional()
      .describe("1e-6 when not said; it must be above zero, since the noise is Gaussian"),
    columns: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(columns)
      .refine((list) => new Set(list).size === list.length, "names a column twice")
      .optional()
      .describe(
        `At most ${columns}; when not said all with declared categories or bounds. Fewer columns have less noise each`,
      ),
    bins: z
      .int()
      .min(bins.least)
      .max(bins.most)
      .optional()
      .describe(`Ranges into which the bounds of a number or date are cut; ${bins.unlessSaid} when not said`),
    quote: z.boolean().optional().describe("Only say what it would cost, touching no row"),
  })
  .meta({ id: "SyntheticInput", description: "What synthetic records are asked for" });

const cellCounts = z
  .array(z.strictObject({ name: z.string(), cells: z.int() }))
  .describe("The columns that are measured, and into how many cells each is cut");
const leftOut = z.array(z.string()).describe("Columns with nothing declared that cells could follow from");

export const expectedError = z.strictObject({
  columns: z.array(z.string()).describe("A column, or two that are a branch of the tree"),
  cells: z.int(),
  deviation: z.number().describe("Standard deviation of the noise of each count, in rows"),
  share: z
    .number()
    .describe("Share of rows in a wrong cell that noise alone makes on average, before fitting lessens it"),
});

export const syntheticAnswer = z
  .strictObject({
    columns: cellCounts,
    left_out: leftOut,
    rows: z
      .int()
      .describe("How many records there are: as many as noise says the dataset has, up to a public limit"),
    tree: z
      .array(z.tuple([z.string(), z.string()]))
      .describe("The pairs of columns that were measured together"),
    expected_errors: z.array(expectedError),
    csv: z.string(),
    charge: z.strictObject({ id: z.string().describe("chg_…"), ...cost }),
    ledger_index: z.int().describe("Place of the charge in the ledger"),
    repeated: z.boolean().describe("It was asked before: these are the same records, and cost nothing"),
    left: z.strictObject(cost).describe("What you may still spend, of the tightest budget concerned"),
  })
  .meta({ id: "SyntheticAnswer", description: "Synthetic records with a guarantee, and what they cost" });

export const syntheticQuote = z
  .strictObject({
    quote: z.literal(true),
    columns: cellCounts,
    left_out: leftOut,
    deviation: z.number().describe("Standard deviation of the noise of each count of a column, in rows"),
    pair_deviation: z.number().optional().describe("The same of a pair; with one column there is none"),
    tree: z
      .enum(["chosen", "chain", "none"])
      .describe("Whether the data choose the pairs, or each column is paired with the next"),
    charge: z.strictObject(cost),
    fits: z.boolean().describe("Whether the budgets would cover it now"),
    free: z.boolean().describe("It was asked before: the records are kept, and cost nothing"),
    left: z.strictObject(cost),
  })
  .meta({ id: "SyntheticQuote", description: "What synthetic records would cost" });

const trained = z
  .strictObject({
    accuracy: z.number().describe("Share of right answers"),
    auc: z.number().describe("Area under the curve"),
  })
  .nullable()
  .describe("null: it held one of the two values only");

export const comparison = z
  .strictObject({
    charge: z.string(),
    version: z.string(),
    rows: z.strictObject({ synthetic: z.int(), real: z.int() }),
    mean: z
      .strictObject({ columns: z.number(), pairs: z.number().nullable() })
      .describe("Means of the distances below"),
    marginals: z.array(
      z.strictObject({
        columns: z.array(z.string()),
        distance: z.number().describe("Share of rows in a wrong cell: 0 equal, 1 wholly apart"),
      }),
    ),
    model: z
      .strictObject({
        target: z.string(),
        synthetic: trained,
        real: trained,
        majority: z.number().describe("Share of the more frequent value: what knowing nothing gives"),
        tested: z.int().describe("True rows that both were tested on, of units that neither was trained on"),
      })
      .nullable()
      .describe(
        "A logistic model of the target, trained on synthetic and on true rows; null without a target",
      ),
  })
  .meta({
    id: "SyntheticComparison",
    description: "How near synthetic records come to the true ones: exact, for the dataset's owner alone",
  });

export const comparisonQuery = z.strictObject({
  target: z.string().min(1).max(256).optional().describe("A column with two values, for the model"),
});

export type SyntheticInput = z.input<typeof syntheticInput>;
export type SyntheticAnswer = z.output<typeof syntheticAnswer>;
export type SyntheticQuote = z.output<typeof syntheticQuote>;
export type Comparison = z.output<typeof comparison>;

const cell = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("value"), value: z.string() }),
  z.strictObject({ kind: z.literal("range"), low: z.number(), high: z.number(), last: z.boolean() }),
  z.strictObject({ kind: z.literal("missing") }),
]);

/** What is stored and given again: cells as they were cut, so that the records can be compared with the data later. */
export const storedSynthetic = z.strictObject({
  columns: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(COLUMN_TYPES),
      at: z.int(),
      decimals: z.int(),
      cells: z.array(cell),
    }),
  ),
  left_out: z.array(z.string()),
  tree: z.array(z.tuple([z.string(), z.string()])),
  expected_errors: z.array(expectedError),
  records: z.array(z.array(z.string())),
});
export type StoredSynthetic = z.output<typeof storedSynthetic>;
