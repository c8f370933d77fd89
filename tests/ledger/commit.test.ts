import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { commitmentOf, type Ledger, openLedger, parseLeaf, verifyNote } from "../../src/ledger/index.js";
import { type Keys, openKeys, openStore, type Store } from "../../src/store/index.js";
import { ManualClock } from "../../src/vocabulary/index.js";

let dir: string;
let store: Store;
let keys: Keys;
let ledger: Ledger;
const clock = new ManualClock(Date.UTC(2026, 10, 24, 8, 14, 3, 7));
const entry = (subject: string) => ({
  kind: "dataset.created",
  actor: "prn_a",
  subject,
  data: { name: subject },
});
const count = (table: string) =>
  (store.db.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "ledger-"));
  store = openStore(join(dir, "data"));
  keys = openKeys(store.dataDir, { keyFile: join(dir, "key") });
  ledger = openLedger({ store, keys, clock, domain: "hospital-a" });
});
afterEach(() => {
  store.close();
  rmSync(dir, { recursive: true, force: true });
});

describe("a commit is one step", () => {
  test("state, entry, outbox and event are all there after it", () => {
    const seq = ledger.commit((tx) => {
      tx.db.prepare("INSERT INTO meta (key, value) VALUES ('k', 'v')").run();
      tx.outbox("wake", { job: "job_1" });
      tx.event("thing.changed", "s", { a: 1 });
      return tx.entry(entry("s"));
    });
    expect(seq).toBe(0);
    expect([ledger.size(), count("outbox"), count("events")]).toEqual([1, 1, 1]);
  });

  test("nothing is there when the work throws, and the next commit is as if it had not been", () => {
    const before = ledger.checkpoint();
    const failing = () =>
      ledger.commit((tx) => {
        for (let i = 0; i < 5; i++) tx.entry(entry(`s${i}`));
        tx.event("thing.changed", "s", {});
        tx.outbox("wake", {});
        throw new Error("no");
      });
    expect(failing).toThrow("no");
    expect(ledger.checkpoint()).toEqual(before);
    expect([
      ledger.size(),
      count("ledger_leaves"),
      count("ledger_nodes"),
      count("outbox"),
      count("events"),
    ]).toEqual([0, 0, 0, 0, 0]);
    expect(ledger.commit((tx) => tx.entry(entry("s")))).toBe(0);
  });

  test("a handler acts inside the transaction and can refuse it", () => {
    ledger.on("grant.revoked", (tx, e) => {
      tx.entry({ kind: "job.refused", actor: "system", subject: e.subject, data: {} });
      tx.event("job.ended", e.subject, {});
    });
    ledger.on("job.ended", (_tx, e) => {
      if (e.subject === "bad") throw new Error("refused");
    });
    ledger.commit((tx) => tx.event("grant.revoked", "good", {}));
    expect([ledger.size(), count("events")]).toEqual([1, 2]);
    expect(() => ledger.commit((tx) => tx.event("grant.revoked", "bad", {}))).toThrow("refused");
    expect([ledger.size(), count("events")]).toEqual([1, 2]);
  });

  test("events that breed without end are stopped", () => {
    ledger.on("echo.made", (tx) => tx.event("echo.made", "s", {}));
    expect(() => ledger.commit((tx) => tx.event("echo.made", "s", {}))).toThrow("events without end");
    expect(count("events")).toBe(0);
  });

  test("a nested commit and asynchronous work are refused, and leave nothing", () => {
    const nested = () => ledger.commit(() => ledger.commit((tx) => tx.entry(entry("s"))));
    expect(nested).toThrow(expect.objectContaining({ code: "internal" }));
    const later = () => ledger.commit(async (tx) => tx.entry(entry("s")));
    expect(later).toThrow(expect.objectContaining({ code: "internal" }));
    expect(ledger.size()).toBe(0);
  });

  test("listeners hear of it afterwards, and their failure does not undo it", () => {
    const heard: unknown[] = [];
    const errors: unknown[] = [];
    const other = openLedger({
      store,
      keys,
      clock,
      domain: "hospital-a",
      onListenerError: (e) => errors.push(e),
    });
    other.afterCommit(() => {
      throw new Error("deaf");
    });
    other.afterCommit((c) => heard.push([c.events.map((e) => e.type), c.outbox, other.size()]));
    other.commit((tx) => {
      tx.event("a.done", "s", {});
      tx.outbox("wake", {});
      tx.entry(entry("s"));
    });
    other.commit((tx) => tx.entry(entry("s")));
    expect(heard).toEqual([
      [["a.done"], true, 1],
      [[], false, 2],
    ]);
    expect(errors).toHaveLength(2);
  });
});

describe("a leaf says the least", () => {
  test("it has place, hour, kind and a commitment that its opening meets", () => {
    ledger.commit((tx) => tx.entry(entry("dst_1")));
    const leaf = parseLeaf(ledger.leaf(0))!;
    const opening = ledger.opening(0);
    expect(leaf).toEqual({
      seq: 0,
      time: "2026-11-24T08:00:00Z",
      kind: "dataset.created",
      commitment: commitmentOf(opening),
    });
    expect(opening).toMatchObject({
      time: "2026-11-24T08:14:03.007Z",
      actor: "prn_a",
      data: { name: "dst_1" },
    });
  });

  test("equal entries have unlike commitments", () => {
    ledger.commit((tx) => [tx.entry(entry("s")), tx.entry(entry("s"))]);
    expect(parseLeaf(ledger.leaf(0))!.commitment).not.toBe(parseLeaf(ledger.leaf(1))!.commitment);
  });

  test("its opening is not in the database in clear", () => {
    ledger.commit((tx) => tx.entry({ ...entry("s"), data: { secret: "xyzzy-plugh" } }));
    const row = store.db.prepare("SELECT * FROM ledger_leaves").get() as Record<string, unknown>;
    expect(JSON.stringify(row)).not.toContain("xyzzy");
    expect((row.opening_sealed as Buffer).includes("xyzzy")).toBe(false);
  });
});

test("the ledger goes on where it was after it is opened again", () => {
  for (let n = 0; n < 40; n++) {
    const reopened = openLedger({ store, keys, clock, domain: "hospital-a" });
    expect(reopened.size()).toBe(n);
    expect(reopened.checkpoint()).toEqual(n === 0 ? reopened.checkpoint(0) : ledger.checkpoint());
    ledger = reopened;
    ledger.commit((tx) => tx.entry(entry(`s${n}`)));
  }
  const { note, root, origin } = ledger.checkpoint();
  expect(origin).toBe("glovebox/hospital-a");
  expect(verifyNote(note, { origin, publicKey: ledger.publicKey })).toMatchObject({ size: 40, root });
});
