/**
 * Threshold BFV, n of n: keys that nobody holds whole, sums of ciphertexts, and decryption that needs every party.
 *
 * Rules: a key share, a ciphertext's randomness and a decryption share belong to one attempt and are drawn once; whoever
 * stores them re-sends them verbatim (a second share of the same sum would average the smudging away). What must never
 * happen: fewer than n shares tell anything of a sum; a share tells anything of its key.
 * Source: Mouchet, Troncoso-Pastoriza, Bossuat, Hubaux, PoPETs 2021, sections 4.1 to 4.3; derivation in docs/he.md.
 */
import { invalidInput } from "../../vocabulary/index.js";
import { assertRoom } from "./parameters.js";
import { add, coefficients, fromBig, fromSmall, negate, type Poly, zero } from "./ring.js";
import { errors, type RandomBytes, smudging, ternary } from "./sampling.js";
import type { Pair, SealRing } from "./seal.js";

/** What one participant keeps of its key: −1, 0, 1 for each coefficient. Never leaves its domain. */
export type SecretShare = Int8Array;
/** (c₀, c₁): decrypts as c₀ + c₁·s. */
export type Ciphertext = Pair;

export interface KeyShare {
  secret: SecretShare;
  /** pᵢ = −(a·sᵢ + eᵢ). */
  public: Poly;
}

/** @param common the attempt's common element (sampling.ts) */
export function makeKeyShare(ring: SealRing, common: Poly, random?: RandomBytes): KeyShare {
  const secret = ternary(random);
  const [product] = ring.timesSmall([common, zero(ring.modulus)], secret);
  const noisy = add(product, fromSmall(errors(random), ring.modulus), ring.modulus);
  return { secret, public: negate(noisy, ring.modulus) };
}

/** The collective key: the sum of all public shares. @throws invalid_input when n is out of range */
export function collectiveKey(ring: SealRing, shares: readonly Poly[]): Poly {
  assertRoom(shares.length, ring.modulus.q, ring.modulus.t);
  return shares.reduce((sum, share) => add(sum, share, ring.modulus));
}

/** Slots are whole numbers in (−t/2, t/2), at most DEGREE. @throws invalid_input */
export function encrypt(
  ring: SealRing,
  key: { collective: Poly; common: Poly },
  slots: BigInt64Array,
  random?: RandomBytes,
): Ciphertext {
  const half = ring.modulus.t / 2n;
  if (slots.length === 0 || slots.length > ring.slots)
    throw invalidInput("slots", `must be 1 to ${ring.slots} numbers`);
  if (slots.some((x) => x >= half || x <= -half)) throw invalidInput("slots", "hold a number out of range");
  const masked = ring.timesSmall([key.collective, key.common], ternary(random));
  const noisy = masked.map((poly) => add(poly, fromSmall(errors(random), ring.modulus), ring.modulus));
  return ring.addSlots([noisy[0]!, noisy[1]!], slots);
}

/** The ciphertext of the slot-wise sum. */
export function addCiphertexts(ring: SealRing, list: readonly Ciphertext[]): Ciphertext {
  if (list.length === 0) throw invalidInput("ciphertexts", "there is none to add");
  return list.reduce(([a0, a1], [b0, b1]) => [add(a0, b0, ring.modulus), add(a1, b1, ring.modulus)]);
}

/** dᵢ = c₁·sᵢ and smudging. To be computed once for each sum, stored, and re-sent as it is. */
export function decryptionShare(
  ring: SealRing,
  [, second]: Ciphertext,
  secret: SecretShare,
  random?: RandomBytes,
): Poly {
  const [product] = ring.timesSmall([second, zero(ring.modulus)], secret);
  return add(product, fromBig(smudging(random), ring.modulus), ring.modulus);
}

/** A share is missing, foreign or wrong; whose it is cannot be told. */
export class WrongShares extends Error {
  constructor() {
    super("a decryption share is wrong");
  }
}

export interface Decrypted {
  /** All slots, centred in (−t/2, t/2). */
  slots: BigInt64Array;
  /** Largest coefficient of noise that was met; below the room's limit. */
  noise: bigint;
}

/**
 * From a sum's first element and every participant's share: m = round(t·x/q) of each coefficient of x = c₀ + Σ dᵢ.
 * @throws invalid_input unless there is a share of each participant; WrongShares when the noise is larger than honest
 * shares can make it: nothing is shown then
 */
export function combine(
  ring: SealRing,
  [first]: Ciphertext,
  shares: readonly Poly[],
  participants: number,
): Decrypted {
  const { q, t } = ring.modulus;
  const room = assertRoom(participants, q, t);
  if (shares.length !== participants) throw invalidInput("shares", "must be one of each participant");
  const sum = shares.reduce((x, share) => add(x, share, ring.modulus), first);
  const message = new BigUint64Array(ring.slots);
  let noise = 0n;
  let i = 0;
  for (const x of coefficients(sum, ring.modulus)) {
    const m = (t * x + q / 2n) / q;
    const rest = x - (m * q + t / 2n) / t;
    const size = rest < 0n ? -rest : rest;
    if (size > noise) noise = size;
    message[i++] = m % t;
  }
  if (noise > room.decrypted) throw new WrongShares();
  return { slots: ring.slotsOf(message), noise };
}
