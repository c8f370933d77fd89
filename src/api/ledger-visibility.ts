/**
 * Who sees what of the ledger.
 *
 * Rules: auditors named for a dataset and its owner read all entries of that dataset, also where it is one of several; anyone reads the entries
 * whose actor or subject they are. Who may also submit jobs reads only these: an entry of one's own job says what
 * its signals have not shown. Of every other entry there is the leaf's hash, which proofs need and which tells
 * nothing. Principals who submit jobs see the log as it stood at the last full hour: the growth of the tree
 * would otherwise tell them of their own run what no signal has charged.
 */
import type { Catalog } from "../catalog/index.js";
import { datasetsIn, type Ledger, type LedgerRow, leafHash } from "../ledger/index.js";
import { type Actor, type DatasetId, GloveboxError, type Role } from "../vocabulary/index.js";

const HOUR_MS = 3_600_000;
const SUBMITTERS: readonly Role[] = ["researcher", "operator"];
/** Their work is to watch the whole log. */
const WATCHERS: readonly Role[] = ["auditor", "owner", "admin"];

const hasOne = (actor: Actor, roles: readonly Role[]) => roles.some((role) => actor.roles.includes(role));

/** How many entries there are for this caller. */
export function visibleSize(ledger: Ledger, actor: Actor, now: number): number {
  return hasOne(actor, SUBMITTERS) ? sizeAtHour(ledger, now) : ledger.size();
}

/** Entries before the present hour, found by bisection: a leaf's time never falls. */
function sizeAtHour(ledger: Ledger, now: number): number {
  const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
  let low = 0;
  let high = ledger.size();
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (timeOf(ledger.leaf(middle)) < hour) low = middle + 1;
    else high = middle;
  }
  return low;
}

const timeOf = (leaf: string): number => Date.parse((JSON.parse(leaf) as { time: string }).time);

/** @throws invalid_input when the caller asks beyond what it may see. */
export function requireVisible(size: number, visible: number): number {
  if (size <= visible) return size;
  throw new GloveboxError("invalid_input", {
    detail: `The log that you may see has ${visible} entries; submitters see it as of the last full hour.`,
  });
}

/** Decides for one request; each dataset is asked about once. */
export interface Reader {
  seesLeaves: boolean;
  mayOpen(row: LedgerRow): boolean;
}

export function readerOf(catalog: Catalog, actor: Actor): Reader {
  const submits = hasOne(actor, SUBMITTERS);
  const known = new Map<string, boolean>();
  const watches = (dataset: string): boolean => {
    const answer =
      known.get(dataset) ??
      (catalog.datasets.row(dataset).owner === actor.id ||
        catalog.datasets.auditors(dataset as DatasetId).includes(actor.id));
    known.set(dataset, answer);
    return answer;
  };
  return {
    seesLeaves: hasOne(actor, WATCHERS) && !submits,
    mayOpen: (row) =>
      row.actor === actor.id || row.subject === actor.id || (!submits && datasetsIn(row).some(watches)),
  };
}

/** One entry as the reader may see it. */
export function entryFor(ledger: Ledger, reader: Reader, row: LedgerRow) {
  const hash = { seq: row.seq, leaf_hash: leafHash(row.leaf) };
  if (reader.mayOpen(row)) return { ...hash, leaf: row.leaf, opening: ledger.opening(row.seq) };
  return reader.seesLeaves ? { ...hash, leaf: row.leaf } : hash;
}
