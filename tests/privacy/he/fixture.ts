/** One ring for a suite, parties of one attempt, and random bytes that are anything but. */
import { randomBytes } from "node:crypto";
import {
  addCiphertexts,
  type Ciphertext,
  collectiveKey,
  commonElement,
  decryptionShare,
  encrypt,
  type KeyShare,
  makeKeyShare,
  type Poly,
  SealRing,
} from "../../../src/privacy/he/index.js";

export const ring = await SealRing.open();
export const { modulus } = ring;

export interface Parties {
  common: Poly;
  keys: KeyShare[];
  collective: Poly;
}

export function parties(n: number, random?: (size: number) => Buffer): Parties {
  const common = commonElement(randomBytes(16), modulus);
  const keys = Array.from({ length: n }, () => makeKeyShare(ring, common, random));
  return {
    common,
    keys,
    collective: collectiveKey(
      ring,
      keys.map((k) => k.public),
    ),
  };
}

export const encryptAll = (
  { collective, common }: Parties,
  vectors: readonly BigInt64Array[],
  random?: (size: number) => Buffer,
): Ciphertext =>
  addCiphertexts(
    ring,
    vectors.map((v) => encrypt(ring, { collective, common }, v, random)),
  );

export const sharesOf = ({ keys }: Parties, sum: Ciphertext): Poly[] =>
  keys.map(({ secret }) => decryptionShare(ring, sum, secret));

/** Every ternary value is −1 and every error 21 × sign: with opposite signs of keys and ciphertexts, the largest noise. */
export const extreme =
  (sign: 1 | -1) =>
  (size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    for (let at = sign === 1 ? 0 : 4; at < size; at += 8) bytes.fill(0xff, at, at + 4);
    return bytes;
  };

/** No errors, and every ternary value −1. */
export const smallest = (size: number): Buffer => Buffer.alloc(size);
