/**
 * What one domain tells another in secret, through a coordinator that carries it: X25519 with a fresh key, HKDF-SHA-256,
 * ChaCha20-Poly1305.
 *
 * Rules: the key that seals depends on both public keys and on the words that say what this is, so that a sealed share
 * opens for one recipient, of one collaboration, round and attempt, and is no other. A fresh key for each, so the nonce
 * is fixed. Authorship is the message's that names it (message.ts). Source: RFC 7748, RFC 5869, RFC 8439.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";

const X25519_PUBLIC = Buffer.from("302a300506032b656e032100", "hex");
const X25519_PRIVATE = Buffer.from("302e020100300506032b656e04220420", "hex");
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE = Buffer.alloc(12);

export interface SealingKey {
  /** Raw, base64. */
  publicKey: string;
  privateKey: KeyObject;
}

/** The domain's own, from a secret of 32 bytes that is derived from its wrapping key. */
export function sealingKey(secret: Uint8Array): SealingKey {
  const der = Buffer.concat([X25519_PRIVATE, secret.subarray(0, KEY_BYTES)]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return { publicKey: rawOf(createPublicKey(privateKey)).toString("base64"), privateKey };
}

const rawOf = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(-KEY_BYTES);

function publicKeyOf(raw: Uint8Array): KeyObject {
  if (raw.length !== KEY_BYTES) throw invalidInput("sealing_key", "is no X25519 key");
  return createPublicKey({ key: Buffer.concat([X25519_PUBLIC, raw]), format: "der", type: "spki" });
}

function keyOf(shared: Buffer, fresh: Uint8Array, recipient: Uint8Array, words: string): Buffer {
  // A point of small order would give everybody the same secret.
  if (shared.every((byte) => byte === 0)) throw invalidInput("sealing_key", "is no X25519 key");
  const salt = Buffer.concat([fresh, recipient]);
  return Buffer.from(hkdfSync("sha256", shared, salt, `glovebox sealed v1\n${words}`, KEY_BYTES));
}

/** Fresh public key ‖ ciphertext ‖ tag. @param recipient raw X25519 key, base64 */
export function sealFor(recipient: string, words: string, plain: Uint8Array): Buffer {
  const to = Buffer.from(recipient, "base64");
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  const fresh = rawOf(publicKey);
  const shared = diffieHellman({ privateKey, publicKey: publicKeyOf(to) });
  const cipher = createCipheriv("chacha20-poly1305", keyOf(shared, fresh, to, words), NONCE, {
    authTagLength: TAG_BYTES,
  });
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([fresh, sealed, cipher.getAuthTag()]);
}

/** @throws invalid_input when it was not sealed for this key under these words, or any bit of it changed */
export function openSealed(key: SealingKey, words: string, sealed: Uint8Array): Buffer {
  if (sealed.length < KEY_BYTES + TAG_BYTES) throw invalidInput("sealed", "is too short");
  const fresh = sealed.subarray(0, KEY_BYTES);
  const own = Buffer.from(key.publicKey, "base64");
  try {
    const shared = diffieHellman({ privateKey: key.privateKey, publicKey: publicKeyOf(fresh) });
    const decipher = createDecipheriv("chacha20-poly1305", keyOf(shared, fresh, own, words), NONCE, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(KEY_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    if (error instanceof GloveboxError) throw error;
    throw invalidInput("sealed", "does not open with this key");
  }
}
