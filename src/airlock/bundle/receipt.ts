/** The opened entries of a release, from the grants to the approval, each with its way to one signed head. */
import type { Ledger, LedgerRow } from "../../ledger/index.js";
import { parseLeaf } from "../../ledger/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type JobFile, type ReceiptEntry, type ReceiptFile, STEP_KINDS, type Step } from "./format.js";

export interface ReceiptSubjects {
  release: string;
  round: number;
  reviews: readonly string[];
  /** Places of the policies' entries in the ledger. */
  policies: readonly number[];
  job: Pick<JobFile, "job" | "datasets" | "run">;
  outputs: readonly string[];
  /** Size of a head of this log that others know. */
  known?: number | undefined;
}

/** @param size of the tree that the proofs lead to. @throws internal when an entry of the chain is missing. */
export function receiptOf(ledger: Ledger, of: ReceiptSubjects, size: number): ReceiptFile {
  const entries: ReceiptEntry[] = [];
  const add = (step: Step, subject: string, fits: (data: Data) => boolean = () => true) =>
    entries.push(entryOf(ledger, step, find(ledger, step, [subject], fits), size));
  for (const { grant } of of.job.datasets) add("grant", grant);
  add("job", of.job.job.id);
  const run = find(ledger, "run", [of.job.run.id, of.job.job.id], (d) => d.run === of.job.run.id);
  entries.push(entryOf(ledger, "run", run, size));
  for (const output of of.outputs) add("output", output);
  add("request", of.release, (d) => d.round === of.round);
  for (const seq of of.policies) {
    const [row] = ledger.entries(seq, seq + 1);
    if (!row) throw new GloveboxError("internal", { detail: "the ledger has no entry of a policy" });
    entries.push(entryOf(ledger, "policy", row, size));
  }
  for (const review of of.reviews) add("review", of.release, (d) => d.review === review);
  add("release", of.release);
  return {
    version: 1,
    log: { origin: ledger.origin, public_key: ledger.publicKey },
    entries: entries.sort((a, b) => a.leaf.seq - b.leaf.seq),
    ...(of.known === undefined
      ? {}
      : { continues: { size: of.known, proof: ledger.consistencyProof(of.known, size) } }),
  };
}

type Data = Record<string, unknown>;

/** The last entry of the step's first kind that there is; the kinds are in order of what they tell. */
function find(
  ledger: Ledger,
  step: Step,
  subjects: readonly string[],
  fits: (data: Data) => boolean,
): LedgerRow {
  const rows = subjects.flatMap((subject) => ledger.about(subject));
  for (const kind of STEP_KINDS[step]) {
    const found = rows.filter((r) => r.kind === kind && fits(ledger.opening(r.seq).data)).at(-1);
    if (found) return found;
  }
  throw new GloveboxError("internal", { detail: `the ledger has no entry of the ${step} of a release` });
}

function entryOf(ledger: Ledger, step: Step, row: LedgerRow, size: number): ReceiptEntry {
  const leaf = parseLeaf(row.leaf);
  if (leaf === undefined) throw new GloveboxError("internal", { detail: "a leaf is damaged" });
  const opening = ledger.opening(row.seq);
  return {
    step,
    leaf,
    opening: { ...opening, data: opening.data as ReceiptEntry["opening"]["data"] },
    proof: ledger.inclusionProof(row.seq, size),
  };
}
