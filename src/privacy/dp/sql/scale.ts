/**
 * Numbers on a grid: v ↦ round(v·10^digits), clamped into public bounds, so that sums are whole and exact.
 *
 * Whole-number columns keep steps of one. Decimals get as many digits as their larger bound leaves of GRID_DIGITS: a
 * step is then some 10^−12 of it, far below the noise and within what a double can tell.
 */
import { type ColumnType, type Rational, rational } from "../../../vocabulary/index.js";
import type { Expr } from "../../expression/expr.js";
import { compare, plus } from "./bounds.js";
import { ceil, floor } from "./domain.js";
import { GRID_DIGITS, SCALED_MAX, SQUARED_GRID_DIGITS } from "./limits.js";
import type { Bounds, Scaled } from "./model.js";

/** Ranges below this have squares below 2^62. */
const SQUARED_RANGE = 1n << 31n;

const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);

/** value·10^digits as num/den. */
const shifted = ({ num, den }: Rational, digits: number): Rational =>
  digits >= 0 ? rational(num * 10n ** BigInt(digits), den) : rational(num, den * 10n ** BigInt(-digits));

/** How many digits before the point the larger bound has; negative where it is below 0.1. */
function wholeDigits([low, high]: Bounds): number {
  const top = [low, high]
    .map(({ num, den }) => ({ num: magnitude(num), den }))
    .reduce((a, b) => (a.num * b.den > b.num * a.den ? a : b));
  if (top.num === 0n) return 0;
  return (top.num / top.den || 0n) > 0n
    ? String(top.num / top.den).length
    : 1 - String(top.den / top.num).length;
}

/** Undefined where whole numbers of these bounds are too large to be added up exactly. */
export function scaledOf(
  value: { expr: Expr; type: ColumnType; nullable: boolean },
  bounds: Bounds,
  squared = false,
): Scaled | undefined {
  const grid = squared ? SQUARED_GRID_DIGITS : GRID_DIGITS;
  const isWide = squared && compare(bounds[1], plus(bounds[0], rational(SQUARED_RANGE))) >= 0;
  const type = value.type === "integer" && !isWide ? "integer" : "decimal";
  const digits = type === "integer" ? 0 : grid - wholeDigits(bounds);
  const [a, b] = bounds.map((bound) => shifted(bound, digits)) as [Rational, Rational];
  // An inexact bound is widened by the part of a step, so that no allowed value is clamped.
  const [low, high] = [floor(a.num, a.den), ceil(b.num, b.den)];
  const scaled: Scaled = { expr: value.expr, type, digits, low, high, nullable: value.nullable };
  const limit = squared ? SQUARED_RANGE : SCALED_MAX;
  return high - low < limit && magnitude(low) < SCALED_MAX && magnitude(high) < SCALED_MAX
    ? scaled
    : undefined;
}

/** The middle of the bounds, from which sums are counted where that lessens what a row can change. */
export const centreOf = ({ low, high }: Scaled): bigint => floor(low + high, 2n);

/** The most that a value can lie away from `from`. */
export function reach({ low, high }: Scaled, from: bigint): bigint {
  const [below, above] = [magnitude(low - from), magnitude(high - from)];
  return below > above ? below : above;
}

/** The exact number that so many steps are. */
export const inUnits = (steps: Rational, digits: number): Rational => shifted(steps, -digits);
