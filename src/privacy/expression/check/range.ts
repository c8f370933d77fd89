/**
 * How large a whole number can become, from the operations alone: columns hold 64 bits, whatever their declared
 * bounds, since data may break those. What stays within 38 digits is computed exactly; what could leave them is
 * computed in decimal. So no sum or product can overflow.
 */
import type { Binary, Unary } from "../expr.js";
import { INT64_MAX, INT64_MIN } from "../values.js";

export type Range = readonly [bigint, bigint];

export const INT64: Range = [INT64_MIN, INT64_MAX];
const EXACT = 10n ** 38n - 1n;

export const fits = (range: Range, [low, high]: Range = [-EXACT, EXACT]): boolean =>
  range[0] >= low && range[1] <= high;

export const hull = (ranges: readonly Range[]): Range =>
  ranges.reduce(([a, b], [c, d]) => [c < a ? c : a, d > b ? d : b]);

const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);

export function binaryRange(op: Exclude<Binary, "divide">, [a, b]: Range, [c, d]: Range): Range {
  if (op === "add") return [a + c, b + d];
  if (op === "subtract") return [a - d, b - c];
  const corners = [a * c, a * d, b * c, b * d];
  return hull(corners.map((n) => [n, n]));
}

export function unaryRange(op: Extract<Unary, "negate" | "absolute">, [a, b]: Range): Range {
  if (op === "negate") return [-b, -a];
  const top = magnitude(a) > magnitude(b) ? magnitude(a) : magnitude(b);
  return [a > 0n ? a : b < 0n ? -b : 0n, top];
}

/** Calendar numbers: the engine's dates span about ±5.9 million years. */
export const YEARS: Range = [-6_000_000n, 6_000_000n];
export const DAYS: Range = [-(2n ** 33n), 2n ** 33n];
