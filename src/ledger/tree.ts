/**
 * The stored tree: `ledger_nodes` keeps the hash of every complete subtree from level 1 up (level 0 is the hash of a
 * leaf's text, which is stored already), so an append writes one node on average and a proof reads O(log n).
 * The right edge (one hash for each bit set in the size) is kept in memory by the one writer; a transaction
 * that fails puts the earlier edge back.
 */
import type Database from "better-sqlite3";
import { GloveboxError } from "../vocabulary/index.js";
import { type Edge, EMPTY_EDGE, edgeRoot, grow } from "./edge.js";
import { utf8 } from "./encoding.js";
import { nodeCrypto } from "./hash.js";
import { emptyRoot, hashLeaf, hashNode, splitPoint } from "./merkle.js";

const missing = () =>
  new GloveboxError("internal", { detail: "the ledger lacks a node; run `glovebox ledger audit`" });

export class Tree {
  private edge: Edge;
  private readonly insertNode: Database.Statement<[number, number, Uint8Array]>;
  private readonly selectNode: Database.Statement<[number, number], { hash: Buffer }>;
  private readonly selectLeaf: Database.Statement<[number], { leaf: string }>;

  constructor(private readonly db: Database.Database) {
    this.insertNode = db.prepare("INSERT INTO ledger_nodes (level, idx, hash) VALUES (?, ?, ?)");
    this.selectNode = db.prepare("SELECT hash FROM ledger_nodes WHERE level = ? AND idx = ?");
    this.selectLeaf = db.prepare("SELECT leaf FROM ledger_leaves WHERE seq = ?");
    this.edge = this.load();
  }

  get size(): number {
    return this.edge.size;
  }
  /** For a transaction to put back when it fails. */
  save(): Edge {
    return this.edge;
  }
  restore(edge: Edge): void {
    this.edge = edge;
  }

  /** Adds the hash of the next leaf; its text must be in `ledger_leaves` by the end of the transaction. */
  append(leafHash: Uint8Array): void {
    const { edge, complete } = grow(nodeCrypto, this.edge, leafHash);
    for (const { level, index, hash } of complete) this.insertNode.run(level, index, hash);
    this.edge = edge;
  }

  root(size: number = this.size): Uint8Array {
    this.checkSize(size);
    if (size === this.size) return edgeRoot(nodeCrypto, this.edge);
    return size === 0 ? emptyRoot(nodeCrypto) : this.range(0, size);
  }

  /** RFC 6962 audit path of leaf `index` in the tree of `size`. */
  inclusion(index: number, size: number): Uint8Array[] {
    this.checkSize(size);
    if (!Number.isSafeInteger(index) || index < 0 || index >= size)
      throw new GloveboxError("not_found", { detail: "no such entry in a tree of this size" });
    const path: Uint8Array[] = [];
    let begin = 0;
    let end = size;
    while (end - begin > 1) {
      const middle = begin + splitPoint(end - begin);
      if (index < middle) {
        path.push(this.range(middle, end));
        end = middle;
      } else {
        path.push(this.range(begin, middle));
        begin = middle;
      }
    }
    return path.reverse();
  }

  /** RFC 6962 consistency proof between the trees of `from` and `to` leaves. */
  consistency(from: number, to: number): Uint8Array[] {
    this.checkSize(to);
    if (!Number.isSafeInteger(from) || from < 0 || from > to)
      throw new GloveboxError("not_found", { detail: "the first size must not be above the second" });
    if (from === 0 || from === to) return [];
    const path: Uint8Array[] = [];
    let begin = 0;
    let end = to;
    // Invariant: the old tree's right border lies in (begin, end].
    while (from !== end) {
      const middle = begin + splitPoint(end - begin);
      if (from <= middle) {
        path.push(this.range(middle, end));
        end = middle;
      } else {
        path.push(this.range(begin, middle));
        begin = middle;
      }
    }
    // The subtree that is left ends the old tree; when it is all of it, the other side has its hash.
    if (begin > 0) path.push(this.range(begin, end));
    return path.reverse();
  }

  /** Hash over leaves [begin, end); `begin` is a multiple of the largest power of two below the length. */
  private range(begin: number, end: number): Uint8Array {
    const length = end - begin;
    const level = Math.log2(length);
    if (Number.isInteger(level)) return this.node(level, begin / length);
    const middle = begin + splitPoint(length);
    return hashNode(nodeCrypto, this.range(begin, middle), this.range(middle, end));
  }

  private node(level: number, index: number): Uint8Array {
    if (level > 0) {
      const row = this.selectNode.get(level, index);
      if (row === undefined) throw missing();
      return row.hash;
    }
    const row = this.selectLeaf.get(index);
    if (row === undefined) throw missing();
    return hashLeaf(nodeCrypto, utf8(row.leaf));
  }

  private load(): Edge {
    const row = this.db.prepare("SELECT count(*) AS n, max(seq) AS last FROM ledger_leaves").get() as {
      n: number;
      last: number | null;
    };
    if (row.n !== (row.last ?? -1) + 1) throw missing();
    const hashes: (Uint8Array | undefined)[] = [];
    let begin = 0;
    for (let level = Math.floor(Math.log2(Math.max(1, row.n))); level >= 0; level--) {
      const width = 2 ** level;
      if (Math.floor(row.n / width) % 2 === 0) continue;
      hashes[level] = this.node(level, begin / width);
      begin += width;
    }
    return row.n === 0 ? EMPTY_EDGE : { size: row.n, hashes };
  }

  private checkSize(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size)
      throw new GloveboxError("not_found", { detail: "the ledger is not that long" });
  }
}
