import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Edge, EMPTY_EDGE, grow } from "../../src/ledger/edge.js";
import { nodeCrypto } from "../../src/ledger/hash.js";
import { auditLedger, utf8, verifyConsistency } from "../../src/ledger/index.js";
import { openingContext } from "../../src/ledger/leaves.js";
import { hashLeaf } from "../../src/ledger/merkle.js";
import { openStore, type Sealer } from "../../src/store/index.js";
import { type LedgerFixture, ledgerFixture } from "./fixture.js";

const SIZE = 21;
let f: LedgerFixture;
let early: { note: string; root: string; size: number };

beforeEach(() => {
  f = ledgerFixture();
  f.add(13);
  early = f.ledger.checkpoint();
  f.add(SIZE - 13);
  f.ledger.checkpoint();
});
afterEach(() => f.end());
const run = (sql: string, ...args: unknown[]) => f.store.db.prepare(sql).run(...args);
const audit = (earlier: string[] = []) => auditLedger(f.store, f.keys, earlier);

test("an untouched ledger passes, with its head and its checkpoints", () => {
  const head = f.ledger.checkpoint();
  expect(audit([early.note])).toEqual({
    ok: true,
    size: SIZE,
    root: head.root,
    checkpoints: 3,
    problems: [],
  });
});

test("an empty ledger passes", () => {
  const empty = ledgerFixture();
  expect(auditLedger(empty.store, empty.keys)).toMatchObject({ ok: true, size: 0 });
  empty.end();
});

test("a ledger that grows while it is audited passes, as it was at one moment", () => {
  const beside = openStore(f.store.dataDir, { readonly: true });
  let grown = 0;
  const open: Sealer["open"] = (...given) => {
    // A row is being looked at: the node writes an entry.
    if (grown++ < 3) f.add(1);
    return f.keys.sealer.open(...given);
  };
  const keys = { log: f.keys.log, sealer: { ...f.keys.sealer, open } };
  expect(auditLedger(beside, keys)).toMatchObject({ ok: true, size: SIZE, problems: [] });
  expect(auditLedger(beside, f.keys)).toMatchObject({ ok: true, size: SIZE + 3 });
  beside.close();
});

describe("whatever is changed in the database is found, at every entry", () => {
  const entries = Array.from({ length: SIZE }, (_, i) => i);
  test.each(entries)("entry %i", (seq) => {
    const set = (assignment: string) => run(`UPDATE ledger_leaves SET ${assignment} WHERE seq = ?`, seq);
    const attacks: [string, () => unknown][] = [
      ["the leaf's commitment", () => set('leaf = replace(leaf, \'"commitment":"\', \'"commitment":"0\')')],
      ["the leaf's kind", () => set("leaf = replace(leaf, 'created', 'retired'), kind = 'dataset.retired'")],
      ["the leaf's hour", () => set("leaf = replace(leaf, 'T08:', 'T09:')")],
      ["the leaf's form", () => set("leaf = replace(leaf, ',', ', ')")],
      ["the row's kind", () => set("kind = 'dataset.retired'")],
      ["the row's actor", () => set("actor = 'prn_b'")],
      ["the row's subject", () => set("subject = 'dst_x'")],
      ["whose the entry is", () => set("dataset = 'dst_mine'")],
      ["the opening", () => set("opening_sealed = zeroblob(length(opening_sealed))")],
      [
        "another entry's opening",
        () =>
          set(`opening_sealed = (SELECT opening_sealed FROM ledger_leaves WHERE seq = ${(seq + 1) % SIZE})`),
      ],
      ["the entry is gone", () => run("DELETE FROM ledger_leaves WHERE seq = ?", seq)],
    ];
    for (const [name, attack] of attacks) {
      f.store.db.exec("SAVEPOINT attack");
      attack();
      expect([name, audit().ok]).toEqual([name, false]);
      f.store.db.exec("ROLLBACK TO attack; RELEASE attack");
    }
    expect(audit().ok).toBe(true);
  });

  test("an opening sealed anew with the node's own key", () => {
    const opening = f.ledger.opening(4);
    const sealed = f.keys.sealer.seal(
      JSON.stringify({ ...opening, actor: "prn_b" }),
      openingContext(f.ledger.leaf(4), null),
    );
    run("UPDATE ledger_leaves SET opening_sealed = ?, actor = 'prn_b' WHERE seq = 4", sealed);
    expect(audit().problems).toEqual([{ seq: 4, what: "the opening is not what the leaf commits to" }]);
  });

  test("every stored node, changed, gone or added", () => {
    const nodes = f.store.db.prepare("SELECT level, idx FROM ledger_nodes").all() as {
      level: number;
      idx: number;
    }[];
    expect(nodes.length).toBe(SIZE - 3);
    for (const { level, idx } of nodes) {
      for (const sql of [
        "UPDATE ledger_nodes SET hash = zeroblob(32) WHERE level = ? AND idx = ?",
        "DELETE FROM ledger_nodes WHERE level = ? AND idx = ?",
      ]) {
        f.store.db.exec("SAVEPOINT attack");
        run(sql, level, idx);
        expect(audit().ok).toBe(false);
        f.store.db.exec("ROLLBACK TO attack; RELEASE attack");
      }
    }
    run("INSERT INTO ledger_nodes (level, idx, hash) VALUES (1, 99, zeroblob(32))");
    expect(audit().ok).toBe(false);
  });

  test("a stored checkpoint", () => {
    run("UPDATE ledger_checkpoints SET note = replace(note, char(10) || '13', char(10) || '12')");
    expect(audit().problems).toEqual([{ what: "a checkpoint given out earlier is not signed by this log" }]);
  });
});

/** Rewrites entry `seq` and everything over it, as one would who has the database and the wrapping key. */
function rewrite(seq: number, upTo: number): void {
  const leaves = Array.from({ length: upTo }, (_, i) => f.ledger.leaf(i));
  leaves[seq] = leaves[seq]!.replace("created", "retired");
  run("DELETE FROM ledger_leaves WHERE seq >= ?", upTo);
  const opening = JSON.stringify(f.ledger.opening(seq));
  const sealed = f.keys.sealer.seal(opening, openingContext(leaves[seq], null));
  run(
    "UPDATE ledger_leaves SET leaf = ?, kind = 'dataset.retired', opening_sealed = ? WHERE seq = ?",
    leaves[seq],
    sealed,
    seq,
  );
  run("DELETE FROM ledger_nodes");
  let edge: Edge = EMPTY_EDGE;
  for (const leaf of leaves) {
    const grown = grow(nodeCrypto, edge, hashLeaf(nodeCrypto, utf8(leaf)));
    for (const n of grown.complete)
      run("INSERT INTO ledger_nodes (level, idx, hash) VALUES (?, ?, ?)", n.level, n.index, n.hash);
    edge = grown.edge;
  }
}

describe("a consistent rewriting is caught by a checkpoint kept elsewhere", () => {
  test("by the audit, by consistency, and at the next start", () => {
    rewrite(3, SIZE);
    expect(() => f.reopen()).toThrow(expect.objectContaining({ code: "state_conflict" }));
    run("DELETE FROM ledger_checkpoints");
    expect(audit().ok).toBe(true);
    expect(audit([early.note]).problems).toEqual([
      { what: "the first 13 entries are not those of the checkpoint handed in" },
    ]);
    const forged = f.reopen();
    const head = forged.checkpoint();
    const proof = forged.consistencyProof(13, SIZE);
    const claim = { from: 13, to: SIZE, toRoot: head.root, proof };
    expect(verifyConsistency({ ...claim, fromRoot: early.root })).toBe(false);
    expect(verifyConsistency({ ...claim, fromRoot: forged.checkpoint(13).root })).toBe(true);
  });

  test("cutting the log short", () => {
    run("DELETE FROM ledger_checkpoints");
    rewrite(3, 8);
    expect(audit([early.note]).problems).toEqual([
      { what: "the checkpoint handed in states 13 entries; entries were removed" },
    ]);
  });
});

test("a log that lacks an entry or a node does not open", () => {
  f.store.db.exec("SAVEPOINT attack");
  run("DELETE FROM ledger_leaves WHERE seq = 5");
  expect(() => f.reopen()).toThrow(expect.objectContaining({ code: "internal" }));
  f.store.db.exec("ROLLBACK TO attack; RELEASE attack");
  run("DELETE FROM ledger_nodes WHERE level = 4");
  expect(() => f.reopen()).toThrow(expect.objectContaining({ code: "internal" }));
});

test("a clock set back does not set back the log", () => {
  f.clock.advance(-7_200_000);
  f.add(1);
  expect(f.ledger.leaf(SIZE)).toContain('"time":"2026-11-24T08:00:00Z"');
  expect(audit().ok).toBe(true);
});

test("an entry whose moment tells something states it to the hour", () => {
  f.ledger.commit((tx) =>
    tx.entry({ kind: "run.ended", actor: "system", subject: "run_1", data: {}, coarse: true }),
  );
  expect(f.ledger.opening(SIZE).time).toBe("2026-11-24T08:00:00Z");
  expect(audit().ok).toBe(true);
});
