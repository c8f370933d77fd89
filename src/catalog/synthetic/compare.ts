/**
 * Synthetic records held against the data that they were made from. For the data's owner alone: nothing here has
 * noise. It runs inside the domain, over cells, and nothing of it is kept.
 */
import {
  type Coded,
  codeOf,
  type Marginals,
  marginalErrors,
  pairsOf,
  type SynthColumn,
  type Usefulness,
  usefulness,
} from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import type { Comparison } from "./schemas.js";

/** True rows that models are trained and tested on together, and indicators that a model may have. */
export const MODEL_LIMITS = { rows: 20_000, indicators: 512 } as const;

export interface Compared {
  columns: readonly SynthColumn[];
  records: readonly (readonly string[])[];
}

const codedRecords = ({ columns, records }: Compared): Coded[] =>
  records.map((record) => columns.map((column, i) => codeOf(column, record[i] ?? "")));

const mean = (list: readonly number[]): number | null =>
  list.length === 0 ? null : list.reduce((a, b) => a + b, 0) / list.length;

/** Rows in the first column's cells; those of a value that was not declared are in none. */
const rowsOf = ({ one }: Marginals): number => Number((one[0] ?? []).reduce((a, b) => a + b, 0n));

export function comparedMarginals(
  compared: Compared,
  exact: Marginals,
): Pick<Comparison, "rows" | "mean" | "marginals"> {
  const names = compared.columns.map(({ name }) => name);
  const sizes = compared.columns.map(({ cells }) => cells.length);
  const truth = { one: exact.one.map((c) => c.map(Number)), two: exact.two.map((c) => c.map(Number)) };
  const errors = marginalErrors(codedRecords(compared), sizes, truth);
  const of = (count: number) =>
    errors.filter(({ columns }) => columns.length === count).map(({ distance }) => distance);
  return {
    rows: { synthetic: compared.records.length, real: rowsOf(exact) },
    mean: { columns: mean(of(1)) ?? 0, pairs: pairsOf(names.length).length === 0 ? null : mean(of(2)) },
    marginals: errors.map(({ columns, distance }) => ({
      columns: columns.map((i) => names[i] as string),
      distance,
    })),
  };
}

/** The place of a column that a model can be of. @throws invalid_input */
export function targetOf(columns: readonly SynthColumn[], name: string): number {
  const at = columns.findIndex((column) => column.name === name);
  if (at < 0) throw invalidInput("target", "is no column of the records");
  const values = columns[at]?.cells.filter(({ kind }) => kind !== "missing") ?? [];
  if (values.length !== 2) throw invalidInput("target", "must be a column with two values");
  const indicators = columns.reduce((sum, { cells }, i) => (i === at ? sum : sum + cells.length), 1);
  if (indicators > MODEL_LIMITS.indicators)
    throw invalidInput("target", `the other columns have more than ${MODEL_LIMITS.indicators} cells`);
  return at;
}

export function comparedModel(
  compared: Compared,
  real: { train: readonly Coded[]; test: readonly Coded[] },
  target: number,
): NonNullable<Comparison["model"]> {
  const sizes = compared.columns.map(({ cells }) => cells.length);
  // As many of the one as of the other, so that only their kind differs.
  const synthetic = codedRecords(compared).slice(0, real.train.length);
  const result: Usefulness = usefulness(synthetic, real, sizes, target);
  return {
    target: compared.columns[target]?.name ?? "",
    ...result,
    synthetic: result.synthetic ?? null,
    real: result.real ?? null,
  };
}
