/**
 * Cosignatures after C2SP tlog-cosignature (cosignature/v1, Ed25519): a witness signs, with the time, a checkpoint that it
 * has seen to continue the last one it saw of that log.
 *
 * Rules: only Ed25519 cosignatures of version 1 are known; any other line of a note is carried along and counts for
 * nothing. The witness's key is told to the checker, never taken from the note.
 */
import { concat, fromBase64, sameBytes, toBase64, utf8 } from "./encoding.js";
import type { VerifierCrypto } from "./hash.js";
import { type Note, parseNote } from "./note.js";

const COSIGNATURE_V1 = Uint8Array.of(4);
const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

export interface Witness {
  /** Name of its key in the note. */
  name: string;
  /** Raw Ed25519 key, base64. */
  publicKey: string;
}

/** First four bytes of SHA-256(name ‖ newline ‖ 0x04 ‖ key). */
function cosignerId(h: Pick<VerifierCrypto, "sha256">, { name, publicKey }: Witness): Uint8Array | undefined {
  const key = fromBase64(publicKey);
  return key?.length === 32
    ? h.sha256(concat(utf8(`${name}\n`), COSIGNATURE_V1, key)).subarray(0, 4)
    : undefined;
}

const cosignedBytes = (seconds: number, text: string): Uint8Array =>
  utf8(`cosignature/v1\ntime ${seconds}\n${text}`);

/**
 * The note with one more line.
 * @param seconds POSIX time of the cosignature
 * @throws RangeError for what is no note
 */
export function cosign(
  h: Pick<VerifierCrypto, "sha256">,
  note: string,
  witness: Witness & { sign(bytes: Uint8Array): Uint8Array },
  seconds: number,
): string {
  const parsed = parseNote(note);
  const id = cosignerId(h, witness);
  if (parsed === undefined || id === undefined) throw new RangeError("is no checkpoint, or no key");
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
  const signature = witness.sign(cosignedBytes(seconds, parsed.text));
  return `${note}— ${witness.name} ${toBase64(concat(id, time, signature))}\n`;
}

/** POSIX seconds at which the witness cosigned this note; undefined: it did not, or the signature does not hold. */
export function cosignedAt(h: VerifierCrypto, note: Note, witness: Witness): number | undefined {
  const id = cosignerId(h, witness);
  const key = fromBase64(witness.publicKey);
  if (id === undefined || key === undefined) return undefined;
  for (const { name, keyId, signature: signed } of note.signatures) {
    if (name !== witness.name || !sameBytes(keyId, id)) continue;
    if (signed.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
    const view = new DataView(signed.buffer, signed.byteOffset, TIME_BYTES);
    const seconds = Number(view.getBigUint64(0));
    if (!Number.isSafeInteger(seconds)) return undefined;
    const bytes = cosignedBytes(seconds, note.text);
    return h.verifyEd25519(key, bytes, signed.subarray(TIME_BYTES)) ? seconds : undefined;
  }
  return undefined;
}
