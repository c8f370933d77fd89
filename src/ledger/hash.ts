/**
 * The hash operations the pure parts of the ledger need, passed in so that the same proofs are checked in Node and in
 * a browser. `nodeCrypto` is Node's.
 */
import * as crypto from "node:crypto";

export interface VerifierCrypto {
  sha256(data: Uint8Array): Uint8Array;
  /** `publicKey` is the raw 32 bytes. False for whatever is no valid signature or key. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

/** Newer versions of Node hash short texts in one call, at half the cost. */
const sha256 =
  typeof crypto.hash === "function"
    ? (data: Uint8Array): Uint8Array => crypto.hash("sha256", data, "buffer")
    : (data: Uint8Array): Uint8Array => crypto.createHash("sha256").update(data).digest();

/** Keys that signatures were checked with: making one takes longer than to check with it. */
const KEYS = 256;
const keys = new Map<string, crypto.KeyObject>();

function keyOf(raw: Uint8Array): crypto.KeyObject {
  const name = Buffer.from(raw).toString("base64");
  const known = keys.get(name);
  if (known !== undefined) return known;
  const key = crypto.createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: "der", type: "spki" });
  keys.set(name, key);
  if (keys.size > KEYS) keys.delete(keys.keys().next().value!);
  return key;
}

export const nodeCrypto: VerifierCrypto = {
  sha256,
  verifyEd25519(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      return crypto.verify(null, message, keyOf(publicKey), signature);
    } catch {
      return false;
    }
  },
};
