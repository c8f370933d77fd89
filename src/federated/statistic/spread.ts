/**
 * On how few units a column's spread can stand, from sums alone.
 *
 * A unit's share of Σ(x − x̄)² is sᵤ = dᵤ / Σd, with dᵤ = qᵤ − 2x̄pᵤ + x̄²cᵤ over its c rows, whose values add up to p and
 * squares to q. Nobody knows the largest share over domains, but the sum of the squares of all shares is one of sums:
 * Σd² = Σq² − 4x̄Σpq + 2x̄²Σcq + 4x̄²Σp² − 4x̄³Σcp + x̄⁴Σc². No share is larger than the root of Σs², and any k units together
 * hold no more than √(k·Σs²) (Cauchy and Schwarz). Of a column of zeros and ones the bound is nearly what is so; of others
 * it errs to the safe side.
 *
 * Rules: values stand in these sums in steps of 2^−14 of half their declared range, which bounds every sum for any number
 * of rows; a spread of few such steps cannot be judged, and fails. Pure.
 */
import type { Field, Finding } from "../../privacy/index.js";
import { heldByFew } from "../../privacy/index.js";

/** Steps of half a declared range. */
export const STEPS = 2 ** 14;
/** Mean square of a spread below which rounding to steps could hide who makes it: a deviation of 5 steps. */
const LEAST_SQUARE = 25n;

/** Of a unit's c, p and q: what is summed over units, in order, and its power of the rows and of the steps. */
export const SPREAD_SUMS = [
  { of: ["c", "c"], steps: 0 },
  { of: ["c", "p"], steps: 1 },
  { of: ["p", "p"], steps: 2 },
  { of: ["c", "q"], steps: 2 },
  { of: ["p", "q"], steps: 3 },
  { of: ["q", "q"], steps: 4 },
] as const;
/** Beside them, over all rows: the values and their squares. */
export const SPREAD_FIELDS = SPREAD_SUMS.length + 2;

/** |p| ≤ c·S and q ≤ c·S² of one unit, and Σc ≤ rows: so Σ of a product of two is at most rows²·S^k. */
export function spreadFields(name: string, rows: bigint): Field[] {
  const most = BigInt(STEPS + 1);
  const field = (what: string, bound: bigint): Field => ({ name: `${name} ${what}`, scale: 0, bound });
  return [
    field("p", rows * most),
    field("q", rows * most ** 2n),
    ...SPREAD_SUMS.map(({ of, steps }) => field(of.join(""), rows ** 2n * most ** BigInt(steps))),
  ];
}

/** Σs², at most 1. @param rows of all units @param sums as `spreadFields` */
export function sharesSquared(rows: bigint, sums: readonly bigint[]): number {
  const [P, Q, cc, cp, pp, cq, pq, qq] = sums as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  // All times the rows, so that the mean is whole: D = rows · Σd.
  const D = Q * rows - P * P;
  if (rows === 0n || D < LEAST_SQUARE * rows * rows) return 1;
  const squares =
    qq * rows ** 4n -
    4n * P * pq * rows ** 3n +
    (2n * cq + 4n * pp) * P * P * rows * rows -
    4n * P ** 3n * cp * rows +
    P ** 4n * cc;
  // Σd² / (Σd)² = (squares / rows⁴) / (D / rows)².
  return Math.min(1, Number((squares * 10n ** 12n) / (D * D * rows * rows)) / 1e12);
}

export interface Spread {
  name: string;
  /** Σs². */
  shares: number;
}

/** @param threshold fewest units that a figure may stand on */
export function judgeSpreads(spreads: readonly Spread[], threshold: number): Finding[] {
  const few = threshold - 1;
  return heldByFew(
    spreads.map(({ name, shares }) => ({
      name,
      one: Math.sqrt(shares),
      few: Math.min(1, Math.sqrt(few * shares)),
    })),
    few,
  );
}
