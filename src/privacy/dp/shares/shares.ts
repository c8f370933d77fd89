/**
 * Gaussian noise in shares: several parties each add a discrete Gaussian to their own numbers, and the sum of the honest
 * parties' shares alone makes what is opened private. Derivation: derivation.md.
 *
 * Rules: variances follow from public numbers; they are whole, rounded up, and never below LEAST_VARIANCE, from which on
 * a sum of shares costs what one discrete Gaussian of the summed variance would, but for less than what a curve is
 * rounded by. The cost is that of the noise of the honest parties, whoever else adds more. Pure.
 */
import { type Rational, rational } from "../../../vocabulary/index.js";
import { CURVE_BITS, type RenyiCurve, zcdpCurve } from "../accounting/curves.js";
import type { Noise } from "../noise/index.js";

/** Of one share, in squared steps. */
export const LEAST_VARIANCE = 9n;
/** More numbers, or more parties, are not what the derivation's figures are for. */
export const MAX_SHARED_NUMBERS = 20_000;
export const MAX_SHARES = 50;

/** Numbers of one kind, which get noise of one size. */
export interface NoisyKind {
  /** What is drawn for, in the ledger: public. */
  name: string;
  /** How much one unit can change all of them, in ℓ2, squared; in steps. Above zero. */
  squared: bigint;
}

export interface SharedNoise {
  /** Of one party's share, kind by kind. */
  variances: readonly bigint[];
  /** What all kinds together cost: Σ Δ²/2hs², exact. */
  rho: Rational;
  /** The same, with what a sum of shares is not a discrete Gaussian for. */
  cost: RenyiCurve;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/**
 * @param rho for all kinds together, in equal parts; above zero
 * @param honest so many of the shares make it private
 */
export function sharesFor(kinds: readonly NoisyKind[], rho: Rational, honest: number): SharedNoise {
  if (kinds.length === 0 || kinds.some(({ squared }) => squared <= 0n) || rho.num <= 0n)
    throw new RangeError("noise is for numbers that a unit can change, at a cost above zero");
  if (!Number.isInteger(honest) || honest < 1 || honest > MAX_SHARES)
    throw new RangeError(`from 1 to ${MAX_SHARES} shares`);
  const [count, shares] = [BigInt(kinds.length), BigInt(honest)];
  const variances = kinds.map(({ squared }) => {
    const wanted = ceilDiv(squared * count * rho.den, 2n * rho.num * shares);
    return wanted < LEAST_VARIANCE ? LEAST_VARIANCE : wanted;
  });
  const spent = kinds.reduce(
    (sum, { squared }, i) => plus(sum, rational(squared, 2n * shares * variances[i]!)),
    rational(0n),
  );
  return { variances, rho: spent, cost: withSlack(zcdpCurve(spent)) };
}

const plus = (a: Rational, b: Rational): Rational => rational(a.num * b.den + b.num * a.den, a.den * b.den);

/** One unit of a curve at each order: more than the sum of shares is off by (derivation.md, tested there). */
const withSlack = (curve: RenyiCurve): RenyiCurve => ({
  ...curve,
  values: curve.values.map((value) => value + 1n),
});

/** ρ in units of 2^−96, rounded up: for running sums. */
export const rhoUnits = ({ num, den }: Rational): bigint => ceilDiv(num << BigInt(CURVE_BITS), den);

/** One party's share, a number each. @param variances of each number */
export function drawShare(noise: Noise, variances: readonly bigint[]): bigint[] {
  const drawn = variances.map(() => 0n);
  for (const variance of new Set(variances)) {
    const places = variances.flatMap((v, i) => (v === variance ? [i] : []));
    noise.gaussianMany(rational(variance), places.length).forEach((z, i) => {
      drawn[places[i]!] = z;
    });
  }
  return drawn;
}
