/**
 * Sums of numbers that are not whole: each row's is rounded to a whole number of 10^−scale before it is added, so that the
 * sum is exact, whatever the order of the rows, and within a bound that is known before. Pure.
 */
import type { Field } from "../../privacy/index.js";

const MAX_SCALE = 15;
/** Sums of one domain stay within the engine's 128 bits. */
const SUM_LIMIT = 2 ** 118;
const INT64 = 9e18;
/** What rounding may add to a bound that is worked out in doubles. */
const SLACK = 1 + 1e-6;

export interface FixedSum {
  field: Field;
  /** Of an expression over the rows. */
  sql(value: string): string;
  /** The sum itself. */
  value(sum: bigint): number;
}

/** A double as SQL has it. */
export const double = (value: number): string => `CAST('${value}' AS DOUBLE)`;

/** @param bound largest absolute value of one row's number @param rows the most rows of one domain */
export function fixedSum(name: string, bound: number, rows: number): FixedSum {
  const largest = bound * SLACK;
  let scale = MAX_SCALE;
  while (scale > 0 && largest * 10 ** scale * rows > SUM_LIMIT) scale--;
  const most = BigInt(Math.ceil(largest * 10 ** scale)) + 1n;
  const type = largest * 10 ** scale < INT64 ? "BIGINT" : "HUGEINT";
  return {
    field: { name, scale, bound: most * BigInt(rows) },
    sql: (value) => `coalesce(sum(CAST(round((${value}) * 1e${scale}) AS ${type})), 0)`,
    value: (sum) => Number(sum) / 10 ** scale,
  };
}

/** Of whole numbers: counts, or values of an integer. */
export function wholeSum(name: string, bound: number, rows: number): FixedSum {
  return {
    field: { name, scale: 0, bound: BigInt(Math.ceil(bound)) * BigInt(rows) },
    sql: (value) => `coalesce(sum(CAST(${value} AS HUGEINT)), 0)`,
    value: Number,
  };
}
