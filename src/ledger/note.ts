/**
 * Checkpoints as C2SP tlog-checkpoint: three lines (origin, size, root) under an Ed25519 signed note.
 * Parsing is strict: one text, one meaning. An unknown signature is carried along, never trusted; a signature that
 * claims the expected key and does not verify makes the whole note invalid.
 */
import { concat, fromBase64, sameBytes, toBase64, utf8 } from "./encoding.js";
import type { VerifierCrypto } from "./hash.js";

export interface NoteSignature {
  name: string;
  /** First four bytes of the key id. */
  keyId: Uint8Array;
  signature: Uint8Array;
}

export interface Note {
  origin: string;
  size: number;
  /** Base64 of 32 bytes. */
  root: string;
  /** What is signed: everything up to and with the newline before the blank line. */
  text: string;
  signatures: NoteSignature[];
}

const ED25519 = Uint8Array.of(1);
const SIZE = /^(?:0|[1-9]\d{0,15})$/;
/** Key names: not empty, no plus, no Unicode space. */
const KEY_NAME = /^[^\s+\p{Z}\p{C}]{1,256}$/u;
const MAX_NOTE = 64 * 1024;
const MAX_SIGNATURES = 100;

/** First four bytes of SHA-256(name ‖ newline ‖ algorithm ‖ key), after C2SP signed-note. */
export function keyIdOf(h: Pick<VerifierCrypto, "sha256">, name: string, publicKey: Uint8Array): Uint8Array {
  return h.sha256(concat(utf8(`${name}\n`), ED25519, publicKey)).subarray(0, 4);
}

export function checkpointText(origin: string, size: number, root: Uint8Array): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

export function signedNote(text: string, name: string, keyId: Uint8Array, signature: Uint8Array): string {
  return `${text}\n— ${name} ${toBase64(concat(keyId, signature))}\n`;
}

function parseSignature(line: string): NoteSignature | undefined {
  const m = /^— (\S+) (\S+)$/.exec(line);
  if (!m || !KEY_NAME.test(m[1]!)) return undefined;
  const bytes = fromBase64(m[2]!);
  if (bytes === undefined || bytes.length < 5) return undefined;
  return { name: m[1]!, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/** Undefined unless the text is a well-formed checkpoint with at least one signature. Checks no signature. */
export function parseNote(note: string): Note | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the note format forbids exactly these
  if (note.length > MAX_NOTE || /[\u0000-\u0009\u000b-\u001f\u007f\ufffd]/.test(note)) return undefined;
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) return undefined;
  const text = note.slice(0, cut + 1);
  const lines = note.slice(cut + 2, -1).split("\n");
  const [origin, size, root, ...more] = text.slice(0, -1).split("\n");
  // Extension lines are allowed by the format; this log writes none and knows the meaning of none.
  if (more.length > 0 || !origin || !KEY_NAME.test(origin)) return undefined;
  if (size === undefined || !SIZE.test(size) || !Number.isSafeInteger(Number(size))) return undefined;
  if (root === undefined || fromBase64(root)?.length !== 32) return undefined;
  if (lines.length > MAX_SIGNATURES) return undefined;
  const signatures = lines.map(parseSignature);
  if (signatures.some((s) => s === undefined)) return undefined;
  return { origin, size: Number(size), root, text, signatures: signatures as NoteSignature[] };
}

/** The note, when it is of this origin and signed by this key (raw base64); otherwise undefined. */
export function checkNote(
  h: VerifierCrypto,
  note: string,
  expected: { publicKey: string; origin: string },
): Note | undefined {
  const parsed = parseNote(note);
  const publicKey = fromBase64(expected.publicKey);
  if (parsed === undefined || publicKey?.length !== 32 || parsed.origin !== expected.origin) return undefined;
  const keyId = keyIdOf(h, expected.origin, publicKey);
  const own = parsed.signatures.filter((s) => s.name === expected.origin && sameBytes(s.keyId, keyId));
  const message = utf8(parsed.text);
  if (own.length !== 1 || !own.every((s) => h.verifyEd25519(publicKey, message, s.signature)))
    return undefined;
  return parsed;
}
