/**
 * One output, judged: what the node computes itself where the spec or the program claimed something of it, else what a
 * checker rebuilds of the program's file. Changes nothing.
 *
 * Rules: the bytes that a program wrote under a claim that was computed never become the output's; what they state
 * otherwise is said to auditors. An output that cannot be computed stays the program's, and unverified.
 */
import {
  type Canonical,
  type Claim,
  chosenByProgram,
  claimText,
  type DisclosurePolicy,
  type Finding,
  judgeNotRecomputed,
  judgeOtherFile,
  mediaTypeOf,
  type TableFacts,
} from "../privacy/index.js";
import type { Evidence } from "../vocabulary/index.js";
import { kindOf } from "./claim.js";
import type { OutputClaim, TypedClaim } from "./claims/claims.js";
import { type Computed, computeClaim, judgedClaim } from "./claims/compute.js";
import type { JobsParts } from "./jobs.js";
import { claimOf } from "./kinds/table.js";
import { factsKept, isLog } from "./outputs.js";
import { type JobRow, type OutputRow, runRow } from "./rows.js";

/** What is kept of a job, by how it is to end. */
export type Plan = "all" | "logs" | "nothing";

/** One output, judged, before it is kept. */
export interface Judged {
  name: string;
  canonical: Canonical;
  evidence: Evidence;
  claim?: Claim;
  /** Of a model or curves: what it tells of the units that it stands on. */
  stands?: TableFacts;
}

export interface ToJudge {
  name: string;
  plan: Plan;
  row: OutputRow | undefined;
  policy: DisclosurePolicy;
  claim: OutputClaim | undefined;
  /** Aborts when enough was waited for what the job's programs claim, all of it together. */
  patience: AbortSignal;
}

export async function judge(parts: JobsParts, job: JobRow, output: ToJudge): Promise<Judged> {
  const { name, plan, row, policy, claim } = output;
  const unverified = (canonical: Canonical): Judged => ({ name, canonical, evidence: "unverified" });
  if (plan === "nothing")
    return unverified(nothing(name, "unchecked", "It could not be checked, so nothing of it is kept."));
  if (plan === "logs" && !isLog(name))
    return unverified(nothing(name, "not_kept", "The job did not end well, so only its logs are kept."));
  const found = kindOf(parts, job).finder?.outputs(job);
  // What it stands on was agreed before the data were read, so nothing of it was chosen by who had read them.
  if (found !== undefined)
    return { name, canonical: found.find((f) => f.name === name)!.canonical, evidence: "verified" };
  const facts = row && factsKept(parts, row);
  if (facts) {
    const canonical = judgedClaim(facts, claimOf(job, name), policy);
    return { name, canonical, evidence: "verified" };
  }
  if (claim === undefined) return unverified(await judgeFile(parts, job, output));
  return "problem" in claim
    ? unverified(noted(await judgeFile(parts, job, output), claim.problem))
    : judgeClaimed(parts, job, output, claim);
}

/** What the program wrote, rebuilt by a checker. */
async function judgeFile(parts: JobsParts, job: JobRow, { name, row, policy }: ToJudge): Promise<Canonical> {
  if (!row || row.raw_object === null) return nothing(name, "missing", whyMissing(parts, job, name));
  const source = parts.vault.get(row.raw_object);
  return parts.checker.canonicalise({ name, source, bytes: row.bytes, policy });
}

/** What the node computes in place of the program's file; the file itself, where it cannot. */
async function judgeClaimed(
  parts: JobsParts,
  job: JobRow,
  output: ToJudge,
  { claim, evidence }: TypedClaim,
): Promise<Judged> {
  const made = await computeClaim(parts, job, claim, output.policy, output.patience);
  if ("problem" in made)
    return {
      name: output.name,
      canonical: noted(await judgeFile(parts, job, output), made.problem),
      evidence: "unverified",
    };
  const findings = await againstProgram(parts, output, made);
  const canonical = { ...made.canonical, findings: [...made.canonical.findings, ...findings] };
  return evidence === "verified"
    ? { name: output.name, canonical, evidence }
    : { name: output.name, canonical: chosenByProgram(canonical, claimText(claim)), evidence, claim };
}

/** What the program's own file says otherwise. A file that it did not write says nothing. */
async function againstProgram(parts: JobsParts, output: ToJudge, made: Computed): Promise<Finding[]> {
  const { name, row, policy } = output;
  const own = made.canonical.canonical;
  if (!row || row.raw_object === null || own === undefined || row.sha256 === made.canonical.sha256) return [];
  const source = parts.vault.get(row.raw_object);
  const { canonical } = await parts.checker.canonicalise({ name, source, bytes: row.bytes, policy });
  if (canonical === undefined) return [judgeOtherFile("The program's own file could not be read.")];
  return made.compare(own, canonical);
}

const noted = (canonical: Canonical, problem: string): Canonical => ({
  ...canonical,
  findings: [...canonical.findings, judgeNotRecomputed(problem)],
});

const REFUSALS: { [reason: string]: string } = {
  not_a_file: "What the program left under this name is not a regular file.",
  linked: "What the program left under this name has more than one name.",
  too_large: "The file is larger than what is kept.",
  unreadable: "The file could not be read.",
};

function whyMissing(parts: JobsParts, job: JobRow, name: string): string {
  const outcome = job.run === null ? null : runRow(parts.store.db, job.run)?.outcome;
  const refusals = (outcome?.refusals ?? []) as { name?: string; reason: string }[];
  const reason = refusals.find((r) => r.name === name)?.reason ?? "missing";
  return REFUSALS[reason] ?? "The program did not write this file.";
}

/** An output without content. */
function nothing(name: string, rule: string, message: string): Canonical {
  return {
    media_type: mediaTypeOf(name)?.media_type ?? "application/octet-stream",
    canonical: undefined,
    bytes: 0,
    sha256: undefined,
    findings: [{ rule, verdict: "fail", message }],
    capacity_bytes: 0,
    texts: [],
  };
}
