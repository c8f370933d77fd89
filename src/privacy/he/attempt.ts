/**
 * What the parties of one attempt hold each other to: commitments before anything is shown, and one transcript.
 *
 * Rules: a key share and a ciphertext are committed to, by all, before any is revealed, so that nobody chooses its own
 * after seeing the others' (the last to speak could else own the key, or cancel another's contribution); so are
 * decryption shares (a recipient that has the others' could else shift what everybody opens, knowing by how much). A
 * share is given only for the sum that this code adds up itself, over the very list that every participant has signed.
 * An attempt is named by the message that opened it, so that two who were asked different things share nothing.
 * Commitments bind the attempt and the participant: one of another attempt, or another's, opens nothing.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import canonicalize from "canonicalize";
import { invalidInput } from "../../vocabulary/index.js";

/** What is committed to. */
export const COMMITTED = ["key_share", "ciphertexts", "shares"] as const;
export type Committed = (typeof COMMITTED)[number];

export interface Attempt {
  /** SHA-256, hex, of the collaboration's canonical spec. */
  spec: string;
  round: number;
  attempt: number;
  /** SHA-256, hex, of the signed message that opened the attempt: what is asked, and of whom. */
  question: string;
  /** Names of the domains, in the order of the spec. */
  participants: readonly string[];
}

const text = (document: unknown): string => {
  const written = canonicalize(document);
  if (written === undefined) throw new RangeError("not a JSON document");
  return written;
};

const sha256 = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

/** What names an attempt: its common element is derived from it (sampling.ts). */
export const attemptLabel = ({ spec, round, attempt, question, participants }: Attempt): Buffer =>
  Buffer.from(text({ spec, round, attempt, question, participants }), "utf8");

export interface CommitmentOpening {
  nonce: Buffer;
  content: Uint8Array;
}

const NONCE_BYTES = 32;
export const newNonce = (): Buffer => randomBytes(NONCE_BYTES);

/** Hex SHA-256 over attempt, participant, kind, nonce and content, each with a length of its own. */
export function commitment(
  attempt: Attempt,
  participant: string,
  what: Committed,
  opening: CommitmentOpening,
): string {
  if (opening.nonce.length !== NONCE_BYTES) throw invalidInput("nonce", `must be ${NONCE_BYTES} bytes`);
  const head = text({ attempt: sha256(attemptLabel(attempt)), participant, what });
  return sha256("glovebox commitment v1\n", head, "\n", opening.nonce, opening.content);
}

/** Whether an opening is that of a commitment; constant time in the hash. */
export function opens(
  committed: string,
  attempt: Attempt,
  participant: string,
  what: Committed,
  opening: CommitmentOpening,
): boolean {
  if (!/^[0-9a-f]{64}$/.test(committed) || opening.nonce.length !== NONCE_BYTES) return false;
  const computed = commitment(attempt, participant, what, opening);
  return timingSafeEqual(Buffer.from(committed, "hex"), Buffer.from(computed, "hex"));
}

export interface TranscriptEntry {
  participant: string;
  /** Hex SHA-256 of the revealed bytes. */
  key_share: string;
  ciphertexts: string[];
}

/**
 * What every participant signs before it gives a share: all keys and all ciphertexts that go into the sum, in the order
 * of the spec. @throws invalid_input when the list is not one entry of each participant
 */
export function transcriptHash(attempt: Attempt, entries: readonly TranscriptEntry[]): string {
  const names = entries.map((e) => e.participant);
  if (names.length !== attempt.participants.length || names.some((n, i) => n !== attempt.participants[i]))
    throw invalidInput("entries", "must be one of each participant, in the order of the spec");
  const vectors = new Set(entries.map((e) => e.ciphertexts.length));
  if (vectors.size !== 1) throw invalidInput("entries", "differ in how many ciphertexts they have");
  const listed = entries.map(({ participant, key_share, ciphertexts }) => ({
    participant,
    key_share,
    ciphertexts,
  }));
  return sha256("glovebox transcript v1\n", attemptLabel(attempt), "\n", text(listed));
}

export const contentHash = (content: Uint8Array): string => sha256(content);
