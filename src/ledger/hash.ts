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

export const nodeCrypto: VerifierCrypto = {
  sha256,
  verifyEd25519(publicKey, message, signature) {
    if (publicKey.length !== 32 || signature.length !== 64) return false;
    try {
      const key = crypto.createPublicKey({
        key: Buffer.concat([SPKI_HEAD, publicKey]),
        format: "der",
        type: "spki",
      });
      return crypto.verify(null, message, key, signature);
    } catch {
      return false;
    }
  },
};
