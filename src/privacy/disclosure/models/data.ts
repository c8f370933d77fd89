/**
 * The rows that a model stands on, column by column: those that have all values the model reads, as statsmodels and R
 * drop the others. Held by an engine process and by nothing else.
 */

/** Levels are in rising order; `codes` are places in them, −1 where the value is missing. */
export interface Levels {
  codes: Int32Array;
  levels: readonly (string | null)[];
}

export type FactorData = { kind: "numeric"; values: Float64Array } | ({ kind: "categorical" } & Levels);

export interface UnitData {
  rows: number;
  /** Which unit each row is of, from 0. */
  unit: Int32Array;
  units: number;
}

export interface RegressionData extends UnitData {
  /** The value that is explained, or the time. */
  response: Float64Array;
  /** Of a Cox model: 1 where the time ended in the event. */
  event?: Float64Array;
  offset?: Float64Array;
  /** As in the plan. */
  factors: readonly FactorData[];
}

export interface SurvivalData extends UnitData {
  time: Float64Array;
  event: Float64Array;
  /** As in the plan. */
  dimensions: readonly Levels[];
}

/** Rows by unit: those of one unit stand together. */
export function rowsByUnit({ rows, unit, units }: UnitData): Int32Array {
  const order = new Int32Array(rows);
  let rising = true;
  for (let i = 1; i < rows && rising; i++) rising = unit[i]! >= unit[i - 1]!;
  if (rising) return order.map((_, i) => i);
  const starts = new Int32Array(units + 1);
  for (let i = 0; i < rows; i++) starts[unit[i]! + 1]!++;
  for (let u = 0; u < units; u++) starts[u + 1]! += starts[u]!;
  for (let i = 0; i < rows; i++) order[starts[unit[i]!]!++] = i;
  return order;
}
