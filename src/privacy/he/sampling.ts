/**
 * Random ring elements, from `node:crypto` alone, and the common element that all parties derive from public words.
 *
 * Rules: how many random bytes are read never depends on a secret; only the public common element is drawn by
 * rejection. Sources: SEAL manual (centred binomial errors); Mouchet et al. 2021 (common reference string).
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { DEGREE, ERROR_PAIRS, SMUDGE_BITS } from "./parameters.js";
import type { Modulus, Poly } from "./ring.js";

/** Draws so many bytes. */
export type RandomBytes = (size: number) => Buffer;

/** DEGREE values of −1, 0, 1, uniform but for 2^−62: 64 bits modulo 3 each. */
export function ternary(random: RandomBytes = randomBytes): Int8Array {
  const words = random(DEGREE * 8);
  const values = new Int8Array(DEGREE);
  for (let i = 0; i < DEGREE; i++) {
    // 2^32 ≡ 1 (mod 3), so both halves add.
    values[i] = (((words.readUInt32LE(8 * i) % 3) + (words.readUInt32LE(8 * i + 4) % 3)) % 3) - 1;
  }
  return values;
}

const ones = (word: number): number => {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return (((x + (x >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
};

const PAIR_MASK = 2 ** ERROR_PAIRS - 1;

/** DEGREE centred binomial errors in [−21, 21]. */
export function errors(random: RandomBytes = randomBytes): Int8Array {
  const words = random(DEGREE * 8);
  const values = new Int8Array(DEGREE);
  for (let i = 0; i < DEGREE; i++) {
    const [a, b] = [words.readUInt32LE(8 * i), words.readUInt32LE(8 * i + 4)];
    values[i] = ones(a & PAIR_MASK) - ones(b & PAIR_MASK);
  }
  return values;
}

const SMUDGE_BYTES = Math.ceil((SMUDGE_BITS + 1) / 8);
const SMUDGE_MASK = 2n ** BigInt(SMUDGE_BITS + 1) - 1n;

/** DEGREE values uniform in [−2^SMUDGE_BITS, 2^SMUDGE_BITS). */
export function smudging(random: RandomBytes = randomBytes): bigint[] {
  const bytes = random(DEGREE * SMUDGE_BYTES);
  const low = 2n ** BigInt(SMUDGE_BITS);
  return Array.from({ length: DEGREE }, (_, i) => {
    const at = bytes.subarray(i * SMUDGE_BYTES, (i + 1) * SMUDGE_BYTES);
    return (BigInt(`0x${at.toString("hex")}`) & SMUDGE_MASK) - low;
  });
}

const SEED_LABEL = "glovebox threshold bfv common element v1";
const CHUNK = DEGREE * 8;

/**
 * The common `a`, uniform in R_q, from what names the attempt (spec hash, round, attempt): SHA-256 of it keys ChaCha20,
 * whose stream is cut into words of 52 bits; a word not below its prime is passed over.
 */
export function commonElement(label: Uint8Array, { primes }: Modulus): Poly {
  const key = createHash("sha256").update(SEED_LABEL).update(label).digest();
  const stream = createCipheriv("chacha20", key, Buffer.alloc(16));
  const poly = new Float64Array(primes.length * DEGREE);
  let words = Buffer.alloc(0);
  let at = 0;
  const next = (): number => {
    if (at + 8 > words.length) {
      words = stream.update(Buffer.alloc(CHUNK));
      at = 0;
    }
    const word = words.readUInt32LE(at) + (words.readUInt32LE(at + 4) & 0xfffff) * 2 ** 32;
    at += 8;
    return word;
  };
  primes.forEach((p, k) => {
    for (let i = 0; i < DEGREE; ) {
      const word = next();
      if (word < p) poly[k * DEGREE + i++] = word;
    }
  });
  return poly;
}
