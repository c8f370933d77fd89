/** Collaborations and what was said in them, as they lie in the database. */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import {
  type ChainEnd,
  type Message,
  messageHash,
  NO_MESSAGES,
  type SignedMessage,
} from "../messages/message.js";
import { forgetRound, prepared, roundRemembered, specRemembered } from "./remembered.js";
import type { CollaborationSpec } from "./spec.js";
import type { CollaborationState, Stopped } from "./states.js";

export interface CollaborationRow {
  id: string;
  spec: CollaborationSpec;
  spec_sha256: string;
  /** Where the board is; null: here. */
  url: string | null;
  state: CollaborationState;
  operator: string;
  dataset: string | null;
  grant_id: string | null;
  created_at: number;
  rev: number;
  /** Why it is suspended or over. */
  stopped?: Stopped;
}

interface Stored extends Omit<CollaborationRow, "spec" | "stopped"> {
  spec: string;
  stopped: string | null;
}

const open = ({ spec, stopped, ...row }: Stored): CollaborationRow => ({
  ...row,
  spec: specRemembered<CollaborationSpec>(spec),
  ...(stopped === null ? {} : { stopped: JSON.parse(stopped) as Stopped }),
});

/** @throws not_found */
export function collaborationRow(db: Database.Database, id: string): CollaborationRow {
  const row = prepared(db, "SELECT * FROM collaborations WHERE id = ?").get(id) as Stored | undefined;
  if (row === undefined) throw new GloveboxError("not_found");
  return open(row);
}

export const collaborationRows = (db: Database.Database): CollaborationRow[] =>
  (db.prepare("SELECT * FROM collaborations ORDER BY created_at, id").all() as Stored[]).map(open);

export function insertCollaboration(tx: Tx, row: CollaborationRow): void {
  tx.db
    .prepare(
      `INSERT INTO collaborations (id, spec, spec_sha256, url, state, operator, dataset, grant_id, created_at, rev)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      row.id,
      JSON.stringify(row.spec),
      row.spec_sha256,
      row.url,
      row.state,
      row.operator,
      row.dataset,
      row.grant_id,
      row.created_at,
      row.rev,
    );
}

export function setState(tx: Tx, id: string, state: CollaborationState): void {
  tx.db.prepare("UPDATE collaborations SET state = ?, rev = rev + 1 WHERE id = ?").run(state, id);
}

/** @param stopped undefined: it goes on */
export function setStopped(
  tx: Tx,
  id: string,
  state: CollaborationState,
  stopped: Stopped | undefined,
): void {
  tx.db
    .prepare("UPDATE collaborations SET state = ?, stopped = ?, rev = rev + 1 WHERE id = ?")
    .run(state, stopped === undefined ? null : JSON.stringify(stopped), id);
}

export interface BoardMessage extends SignedMessage {
  seq: number | null;
}

interface StoredMessage {
  seq: number | null;
  signed: string;
}

const read = ({ seq, signed }: StoredMessage): BoardMessage => ({
  seq,
  ...(JSON.parse(signed) as SignedMessage),
});

/** Those on the board after a place, in its order. */
export const messagesAfter = (
  db: Database.Database,
  id: string,
  after: number,
  limit: number,
): BoardMessage[] =>
  (
    db
      .prepare(
        "SELECT seq, signed FROM board_messages WHERE collaboration = ? AND seq > ? ORDER BY seq LIMIT ?",
      )
      .all(id, after, limit) as StoredMessage[]
  ).map(read);

/** One's own that are not on the board yet, in their order. */
export const unposted = (db: Database.Database, id: string): BoardMessage[] =>
  (
    db
      .prepare(
        "SELECT seq, signed FROM board_messages WHERE collaboration = ? AND seq IS NULL ORDER BY number",
      )
      .all(id) as StoredMessage[]
  ).map(read);

/** All of one round, or of none (0), posted or not. */
export const messagesOfRound = (db: Database.Database, id: string, round: number): readonly BoardMessage[] =>
  roundRemembered(db, id, round, () =>
    (
      prepared(
        db,
        "SELECT seq, signed FROM board_messages WHERE collaboration = ? AND round = ? ORDER BY coalesce(seq, 1e15), number",
      ).all(id, round) as StoredMessage[]
    ).map(read),
  );

/** Up to where the board is known without a gap. One's own messages may stand beyond. */
export function lastSeq(db: Database.Database, id: string): number {
  const { last, places } = prepared(
    db,
    `SELECT coalesce(max(seq), 0) AS last, count(*) AS places
     FROM board_messages WHERE collaboration = ? AND seq IS NOT NULL`,
  ).get(id) as { last: number; places: number };
  // Places are whole numbers from 1 and none is given twice.
  if (last === places) return last;
  return prepared(
    db,
    `SELECT coalesce(max(seq), 0) FROM (
       SELECT seq, row_number() OVER (ORDER BY seq) AS n FROM board_messages WHERE collaboration = ? AND seq IS NOT NULL
     ) WHERE seq = n`,
  )
    .pluck()
    .get(id) as number;
}

export const lastRound = (db: Database.Database, id: string): number =>
  prepared(db, "SELECT coalesce(max(round), 0) FROM board_messages WHERE collaboration = ?")
    .pluck()
    .get(id) as number;

/** When this domain first had a message. */
export const heardAt = (db: Database.Database, { collaboration, author, number }: Message): number =>
  prepared(db, "SELECT at FROM board_messages WHERE collaboration = ? AND author = ? AND number = ?")
    .pluck()
    .get(collaboration, author, number) as number;

/** An attempt in which somebody gave a share, of another round than this. */
export const firstShare = (
  db: Database.Database,
  id: string,
  other: number,
): { round: number; attempt: number } | undefined =>
  db
    .prepare(
      `SELECT round, attempt FROM board_messages WHERE collaboration = ? AND round <> ? AND kind = 'share'
       ORDER BY round, attempt LIMIT 1`,
    )
    .get(id, other) as { round: number; attempt: number } | undefined;

export function chainEnd(db: Database.Database, id: string, author: string): ChainEnd {
  const row = prepared(
    db,
    "SELECT number, hash FROM board_messages WHERE collaboration = ? AND author = ? ORDER BY number DESC LIMIT 1",
  ).get(id, author) as ChainEnd | undefined;
  return row ?? NO_MESSAGES;
}

export const hashOfNumber = (
  db: Database.Database,
  { collaboration, author, number }: Message,
): string | undefined =>
  prepared(db, "SELECT hash FROM board_messages WHERE collaboration = ? AND author = ? AND number = ?")
    .pluck()
    .get(collaboration, author, number) as string | undefined;

export function insertMessage(tx: Tx, { message, signature }: SignedMessage, seq: number | null): void {
  forgetRound(tx.db, message.collaboration, message.round);
  tx.db
    .prepare(
      `INSERT INTO board_messages (collaboration, author, number, seq, hash, kind, round, attempt, signed, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      message.collaboration,
      message.author,
      message.number,
      seq,
      messageHash(message),
      message.kind,
      message.round,
      message.attempt,
      JSON.stringify({ message, signature }),
      tx.now,
    );
}

export function setSeq(tx: Tx, { collaboration, author, number, round }: Message, seq: number): void {
  forgetRound(tx.db, collaboration, round);
  tx.db
    .prepare("UPDATE board_messages SET seq = ? WHERE collaboration = ? AND author = ? AND number = ?")
    .run(seq, collaboration, author, number);
}

/** null: not on the board yet. */
export const placeOf = (
  db: Database.Database,
  { collaboration, author, number }: Message,
): number | null | undefined =>
  db
    .prepare("SELECT seq FROM board_messages WHERE collaboration = ? AND author = ? AND number = ?")
    .pluck()
    .get(collaboration, author, number) as number | null | undefined;

export const placeTaken = (db: Database.Database, id: string, seq: number): boolean =>
  db.prepare("SELECT 1 FROM board_messages WHERE collaboration = ? AND seq = ?").get(id, seq) !== undefined;

export const blobObject = (
  db: Database.Database,
  id: string,
  sha256: string,
): { object: string; bytes: number } | undefined =>
  db
    .prepare("SELECT object, bytes FROM board_blobs WHERE collaboration = ? AND sha256 = ?")
    .get(id, sha256) as { object: string; bytes: number } | undefined;

export function insertBlob(
  tx: Tx,
  id: string,
  blob: { sha256: string; object: string; bytes: number },
): void {
  tx.db
    .prepare("INSERT OR IGNORE INTO board_blobs (collaboration, sha256, object, bytes) VALUES (?, ?, ?, ?)")
    .run(id, blob.sha256, blob.object, blob.bytes);
}
