/**
 * What principals and other rooms read of a job's outputs.
 *
 * Rules: the requester of a real job reads ids and names, and those only once the end shows. An auditor reads
 * findings and hashes of the canonical bytes. Bytes are read by the submitter of a dry run only; all others go
 * through a release.
 */
import type { Readable } from "node:stream";
import type { JsonObject } from "../ledger/index.js";
import { claimLabel, type Finding } from "../privacy/index.js";
import { type Actor, GloveboxError } from "../vocabulary/index.js";
import { kindOf } from "./claim.js";
import { claimFor } from "./claims/claims.js";
import {
  type FindingView,
  type HeldOutput,
  type JobRecord,
  NO_PROGRAM,
  type OutputName,
  type OutputView,
} from "./job.js";
import type { JobsParts } from "./jobs.js";
import { datasetsOf, type JobRow, jobRow, type OutputRow, outputsOf, runRow } from "./rows.js";
import { seenJob } from "./sight.js";
import { show, stoppedBeforeItShowed } from "./visibility.js";

export function readOutputs(parts: JobsParts, actor: Actor, id: string): (OutputView | OutputName)[] {
  const { db } = parts.store;
  const { job, sight } = seenJob(db, actor, id);
  const rows = outputsOf(db, job);
  if (sight === "true" || job.mode === "dry_run")
    return job.ended_at === null ? [] : rows.map((row) => outputView(parts, job, row));
  const endShows = show(job, sight, parts.clock.now()).endedAt !== undefined;
  return endShows && !stoppedBeforeItShowed(job) ? rows.map(({ id, name }) => ({ id, name })) : [];
}

/** Of what the node computed: what it shows in words, and the claim where no spec holds it. */
function shownClaim(parts: JobsParts, job: JobRow, row: OutputRow): Pick<OutputView, "shows" | "claim"> {
  const put = kindOf(parts, job)
    .finder?.outputs(job)
    .find(({ name }) => name === row.name);
  if (put !== undefined) return { shows: put.shows };
  const found = row.evidence === "unverified" ? undefined : claimFor(parts, job, row.name);
  if (found === undefined) return {};
  const { claim, evidence } = found;
  return {
    shows: claimLabel(claim),
    ...(evidence === "recomputed" ? { claim: claim as unknown as JsonObject } : {}),
  };
}

function outputView(parts: JobsParts, job: JobRow, row: OutputRow): OutputView {
  return {
    id: row.id,
    name: row.name,
    media_type: row.media_type,
    bytes: row.bytes,
    sha256: row.sha256 ?? "",
    verdict: row.verdict,
    evidence: row.evidence,
    ...(row.capacity_bytes === null ? {} : { capacity_bytes: row.capacity_bytes }),
    ...shownClaim(parts, job, row),
    findings: findingsOf(parts, row),
  };
}

function findingsOf(parts: JobsParts, row: OutputRow): FindingView[] {
  const rows = parts.store.db
    .prepare("SELECT rule, verdict, sealed FROM findings WHERE output = ? ORDER BY rowid")
    .all(row.id) as { rule: string; verdict: FindingView["verdict"]; sealed: Buffer }[];
  return rows.map(({ rule, verdict, sealed }) => {
    const { message, message_zh, cells, reasons, audience } = JSON.parse(
      parts.keys.sealer.open(sealed, row.id).toString("utf8"),
    ) as Finding;
    return {
      rule,
      verdict,
      message,
      ...(message_zh === undefined ? {} : { message_zh }),
      ...(cells ? { cells } : {}),
      ...(reasons ? { reasons } : {}),
      ...(audience ? { audience } : {}),
    };
  });
}

/** @throws not_found unless the actor submitted this dry run and it left that file */
export function readDryRunOutput(
  parts: JobsParts,
  actor: Actor,
  id: string,
  name: string,
): { stream: Readable; info: { media_type: string; bytes: number; sha256: string } } {
  const { db } = parts.store;
  const { job } = seenJob(db, actor, id);
  const row = outputsOf(db, job).find((o) => o.name === name);
  // One answer for all reasons: a real job's files are no more known here than missing ones.
  if (job.mode !== "dry_run" || job.principal !== actor.id || !row?.object || !row.sha256)
    throw new GloveboxError("not_found", { detail: "only the files of one's own dry run are read here" });
  return {
    stream: parts.vault.get(row.object),
    info: { media_type: row.media_type, bytes: row.bytes, sha256: row.sha256 },
  };
}

/** The job's files, for its submitter and its auditors. @throws not_found */
export function readCode(parts: JobsParts, actor: Actor, id: string): { stream: Readable } {
  const { job, sight } = seenJob(parts.store.db, actor, id);
  if ((job.principal !== actor.id && sight !== "true") || job.code_object === null)
    throw new GloveboxError("not_found");
  return { stream: parts.vault.get(job.code_object) };
}

const isOwn = (parts: JobsParts, job: JobRow): boolean => kindOf(parts, job).runner === "control";

export function readRecord(parts: JobsParts, id: string): JobRecord {
  const { db } = parts.store;
  const job = jobRow(db, id);
  const run = job.run === null ? undefined : runRow(db, job.run);
  return {
    id: job.id,
    kind: job.kind,
    mode: job.mode,
    state: job.state,
    principal: job.principal,
    purpose: job.purpose,
    grade: job.grade,
    isolation: isOwn(parts, job) ? NO_PROGRAM : (run?.isolation ?? job.isolation),
    spec: job.spec,
    spec_sha256: job.spec_sha256,
    code_object: job.code_object,
    datasets: datasetsOf(db, job.id).map((d) => ({
      dataset: d.dataset,
      name: d.name,
      grant: d.grant_id,
      version: d.version,
      view: d.view,
    })),
    run: run ? { id: run.id, fence: run.fence, image: run.image === null ? null : { ...run.image } } : null,
    created_at: job.created_at,
  };
}

/**
 * Outputs that a release may name: those of a real job that is held, or that failed or was stopped and kept its
 * logs; and of one that was closed since, for releases that were asked for before. None before the end shows: asking
 * for a release must not tell it sooner.
 */
export function readHeld(parts: JobsParts, id: string): HeldOutput[] {
  const job = jobRow(parts.store.db, id);
  if (job.mode !== "real" || !["held", "done", "failed", "cancelled"].includes(job.state)) return [];
  if (job.end_shown_at === null || job.end_shown_at > parts.clock.now() || stoppedBeforeItShowed(job))
    return [];
  return outputsOf(parts.store.db, job).flatMap((row) => {
    if (!row.object || !row.sha256 || !row.verdict || !row.findings_commitment) return [];
    return [
      {
        id: row.id,
        job: row.job,
        run: row.run,
        name: row.name,
        object: row.object,
        media_type: row.media_type,
        bytes: row.bytes,
        sha256: row.sha256,
        verdict: row.verdict,
        evidence: row.evidence,
        capacity_bytes: row.capacity_bytes,
        ...shownClaim(parts, job, row),
        findings: findingsOf(parts, row),
        findings_commitment: row.findings_commitment,
      },
    ];
  });
}
