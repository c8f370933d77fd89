/**
 * The form of a backup, a folder or a tar of the same:
 *
 *   vault/<2 hex>/<62 hex>   the objects, as they lie encrypted in the node
 *   glovebox.db              the database, of one moment
 *   keys.json                the node's keys, sealed
 *   SHA256SUMS               of all of these, as `sha256sum -c` reads it
 *   backup.json              what it is; written last, so that one that was not finished has none
 *
 * Never in it: the wrapping key. Whoever has a backup alone can open nothing of it; whoever loses the key, too.
 */
import { createHash } from "node:crypto";
import { Transform } from "node:stream";
import { GloveboxError } from "../../vocabulary/index.js";
import { DATABASE_FILE } from "../db.js";
import { RING_FILE } from "../keys.js";

export const MANIFEST_FILE = "backup.json";
export const SUMS_FILE = "SHA256SUMS";
export const FORMAT = "glovebox backup 1";
export const MAX_MANIFEST_BYTES = 16 << 20;
export const MAX_SUMS_BYTES = 1 << 30;

const CONTENT = new RegExp(`^(?:vault/[0-9a-f]{2}/[0-9a-f]{62}|${DATABASE_FILE}|${RING_FILE})$`);

export interface Manifest {
  format: typeof FORMAT;
  /** RFC 3339. */
  taken_at: string;
  schema: number;
  objects: number;
  object_bytes: number;
  /** Objects that the database named and that were not in the vault: damage of the node, not of the backup. */
  missing: string[];
  wrapping_key: "not included";
  sums_sha256: string;
}

export const isContentName = (name: string): boolean => CONTENT.test(name);
export const objectName = (object: string): string => `vault/${object.slice(0, 2)}/${object.slice(2)}`;

/** Hash and length of what runs through it, once that has. */
export class Summing extends Transform {
  private readonly hash = createHash("sha256");
  bytes = 0;
  override _transform(
    chunk: Buffer,
    _encoding: BufferEncoding,
    callback: (e: null, c: Buffer) => void,
  ): void {
    this.hash.update(chunk);
    this.bytes += chunk.length;
    callback(null, chunk);
  }
  sha256(): string {
    return this.hash.digest("hex");
  }
}

export function writeSums(sums: ReadonlyMap<string, string>): string {
  return [...sums].map(([name, sha256]) => `${sha256}  ${name}\n`).join("");
}

export function readSums(text: string): Map<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const match = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line);
    if (!match || !isContentName(match[2]!))
      throw notABackup(`${SUMS_FILE} has a line that is none of its form`);
    sums.set(match[2]!, match[1]!);
  }
  return sums;
}

/** @throws state_conflict */
export function readManifest(text: string): Manifest {
  let found: Partial<Manifest>;
  try {
    found = JSON.parse(text) as Partial<Manifest>;
  } catch (error) {
    throw notABackup(`${MANIFEST_FILE} cannot be read`, error);
  }
  if (found.format !== FORMAT)
    throw notABackup("it is of a form that this version of glovebox does not know");
  if (typeof found.sums_sha256 !== "string" || typeof found.taken_at !== "string")
    throw notABackup(`${MANIFEST_FILE} is not whole`);
  return found as Manifest;
}

export const notABackup = (why: string, cause?: unknown) =>
  new GloveboxError("state_conflict", { detail: `this is no backup that can be used: ${why}` }, cause);
