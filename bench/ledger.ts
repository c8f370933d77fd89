/**
 * The ledger against bare inserts: entries per second, one a transaction and in batches, beside better-sqlite3 inserting
 * rows of the same bytes into a plain table with the same durability; then proofs in a long log.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Result } from "../src/cli/bench.js";
import { type Ledger, openLedger, verifyInclusion } from "../src/ledger/index.js";
import { openKeys, openStore, type Store } from "../src/store/index.js";
import { systemClock } from "../src/vocabulary/index.js";

export const name = "ledger";

const BATCH = 1000;

const entry = (i: number) => ({
  kind: "job.submitted",
  actor: "prn_01K00000000000000000000000",
  subject: `job_01K0000000000000000${String(i).padStart(7, "0")}`,
  dataset: "dst_01K00000000000000000000000",
  data: { job: i, spec_sha256: "0".repeat(64), datasets: ["dst_01K00000000000000000000000"] },
});

/** Calls per second of `work`, called `count` times. */
function rate(count: number, work: (i: number) => void): number {
  const begun = performance.now();
  for (let i = 0; i < count; i++) work(i);
  return count / ((performance.now() - begun) / 1000);
}

/** A plain table for the same row, in a database of its own with the same pragmas. */
function bareTable(dir: string) {
  const db = new Database(join(dir, "bare.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(
    "CREATE TABLE bare (seq INTEGER PRIMARY KEY, leaf TEXT, kind TEXT, actor TEXT, subject TEXT, dataset TEXT, opening BLOB) STRICT",
  );
  const insert = db.prepare(
    "INSERT INTO bare (leaf, kind, actor, subject, dataset, opening) VALUES (?, ?, ?, ?, ?, ?)",
  );
  return { db, insert };
}

function appends(ledger: Ledger, store: Store, dir: string, singles: number, batches: number): Result[] {
  const one = rate(singles, (i) => ledger.commit((tx) => tx.entry(entry(i))));
  const batched =
    BATCH *
    rate(batches, (b) =>
      ledger.commit((tx) => {
        for (let i = 0; i < BATCH; i++) tx.entry(entry(b * BATCH + i));
      }),
    );
  const row = store.db.prepare("SELECT leaf, opening_sealed AS opening FROM ledger_leaves LIMIT 1").get() as {
    leaf: string;
    opening: Buffer;
  };
  const { db, insert } = bareTable(dir);
  const put = (i: number) => {
    const { kind, actor, subject, dataset } = entry(i);
    insert.run(row.leaf, kind, actor, subject, dataset, row.opening);
  };
  const bareOne = rate(singles, put);
  const bareBatch = db.transaction((b: number) => {
    for (let i = 0; i < BATCH; i++) put(b * BATCH + i);
  });
  const bareBatched = BATCH * rate(batches, (b) => bareBatch(b));
  db.close();
  const against = (value: number, peer: number, what: string): Result => ({
    name: `entries, ${what}`,
    value: Math.round(value),
    unit: "entries/s",
    peer: { name: "bare inserts of the same bytes", value: Math.round(peer) },
    ratio: value / peer,
  });
  return [
    against(one, bareOne, "one a transaction"),
    against(batched, bareBatched, `${BATCH} a transaction`),
  ];
}

function proofs(ledger: Ledger, size: number, count: number): Result[] {
  while (ledger.size() < size) {
    const more = Math.min(10 * BATCH, size - ledger.size());
    ledger.commit((tx) => {
      for (let i = 0; i < more; i++) tx.entry(entry(i));
    });
  }
  const { root } = ledger.checkpoint(size);
  const claims = Array.from({ length: count }, () => {
    const index = randomBytes(4).readUInt32BE() % size;
    return { index, leaf: ledger.leaf(index) };
  });
  const found: string[][] = [];
  const proving = rate(count, (i) => found.push(ledger.inclusionProof(claims[i]!.index, size)));
  let verified = 0;
  const verifying = rate(count, (i) => {
    if (verifyInclusion({ ...claims[i]!, size, proof: found[i]!, root })) verified += 1;
  });
  if (verified !== count) throw new Error("an inclusion proof did not verify");
  const at = `at ${size.toLocaleString("en")} entries`;
  const micros = (perSecond: number) => Math.round(1e7 / perSecond) / 10;
  return [
    { name: `inclusion proof ${at}`, value: micros(proving), unit: "µs" },
    { name: `verification of one ${at}`, value: micros(verifying), unit: "µs" },
  ];
}

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), "glovebox-bench-ledger-"));
  const store = openStore(join(dir, "data"));
  try {
    const keys = openKeys(store.dataDir, { keyFile: join(dir, "key") });
    const ledger = openLedger({ store, keys, clock: systemClock, domain: "bench" });
    const [singles, batches, size, count] = quick ? [300, 3, 20_000, 500] : [3000, 30, 1_000_000, 5000];
    return [...appends(ledger, store, dir, singles, batches), ...proofs(ledger, size, count)];
  } finally {
    store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
