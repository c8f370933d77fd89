/**
 * What a requester does with a release: ask, replace a file, submit, withdraw.
 *
 * Rules: only held outputs of one's own real job; no entry of these carries a hash of a held output, for the requester
 * reads them. A change while it is under review takes it back: no vote ever stands for a file it was not given on.
 */

import type { HeldOutput, JobRecord } from "../jobs/index.js";
import type { JsonObject, Tx } from "../ledger/index.js";
import {
  type Actor,
  GloveboxError,
  invalidInput,
  newId,
  type ReleaseId,
  SYSTEM_ACTOR,
} from "../vocabulary/index.js";
import type { AirlockParts } from "./airlock.js";
import { approve } from "./approve.js";
import { decideByPolicy } from "./by-policy/service.js";
import { moveRelease } from "./change.js";
import { requireReviewers } from "./policy.js";
import type { Release, ReleaseInput } from "./release.js";
import { loadRelease, placeOf, unknownRelease } from "./rows.js";
import { findStep } from "./states.js";
import { sightOf } from "./visibility.js";

export const MAX_FILES = 64;
export const MAX_RELEASE_BYTES = 1024 ** 3;
const MAX_OPEN_PER_JOB = 20;
const MAX_JUSTIFICATION = 4000;
const RELEASABLE: readonly JobRecord["state"][] = ["held", "failed", "cancelled"];

/** @throws not_found, forbidden, invalid_input, state_conflict, too_large, rate_limited */
export function createRelease(parts: AirlockParts, actor: Actor, input: ReleaseInput): ReleaseId {
  const justification = input.justification.trim();
  if (justification === "" || justification.length > MAX_JUSTIFICATION)
    throw invalidInput("justification", `must have from 1 to ${MAX_JUSTIFICATION} characters`);
  return parts.ledger.commit((tx) => {
    const job = ownJob(parts, actor, input.job);
    const outputs = chosenOutputs(parts, job, input.outputs);
    refuseTooMany(tx, job);
    const id = newId("release", tx.now);
    tx.db
      .prepare(
        "INSERT INTO releases (id, job, principal, justification, state, created_at) VALUES (?, ?, ?, ?, 'pending', ?)",
      )
      .run(id, job.id, actor.id, justification, tx.now);
    for (const output of outputs) insertFile(tx, id, output.name, output);
    tx.entry({
      kind: "release.requested",
      actor: actor.id,
      subject: id,
      dataset: job.datasets.map((d) => d.dataset),
      data: {
        release: id,
        job: job.id,
        justification,
        files: Object.fromEntries(outputs.map((o) => [o.name, o.id])),
      },
    });
    tx.event("release.requested", id, { release: id, job: job.id });
    return id;
  });
}

function insertFile(tx: Tx, release: string, name: string, output: HeldOutput): void {
  tx.db
    .prepare("INSERT INTO release_files (release, name, output, sha256) VALUES (?, ?, ?, ?)")
    .run(release, name, output.id, output.sha256);
}

function ownJob(parts: AirlockParts, actor: Actor, id: string): JobRecord {
  // Whoever may not know of the job gets the same answer as for one that is not there.
  parts.jobs.get(actor, id);
  const job = parts.jobs.record(id);
  if (job.principal !== actor.id)
    throw new GloveboxError("forbidden", { detail: "the job's author asks for the release of its outputs" });
  if (job.mode !== "real")
    throw new GloveboxError("state_conflict", {
      detail: "the files of a dry run are shown without a release",
    });
  return job;
}

/** Outputs by id or name. Until its end shows, a job has no outputs to name, whatever is true of it. */
function chosenOutputs(parts: AirlockParts, job: JobRecord, named: readonly string[]): HeldOutput[] {
  if (named.length < 1 || named.length > MAX_FILES)
    throw invalidInput("outputs", `must name from 1 to ${MAX_FILES} outputs`);
  const held = heldOf(parts, job);
  const outputs = named.map((word, i) => {
    const output = held.find((o) => o.id === word) ?? held.find((o) => o.name === word);
    if (!output) throw invalidInput(`outputs.${i}`, "is no held output of this job");
    return output;
  });
  if (new Set(outputs).size < outputs.length) throw invalidInput("outputs", "names an output twice");
  if (outputs.reduce((sum, o) => sum + o.bytes, 0) > MAX_RELEASE_BYTES)
    throw new GloveboxError("too_large", { detail: `limit: ${MAX_RELEASE_BYTES} bytes in one release` });
  return outputs;
}

const heldOf = (parts: AirlockParts, job: JobRecord): HeldOutput[] =>
  RELEASABLE.includes(job.state) ? parts.jobs.heldOutputs(job.id) : [];

function refuseTooMany(tx: Tx, job: JobRecord): void {
  const open = tx.db
    .prepare(
      "SELECT count(*) FROM releases WHERE job = ? AND state NOT IN ('released', 'rejected', 'withdrawn')",
    )
    .pluck()
    .get(job.id) as number;
  if (open >= MAX_OPEN_PER_JOB)
    throw new GloveboxError("rate_limited", { detail: `at most ${MAX_OPEN_PER_JOB} open releases a job` });
}

/** @throws not_found, forbidden, stale */
export function asRequester(
  parts: AirlockParts,
  tx: Pick<Tx, "db">,
  actor: Actor,
  id: string,
  ifMatch: number | undefined,
): Release {
  const release = loadRelease(tx.db, parts.keys, id);
  const sight = sightOf(actor, release);
  if (sight === undefined) throw unknownRelease();
  if (sight !== "requester")
    throw new GloveboxError("forbidden", { detail: "only its requester changes a release" });
  requireRev(release, ifMatch);
  return release;
}

/** @throws stale */
export function requireRev(release: Release, ifMatch: number | undefined): void {
  if (ifMatch !== undefined && ifMatch !== release.rev)
    throw new GloveboxError("stale", { detail: `the release is at revision ${release.rev} now` });
}

/** @throws not_found, forbidden, stale, state_conflict, invalid_input */
export function replaceFile(
  parts: AirlockParts,
  actor: Actor,
  id: string,
  name: string,
  input: { output: string },
  ifMatch?: number,
): void {
  parts.ledger.commit((tx) => {
    const release = asRequester(parts, tx, actor, id, ifMatch);
    const file = release.files.find((f) => f.name === name);
    if (!file) throw new GloveboxError("not_found", { detail: "the release has no such file" });
    const underReview = findStep(release.state, "replace")?.to !== release.state;
    moveRelease(tx, placeOf(release), "replace", {
      actor: actor.id,
      changes: underReview ? { round: release.round + 1 } : {},
      data: { files: { [name]: input.output } },
    });
    const job = ownJob(parts, actor, release.job);
    const output = replacement(parts, job, release, file.output, input.output);
    tx.db
      .prepare("UPDATE release_files SET output = ?, sha256 = ? WHERE release = ? AND name = ?")
      .run(output.id, output.sha256, id, name);
  });
}

function replacement(
  parts: AirlockParts,
  job: JobRecord,
  release: Release,
  before: string,
  wanted: string,
): HeldOutput {
  const held = heldOf(parts, job);
  const output = held.find((o) => o.id === wanted);
  if (!output) throw invalidInput("output", "is no held output of this job");
  if (release.files.some((f) => f.output === wanted))
    throw invalidInput("output", "is in the release already");
  if (output.media_type !== held.find((o) => o.id === before)?.media_type)
    throw invalidInput("output", "has another media type than the file it would replace");
  return output;
}

/**
 * Goes to the reviewers, or out by the owners' policies. @returns true when it is approved by policy.
 * @throws not_found, forbidden, stale, state_conflict
 */
export function submitRelease(parts: AirlockParts, actor: Actor, id: string, ifMatch?: number): boolean {
  return parts.ledger.commit((tx) => {
    const release = asRequester(parts, tx, actor, id, ifMatch);
    const round = release.round + 1;
    moveRelease(tx, placeOf(release), "submit", {
      actor: actor.id,
      changes: { round, submitted_at: tx.now },
      data: { round, justification: release.justification, files: outputsByName(release) },
    });
    const submitted: Release = { ...release, round, state: "submitted" };
    const { policies, bars, asked } = decideByPolicy(parts, tx, actor, submitted);
    if (policies !== undefined) {
      approve(tx, parts, submitted, "approve_by_policy", policies);
      return true;
    }
    requireReviewers(release);
    if (asked) noteBars(tx, submitted, bars);
    return false;
  });
}

/** Why an owner's policy does not let it out: for owners and auditors, since others' releases count in it. */
function noteBars(tx: Tx, release: Release, bars: string[]): void {
  tx.entry({
    kind: "release.sent_to_people",
    actor: SYSTEM_ACTOR,
    subject: release.id,
    dataset: release.datasets.map((d) => d.dataset),
    data: { release: release.id, round: release.round, because: bars },
  });
}

const outputsByName = (release: Release): JsonObject =>
  Object.fromEntries(release.files.map((f) => [f.name, f.output]));

/** @throws not_found, forbidden, stale, state_conflict */
export function withdrawRelease(parts: AirlockParts, actor: Actor, id: string, ifMatch?: number): void {
  parts.ledger.commit((tx) => {
    const release = asRequester(parts, tx, actor, id, ifMatch);
    moveRelease(tx, placeOf(release), "withdraw", { actor: actor.id });
  });
}
