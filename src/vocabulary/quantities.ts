/**
 * Money-like quantities have types of their own. ρ, ε and δ travel as decimal strings (exponents allowed)
 * and are held as exact rationals over BigInt; floats appear only in what is displayed.
 */
import { invalidInput } from "./errors.js";

declare const unit: unique symbol;
export type Bits = number & { readonly [unit]: "bits" };
export type Bytes = number & { readonly [unit]: "bytes" };
export const bits = (n: number): Bits => {
  if (!Number.isSafeInteger(n) || n < 0) throw invalidInput("bits", "must be a whole number from 0");
  return n as Bits;
};
export const bytes = (n: number): Bytes => {
  if (!Number.isSafeInteger(n) || n < 0) throw invalidInput("bytes", "must be a whole number from 0");
  return n as Bytes;
};

/** An exact non-negative rational num/den, den > 0, in lowest terms. */
export interface Rational {
  readonly num: bigint;
  readonly den: bigint;
}

const DECIMAL = /^(\d{1,64})(?:\.(\d{1,64}))?(?:[eE]([+-]?\d{1,4}))?$/;

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** num/den in lowest terms. */
export function rational(num: bigint, den: bigint = 1n): Rational {
  if (den <= 0n) throw new RangeError("denominator must be positive");
  const g = gcd(num < 0n ? -num : num, den) || 1n;
  return { num: num / g, den: den / g };
}

/** @throws invalid_input naming `path` unless the text is a non-negative decimal string such as `0.5`, `1e-6`. */
export function parseDecimal(text: string, path: string): Rational {
  const m = DECIMAL.exec(text);
  if (!m) throw invalidInput(path, "must be a non-negative decimal string, such as 0.5 or 1e-6");
  const fraction = m[2] ?? "";
  const exponent = Number(m[3] ?? "0") - fraction.length;
  const digits = BigInt(m[1]! + fraction);
  return exponent >= 0
    ? rational(digits * 10n ** BigInt(exponent))
    : rational(digits, 10n ** BigInt(-exponent));
}

export const ZERO: Rational = { num: 0n, den: 1n };

export const addRational = (a: Rational, b: Rational): Rational =>
  rational(a.num * b.den + b.num * a.den, a.den * b.den);

/** a − b, which may be negative. */
export const subtractRational = (a: Rational, b: Rational): Rational =>
  rational(a.num * b.den - b.num * a.den, a.den * b.den);

/** Negative, zero or positive as a is below, equal to or above b. */
export const compareRational = (a: Rational, b: Rational): number => {
  const difference = a.num * b.den - b.num * a.den;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** The exact decimal string of a sum or difference of decimals. @throws RangeError where there is none. */
export function formatDecimal(value: Rational): string {
  const negative = value.num < 0n;
  let num = negative ? -value.num : value.num;
  let places = 0;
  for (; num % value.den !== 0n; places++) {
    if (places > 20_000) throw new RangeError("not a terminating decimal");
    num *= 10n;
  }
  const digits = (num / value.den).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return `${negative ? "-" : ""}${whole}${places > 0 ? `.${digits.slice(-places)}` : ""}`;
}
