/**
 * What the holder of a lease may do with its run.
 *
 * Rules: every call names run, worker and fencing number, and is refused as `stale` once the run has ended, was
 * lost, or another run of the job was leased.
 */
import { Readable } from "node:stream";
import type { Tx } from "../ledger/index.js";
import { mediaTypeOf } from "../privacy/index.js";
import { CLAIMS_FILE, MAX_CLAIMS_BYTES } from "../sandbox/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { type Changes, moveRun } from "./change.js";
import { orderOf } from "./claim.js";
import { CONTEXT_FILE, contextOf } from "./claims/context.js";
import type { RunState } from "./job.js";
import type { JobsParts, RunClaim } from "./jobs.js";
import type { Heartbeat, RunFacts, StageInfo } from "./lease.js";
import { isLog, putRaw } from "./outputs.js";
import { datasetsOf, type JobRow, jobRow, type RunRow, runRow } from "./rows.js";
import type { RunEventName } from "./states.js";

const MEBIBYTE = 1024 * 1024;

const stale = () => new GloveboxError("stale", { detail: "this run is over, or another one took its place" });

/** The run that the claim names, if it is still the job's newest and under way. @throws stale */
export function heldRun(tx: Pick<Tx, "db">, claim: RunClaim): RunRow {
  const run = runRow(tx.db, claim.run);
  if (!run || run.worker !== claim.worker || run.fence !== claim.fence) throw stale();
  if (run.state === "ended" || run.state === "lost") throw stale();
  const newest = tx.db.prepare("SELECT max(fence) FROM runs WHERE job = ?").pluck().get(run.job);
  if (newest !== run.fence) throw stale();
  return run;
}

/** @throws stale */
export function heartbeat(parts: JobsParts, claim: RunClaim): Heartbeat {
  return parts.ledger.commit((tx) => {
    const run = heldRun(tx, claim);
    tx.db
      .prepare("UPDATE runs SET lease_expires_at = ? WHERE id = ?")
      .run(tx.now + parts.config.leaseMs, run.id);
    tx.db.prepare("UPDATE workers SET seen_at = ? WHERE id = ?").run(tx.now, claim.worker);
    return { cancel: run.kill_at !== null && run.kill_at <= tx.now };
  });
}

/** Makes the Views that are not there yet. @throws stale */
export async function stage(parts: JobsParts, claim: RunClaim): Promise<StageInfo> {
  const { db } = parts.store;
  const run = heldRun({ db }, claim);
  const job = jobRow(db, run.job);
  const views: StageInfo["views"] = [];
  for (const d of datasetsOf(db, job.id)) {
    const grant = parts.catalog.grants.row(d.grant_id);
    const view = await parts.catalog.views.ensure({ grant, versionId: d.version, mode: job.mode });
    parts.ledger.commit((tx) => {
      heldRun(tx, claim);
      tx.db
        .prepare("UPDATE job_datasets SET view = ? WHERE job = ? AND dataset = ?")
        .run(view.viewId, job.id, d.dataset);
    });
    views.push({
      file: `${d.name}.csv`,
      object: view.object,
      sha256: view.sha256,
      bytes: view.bytes,
      data_key: view.data_key().toString("base64"),
    });
  }
  return { views, context: { file: CONTEXT_FILE, text: contextOf(parts, job) }, code: codeOf(parts, job) };
}

function codeOf(parts: JobsParts, job: JobRow): StageInfo["code"] {
  if (job.code_object === null) return null;
  return { object: job.code_object, data_key: parts.vault.dataKey(job.code_object).toString("base64") };
}

/** @throws not_found for an object whose key this run was not given */
export function objectOf(parts: JobsParts, claim: RunClaim, object: string): Readable {
  const { db } = parts.store;
  const run = heldRun({ db }, claim);
  const mine = db
    .prepare(
      `SELECT 1 FROM job_datasets jd JOIN views v ON v.id = jd.view WHERE jd.job = @job AND v.object = @object
       UNION ALL SELECT 1 FROM jobs WHERE id = @job AND code_object = @object`,
    )
    .get({ job: run.job, object });
  if (mine === undefined) throw new GloveboxError("not_found");
  return parts.vault.sealed(object);
}

const EVENT_TO: Partial<Record<RunState, RunEventName>> = {
  staged: "stage",
  executing: "execute",
  collected: "collect",
};

/**
 * What a worker states when the program is about to run becomes part of the entry: which image, and at which level.
 * @throws stale, state_conflict, isolation_unavailable for another level than the lease says
 */
export function advance(
  parts: JobsParts,
  claim: RunClaim,
  state: RunState,
  { image, isolation, ready }: Partial<RunFacts> = {},
): void {
  const event = EVENT_TO[state];
  if (event === undefined) throw new GloveboxError("state_conflict");
  parts.ledger.commit((tx) => {
    const run = heldRun(tx, claim);
    if (run.state === state) return;
    if (isolation !== undefined && isolation !== run.isolation)
      throw new GloveboxError("isolation_unavailable", { detail: "the run was leased for another level" });
    const changes: Changes = image ? { image: JSON.stringify(image) } : {};
    const data = {
      ...(image ? { image: { ...image } } : {}),
      ...(isolation ? { isolation } : {}),
      ...(ready ? { ready } : {}),
    };
    moveRun(tx, run, event, { changes, data });
  });
}

/** Streams one file into the vault and notes it as this run's. @throws stale, not_found, too_large */
export async function putOutput(
  parts: JobsParts,
  claim: RunClaim,
  name: string,
  source: Readable,
): Promise<{ sha256: string; bytes: number }> {
  const { db } = parts.store;
  const job = jobRow(db, heldRun({ db }, claim).job);
  const { outputs, limits } = orderOf(parts, job);
  const isClaims = name === CLAIMS_FILE;
  if (!isLog(name) && !isClaims && !outputs.includes(name))
    throw new GloveboxError("not_found", { detail: "no such output was declared" });
  const disk = limits.disk_mb * MEBIBYTE;
  const most = isLog(name) ? parts.config.maxLogBytes : isClaims ? Math.min(MAX_CLAIMS_BYTES, disk) : disk;
  const stored = await parts.vault.put(Readable.from(atMost(source, most)));
  parts.ledger.commit((tx) => {
    heldRun(tx, claim);
    putRaw(tx, job, claim.run, name, stored, mediaTypeOf(name)?.media_type ?? "application/octet-stream");
  });
  return { sha256: stored.sha256, bytes: stored.bytes };
}

async function* atMost(source: Readable, most: number): AsyncIterable<Buffer> {
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) throw new GloveboxError("too_large", { detail: `limit: ${most} bytes` });
    yield chunk;
  }
}
