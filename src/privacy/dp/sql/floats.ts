/** Floats from exact numbers: for what is displayed and for choices that any value of would be safe. */
import { type Rational, rational } from "../../../vocabulary/index.js";

const bits = (n: bigint): number => n.toString(2).length;

/** The double near num/den, whatever their size. */
export function toNumber({ num, den }: Rational): number {
  const magnitude = num < 0n ? -num : num;
  const shift = bits(den) - bits(magnitude) + 64;
  const scaled = shift >= 0 ? (magnitude << BigInt(shift)) / den : magnitude / (den << BigInt(-shift));
  const value =
    shift > 1000 ? Number(scaled) * 2 ** -1000 * 2 ** (1000 - shift) : Number(scaled) * 2 ** -shift;
  return num < 0n ? -value : value;
}

/** A double above zero as a rational not above it, to 15 digits. */
export function below(x: number): Rational {
  const exponent = Math.floor(Math.log10(x)) - 14;
  const digits = BigInt(Math.floor((x / 10 ** exponent) * (1 - 2 ** -50)));
  return exponent >= 0
    ? rational(digits * 10n ** BigInt(exponent))
    : rational(digits, 10n ** BigInt(-exponent));
}

export const times = (a: Rational, b: Rational): Rational => rational(a.num * b.num, a.den * b.den);
export const over = (a: Rational, b: Rational): Rational => rational(a.num * b.den, a.den * b.num);
