/**
 * The ledger as the rooms see it: commit, head, proofs, entries. Append-only: nothing here changes or removes a leaf.
 */
import type { Keys, Store } from "../store/index.js";
import { type Clock, GloveboxError } from "../vocabulary/index.js";
import { type Closing, Committer, type Handler, type Listener, type Tx } from "./commit.js";
import { fromBase64, toBase64, utf8 } from "./encoding.js";
import { nodeCrypto } from "./hash.js";
import { type Opening, openingContext } from "./leaves.js";
import { checkpointText, keyIdOf, parseNote, signedNote } from "./note.js";
import { Tree } from "./tree.js";

export interface Checkpoint {
  origin: string;
  size: number;
  /** Base64. */
  root: string;
  /** C2SP signed note. */
  note: string;
}

/** An entry as it is stored; its opening is read apart, by those who may. */
export interface LedgerRow {
  seq: number;
  leaf: string;
  kind: string;
  actor: string;
  subject: string;
  /** Of several, a space between them: see `datasetsIn`. */
  dataset: string | null;
}

/** The datasets whose owners and auditors may read an entry. */
export const datasetsIn = (row: Pick<LedgerRow, "dataset">): string[] => row.dataset?.split(" ") ?? [];

export interface Ledger {
  readonly origin: string;
  readonly publicKey: string;
  commit<T>(work: (tx: Tx) => T): T;
  /** Runs inside the transaction that emits the event. */
  on(type: string, handler: Handler): void;
  /** Runs last inside each transaction, after the handlers of its events. */
  beforeCommit(closing: Closing): void;
  afterCommit(listener: Listener): void;
  size(): number;
  /** The signed head, now or of an earlier size. */
  checkpoint(size?: number): Checkpoint;
  /** Base64 hashes. */
  inclusionProof(index: number, size?: number): string[];
  consistencyProof(from: number, to: number): string[];
  leaf(index: number): string;
  opening(index: number): Opening;
  /** Entries in [from, to), at most `MAX_ENTRIES`. */
  entries(from: number, to: number): LedgerRow[];
  /** The first entries about a subject, oldest first, at most `MAX_ENTRIES`. */
  about(subject: string): LedgerRow[];
  /** The last entry of a kind about a subject. */
  latest(subject: string, kind: string): LedgerRow | undefined;
}

export interface LedgerOptions {
  store: Store;
  keys: Pick<Keys, "log" | "sealer">;
  clock: Clock;
  domain: string;
  /** Told of what a listener threw after a commit, which stands all the same. */
  onListenerError?: (error: unknown) => void;
}

export const MAX_ENTRIES = 1000;
const DOMAIN = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const ENTRY_COLUMNS = "seq, leaf, kind, actor, subject, dataset";

export const originOf = (domain: string): string => {
  if (!DOMAIN.test(domain))
    throw new GloveboxError("invalid_input", {
      detail: "domain: lower-case letters, digits, dots and hyphens, at most 63",
    });
  return `glovebox/${domain}`;
};

class SqliteLedger implements Ledger {
  readonly origin: string;
  readonly publicKey: string;
  private readonly tree: Tree;
  private readonly committer: Committer;
  /** Size of the newest head given out. */
  private given: number;

  constructor(private readonly options: LedgerOptions) {
    this.origin = originOf(options.domain);
    this.publicKey = options.keys.log.publicKey;
    this.tree = new Tree(options.store.db);
    this.given = this.checkAgainstGiven();
    const onError = options.onListenerError ?? warn;
    this.committer = new Committer(options.store, options.keys, options.clock, this.tree, onError);
  }

  commit<T>(work: (tx: Tx) => T): T {
    return this.committer.commit(work);
  }
  on(type: string, handler: Handler): void {
    this.committer.on(type, handler);
  }
  beforeCommit(closing: Closing): void {
    this.committer.beforeCommit(closing);
  }
  afterCommit(listener: Listener): void {
    this.committer.afterCommit(listener);
  }
  size(): number {
    return this.tree.size;
  }

  checkpoint(size: number = this.tree.size): Checkpoint {
    if (this.committer.busy)
      throw new GloveboxError("internal", { detail: "a checkpoint states committed entries only" });
    const root = this.tree.root(size);
    const text = checkpointText(this.origin, size, root);
    const publicKey = fromBase64(this.publicKey)!;
    const signature = this.options.keys.log.sign(utf8(text));
    const note = signedNote(text, this.origin, keyIdOf(nodeCrypto, this.origin, publicKey), signature);
    this.remember(size, note);
    return { origin: this.origin, size, root: toBase64(root), note };
  }

  /** Keeps the newest head given out: the log must never again say otherwise. */
  private remember(size: number, note: string): void {
    const { store, clock } = this.options;
    if (size <= this.given || store.db.readonly) return;
    store.db
      .prepare("INSERT OR IGNORE INTO ledger_checkpoints (size, note, at) VALUES (?, ?, ?)")
      .run(size, note, clock.now());
    this.given = size;
  }

  /** @throws state_conflict when the stored log is not a continuation of the newest head it gave out. */
  private checkAgainstGiven(): number {
    const row = this.options.store.db
      .prepare<[], { size: number; note: string }>(
        "SELECT size, note FROM ledger_checkpoints ORDER BY size DESC LIMIT 1",
      )
      .get();
    if (row === undefined) return 0;
    const stated = parseNote(row.note);
    if (
      stated === undefined ||
      stated.size > this.tree.size ||
      stated.root !== toBase64(this.tree.root(stated.size))
    )
      throw new GloveboxError("state_conflict", {
        detail: "the ledger does not continue a checkpoint it has given out; run `glovebox ledger audit`",
      });
    return stated.size;
  }

  inclusionProof(index: number, size: number = this.tree.size): string[] {
    return this.tree.inclusion(index, size).map(toBase64);
  }
  consistencyProof(from: number, to: number): string[] {
    return this.tree.consistency(from, to).map(toBase64);
  }
  leaf(index: number): string {
    return this.row(index).leaf;
  }

  opening(index: number): Opening {
    const row = this.options.store.db
      .prepare<[number], { sealed: Buffer; leaf: string; dataset: string | null }>(
        "SELECT opening_sealed AS sealed, leaf, dataset FROM ledger_leaves WHERE seq = ?",
      )
      .get(index);
    if (row === undefined) throw new GloveboxError("not_found", { detail: "no such ledger entry" });
    const plain = this.options.keys.sealer.open(row.sealed, openingContext(row.leaf, row.dataset));
    return JSON.parse(plain.toString()) as Opening;
  }

  entries(from: number, to: number): LedgerRow[] {
    return this.options.store.db
      .prepare<[number, number, number], LedgerRow>(
        `SELECT ${ENTRY_COLUMNS} FROM ledger_leaves WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ?`,
      )
      .all(from, to, MAX_ENTRIES);
  }

  about(subject: string): LedgerRow[] {
    return this.options.store.db
      .prepare<[string, number], LedgerRow>(
        `SELECT ${ENTRY_COLUMNS} FROM ledger_leaves WHERE subject = ? ORDER BY seq LIMIT ?`,
      )
      .all(subject, MAX_ENTRIES);
  }

  latest(subject: string, kind: string): LedgerRow | undefined {
    return this.options.store.db
      .prepare<[string, string], LedgerRow>(
        `SELECT ${ENTRY_COLUMNS} FROM ledger_leaves WHERE subject = ? AND kind = ? ORDER BY seq DESC LIMIT 1`,
      )
      .get(subject, kind);
  }

  private row(index: number): LedgerRow {
    const row = this.options.store.db
      .prepare<[number], LedgerRow>(`SELECT ${ENTRY_COLUMNS} FROM ledger_leaves WHERE seq = ?`)
      .get(index);
    if (row === undefined) throw new GloveboxError("not_found", { detail: "no such ledger entry" });
    return row;
  }
}

/** The message only: an error's text may not carry a data value, its cause might. */
function warn(error: unknown): void {
  process.emitWarning(`a listener failed after a commit: ${error instanceof Error ? error.name : "unknown"}`);
}

export function openLedger(options: LedgerOptions): Ledger {
  return new SqliteLedger(options);
}
