/**
 * Which outputs of a job the node computes itself, and from which claim: one that stood in the job before it ran, or one
 * that the running program wrote.
 *
 * Rules: a claim of the job's spec counts before anything that the program wrote, so nothing of such an output depends on
 * the program. What running code wrote is parsed here as strictly as what is submitted, against the columns that the
 * grant shows, and never becomes `verified`: not later either, in another job that repeats it.
 */
import { type Claim, claimFromWritten } from "../../privacy/index.js";
import { CLAIMS_FILE, MAX_CLAIMS_BYTES } from "../../sandbox/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { JobsParts } from "../jobs.js";
import { claimsOf, recomputable, requireName } from "../kinds/table.js";
import { claimKept } from "../outputs.js";
import { type JobRow, jobRow, outputsOf, runRow } from "../rows.js";
import { seenView } from "./compute.js";
import { readClaimsFile, type WrittenLine } from "./file.js";
import { type SafeOf, safeClaim, safeOf } from "./safe.js";

export interface TypedClaim {
  claim: Claim;
  /** `verified`: of before the run. `recomputed`: chosen by code that had read the data. */
  evidence: "verified" | "recomputed";
}

export type OutputClaim = TypedClaim | { problem: string };

/** By output: of those that the spec or the program claims something of. Reads what the program left. */
export async function claimsToCheck(
  parts: JobsParts,
  job: JobRow,
  outputs: readonly string[],
): Promise<ReadonlyMap<string, OutputClaim>> {
  const found = new Map<string, OutputClaim>();
  const beside = safeOf(job.spec);
  if (beside !== undefined) return found.set(beside.output, claimBeside(parts, job, beside));
  for (const [name, claim] of await linesOf(parts, job, outputs)) found.set(name, claim);
  for (const [name, claim] of Object.entries(claimsOf(job.spec)))
    found.set(name, { claim, evidence: "verified" });
  return found;
}

/** The safe form of what another job's output was computed from. */
function claimBeside(parts: JobsParts, job: JobRow, { job: other, output, how }: SafeOf): OutputClaim {
  const origin = claimFor(parts, jobRow(parts.store.db, other), output);
  if (origin === undefined) return { problem: "the node computed nothing of what it stands beside" };
  const seen = seenView(parts, job, origin.claim.dataset);
  if (seen === undefined) return { problem: "it is of a dataset that the job does not read" };
  try {
    const claim = recomputable(safeClaim(origin.claim, how, seen.columns), output);
    return { claim, evidence: origin.evidence };
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code === "internal") throw error;
    return { problem: "its claim has no such version" };
  }
}

async function linesOf(
  parts: JobsParts,
  job: JobRow,
  outputs: readonly string[],
): Promise<[string, OutputClaim][]> {
  const row = outputsOf(parts.store.db, job).find(({ name }) => name === CLAIMS_FILE);
  if (row === undefined || row.raw_object === null) return notTaken(parts, job, outputs);
  const bytes = await parts.vault.read(row.raw_object, MAX_CLAIMS_BYTES);
  return [...readClaimsFile(bytes, outputs)].map(([name, line]) => [name, typed(parts, job, name, line)]);
}

/** A file that was there and was not read leaves all that the program wrote without a claim. */
function notTaken(parts: JobsParts, job: JobRow, outputs: readonly string[]): [string, OutputClaim][] {
  const outcome = job.run === null ? null : runRow(parts.store.db, job.run)?.outcome;
  const refusals = (outcome?.refusals ?? []) as { name?: string; reason: string }[];
  const refused = refusals.find((r) => r.name === CLAIMS_FILE);
  if (refused === undefined) return [];
  const problem =
    refused.reason === "too_large"
      ? "its claims are larger than what is read"
      : "its claims are no regular file";
  return outputs.map((name) => [name, { problem }]);
}

function typed(parts: JobsParts, job: JobRow, name: string, line: WrittenLine | undefined): OutputClaim {
  if (line === undefined) return { problem: "what it wrote is no claim" };
  const seen = seenView(parts, job, line.dataset);
  if (seen === undefined) return { problem: "it is of a dataset that the job does not read" };
  try {
    const claim = claimFromWritten(line.claim, line.dataset, seen.columns, name, line.syntax);
    requireName(name, claim);
    return { claim: recomputable(claim, name), evidence: "recomputed" };
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.code === "internal") throw error;
    // The words of the error may repeat what the program wrote: only a rehearsal, which read no data, shows them.
    const detail = job.mode === "dry_run" ? ` (${error.params.detail ?? error.code})` : "";
    return { problem: `it cannot be read against the columns that the grant shows${detail}` };
  }
}

/**
 * The claim that a held output was computed from. Whoever makes another job of it hands on its evidence: a claim that
 * running code chose may carry a message, so neither its text nor what is computed from it is the requester's to read
 * before a release, and no job that repeats it is `verified`.
 */
export function claimFor(parts: JobsParts, job: JobRow, name: string): TypedClaim | undefined {
  const declared = claimsOf(job.spec)[name];
  if (declared !== undefined) return { claim: declared, evidence: "verified" };
  const row = outputsOf(parts.store.db, job).find((output) => output.name === name);
  const claim = row && claimKept(parts, row);
  return claim && { claim, evidence: "recomputed" };
}
