/**
 * What a leaf says and hides. A leaf is public to whoever may see the log: place, hour, kind, and a commitment.
 * The opening (who, on what, with which data) is shown only to those who may read the entry and in bundles; its
 * random salt keeps anyone from guessing it from the commitment.
 */

import { concat, fromBase64, toHex, utf8 } from "./encoding.js";
import type { VerifierCrypto } from "./hash.js";
import { canonicalJson, type JsonObject } from "./json.js";

export interface Opening {
  /** Base64 of 32 random bytes. */
  salt: string;
  /** RFC 3339, to the millisecond. */
  time: string;
  actor: string;
  subject: string;
  data: JsonObject;
}

export interface Leaf {
  seq: number;
  /** RFC 3339, to the hour. */
  time: string;
  kind: string;
  /** Hex. */
  commitment: string;
}

export const SALT_BYTES = 32;
const HOUR = 3_600_000;

export const hourOf = (ms: number): string =>
  new Date(Math.floor(ms / HOUR) * HOUR).toISOString().replace(".000Z", "Z");

/** Hex SHA-256 of salt ‖ canonical JSON of the rest. Undefined when the salt is malformed. */
export function commit(h: Pick<VerifierCrypto, "sha256">, opening: Opening): string | undefined {
  const salt = fromBase64(opening.salt);
  if (salt?.length !== SALT_BYTES) return undefined;
  const { time, actor, subject, data } = opening;
  return toHex(h.sha256(concat(salt, utf8(canonicalJson({ time, actor, subject, data })))));
}

/** Canonical JSON: strings and integers stand as JSON.stringify writes them, and the names in their order. */
export const leafText = ({ commitment, kind, seq, time }: Leaf): string =>
  JSON.stringify({ commitment, kind, seq, time });

/**
 * What an opening is sealed for: its leaf and whose entry it is. So neither can be changed in the row, not even in the
 * newest leaf, over which no node is stored yet.
 */
export const openingContext = (leaf: string, dataset: string | null): string =>
  `opening:${dataset ?? ""}:${leaf}`;

const LEAF_KEYS = "commitment,kind,seq,time";

/** Undefined unless the text is exactly the canonical form of a leaf. */
export function parseLeaf(text: string): Leaf | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const leaf = value as Partial<Record<keyof Leaf, unknown>>;
  if (Object.keys(leaf).sort().join() !== LEAF_KEYS) return undefined;
  const { seq, time, kind, commitment } = leaf;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 0) return undefined;
  if (typeof time !== "string" || typeof kind !== "string" || typeof commitment !== "string")
    return undefined;
  const parsed: Leaf = { seq, time, kind, commitment };
  return leafText(parsed) === text ? parsed : undefined;
}
