/**
 * Elements of R_q = Z_q[X]/(X^N + 1) by residues: for each prime, N coefficients as whole numbers below it.
 *
 * Rules: primes have at most 52 bits, so a sum of two residues is exact in a double and needs no BigInt. Products are
 * SEAL's (seal.ts). Nothing here branches on a secret value's size but the one conditional subtraction of each sum.
 */
import { DEGREE } from "./parameters.js";

/** PRIMES × DEGREE residues, prime by prime. */
export type Poly = Float64Array;

export interface Modulus {
  /** Prime factors of q, each a safe integer. */
  primes: readonly number[];
  q: bigint;
  /** Plaintext modulus. */
  t: bigint;
}

export const zero = ({ primes }: Modulus): Poly => new Float64Array(primes.length * DEGREE);

/** a + b, in a new element. */
export function add(a: Poly, b: Poly, { primes }: Modulus): Poly {
  const sum = new Float64Array(a.length);
  primes.forEach((p, k) => {
    for (let i = k * DEGREE, end = i + DEGREE; i < end; i++) {
      const s = a[i]! + b[i]!;
      sum[i] = s >= p ? s - p : s;
    }
  });
  return sum;
}

export function negate(a: Poly, { primes }: Modulus): Poly {
  const negated = new Float64Array(a.length);
  primes.forEach((p, k) => {
    for (let i = k * DEGREE, end = i + DEGREE; i < end; i++) negated[i] = a[i] === 0 ? 0 : p - a[i]!;
  });
  return negated;
}

/** Of coefficients of at most 31 bits, with their signs. */
export function fromSmall(small: Int8Array | Int32Array, { primes }: Modulus): Poly {
  const poly = new Float64Array(primes.length * DEGREE);
  primes.forEach((p, k) => {
    for (let i = 0; i < DEGREE; i++) poly[k * DEGREE + i] = small[i]! < 0 ? p + small[i]! : small[i]!;
  });
  return poly;
}

/** Of any whole coefficients. */
export function fromBig(coefficients: readonly bigint[], { primes }: Modulus): Poly {
  const poly = new Float64Array(primes.length * DEGREE);
  primes.forEach((prime, k) => {
    const p = BigInt(prime);
    for (let i = 0; i < DEGREE; i++) {
      const r = Number(coefficients[i]! % p);
      poly[k * DEGREE + i] = r < 0 ? r + prime : r;
    }
  });
  return poly;
}

export const isZero = (a: Poly): boolean => a.every((x) => x === 0);

/** The coefficients as whole numbers in [0, q), by the Chinese remainder theorem. */
export function* coefficients(a: Poly, { primes, q }: Modulus): Generator<bigint> {
  const lifts = primes.map((prime) => {
    const p = BigInt(prime);
    const others = q / p;
    return others * inverse(others % p, p);
  });
  for (let i = 0; i < DEGREE; i++) {
    let x = 0n;
    for (const [k, lift] of lifts.entries()) x += BigInt(a[k * DEGREE + i]!) * lift;
    yield x % q;
  }
}

/** a⁻¹ mod a prime, by Fermat. */
function inverse(a: bigint, p: bigint): bigint {
  let [result, base, exponent] = [1n, a, p - 2n];
  while (exponent > 0n) {
    if (exponent & 1n) result = (result * base) % p;
    base = (base * base) % p;
    exponent >>= 1n;
  }
  return result;
}
