/**
 * `commit()`: one IMMEDIATE transaction holds a change of state, its ledger entry, what is to be sent (outbox) and the
 * events. All of it happens or none; handlers of events run inside, so what must follow from a change follows
 * with it. Listeners run after the commit and can undo nothing; a crash before them loses a wake-up, never a fact.
 *
 * Never: a nested commit (hand `tx` on), work that awaits (a transaction is one synchronous step).
 */
import type Database from "better-sqlite3";
import { freshBytes, type Keys, namingFull, type Store } from "../store/index.js";
import { type Clock, GloveboxError, rfc3339 } from "../vocabulary/index.js";
import { utf8 } from "./encoding.js";
import { nodeCrypto } from "./hash.js";
import { canonicalJson, type JsonObject } from "./json.js";
import {
  commit as commitmentHash,
  hourOf,
  leafText,
  type Opening,
  openingContext,
  parseLeaf,
  SALT_BYTES,
} from "./leaves.js";
import { hashLeaf } from "./merkle.js";
import type { Tree } from "./tree.js";

export interface DomainEvent {
  id: number;
  type: string;
  subject: string;
  payload: JsonObject;
  /** Milliseconds since 1970. */
  at: number;
}

export interface Entry {
  /** `<noun>.<past verb>`. */
  kind: string;
  actor: string;
  subject: string;
  /** Whose owner and auditors may read it; of several, those of each. */
  dataset?: string | readonly string[];
  data: JsonObject;
  /**
   * The opening states its time to the hour, as the leaf does. For entries whose moment depends on data (when a run
   * ended) and that a bundle will open to the requester.
   */
  coarse?: boolean;
}

export interface Tx {
  readonly db: Database.Database;
  /** Milliseconds since 1970, one reading for the whole transaction. */
  readonly now: number;
  /** Appends to the ledger. @returns the entry's place. */
  entry(entry: Entry): number;
  outbox(topic: string, payload: JsonObject): void;
  event(type: string, subject: string, payload: JsonObject): void;
}

export interface Committed {
  events: DomainEvent[];
  /** Something is waiting in the outbox because of this commit. */
  outbox: boolean;
}

export type Handler = (tx: Tx, event: DomainEvent) => void;
export type Listener = (committed: Committed) => void;
/** The last step inside a transaction: what it wrote into the ledger, in order. */
export type Closing = (tx: Tx, entries: readonly Pick<Entry, "kind" | "subject">[]) => void;

/** Ids have no space in them. */
const writeDatasets = (dataset: Entry["dataset"]): string | null =>
  (typeof dataset === "string" ? [dataset] : (dataset ?? [])).join(" ") || null;

const KIND = /^[a-z_]{1,40}\.[a-z_]{1,40}$/;
const MAX_EVENTS = 100_000;
const max = (a: string, b: string) => (a > b ? a : b);
const misuse = (detail: string) => new GloveboxError("internal", { detail });

export class Committer {
  private readonly handlers = new Map<string, Handler[]>();
  private readonly listeners: Listener[] = [];
  private readonly closings: Closing[] = [];
  private readonly begin: Database.Transaction<(run: () => void) => void>;
  private readonly insertLeaf: Database.Statement;
  private readonly insertOutbox: Database.Statement;
  private readonly insertEvent: Database.Statement;
  private open = false;
  private lastHour: string;

  constructor(
    private readonly store: Store,
    private readonly keys: Pick<Keys, "sealer">,
    private readonly clock: Clock,
    private readonly tree: Tree,
    private readonly onListenerError: (error: unknown) => void,
  ) {
    const { db } = store;
    const last = db
      .prepare<[], { leaf: string }>("SELECT leaf FROM ledger_leaves ORDER BY seq DESC LIMIT 1")
      .get();
    this.lastHour = (last && parseLeaf(last.leaf)?.time) ?? "";
    this.begin = db.transaction((run: () => void) => run());
    this.insertLeaf = db.prepare(
      "INSERT INTO ledger_leaves (seq, leaf, kind, actor, subject, dataset, opening_sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.insertOutbox = db.prepare("INSERT INTO outbox (topic, payload, created_at) VALUES (?, ?, ?)");
    this.insertEvent = db.prepare("INSERT INTO events (type, subject, payload, at) VALUES (?, ?, ?, ?)");
  }

  /** A transaction is under way: what the tree shows is not committed yet. */
  get busy(): boolean {
    return this.open;
  }

  on(type: string, handler: Handler): void {
    this.handlers.set(type, [...(this.handlers.get(type) ?? []), handler]);
  }

  beforeCommit(closing: Closing): void {
    this.closings.push(closing);
  }

  afterCommit(listener: Listener): void {
    this.listeners.push(listener);
  }

  commit<T>(work: (tx: Tx) => T): T {
    if (this.open || this.store.db.inTransaction) throw misuse("commit() inside a transaction; hand tx on");
    const before = this.tree.save();
    const committed: Committed = { events: [], outbox: false };
    let result: { value: T } | undefined;
    this.open = true;
    try {
      this.begin.immediate(() => {
        const entries: Entry[] = [];
        const tx = this.transaction(committed, entries);
        result = { value: work(tx) };
        if (typeof (result.value as { then?: unknown } | null | undefined)?.then === "function")
          throw misuse("work handed to commit() must not be asynchronous");
        this.handle(tx, committed.events);
        for (const closing of this.closings) closing(tx, entries);
      });
    } catch (error) {
      this.tree.restore(before);
      throw namingFull(error);
    } finally {
      this.open = false;
    }
    this.tell(committed);
    return result!.value;
  }

  private transaction(committed: Committed, entries: Entry[]): Tx {
    const now = this.clock.now();
    return {
      db: this.store.db,
      now,
      entry: (entry) => {
        entries.push(entry);
        return this.append(entry, now);
      },
      outbox: (topic, payload) => {
        this.insertOutbox.run(topic, canonicalJson(payload), now);
        committed.outbox = true;
      },
      event: (type, subject, payload) => {
        if (committed.events.length >= MAX_EVENTS) throw misuse("events without end in one transaction");
        const { lastInsertRowid } = this.insertEvent.run(type, subject, canonicalJson(payload), now);
        committed.events.push({ id: Number(lastInsertRowid), type, subject, payload, at: now });
      },
    };
  }

  /** Handlers may emit further events, which are handled in their turn. */
  private handle(tx: Tx, events: readonly DomainEvent[]): void {
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      for (const handler of this.handlers.get(event.type) ?? []) handler(tx, event);
    }
  }

  private append(entry: Entry, now: number): number {
    if (!KIND.test(entry.kind)) throw misuse("an entry's kind is <noun>.<past verb>");
    const seq = this.tree.size;
    // The machine's clock may be set back; the log's never is.
    this.lastHour = max(this.lastHour, hourOf(now));
    const opening: Opening = {
      salt: freshBytes(SALT_BYTES).toString("base64"),
      time: entry.coarse ? this.lastHour : rfc3339(now),
      actor: entry.actor,
      subject: entry.subject,
      data: entry.data,
    };
    const commitment = commitmentHash(nodeCrypto, opening)!;
    const leaf = leafText({ seq, time: this.lastHour, kind: entry.kind, commitment });
    const dataset = writeDatasets(entry.dataset);
    const sealed = this.keys.sealer.seal(JSON.stringify(opening), openingContext(leaf, dataset));
    this.insertLeaf.run(seq, leaf, entry.kind, entry.actor, entry.subject, dataset, sealed);
    this.tree.append(hashLeaf(nodeCrypto, utf8(leaf)));
    return seq;
  }

  private tell(committed: Committed): void {
    for (const listener of this.listeners) {
      try {
        listener(committed);
      } catch (error) {
        this.onListenerError(error);
      }
    }
  }
}
