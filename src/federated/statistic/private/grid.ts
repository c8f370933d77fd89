/**
 * Numbers with noise lie on a grid: whole steps, few enough that a sum over all domains with all noise stays in one slot.
 *
 * Rules: the grid follows from the spec alone. Every value is clamped into its declared bounds and rounded to its grid by
 * itself, so that no unit can move a sum by more than its rows times the largest step; a step is a whole multiple of the
 * column's last decimal, or that decimal, or a part of it: noise is of whole steps and of three at least in a share, which must
 * not be much beside what one row adds. Values beyond their bounds end nothing: whether
 * there is one is somebody's secret. Pure.
 */

import { invalidInput } from "../../../vocabulary/index.js";
import type { CollaborationSpec, ColumnSpec } from "../../collaborations/spec.js";
import { decimalsOf } from "../table.js";

/** Finer steps would be lost in the noise. */
const FINEST = 1n << 20n;
/** What one row can add is so many steps at least; counts are of as many a row. */
export const COARSEST = 64n;
/** Values beyond would leave the doubles that an engine rounds them with; squares of them half as far. */
const LARGEST = 1n << 48n;

/** What a value is turned into before it is summed. */
export type Shape = "value" | "centred" | "squared";

export interface Grid {
  column: ColumnSpec;
  shape: Shape;
  decimals: number;
  /** Least and greatest value, and what is taken off before, in last decimals. */
  low: bigint;
  high: bigint;
  middle: bigint;
  /** Last decimals (of squares: their squares) in `parts` steps: one of the two is 1. */
  step: bigint;
  parts: bigint;
  /** The most steps that one row can be, of either sign. */
  most: bigint;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
const abs = (a: bigint): bigint => (a < 0n ? -a : a);
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Steps that one row may be, so that all rows of all domains take a quarter of a slot. @param t plaintext modulus */
export const roomOf = ({ participants, max_rows }: CollaborationSpec, t: bigint): bigint => {
  const room = t / 4n / (BigInt(participants.length) * BigInt(max_rows));
  return room > FINEST ? FINEST : room;
};

/** @throws invalid_input */
export function gridOf(column: ColumnSpec, shape: Shape, room: bigint): Grid {
  const { name, bounds } = column;
  if (bounds === undefined) throw invalidInput("statistic.measures", `${name} has no declared bounds`);
  const decimals = decimalsOf(column);
  const low = inDecimals(bounds[0], decimals, "up");
  const high = inDecimals(bounds[1], decimals, "down");
  if (low > high) throw invalidInput("columns", `${name} has no value within its bounds`);
  const middle = shape === "value" ? 0n : (low + high) >> 1n;
  const reach = max(abs(high - middle), abs(low - middle));
  if (reach >= LARGEST) throw invalidInput("columns", `${name} has bounds too wide for its decimals`);
  const largest = max(1n, shape === "squared" ? reach * reach : reach);
  const step = ceilDiv(largest, room);
  const parts = step > 1n ? 1n : ceilDiv(COARSEST, largest);
  const most = step > 1n ? ceilDiv(largest, step) : largest * parts;
  return { column, shape, decimals, low, high, middle, step, parts, most };
}

/** A decimal as a whole number of its last decimals, rounded into the bounds. */
function inDecimals(text: string, decimals: number, towards: "up" | "down"): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const size = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
  const rest = /[1-9]/.test(fraction.slice(decimals));
  const negative = text.startsWith("-");
  const value = negative ? -size : size;
  if (!rest) return value;
  if (towards === "up") return negative ? value : value + 1n;
  return negative ? value - 1n : value;
}

/** The steps of a value `v` of the engine; missing where it is. Cannot fail. */
export function stepsOf({ shape, decimals, low, high, middle, step, parts, most }: Grid, v: string): string {
  const scaled = `greatest(${low}::DOUBLE, least(${high}::DOUBLE, CAST(${v} AS DOUBLE) * 1e${decimals}))`;
  const moved = `(${scaled} - ${middle}::DOUBLE)`;
  const size = shape === "squared" ? `(${moved} * ${moved})` : moved;
  const least = shape === "squared" ? 0n : -most;
  const steps = `greatest(${least}::DOUBLE, least(${most}::DOUBLE, round(${size} * ${parts}::DOUBLE / ${step}::DOUBLE)))`;
  return `CASE WHEN ${v} IS NULL THEN NULL ELSE CAST(${steps} AS BIGINT) END`;
}

/** A number of steps in the column's own unit, or its square. */
export const inOwnUnit = ({ shape, decimals, step, parts }: Grid, steps: number): number =>
  (steps * Number(step)) / Number(parts) / 10 ** (shape === "squared" ? 2 * decimals : decimals);

export const middleOf = ({ middle, decimals }: Grid): number => Number(middle) / 10 ** decimals;
