/**
 * Real numbers that are known to lie between two bounds: fixed-point BigInt with outward rounding.
 *
 * Rules: every operation returns an interval that holds the true result, so the upper end of a computed bound is
 * itself a bound; no float takes part. Inside a function 64 guard bits are carried; its rounding errors stay far
 * below them (derivation.md › Arithmetic), and one unit is added on each side for what is cut off.
 */
import type { Rational } from "../../../vocabulary/index.js";

/** Scaled by 2^bits of the Precise that made it; lo ≤ value ≤ hi. */
export interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

const GUARD = 64;
const big = BigInt;

const bitLength = (n: bigint): number => (n < 0n ? -n : n).toString(16).length * 4;
const ceilDiv = (a: bigint, b: bigint): bigint => -floorDiv(-a, b);
/** b > 0. */
function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a < 0n && q * b !== a ? q - 1n : q;
}
const min = (...xs: bigint[]): bigint => xs.reduce((a, b) => (b < a ? b : a));
const max = (...xs: bigint[]): bigint => xs.reduce((a, b) => (b > a ? b : a));

/** Floor of the square root. */
export function isqrt(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << big((bitLength(n) >> 1) + 1);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** 2·atanh(num/den) for |num/den| ≤ 1/3, scaled by 2^w; error below one unit a term. */
function twoAtanh(num: bigint, den: bigint, w: number): bigint {
  const z = (num << big(w)) / den;
  const square = (z * z) >> big(w);
  let power = z;
  let sum = 0n;
  for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
    sum += power / k;
    power = (power * square) >> big(w);
  }
  return 2n * sum;
}

/** A constant by precision, computed once. */
function constant(compute: (w: number) => bigint): (w: number) => bigint {
  const known = new Map<number, bigint>();
  return (w) => {
    const value = known.get(w) ?? compute(w);
    // precisions are few; a long run with odd ones must not pile them up
    if (known.size > 256) known.clear();
    known.set(w, value);
    return value;
  };
}

const ln2 = constant((w) => twoAtanh(1n, 3n, w + 16) >> 16n);

/** π by Machin: 16·atan(1/5) − 4·atan(1/239). */
const pi = constant((w) => {
  const atanInverse = (n: bigint): bigint => {
    let power = (1n << big(w + 16)) / n;
    let sum = 0n;
    for (let k = 1n, sign = 1n; power !== 0n; k += 2n, sign = -sign) {
      sum += (sign * power) / k;
      power /= n * n;
    }
    return sum;
  };
  return (16n * atanInverse(5n) - 4n * atanInverse(239n)) >> 16n;
});

/** Halvings of the argument before the series of exp, undone by squarings. */
const HALVINGS = 12;

/** e^x within one unit on each side; x scaled by 2^bits, any sign. */
function expPoint(x: bigint, bits: number): Interval {
  const n = Number(floorDiv(x, ln2(bits)));
  if (n < -(bits + 2)) return { lo: 0n, hi: 1n };
  const w = bits + Math.max(0, n) + GUARD;
  const r = ((x << big(w - bits)) - big(n) * ln2(w)) >> big(HALVINGS);
  let term = 1n << big(w);
  let sum = 0n;
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    sum += term;
    term = ((term * r) >> big(w)) / k;
  }
  for (let i = 0; i < HALVINGS; i++) sum = (sum * sum) >> big(w);
  const value = sum >> big(w - bits - n);
  return { lo: max(0n, value - 1n), hi: value + 2n };
}

const SIXTY_FOURTHS = 6;

/** ln(j/64), for j from 43 to 86: the points near which lnPoint's series starts. */
const lnNear = Array.from({ length: 87 }, (_, j) =>
  constant((w) => twoAtanh(big(j - 64), big(j + 64), w + 16) >> 16n),
);

/** ln x within one unit on each side; x > 0. */
function lnPoint(x: bigint, bits: number): Interval {
  const w = bits + GUARD;
  let e = bitLength(x) - bits;
  // brings the mantissa to [2/3, 4/3)
  const mantissa = (shift: number): bigint =>
    shift <= w - bits ? x << big(w - bits - shift) : x >> big(shift - w + bits);
  while (3n * mantissa(e) < 2n << big(w)) e--;
  while (3n * mantissa(e) >= 4n << big(w)) e++;
  const m = mantissa(e);
  const j = ((m >> big(w - SIXTY_FOURTHS - 1)) + 1n) >> 1n;
  const near = j << big(w - SIXTY_FOURTHS);
  const value = (twoAtanh(m - near, m + near, w) + lnNear[Number(j)]!(w) + big(e) * ln2(w)) >> big(GUARD);
  return { lo: value - 1n, hi: value + 2n };
}

/** Beyond this |x| the normal tail is given by its bound e^(−x²/2) alone. */
const MAX_NORMAL = 64n;

/** Φ(x), the standard normal distribution function, within one unit on each side. */
function cdfPoint(x: bigint, bits: number): Interval {
  const one = 1n << big(bits);
  const magnitude = x < 0n ? -x : x;
  if (magnitude > MAX_NORMAL << big(bits)) {
    const tail = expPoint(-((MAX_NORMAL * MAX_NORMAL) / 2n) << big(bits), bits).hi;
    return x < 0n ? { lo: 0n, hi: tail } : { lo: one - tail, hi: one };
  }
  const xx = Number((magnitude * magnitude) >> big(2 * bits)) + 1;
  const w = bits + GUARD + Math.ceil(xx * 0.75);
  const z = magnitude << big(w - bits);
  const square = (z * z) >> big(w);
  let term = z;
  let sum = 0n;
  for (let k = 3n; term !== 0n; k += 2n) {
    sum += term;
    term = ((term * square) >> big(w)) / k;
  }
  const density = (expPoint(-(square >> 1n), w).lo << big(w)) / isqrt(2n * (pi(w) << big(w)));
  const half = (sum * density) >> big(w + w - bits);
  const value = x < 0n ? (one >> 1n) - half : (one >> 1n) + half;
  return { lo: max(0n, value - 2n), hi: min(one, value + 2n) };
}

export class Precise {
  readonly one: bigint;
  constructor(readonly bits: number) {
    this.one = 1n << big(bits);
  }

  /** An exact rational, of any sign. */
  of(r: Rational): Interval {
    const scaled = r.num << big(this.bits);
    return { lo: floorDiv(scaled, r.den), hi: ceilDiv(scaled, r.den) };
  }

  whole(n: number | bigint): Interval {
    const v = big(n) << big(this.bits);
    return { lo: v, hi: v };
  }

  add(...terms: Interval[]): Interval {
    return terms.reduce((a, b) => ({ lo: a.lo + b.lo, hi: a.hi + b.hi }));
  }

  sub(a: Interval, b: Interval): Interval {
    return { lo: a.lo - b.hi, hi: a.hi - b.lo };
  }

  mul(a: Interval, b: Interval): Interval {
    if (a.lo >= 0n && b.lo >= 0n)
      return { lo: (a.lo * b.lo) >> big(this.bits), hi: -((-a.hi * b.hi) >> big(this.bits)) };
    const products = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
    return { lo: min(...products) >> big(this.bits), hi: -(-max(...products) >> big(this.bits)) };
  }

  /** b must lie above zero. */
  div(a: Interval, b: Interval): Interval {
    if (b.lo <= 0n) throw new RangeError("division by an interval that is not above zero");
    const [lo, hi] = [a.lo << big(this.bits), a.hi << big(this.bits)];
    return { lo: floorDiv(lo, lo < 0n ? b.lo : b.hi), hi: ceilDiv(hi, hi < 0n ? b.hi : b.lo) };
  }

  exp(a: Interval): Interval {
    const { lo, hi } = expPoint(a.lo, this.bits);
    const width = a.hi - a.lo;
    if (width * width > this.one) return { lo, hi: expPoint(a.hi, this.bits).hi };
    // e^d ≤ 1 + d + d² for d ≤ 1, and d² is at most one unit
    return { lo, hi: hi + ceilDiv(hi * (width + 1n), this.one) };
  }

  ln(a: Interval): Interval {
    if (a.lo <= 0n) throw new RangeError("logarithm of an interval that is not above zero");
    const { lo, hi } = lnPoint(a.lo, this.bits);
    const width = (a.hi - a.lo) << big(this.bits);
    // ln(x + d) ≤ ln x + d/x, nearly equal where d is small beside x
    if (width >> big(this.bits >> 1) < a.lo) return { lo, hi: hi + ceilDiv(width, a.lo) };
    return { lo, hi: lnPoint(a.hi, this.bits).hi };
  }

  /** ln(1 + a) for a ≥ 0: the smaller a is, the fewer terms it takes. */
  ln1p(a: Interval): Interval {
    if (a.lo < 0n) throw new RangeError("logarithm of an interval that may lie below one");
    if (a.hi >> big(this.bits - SIXTY_FOURTHS) !== 0n)
      return this.ln({ lo: a.lo + this.one, hi: a.hi + this.one });
    const w = this.bits + GUARD;
    const x = a.lo << big(GUARD);
    const value = twoAtanh(x, (2n << big(w)) + x, w) >> big(GUARD);
    // its slope is at most 1
    return { lo: value - 1n, hi: value + 2n + (a.hi - a.lo) };
  }

  /** ln of a positive rational of any size. */
  lnOf(r: Rational): Interval {
    return this.sub(this.ln(this.whole(r.num)), this.ln(this.whole(r.den)));
  }

  /** a · num/den for whole numbers above zero and a ≥ 0. */
  scale(a: Interval, num: bigint, den: bigint): Interval {
    return { lo: (a.lo * num) / den, hi: ceilDiv(a.hi * num, den) };
  }

  cdf(a: Interval): Interval {
    return { lo: cdfPoint(a.lo, this.bits).lo, hi: cdfPoint(a.hi, this.bits).hi };
  }

  power(a: Interval, n: number): Interval {
    let result = this.whole(1);
    let base = a;
    for (let e = n; e > 0; e = Math.floor(e / 2)) {
      if (e % 2 === 1) result = this.mul(result, base);
      base = this.mul(base, base);
    }
    return result;
  }
}
