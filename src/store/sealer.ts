/**
 * Seals small values (database fields, private keys, data keys) under the wrapping key: AES-256-GCM with a key
 * of its own per value (HMAC of 12 random bytes) and a random nonce, so that the number of values is no limit.
 * Form: version 1 ‖ key salt 12 ‖ nonce 12 ‖ ciphertext ‖ tag 16. `context` is authenticated, not stored: a sealed
 * value opened in another place than it was sealed for is refused.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { GloveboxError } from "../vocabulary/index.js";
import { freshBytes } from "./random.js";

export interface Sealer {
  seal(plain: Buffer | string, context?: string): Buffer;
  /** @throws internal when a byte was changed, or the context or the key is another. */
  open(sealed: Buffer, context?: string): Buffer;
  /** A 32-byte subkey of its own for `label`. */
  derive(label: string): Buffer;
}

const VERSION = 1;
const SALT = 12;
const NONCE = 12;
const TAG = 16;
export const SEAL_OVERHEAD = 1 + SALT + NONCE + TAG;

export function createSealer(wrappingKey: Buffer): Sealer {
  const derive = (label: string) =>
    Buffer.from(hkdfSync("sha256", wrappingKey, Buffer.alloc(0), `glovebox/1/${label}`, 32));
  const sealing = derive("seal");
  const keyOf = (salt: Buffer) => createHmac("sha256", sealing).update(salt).digest();

  function seal(plain: Buffer | string, context = ""): Buffer {
    const head = freshBytes(SALT + NONCE);
    const cipher = createCipheriv("aes-256-gcm", keyOf(head.subarray(0, SALT)), head.subarray(SALT));
    cipher.setAAD(Buffer.from(context));
    const body = Buffer.concat([cipher.update(plain as Buffer), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), head, body, cipher.getAuthTag()]);
  }

  function open(sealed: Buffer, context = ""): Buffer {
    if (sealed.length < SEAL_OVERHEAD || sealed[0] !== VERSION)
      throw new GloveboxError("internal", { detail: "a sealed value is not in a known form" });
    const salt = sealed.subarray(1, 1 + SALT);
    const nonce = sealed.subarray(1 + SALT, 1 + SALT + NONCE);
    const decipher = createDecipheriv("aes-256-gcm", keyOf(salt), nonce, { authTagLength: TAG });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    try {
      const body = sealed.subarray(1 + SALT + NONCE, sealed.length - TAG);
      return Buffer.concat([decipher.update(body), decipher.final()]);
    } catch (error) {
      throw new GloveboxError("internal", { detail: "a sealed value was changed or moved" }, error);
    }
  }

  return { seal, open, derive };
}
