/**
 * Idempotency-Key: the same key and body give the same answer, once done never done again.
 *
 * Rules: a key belongs to one principal and one route. That the work was committed is written in the work's own
 * transaction, so that a crash between the commit and the answer loses nothing: the retry finds what was made
 * and reads it again. The answer is stored sealed. A replay is authorised anew by reading what was made as the
 * present caller. A call that failed without committing leaves nothing behind and may be repeated.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import canonicalize from "canonicalize";
import type { Ledger } from "../ledger/index.js";
import { type Sealer, saysFull } from "../store/index.js";
import { type Clock, GloveboxError, invalidInput } from "../vocabulary/index.js";
import type { Reply } from "./route.js";

type JsonReply = Extract<Reply, { kind: "json" }>;
export interface KeyedCall {
  principal: string;
  route: string;
  key: string;
  bodySha256: string;
  /** How the id of what the call makes begins. */
  makes: string;
}
interface Row {
  body_sha256: string;
  subject: string | null;
  response_sealed: Buffer | null;
}

/** Kept for a week: longer than any client retries. */
const KEEP_MS = 7 * 24 * 3600 * 1000;
const KEY = /^[\x21-\x7e]{1,200}$/;

export function parseIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (!KEY.test(header)) throw invalidInput("Idempotency-Key", "must be 1 to 200 visible ASCII characters");
  return header;
}

/** The digest of what a call asks for: its path parameters and its parsed body. */
export function bodyDigest(params: unknown, body: unknown): string {
  const text = canonicalize({ body: body ?? null, params: params ?? null }) ?? "";
  return createHash("sha256").update(text).digest("hex");
}

export class Idempotency {
  private readonly inFlight = new Map<string, Promise<unknown>>();
  private readonly current = new AsyncLocalStorage<KeyedCall>();
  private readonly sql;
  private sincePurge = 0;

  constructor(
    private readonly parts: { db: Database.Database; sealer: Sealer; clock: Clock; ledger: Ledger },
  ) {
    this.sql = statements(parts.db);
    parts.ledger.beforeCommit((_tx, entries) => {
      const call = this.current.getStore();
      const made = call && entries.find((entry) => entry.subject.startsWith(`${call.makes}_`));
      if (made) this.sql.mark.run(made.subject, call.principal, call.route, call.key);
    });
  }

  /** Runs `attempt` once for this key, or answers what it answered. `reread` fetches what an earlier call made. */
  async once(
    call: KeyedCall,
    attempt: () => Promise<JsonReply>,
    reread: (subject: string) => Promise<JsonReply>,
  ): Promise<JsonReply> {
    const id = `${call.principal} ${call.route} ${call.key}`;
    for (let busy = this.inFlight.get(id); busy; busy = this.inFlight.get(id)) await busy;
    const work = this.decide(call, attempt, reread);
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.inFlight.set(id, settled);
    try {
      return await work;
    } finally {
      this.inFlight.delete(id);
    }
  }

  private async decide(
    call: KeyedCall,
    attempt: () => Promise<JsonReply>,
    reread: (subject: string) => Promise<JsonReply>,
  ): Promise<JsonReply> {
    const row = this.sql.find.get(call.principal, call.route, call.key) as Row | undefined;
    if (row && row.body_sha256 !== call.bodySha256) throw new GloveboxError("idempotency_conflict");
    if (row?.response_sealed) {
      if (row.subject !== null) await reread(row.subject);
      return replayed(
        JSON.parse(
          this.parts.sealer.open(row.response_sealed, contextOf(call)).toString("utf8"),
        ) as JsonReply,
      );
    }
    if (row?.subject) {
      const reply = await reread(row.subject);
      this.keep(call, reply);
      return replayed(reply);
    }
    return this.first(call, attempt);
  }

  private async first(call: KeyedCall, attempt: () => Promise<JsonReply>): Promise<JsonReply> {
    const now = this.parts.clock.now();
    this.purge(now);
    this.sql.claim.run(call.principal, call.route, call.key, call.bodySha256, now);
    try {
      const reply = await this.current.run(call, attempt);
      this.keep(call, reply);
      return reply;
    } catch (error) {
      this.sql.forget.run(call.principal, call.route, call.key);
      throw error;
    }
  }

  /** What was done stays done: where its answer cannot be stored now, a retry reads it again. */
  private keep(call: KeyedCall, reply: JsonReply): void {
    try {
      this.store(call, reply);
    } catch (error) {
      if (!saysFull(error)) throw error;
    }
  }

  private store(call: KeyedCall, reply: JsonReply): void {
    const sealed = this.parts.sealer.seal(JSON.stringify(reply), contextOf(call));
    this.sql.answer.run(reply.status, sealed, call.principal, call.route, call.key);
  }

  private purge(now: number): void {
    if (this.sincePurge++ % 500 === 0) this.sql.purge.run(now - KEEP_MS);
  }
}

/** A stored answer opens only as the answer of its own call. */
const contextOf = (call: KeyedCall): string => `idempotency ${call.principal} ${call.route} ${call.key}`;

const replayed = (reply: JsonReply): JsonReply => ({
  ...reply,
  headers: { ...reply.headers, "Idempotency-Replayed": "true" },
});

function statements(db: Database.Database) {
  const key = "principal = ? AND route = ? AND key = ?";
  return {
    find: db.prepare(`SELECT body_sha256, subject, response_sealed FROM idempotency WHERE ${key}`),
    claim: db.prepare(
      `INSERT INTO idempotency (principal, route, key, body_sha256, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    mark: db.prepare(`UPDATE idempotency SET subject = ? WHERE ${key} AND subject IS NULL`),
    answer: db.prepare(`UPDATE idempotency SET status = ?, response_sealed = ? WHERE ${key}`),
    forget: db.prepare(`DELETE FROM idempotency WHERE ${key} AND subject IS NULL`),
    purge: db.prepare("DELETE FROM idempotency WHERE created_at < ?"),
  };
}
