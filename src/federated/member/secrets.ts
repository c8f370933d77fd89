/**
 * What a participant drew for one attempt, sealed in its database before anything of it is said.
 *
 * Rules: a secret is drawn once for an attempt; what was said of it is in the messages and blobs that are kept beside it,
 * and is said again verbatim or not at all.
 */
import type Database from "better-sqlite3";
import { z } from "zod";
import type { Tx } from "../../ledger/index.js";
import type { Sealer } from "../../store/index.js";

const schema = z.strictObject({
  /** Base64: −1, 0, 1 as bytes. */
  key: z.string(),
  key_nonce: z.string(),
  /** SHA-256 of the blob of the key share. */
  key_blob: z.string(),
  data_nonce: z.string().optional(),
  /** ver_…: whose rows the numbers are of. */
  data_version: z.string().optional(),
  data_blobs: z.array(z.string()).optional(),
  share_nonce: z.string().optional(),
  /** Recipient by recipient, the blob of the share that is sealed for it. */
  share_blobs: z.record(z.string(), z.string()).optional(),
});
export type AttemptSecret = z.output<typeof schema>;

export interface AttemptId {
  collaboration: string;
  round: number;
  attempt: number;
}

const context = ({ collaboration, round, attempt }: AttemptId): string =>
  `attempt:${collaboration}:${round}:${attempt}`;

export function secretOf(db: Database.Database, sealer: Sealer, id: AttemptId): AttemptSecret | undefined {
  const sealed = db
    .prepare(
      "SELECT secret_sealed FROM attempt_secrets WHERE collaboration = ? AND round = ? AND attempt = ?",
    )
    .pluck()
    .get(id.collaboration, id.round, id.attempt) as Buffer | undefined;
  return sealed && schema.parse(JSON.parse(sealer.open(sealed, context(id)).toString("utf8")));
}

export function keepSecret(tx: Tx, sealer: Sealer, id: AttemptId, secret: AttemptSecret): void {
  tx.db
    .prepare(
      `INSERT INTO attempt_secrets (collaboration, round, attempt, secret_sealed) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET secret_sealed = excluded.secret_sealed`,
    )
    .run(id.collaboration, id.round, id.attempt, sealer.seal(JSON.stringify(secret), context(id)));
}

/** When an attempt is over its secrets open nothing that may still be opened. */
export function dropSecret(tx: Tx, id: AttemptId): void {
  tx.db
    .prepare("DELETE FROM attempt_secrets WHERE collaboration = ? AND round = ? AND attempt = ?")
    .run(id.collaboration, id.round, id.attempt);
}

/** Of the attempts of the round before this one. */
export function dropSecrets(tx: Tx, { collaboration, round, attempt }: AttemptId): void {
  tx.db
    .prepare("DELETE FROM attempt_secrets WHERE collaboration = ? AND round = ? AND attempt < ?")
    .run(collaboration, round, attempt);
}

/** Of a collaboration that is over, or stopped here. */
export function dropAllSecrets(tx: Tx, collaboration: string): void {
  tx.db.prepare("DELETE FROM attempt_secrets WHERE collaboration = ?").run(collaboration);
}

/** Attempts of a round of which something is kept. */
export const keptAttempts = (
  db: Database.Database,
  { collaboration, round }: Pick<AttemptId, "collaboration" | "round">,
): number[] =>
  db
    .prepare("SELECT attempt FROM attempt_secrets WHERE collaboration = ? AND round = ?")
    .pluck()
    .all(collaboration, round) as number[];
