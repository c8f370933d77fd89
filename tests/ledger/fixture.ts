/** A store, keys and ledger in a directory of their own, and the tree as RFC 6962 defines it, without cleverness. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Ledger, openLedger } from "../../src/ledger/index.js";
import { type Keys, openKeys, openStore, type Store } from "../../src/store/index.js";
import { ManualClock } from "../../src/vocabulary/index.js";

export interface LedgerFixture {
  dir: string;
  store: Store;
  keys: Keys;
  ledger: Ledger;
  clock: ManualClock;
  /** The ledger opened anew over the same store. */
  reopen(): Ledger;
  add(count: number): void;
  end(): void;
}

export function ledgerFixture(): LedgerFixture {
  const dir = mkdtempSync(join(tmpdir(), "ledger-"));
  const store = openStore(join(dir, "data"));
  const keys = openKeys(store.dataDir, { keyFile: join(dir, "key") });
  const clock = new ManualClock(Date.UTC(2026, 10, 24, 8, 14, 3, 7));
  const reopen = () => openLedger({ store, keys, clock, domain: "hospital-a" });
  const ledger = reopen();
  return {
    dir,
    store,
    keys,
    ledger,
    clock,
    reopen,
    add: (count) =>
      ledger.commit((tx) => {
        for (let i = 0; i < count; i++)
          tx.entry({ kind: "dataset.created", actor: "prn_a", subject: `dst_${i}`, data: { i } });
      }),
    end() {
      store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const split = (n: number) => 2 ** (Math.ceil(Math.log2(n)) - 1);

/** MTH(D[n]) of RFC 6962 §2.1. */
export function referenceRoot(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0]!);
  const k = split(leaves.length);
  return sha256(Uint8Array.of(1), referenceRoot(leaves.slice(0, k)), referenceRoot(leaves.slice(k)));
}

/** PATH(m, D[n]) of RFC 6962 §2.1.1. */
export function referencePath(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const k = split(leaves.length);
  return m < k
    ? [...referencePath(m, leaves.slice(0, k)), referenceRoot(leaves.slice(k))]
    : [...referencePath(m - k, leaves.slice(k)), referenceRoot(leaves.slice(0, k))];
}

/** PROOF(m, D[n]) of RFC 6962 §2.1.2. */
export function referenceProof(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  return m === 0 ? [] : subproof(m, leaves, true);
}

function subproof(m: number, leaves: readonly Uint8Array[], whole: boolean): Buffer[] {
  if (m === leaves.length) return whole ? [] : [referenceRoot(leaves)];
  const k = split(leaves.length);
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), whole), referenceRoot(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), referenceRoot(leaves.slice(0, k))];
}
