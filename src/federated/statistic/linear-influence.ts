/**
 * On how few units a linear model can stand, from sums alone.
 *
 * A coefficient is a weighted sum of responses, with weights vᵢ = v·xᵢ for v = A⁻¹·by; a unit's share of its variance is
 * sᵤ = v·Mᵤ·v / v·A·v, with Mᵤ the sum of x·xᵀ over its rows (models/influence.ts). Nobody knows the largest share over domains, but
 * Σs² is a sum of products of two entries of Mᵤ, and no k units hold more than √(k·Σs²) (Cauchy and Schwarz; spread.ts).
 * So with leverages, hᵤ = Σ (A⁻¹)ⱼₖ(Mᵤ)ⱼₖ, of which none is larger than √Σh².
 *
 * Rules: entries of Mᵤ are whole numbers of 2^−25 of columns within [−1, 1]; what rounding them may hide is added to the bound,
 * and where that is much there is no bound. Products of two stay within 64 bits, which is what makes them cheap, so of a
 * unit of more than 64 rows there is none either. Their number grows with the fourth power of the columns: wide models
 * have no bound. Pure.
 */
import type { Field } from "../../privacy/index.js";
import type { SharedDesign } from "./design.js";
import { quotient } from "./exact.js";

/** Different products of two columns; the numbers are those of two of these. */
const MAX_PAIRS = 52;
const ENTRY = 1n << 25n;
const MAX_ROWS_PER_UNIT = 64n;
/** What rounding may do to a bound before there is none. */
const MOST_ROUNDING = 0.05;

type Pair = readonly [number, number];

export interface InfluenceShape {
  /** Columns whose product is not nothing. */
  pairs: readonly Pair[];
  /** Places of pairs. */
  products: readonly Pair[];
}

/** undefined: of so many columns it is not asked. */
export function influenceShape({ columns }: SharedDesign): InfluenceShape | undefined {
  const apart = (j: number, k: number): boolean =>
    columns[j]!.levels.some(({ factor, level }) =>
      columns[k]!.levels.some((other) => other.factor === factor && other.level !== level),
    );
  const pairs: Pair[] = [];
  for (let j = 0; j < columns.length; j++)
    for (let k = 0; k <= j; k++) {
      if (!apart(j, k)) pairs.push([j, k]);
      if (pairs.length > MAX_PAIRS) return undefined;
    }
  return { pairs, products: pairs.flatMap((_, a) => pairs.slice(0, a + 1).map((_, b): Pair => [a, b])) };
}

/** Units of too many rows, then products: |entry| ≤ rows of the unit, so that over units they are at most rows². */
export function influenceFields({ products }: InfluenceShape, rows: bigint): Field[] {
  const bound = (rows * (ENTRY + 1n)) ** 2n;
  return [
    { name: "units of many rows", scale: 0, bound: rows },
    ...products.map(([a, b]) => ({ name: `influence ${a} ${b}`, scale: 0, bound })),
  ];
}

/** One text of whole numbers as `influenceFields`, from rows of `design`. */
export function influenceSql({ pairs, products }: InfluenceShape): string {
  const entries = pairs.map(
    ([j, k], a) => `CAST(sum(CAST(round(x${j} * x${k} * ${ENTRY}) AS BIGINT)) AS BIGINT) AS m${a}`,
  );
  const few = `FILTER (c <= ${MAX_ROWS_PER_UNIT})`;
  const sums = products.map(
    ([a, b]) => `coalesce(sum(CASE WHEN c <= ${MAX_ROWS_PER_UNIT} THEN m${a} * m${b} END), 0)`,
  );
  const numbers = [`count(*) - count(*) ${few}`, ...sums].join(", ");
  return `SELECT 'influence', concat_ws(' ', ${numbers}) FROM (SELECT count(*) AS c, ${entries.join(", ")} FROM design GROUP BY u)`;
}

/** Symmetric weights of the pairs, as whole numbers of `one`. */
export type Weights = (j: number, k: number) => bigint;

/**
 * √(k·Σ(w·Mᵤ)²) for k units, of what all units together are `whole`.
 * @param size Σ|w|, over all pairs @returns undefined where rounding could hide too much
 */
export function mostOf(
  { pairs, products }: InfluenceShape,
  sums: readonly bigint[],
  {
    weights,
    one,
    size,
    whole,
    rows,
  }: { weights: Weights; one: bigint; size: number; whole: number; rows: number },
): ((units: number) => number) | undefined {
  const [many, ...entries] = sums;
  if (many !== 0n) return undefined;
  const rounding = (rows * size) / (Number(ENTRY) * whole);
  if (!(rounding <= MOST_ROUNDING)) return undefined;
  const own = pairs.map(([j, k]) => (j === k ? 1n : 2n) * weights(j, k));
  const squares = products.reduce(
    (sum, [a, b], i) => sum + (a === b ? 1n : 2n) * own[a]! * own[b]! * entries[i]!,
    0n,
  );
  const shares = Math.max(0, quotient(squares, one * one * ENTRY * ENTRY)) / whole ** 2 + 2 * rounding;
  return (units) => Math.sqrt(units * shares);
}
