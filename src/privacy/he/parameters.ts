/**
 * The one parameter set of threshold BFV, and the proof that it holds.
 *
 * Rules: the ring degree and the size of the modulus come from the 128-bit column of the HE standard, and the whole
 * modulus counts, also the prime that only key switching would use and nothing here does. All bounds are worst cases
 * over honest parties, computed in whole numbers; `assertRoom` is called before keys are made, since a sum whose noise
 * left its room would decrypt to silent garbage.
 * Sources: Albrecht et al., Homomorphic Encryption Standard (2018), table 1; Fan and Vercauteren, eprint 2012/144;
 * Mouchet et al., Multiparty Homomorphic Encryption from Ring-LWE, PoPETs 2021; Asharov et al., EUROCRYPT 2012 (smudging).
 */
import { invalidInput } from "../../vocabulary/index.js";

export const DEGREE = 8192;
/** Primes of the ciphertext modulus q, congruent to 1 modulo 2 · DEGREE, the largest of 52 bits that SEAL finds. */
export const PRIME_BITS = 52;
export const PRIMES = 3;
/** One prime more is asked of SEAL, which keeps it for key switching; no key is ever made with it. */
export const SPECIAL_BITS = 52;
/** Largest log q for degree 8192, ternary secrets, 128 bits (HE standard, table 1). */
export const STANDARD_BITS = 218;
/** Bits of the plaintext modulus t: slots hold sums of an absolute value below t/2. */
export const PLAIN_BITS = 45;

/** Errors are centred binomial of so many pairs of bits: in [−21, 21], σ = √(21/2) ≈ 3.24. */
export const ERROR_PAIRS = 21;
/** Bits of one smudging value: uniform in [−2^102, 2^102). */
export const SMUDGE_BITS = 102;
/** What all decryptions of one participant's life may give away about noise: at most 2^−40 of statistical distance … */
export const FLOODING_BITS = 40;
/** … over so many decryptions. */
export const DECRYPTIONS_BITS = 20;
export const MAX_PARTICIPANTS = 50;
export const MIN_PARTICIPANTS = 2;

export interface Room {
  /** Largest coefficient of the noise of a fresh ciphertext under n participants' key. */
  fresh: bigint;
  /** … of the sum of n of them. */
  sum: bigint;
  /** … with all n shares' smudging on top: what decryption meets. */
  decrypted: bigint;
  /** Noise above this decrypts wrongly: ⌊q / 2t⌋ less one for rounding. */
  limit: bigint;
  /** −log2 of the statistical distance by which the smudged noise of 2^20 decryptions can differ from noise that
   * depends on no secret; at least FLOODING_BITS. */
  flooding: number;
}

const bits = (x: bigint): number => x.toString(2).length;

/**
 * The worst case for n participants that each contribute one ciphertext.
 *
 * A fresh ciphertext of m under p = −(a·s + e), s = Σ sᵢ ternary, e = Σ eᵢ: its noise is −e·u + e₁ + e₂·s and the
 * rounding of q·m/t. A product of ring elements has coefficients of at most DEGREE terms, so |e·u| ≤ N·21n and
 * |e₂·s| ≤ N·21n. Rounding is exact (SEAL ≥ 4), so that wraps modulo t cost nothing in sums.
 */
export function roomOf(participants: number, modulus: bigint, plainModulus: bigint): Room {
  const [n, degree, error] = [BigInt(participants), BigInt(DEGREE), BigInt(ERROR_PAIRS)];
  const fresh = 2n * degree * error * n + error + 1n;
  const sum = n * fresh;
  const decrypted = sum + n * 2n ** BigInt(SMUDGE_BITS);
  // Uniform on [−B, B) moved by at most `sum`: distance sum / 2B a coefficient; all coefficients, all decryptions.
  const told = degree * sum * 2n ** BigInt(DECRYPTIONS_BITS);
  const flooding = bits(2n ** BigInt(SMUDGE_BITS + 1) / told) - 1;
  return { fresh, sum, decrypted, limit: modulus / (2n * plainModulus) - 1n, flooding };
}

/** @throws invalid_input when n is out of range; RangeError if the parameters did not hold it */
export function assertRoom(participants: number, modulus: bigint, plainModulus: bigint): Room {
  if (!Number.isInteger(participants) || participants < MIN_PARTICIPANTS || participants > MAX_PARTICIPANTS)
    throw invalidInput("participants", `must be ${MIN_PARTICIPANTS} to ${MAX_PARTICIPANTS}`);
  const room = roomOf(participants, modulus, plainModulus);
  if (room.decrypted >= room.limit || room.flooding < FLOODING_BITS)
    throw new RangeError("the parameters hold no sum of so many participants");
  return room;
}
