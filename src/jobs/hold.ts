/**
 * The end of the check step: one commit that makes rows, findings and entries of what was checked, and ends the
 * job (held, failed or cancelled). Before it, nothing of the check exists; after it, nothing of the raw bytes.
 */
import { createHash, randomBytes } from "node:crypto";
import { canonicalJson, type JsonObject, type JsonValue, type Tx } from "../ledger/index.js";
import { type DisclosurePolicy, policyFigures, verdictFor } from "../privacy/index.js";
import { newId, type OutputId, SYSTEM_ACTOR } from "../vocabulary/index.js";
import { type Changes, endJob } from "./change.js";
import { type CheckedJob, type CheckedOutput, planOf } from "./check.js";
import type { JobsParts } from "./jobs.js";
import type { Plan } from "./judge.js";
import { dropObject } from "./objects.js";
import { datasetsOf, type JobRow, jobRow, outputsOf } from "./rows.js";
import type { JobEventName } from "./states.js";

/** @returns false when the job was stopped or moved meanwhile: then the check is to be looked at again */
export function holdJob(parts: JobsParts, id: string, checked: CheckedJob): boolean {
  return parts.ledger.commit((tx) => {
    const job = jobRow(tx.db, id);
    if (job.state !== "checking" || planOf(job, parts.config.maxChecks) !== checked.plan) return false;
    dropRaw(tx, job, checked);
    for (const output of checked.outputs) enterOutput(tx, parts, job, output, checked.policy);
    const end = endOf(job, checked.plan, tx.now);
    endJob(tx, parts.config.retentionMs, job, end.event, {
      changes: { ...end.changes, verdict: checked.verdict },
      data: { run: job.run, verdict: checked.verdict },
    });
    return true;
  });
}

function endOf(job: JobRow, plan: Plan, now: number): { event: JobEventName; changes: Changes } {
  if (job.stop_reason === "cancel") return { event: "cancel", changes: { failure_class: null } };
  if (job.stop_reason === "refused") return { event: "refuse", changes: { failure_class: "refused" } };
  if (job.failure_class !== null) return { event: "fail", changes: {} };
  if (plan === "nothing")
    return {
      event: "fail",
      changes: { failure_class: "system_failed", failure_detail: "its outputs could not be checked" },
    };
  return job.mode === "dry_run"
    ? { event: "finish", changes: {} }
    : { event: "hold", changes: { held_at: now } };
}

/** Raw bytes are dropped, and with them the rows of names that are expected no more. */
function dropRaw(tx: Tx, job: JobRow, checked: CheckedJob): void {
  const byName = new Map(checked.outputs.map((o) => [o.name, o.object]));
  for (const row of outputsOf(tx.db, job)) {
    if (row.raw_object !== byName.get(row.name)) dropObject(tx, row.raw_object);
    if (!byName.has(row.name)) tx.db.prepare("DELETE FROM outputs WHERE id = ?").run(row.id);
  }
}

function enterOutput(
  tx: Tx,
  parts: JobsParts,
  job: JobRow,
  output: CheckedOutput,
  policy: DisclosurePolicy,
): void {
  for (const object of [output.object, output.units_object])
    if (object !== undefined && !parts.vault.has(object))
      throw new Error("an object was swept before it was named");
  const id = putRow(tx, parts, job, output);
  tx.db.prepare("DELETE FROM findings WHERE output = ?").run(id);
  const insert = tx.db.prepare(
    "INSERT INTO findings (id, output, rule, verdict, sealed, created_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  for (const { rule, verdict, ...rest } of output.findings)
    insert.run(
      newId("finding", tx.now),
      id,
      rule,
      verdict,
      parts.keys.sealer.seal(JSON.stringify(rest), id),
      tx.now,
    );
  // A rehearsal's outputs are shown at once and held for nothing.
  if (job.mode === "dry_run") return;
  tx.entry({
    kind: "output.held",
    actor: SYSTEM_ACTOR,
    subject: id,
    dataset: datasetsOf(tx.db, job.id).map((d) => d.dataset),
    data: { ...entryData(tx, job, id, output), policy: policyFigures(policy) },
    // A bundle opens it to the requester, whom the moment would tell when the run ended.
    coarse: true,
  });
}

/** The row that the worker's upload made, or a new one where nothing was uploaded. */
function putRow(tx: Tx, parts: JobsParts, job: JobRow, output: CheckedOutput): OutputId {
  const before = outputsOf(tx.db, job).find((row) => row.name === output.name);
  const id = before?.id ?? newId("output", job.created_at);
  const salt = randomBytes(32);
  const commitment = commitTo(salt, output);
  const facts = canonicalJson({
    salt: salt.toString("base64"),
    ...(output.claim === undefined ? {} : { claim: output.claim as unknown as JsonObject }),
    table: (output.table ?? null) as JsonValue,
    ...(output.stands === undefined ? {} : { stands: output.stands as unknown as JsonObject }),
  });
  const sealed = parts.keys.sealer.seal(facts, id);
  tx.db
    .prepare(
      `INSERT INTO outputs (id, job, run, name, raw_object, object, media_type, bytes, sha256, verdict, evidence,
         capacity_bytes, facts_sealed, findings_commitment, units_object, created_at)
       VALUES (@id, @job, @run, @name, NULL, @object, @media_type, @bytes, @sha256, @verdict, @evidence,
         @capacity_bytes, @sealed, @commitment, @units_object, @now)
       ON CONFLICT (run, name) DO UPDATE SET raw_object = NULL, object = excluded.object,
         media_type = excluded.media_type, bytes = excluded.bytes, sha256 = excluded.sha256,
         verdict = excluded.verdict, evidence = excluded.evidence, capacity_bytes = excluded.capacity_bytes,
         facts_sealed = excluded.facts_sealed, findings_commitment = excluded.findings_commitment,
         units_object = excluded.units_object`,
    )
    .run({ ...columnsOf(output), id, job: job.id, run: job.run, sealed, commitment, now: tx.now });
  return id;
}

const columnsOf = ({
  name,
  object,
  media_type,
  bytes,
  sha256,
  verdict,
  evidence,
  capacity_bytes,
  units_object,
}: CheckedOutput) => ({
  name,
  object,
  media_type,
  bytes,
  sha256,
  verdict,
  evidence,
  capacity_bytes,
  units_object: units_object ?? null,
});

/** SHA-256 of the salt and the auditors' findings: fixes them without telling anything of the cells in them. */
function commitTo(salt: Buffer, output: CheckedOutput): string {
  const findings = canonicalJson(JSON.parse(JSON.stringify(output.findings)) as JsonValue);
  return createHash("sha256").update(salt).update(findings).digest("hex");
}

function entryData(tx: Tx, job: JobRow, id: OutputId, output: CheckedOutput): JsonObject {
  const { findings_commitment } = tx.db
    .prepare("SELECT findings_commitment FROM outputs WHERE id = ?")
    .get(id) as { findings_commitment: string };
  return {
    job: job.id,
    run: job.run,
    output: id,
    name: output.name,
    media_type: output.media_type,
    bytes: output.bytes,
    sha256: output.sha256,
    // The requester may read this entry: auditors' findings speak through the commitment alone.
    verdict: verdictFor(output.findings, "requester"),
    evidence: output.evidence,
    findings_commitment,
  };
}
