/**
 * The audit: recomputes the whole ledger from what is stored and says where it does not agree. Every leaf, opening,
 * node and checkpoint is looked at once, in a stream; nothing is trusted but the keys and the checkpoints handed in.
 * Whoever holds the node's keys and rewrites everything consistently is caught only by a checkpoint kept elsewhere;
 * and so is whoever cuts off the end, as far as it is newer than the newest checkpoint given out.
 */

import type { Keys, Store } from "../store/index.js";
import { type Edge, EMPTY_EDGE, edgeRoot, grow } from "./edge.js";
import { toBase64, utf8 } from "./encoding.js";
import { nodeCrypto } from "./hash.js";
import { commit, type Leaf, type Opening, openingContext, parseLeaf } from "./leaves.js";
import type { LedgerRow } from "./ledger.js";
import { hashLeaf } from "./merkle.js";
import { checkNote, parseNote } from "./note.js";

export interface AuditProblem {
  /** The entry concerned, where there is one. */
  seq?: number;
  what: string;
}

export interface AuditReport {
  ok: boolean;
  size: number;
  /** Base64. */
  root: string;
  /** Checkpoints (stored and handed in) that were compared. */
  checkpoints: number;
  /** The first ones; `ok` counts all. */
  problems: AuditProblem[];
}

interface Row extends LedgerRow {
  sealed: Buffer;
}

interface Claimed {
  size: number;
  root: string;
  source: string;
}

const MAX_PROBLEMS = 100;

class Audit {
  private readonly problems: AuditProblem[] = [];
  private found = 0;
  private nodes = 0;
  private lastTime = "";
  private edge: Edge = EMPTY_EDGE;

  constructor(
    private readonly store: Store,
    private readonly keys: Pick<Keys, "log" | "sealer">,
  ) {}

  run(earlier: readonly string[]): AuditReport {
    const claims = this.claims(earlier);
    this.compareAt(0, claims);
    const selectNode = this.store.db.prepare<[number, number], { hash: Buffer }>(
      "SELECT hash FROM ledger_nodes WHERE level = ? AND idx = ?",
    );
    const rows = this.store.db.prepare<[], Row>(
      "SELECT seq, leaf, kind, actor, subject, dataset, opening_sealed AS sealed FROM ledger_leaves ORDER BY seq",
    );
    for (const row of rows.iterate()) {
      this.checkRow(row);
      const { edge, complete } = grow(nodeCrypto, this.edge, hashLeaf(nodeCrypto, utf8(row.leaf)));
      for (const { level, index, hash } of complete) {
        this.nodes += 1;
        if (!selectNode.get(level, index)?.hash.equals(hash))
          this.problem(`the stored hash of subtree ${level}/${index} is not that of its leaves`, row.seq);
      }
      this.edge = edge;
      this.compareAt(edge.size, claims);
    }
    return this.report(claims);
  }

  private report(claims: readonly Claimed[]): AuditReport {
    const { n } = this.store.db.prepare("SELECT count(*) AS n FROM ledger_nodes").get() as { n: number };
    if (n !== this.nodes)
      this.problem("there are stored subtrees that belong to no leaf, or some are missing");
    for (const claim of claims.filter((c) => c.size > this.edge.size))
      this.problem(`${claim.source} states ${claim.size} entries; entries were removed`);
    return {
      ok: this.found === 0,
      size: this.edge.size,
      root: toBase64(edgeRoot(nodeCrypto, this.edge)),
      checkpoints: claims.length,
      problems: this.problems,
    };
  }

  private checkRow(row: Row): void {
    if (row.seq !== this.edge.size) this.problem(`entry ${this.edge.size} is missing`, row.seq);
    const leaf = parseLeaf(row.leaf);
    if (leaf === undefined) {
      this.problem("the leaf is not in canonical form", row.seq);
      return;
    }
    if (leaf.seq !== row.seq || leaf.kind !== row.kind)
      this.problem("the leaf does not belong to its row", row.seq);
    if (leaf.time < this.lastTime) this.problem("the leaf is older than the one before it", row.seq);
    this.lastTime = leaf.time;
    this.checkOpening(row, leaf);
  }

  private checkOpening(row: Row, leaf: Leaf): void {
    let opening: Opening;
    try {
      const plain = this.keys.sealer.open(row.sealed, openingContext(row.leaf, row.dataset));
      opening = JSON.parse(plain.toString()) as Opening;
    } catch {
      this.problem("the opening was changed or moved", row.seq);
      return;
    }
    if (commit(nodeCrypto, opening) !== leaf.commitment)
      this.problem("the opening is not what the leaf commits to", row.seq);
    if (opening.actor !== row.actor || opening.subject !== row.subject)
      this.problem("actor or subject of the row is not that of its opening", row.seq);
  }

  /** Stored checkpoints and those handed in; one that this log's key did not sign is a problem itself. */
  private claims(earlier: readonly string[]): Claimed[] {
    const stored = this.store.db.prepare<[], { note: string }>("SELECT note FROM ledger_checkpoints").all();
    const notes = [
      ...stored.map((s) => ({ note: s.note, source: "a checkpoint given out earlier" })),
      ...earlier.map((note) => ({ note, source: "the checkpoint handed in" })),
    ];
    const claims: Claimed[] = [];
    for (const { note, source } of notes) {
      const origin = parseNote(note)?.origin ?? "";
      const checked = checkNote(nodeCrypto, note, { publicKey: this.keys.log.publicKey, origin });
      if (checked === undefined) this.problem(`${source} is not signed by this log`);
      else claims.push({ size: checked.size, root: checked.root, source });
    }
    return claims;
  }

  private compareAt(size: number, claims: readonly Claimed[]): void {
    const here = claims.filter((c) => c.size === size);
    if (here.length === 0) return;
    const root = toBase64(edgeRoot(nodeCrypto, this.edge));
    for (const claim of here.filter((c) => c.root !== root))
      this.problem(`the first ${size} entries are not those of ${claim.source}`);
  }

  private problem(what: string, seq?: number): void {
    this.found += 1;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(seq === undefined ? { what } : { seq, what });
  }
}

/** @param earlier checkpoints (signed notes) that were kept elsewhere. */
export function auditLedger(
  store: Store,
  keys: Pick<Keys, "log" | "sealer">,
  earlier: readonly string[] = [],
): AuditReport {
  // One transaction, so that all of it is of one moment: the node may be writing meanwhile.
  return store.db.transaction(() => new Audit(store, keys).run(earlier))();
}
