/**
 * What synthetic data cost at (ε, δ), and the noise that this buys. From public things only; see derivation.md.
 *
 * All noise is Gaussian, so all of the cost is ρ of zCDP; δ serves to turn ε into ρ and nothing fails outright.
 */
import { invalidInput, type Rational, rational } from "../../../vocabulary/index.js";
import { type RenyiCurve, zcdpCurve } from "../accounting/curves.js";
import { below, toNumber } from "../sql/floats.js";
import { rhoWithin, type Terms } from "../sql/price.js";
import type { SynthPricing } from "./model.js";

/** Where ρ buys no more than this for rows of one a unit, choosing a tree would cost more than it is worth. */
const LEAST_RHO_TO_CHOOSE = rational(1n, 2000n);

/** Shares of ρ: of columns, of the choice, of pairs. */
const SHARES = {
  one: [1n, 0n, 0n, 1n],
  fixed: [1n, 0n, 1n, 2n],
  chosen: [1n, 1n, 1n, 3n],
} as const;

/** Noise of variance s on a list of counts of ℓ2 sensitivity m: m²/2s. */
const varianceFor = (rho: Rational, count: number, rows: number): Rational =>
  rational(BigInt(rows) ** 2n * BigInt(count) * rho.den, 2n * rho.num);

/** Whether the tree is chosen by the data; with up to two columns there is nothing to choose. */
export const choosesTree = (columns: number, rho: Rational, rowsPerUnit: number): boolean =>
  columns > 2 &&
  rho.num * LEAST_RHO_TO_CHOOSE.den >= LEAST_RHO_TO_CHOOSE.num * rho.den * BigInt(rowsPerUnit) ** 2n;

/** @throws invalid_input where (ε, δ) buys nothing */
export function synthPrice(columns: number, rowsPerUnit: number, terms: Terms): SynthPricing {
  if (terms.delta.num === 0n) throw invalidInput("delta", "is needed: the noise is Gaussian");
  const rho = rhoWithin(terms.epsilon, terms.delta);
  if (rho.num === 0n) throw invalidInput("epsilon", "is too small for any noise at this delta");
  const kind = columns === 1 ? "one" : choosesTree(columns, rho, rowsPerUnit) ? "chosen" : "fixed";
  const [one, choice, two, whole] = SHARES[kind];
  const part = (share: bigint): Rational => rational(rho.num * share, rho.den * whole);
  return {
    rho,
    oneVariance: varianceFor(part(one), columns, rowsPerUnit),
    twoVariance: two > 0n ? varianceFor(part(two), columns - 1, rowsPerUnit) : undefined,
    rate: choice > 0n ? rateOf(part(choice), columns - 1, rowsPerUnit) : undefined,
  };
}

/** `choices` choices of ε'-DP each cost choices·ε'²/8; the rate is ε'/2m. Rounded down. */
function rateOf(rho: Rational, choices: number, rowsPerUnit: number): Rational {
  const epsilon = below(Math.sqrt((8 * toNumber(rho)) / choices));
  return rational(epsilon.num, epsilon.den * 2n * BigInt(rowsPerUnit));
}

/** Recomputed from what is drawn: never more than ρ. */
export function synthSpent(pricing: SynthPricing, columns: number, rowsPerUnit: number): Rational {
  const squared = BigInt(rowsPerUnit) ** 2n;
  const parts: Rational[] = [gaussianRho(pricing.oneVariance, squared, BigInt(columns))];
  const edges = BigInt(columns - 1);
  if (pricing.twoVariance) parts.push(gaussianRho(pricing.twoVariance, squared, edges));
  // ε' = 2m·rate, and ε'²/8 each
  const { rate } = pricing;
  if (rate) parts.push(rational(edges * squared * rate.num ** 2n, 2n * rate.den ** 2n));
  return parts.reduce((a, b) => rational(a.num * b.den + b.num * a.den, a.den * b.den));
}

const gaussianRho = (variance: Rational, squared: bigint, count: bigint): Rational =>
  rational(squared * count * variance.den, 2n * variance.num);

export const synthCost = ({ rho }: SynthPricing): RenyiCurve => zcdpCurve(rho);
