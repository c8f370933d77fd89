/**
 * The board of a collaboration at its coordinator: a mailbox that takes signed messages in one order and keeps blobs.
 *
 * Rules: only who is named in the spec writes or reads, each in its own name. A message is taken when it is the next of
 * its author's chain; one that is known is answered with its place; two of one number are kept as evidence and refused.
 * A message is taken only when the blobs that it names are here. The board decides nothing and can open nothing.
 */
import type { Ledger } from "../../ledger/index.js";
import { contentHash } from "../../privacy/index.js";
import type { Store, Vault } from "../../store/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import {
  type BoardMessage,
  blobObject,
  type CollaborationRow,
  chainEnd,
  collaborationRow,
  hashOfNumber,
  insertBlob,
  insertMessage,
  lastSeq,
  messagesAfter,
  placeOf,
  setSeq,
} from "../collaborations/rows.js";
import {
  linkOf,
  messageHash,
  messageSigned,
  type SignedMessage,
  signedMessageSchema,
} from "../messages/message.js";
import { isRevoked } from "../peers/rows.js";

export const MAX_BLOB_BYTES = 64 * 1024 * 1024;
/** Of all blobs of one collaboration. */
export const MAX_BOARD_BYTES = 16 * 1024 * 1024 * 1024;
export const MAX_MESSAGES = 1_000_000;
const PAGE = 100;

/** What a participant needs of a board, wherever it is. */
export interface Board {
  /** @returns its place */
  post(signed: SignedMessage): Promise<number>;
  putBlob(collaboration: string, sha256: string, content: Buffer): Promise<void>;
  blob(collaboration: string, sha256: string): Promise<Buffer>;
  /** Those after a place; waits up to so many seconds for the first. */
  messages(collaboration: string, after: number, waitSeconds: number): Promise<BoardMessage[]>;
}

/** SHA-256s of the blobs that a message names. */
export const blobsOf = ({ message }: SignedMessage): string[] => {
  const { blobs } = message.body;
  return Array.isArray(blobs) ? blobs.filter((b) => typeof b === "string") : [];
};

export interface BoardParts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
}

export class BoardService implements Board {
  private readonly waiting = new Set<() => void>();

  constructor(private readonly parts: BoardParts) {}

  /** @throws not_found for who is not of it, or whose key was revoked here */
  row(collaboration: string, key: string): CollaborationRow {
    const row = collaborationRow(this.parts.store.db, collaboration);
    if (row.url !== null || !isMember(row, key) || isRevoked(this.parts.store.db, key))
      throw new GloveboxError("not_found");
    return row;
  }

  async post(signed: SignedMessage): Promise<number> {
    return this.take(signed);
  }

  /** @throws not_found, invalid_input, state_conflict */
  take(given: unknown): number {
    const parsed = signedMessageSchema.safeParse(given);
    if (!parsed.success) throw invalidInput("message", "is not a signed message");
    const signed = parsed.data;
    const { message } = signed;
    const row = this.row(message.collaboration, message.author);
    if (!messageSigned(signed)) throw invalidInput("signature", "is not the author's over the message");
    const seq = this.parts.ledger.commit((tx) => {
      const known = hashOfNumber(tx.db, message);
      const end = chainEnd(tx.db, row.id, message.author);
      const next = lastSeq(tx.db, row.id) + 1;
      switch (linkOf(message, end, known)) {
        case "known": {
          const place = placeOf(tx.db, message);
          if (typeof place === "number") return place;
          setSeq(tx, message, next);
          return next;
        }
        case "gap":
          throw new GloveboxError("state_conflict", { detail: "a message before this one is missing" });
        case "fork":
          tx.entry({
            kind: "collaboration.fork_seen",
            actor: message.author,
            subject: row.id,
            data: { number: message.number, hashes: [known ?? end.hash, messageHash(message)] },
          });
          return "fork" as const;
        case "next":
          this.requireBlobs(row.id, signed);
          if (next > MAX_MESSAGES) throw new GloveboxError("state_conflict", { detail: "the board is full" });
          insertMessage(tx, signed, next);
          return next;
      }
    });
    if (seq === "fork")
      throw new GloveboxError("state_conflict", {
        detail: "another message of this number was signed before",
      });
    this.wake();
    return seq;
  }

  private requireBlobs(id: string, signed: SignedMessage): void {
    for (const sha256 of blobsOf(signed))
      if (blobObject(this.parts.store.db, id, sha256) === undefined)
        throw new GloveboxError("state_conflict", { detail: "a blob that the message names is not here" });
  }

  async putBlob(collaboration: string, sha256: string, content: Buffer): Promise<void> {
    const { vault, ledger, store } = this.parts;
    if (contentHash(content) !== sha256) throw invalidInput("sha256", "is not the content's");
    if (boardBytes(store.db, collaboration) + content.length > MAX_BOARD_BYTES)
      throw new GloveboxError("too_large", { detail: "the board holds no more" });
    const stored = await vault.put(content);
    ledger.commit((tx) => insertBlob(tx, collaboration, stored));
  }

  async blob(collaboration: string, sha256: string): Promise<Buffer> {
    const kept = blobObject(this.parts.store.db, collaboration, sha256);
    if (kept === undefined) throw new GloveboxError("not_found");
    return this.parts.vault.read(kept.object, MAX_BLOB_BYTES);
  }

  async messages(collaboration: string, after: number, waitSeconds: number): Promise<BoardMessage[]> {
    const read = () => messagesAfter(this.parts.store.db, collaboration, after, PAGE);
    const now = read();
    if (now.length > 0 || waitSeconds === 0) return now;
    await this.change(waitSeconds * 1000);
    return read();
  }

  /** Ends all waits: something was posted, or the node stops. */
  wake(): void {
    for (const go of [...this.waiting]) go();
  }

  private change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(late);
        this.waiting.delete(go);
        resolve();
      };
      const late = setTimeout(go, ms);
      this.waiting.add(go);
    });
  }
}

const isMember = ({ spec }: CollaborationRow, key: string): boolean =>
  spec.coordinator === key || spec.participants.some((p) => p.key === key);

const boardBytes = (db: Store["db"], collaboration: string): number =>
  db
    .prepare("SELECT coalesce(sum(bytes), 0) FROM board_blobs WHERE collaboration = ?")
    .pluck()
    .get(collaboration) as number;
