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
  type Claim,
  type DisclosurePolicy,
  type Finding,
  rawValueFinding,
  type TableFacts,
  verdictFor,
  verdictOf,
} from "../privacy/index.js";
import { type Evidence, type Verdict, worstVerdict } from "../vocabulary/index.js";
import { kindOf } from "./claim.js";
import { claimsToCheck, type OutputClaim } from "./claims/claims.js";
import { safeOf } from "./claims/safe.js";
import { judgeTogether } from "./differencing.js";
import { policyOf } from "./disclosure-policy.js";
import type { JobsParts } from "./jobs.js";
import { type Judged, judge, type Plan } from "./judge.js";
import { isLog } from "./outputs.js";
import { datasetsOf, type JobRow, type OutputRow, outputsOf } from "./rows.js";

/** One output, checked: what will stand in its row. */
export interface CheckedOutput {
  name: string;
  media_type: string;
  object: string;
  sha256: string;
  bytes: number;
  capacity_bytes: number;
  verdict: Verdict;
  /** What the node computed itself: from a claim of before the run verified, from one of running code recomputed. */
  evidence: Evidence;
  findings: Finding[];
  table: Canonical["table"];
  /** Of what is recomputed: the claim that running code made. */
  claim: Claim | undefined;
  /** Of a model or curves that the node computed: what it tells of the units that it stands on. */
  stands: TableFacts | undefined;
  /** Of what the node computed: which units its cells stand on. */
  units_object: string | undefined;
}

export interface CheckedJob {
  outputs: CheckedOutput[];
  /**
   * The worst over what counts: all outputs of a job that is held, the logs of one that failed or was stopped. As its
   * requester may know it: without what is for auditors only.
   */
  verdict: Verdict;
  /** What the job was to become when the check began; if that changed, the check is done again. */
  plan: Plan;
  /** What the outputs were held to. */
  policy: DisclosurePolicy;
}

/** What is kept of a job, by how it is to end. */
export function planOf(job: JobRow, maxChecks: number): Plan {
  if (job.check_attempts >= maxChecks) return "nothing";
  return job.failure_class === null && job.stop_reason === null ? "all" : "logs";
}

const NO_CLAIMS: ReadonlyMap<string, OutputClaim> = new Map();

/** Checks all outputs of a job in `checking`. Changes nothing but the vault. @throws when it could not be carried out */
export async function checkOutputs(parts: JobsParts, job: JobRow): Promise<CheckedJob> {
  const plan = planOf(job, parts.config.maxChecks);
  const kind = kindOf(parts, job);
  const names = kind.outputs(job.spec);
  const rows = new Map(outputsOf(parts.store.db, job).map((row) => [row.name, row]));
  const policy = policyOf(parts, job);
  const files = names.filter((name) => !isLog(name));
  const hasClaims = plan === "all" && (kind.runner === "worker" || safeOf(job.spec) !== undefined);
  const claims = hasClaims ? await claimsToCheck(parts, job, files) : NO_CLAIMS;
  const patience = AbortSignal.timeout(parts.config.claimsMs);
  const judged: Judged[] = [];
  for (const name of names)
    judged.push(
      await judge(parts, job, { name, plan, row: rows.get(name), policy, claim: claims.get(name), patience }),
    );
  // A rehearsal's files are made from the twin. What they have in common with the data is not for their writer to learn.
  if (job.mode === "real") await scan(parts, job, judged, policy);
  const units = await judgeTogether(parts, job, judged, policy);
  const outputs: CheckedOutput[] = [];
  for (const one of judged)
    outputs.push(await keep(parts, job, one, rows.get(one.name), units.get(one.name)));
  const counted = outputs.filter((o) => plan === "all" || isLog(o.name));
  const verdict = worstVerdict(counted.map((o) => verdictFor(o.findings, "requester")));
  return { outputs, verdict, plan, policy };
}

/** Looks for the data's own values in all texts of all outputs, and adds what it finds to each. */
async function scan(
  parts: JobsParts,
  job: JobRow,
  judged: readonly Judged[],
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
  job: JobRow,
  { name, canonical: checked, evidence, claim, stands }: Judged,
  row: OutputRow | undefined,
  unitsObject: string | undefined,
): Promise<CheckedOutput> {
  // What the rebuilding left as it was is in the vault already; and who rehearses sees also what could not be rebuilt.
  const same = row?.raw_object && row.sha256 === checked.sha256;
  const asWritten = job.mode === "dry_run" && checked.canonical === undefined && row?.raw_object;
  const stored =
    same || asWritten
      ? { object: row!.raw_object!, sha256: row!.sha256!, bytes: row!.bytes }
      : await parts.vault.put(checked.canonical ?? Buffer.alloc(0));
  return {
    name,
    media_type: checked.media_type,
    object: stored.object,
    sha256: stored.sha256,
    bytes: stored.bytes,
    capacity_bytes: checked.capacity_bytes,
    verdict: verdictOf(checked.findings),
    evidence,
    findings: checked.findings,
    table: checked.table,
    claim,
    stands,
    units_object: unitsObject,
  };
}
