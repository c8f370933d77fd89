/**
 * The check step: what a run uploaded is rebuilt by a checker, scanned by an engine against the data, given
 * findings and a verdict, and held, all in one commit at the end.
 *
 * Rules: nothing is shown or releasable before that commit; until then the raw objects are all there is, so a
 * check can be begun again from the start at any time. Every expected output gets a row, with content or without:
 * what was not written, or is not kept, stands as an empty file that says so. Raw bytes go when the check is done.
 */
import type { ScanHit } from "../catalog/index.js";
import {
  type Canonical,
  type DisclosurePolicy,
  type Finding,
  judgeFacts,
  layoutOf,
  mediaTypeOf,
  rawValueFinding,
  verdictOf,
} from "../privacy/index.js";
import { type Evidence, type Verdict, worstVerdict } from "../vocabulary/index.js";
import { kindOf } from "./claim.js";
import { policyOf } from "./disclosure-policy.js";
import type { JobsParts } from "./jobs.js";
import { claimOf } from "./kinds/table.js";
import { factsKept, isLog } from "./outputs.js";
import { datasetsOf, type JobRow, type OutputRow, outputsOf, runRow } from "./rows.js";

/** One output, checked: what will stand in its row. */
export interface CheckedOutput {
  name: string;
  media_type: string;
  object: string;
  sha256: string;
  bytes: number;
  capacity_bytes: number;
  verdict: Verdict;
  /** What the node computed itself from a claim of before the run is verified. */
  evidence: Evidence;
  findings: Finding[];
  table: Canonical["table"];
}

export interface CheckedJob {
  outputs: CheckedOutput[];
  /** The worst over what counts: all outputs of a job that is held, the logs of one that failed or was stopped. */
  verdict: Verdict;
  /** What the job was to become when the check began; if that changed, the check is done again. */
  plan: Plan;
}

export type Plan = "all" | "logs" | "nothing";

/** What is kept of a job, by how it is to end. */
export function planOf(job: JobRow, maxChecks: number): Plan {
  if (job.check_attempts >= maxChecks) return "nothing";
  return job.failure_class === null && job.stop_reason === null ? "all" : "logs";
}

/** Checks all outputs of a job in `checking`. Changes nothing but the vault. @throws when it could not be carried out */
export async function checkOutputs(parts: JobsParts, job: JobRow): Promise<CheckedJob> {
  const plan = planOf(job, parts.config.maxChecks);
  const names = kindOf(parts, job).outputs(job.spec);
  const rows = new Map(outputsOf(parts.store.db, job).map((row) => [row.name, row]));
  const policy = policyOf(parts, job);
  const judged: { name: string; canonical: Canonical }[] = [];
  for (const name of names) {
    judged.push({ name, canonical: await judge(parts, job, name, plan, rows.get(name), policy) });
  }
  await scan(parts, job, judged, policy);
  const outputs: CheckedOutput[] = [];
  for (const one of judged) outputs.push(await keep(parts, one.name, one.canonical, rows.get(one.name)));
  const counted = outputs.filter((o) => plan === "all" || isLog(o.name));
  return { outputs, verdict: worstVerdict(counted.map((o) => o.verdict)), plan };
}

async function judge(
  parts: JobsParts,
  job: JobRow,
  name: string,
  plan: Plan,
  row: OutputRow | undefined,
  policy: DisclosurePolicy,
): Promise<Canonical> {
  if (plan === "nothing")
    return nothing(name, "unchecked", "It could not be checked, so nothing of it is kept.");
  if (plan === "logs" && !isLog(name))
    return nothing(name, "not_kept", "The job did not end well, so only its logs are kept.");
  if (!row || row.raw_object === null) return nothing(name, "missing", whyMissing(parts, job, name));
  const facts = factsKept(parts, row);
  if (facts) return judgeFacts(facts, layoutOf(claimOf(job, name).statistic), policy);
  const source = parts.vault.get(row.raw_object);
  return parts.checker.canonicalise({ name, source, bytes: row.bytes, policy });
}

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

/** Looks for the data's own values in all texts of all outputs, and adds what it finds to each. */
async function scan(
  parts: JobsParts,
  job: JobRow,
  judged: { name: string; canonical: Canonical }[],
  policy: DisclosurePolicy,
): Promise<void> {
  const texts = judged.flatMap(({ canonical }, i) =>
    canonical.texts
      .filter((text) => text.content.length > 0)
      .map((text, k) => ({ name: `${i}.${k}`, says: text.name, content: text.content })),
  );
  if (texts.length === 0) return;
  const versionIds = datasetsOf(parts.store.db, job.id).map((d) => d.version);
  const hits = await parts.catalog.scanOutputs({
    versionIds,
    texts: texts.map(({ name, content }) => ({ name, content })),
    significantDigits: policy.significant_digits,
  });
  for (const hit of hits) {
    const text = texts.find((t) => t.name === hit.name);
    const target = judged[Number(hit.name.split(".")[0])];
    if (text && target) target.canonical.findings.push(findingOf({ ...hit, name: text.says }));
  }
}

function findingOf(hit: ScanHit): Finding {
  if (hit.kind !== "unscanned") return rawValueFinding({ ...hit, kind: hit.kind });
  return {
    rule: "raw_values",
    verdict: hit.verdict,
    message: `Parts of the ${hit.name} could not be looked into.`,
    evidence: { kind: hit.kind, encoding: hit.encoding, count: hit.count },
  };
}

async function keep(
  parts: JobsParts,
  name: string,
  checked: Canonical,
  row: OutputRow | undefined,
): Promise<CheckedOutput> {
  // What the rebuilding left as it was is in the vault already.
  const same = row?.raw_object && row.sha256 === checked.sha256;
  const stored = same
    ? { object: row.raw_object!, sha256: checked.sha256!, bytes: checked.bytes }
    : await parts.vault.put(checked.canonical ?? Buffer.alloc(0));
  return {
    name,
    media_type: checked.media_type,
    object: stored.object,
    sha256: stored.sha256,
    bytes: stored.bytes,
    capacity_bytes: checked.capacity_bytes,
    verdict: verdictOf(checked.findings),
    evidence: checked.table?.stated_by === "node" ? "verified" : "unverified",
    findings: checked.findings,
    table: checked.table,
  };
}
