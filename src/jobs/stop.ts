/**
 * Stopping jobs: on request, and when what they stood on ends (a grant, a dataset, a principal).
 *
 * Rules: what the one who stops a job sees of it does not depend on how far the job had come in truth. A job that
 * shows as queued shows as stopped at once, whatever its run is doing; one that shows as running goes on showing
 * so until its end shows. Each stop writes one ledger entry, whether or not there was anything left to stop.
 */
import type { DomainEvent, Ledger, Tx } from "../ledger/index.js";
import { type Actor, GloveboxError, SYSTEM_ACTOR } from "../vocabulary/index.js";
import { type Changes, endJob, moveJob, noteJob } from "./change.js";
import type { JobsParts } from "./jobs.js";
import { runIsOver } from "./lost.js";
import { datasetsOf, type JobRow, jobRow, jobRows, liveRunOf, runRows } from "./rows.js";
import { seenJob } from "./sight.js";
import { hasStarted, show } from "./visibility.js";

type Reason = "cancel" | "refused";

/** @throws not_found, forbidden, stale, state_conflict */
export function cancelJob(parts: JobsParts, actor: Actor, id: string, ifMatch?: number): void {
  parts.ledger.commit((tx) => {
    const { job, sight } = seenJob(tx.db, actor, id);
    mayCancel(tx, actor, job);
    const shown = show(job, sight, tx.now);
    if (ifMatch !== undefined && ifMatch !== shown.rev) throw new GloveboxError("stale");
    if (shown.endedAt !== undefined)
      throw new GloveboxError("state_conflict", { detail: "the job has ended" });
    stopJob(tx, parts, job, "cancel", actor.id);
  });
}

function mayCancel(tx: Tx, actor: Actor, job: JobRow): void {
  const owner = datasetsOf(tx.db, job.id).some((d) => d.owner === actor.id);
  if (job.principal !== actor.id && !owner && !actor.roles.includes("admin"))
    throw new GloveboxError("forbidden", {
      detail: "the requester, the dataset's owner or the admin can cancel a job",
    });
}

/** Brings a job to its end for a reason from outside. The first reason stands; a later one changes nothing. */
export function stopJob(tx: Tx, parts: JobsParts, job: JobRow, reason: Reason, actor: string): void {
  if (job.stop_requested_at !== null) return;
  tx.entry({
    kind: "job.stop_requested",
    actor,
    subject: job.id,
    dataset: datasetsOf(tx.db, job.id).map((d) => d.dataset),
    data: { job: job.id, reason },
  });
  const unseen = job.mode === "real" && !hasStarted(job, tx.now);
  const over = job.ended_at !== null;
  // It ended before it was stopped, and that it ran had shown: nothing to stop, and nothing to say about it.
  if (over && !unseen) return;
  const changes: Changes = { stop_requested_at: tx.now, stop_reason: reason };
  if (unseen) {
    parts.catalog.signals.refund(tx, job.id);
    changes.signal_bits = 0;
  }
  stopInState(tx, parts, noteJob(tx, job, changes), reason, actor);
}

function stopInState(tx: Tx, parts: JobsParts, job: JobRow, reason: Reason, actor: string): void {
  switch (job.state) {
    case "queued":
      stopQueued(tx, parts, job, reason, actor);
      return;
    case "running": {
      const run = liveRunOf(tx.db, job.id);
      if (run) tx.db.prepare("UPDATE runs SET kill_at = ? WHERE id = ?").run(tx.now, run.id);
      return;
    }
    case "held":
      // It shows as stopped while it was queued, so nothing of it may be asked for.
      moveJob(tx, job, "close", { actor, changes: { closed_at: tx.now } });
      return;
    default:
      // checking: the check's end reads the reason. done, failed, cancelled: only the sight of it changed.
      return;
  }
}

function stopQueued(tx: Tx, parts: JobsParts, job: JobRow, reason: Reason, actor: string): void {
  const last = runRows(tx.db, "SELECT * FROM runs WHERE job = ? ORDER BY fence DESC LIMIT 1", job.id)[0];
  // It waits for another run: it ends like any job that ran.
  if (last && job.mode === "real") {
    runIsOver(tx, parts, job, last, { failure_detail: "stopped between runs" });
    return;
  }
  const refused = reason === "refused";
  endJob(tx, parts.config.retentionMs, job, refused ? "refuse" : "cancel", {
    actor,
    changes: refused ? { failure_class: "refused" } : {},
  });
}

const BY_EVENT: { [type: string]: string } = {
  "grant.revoked": "jd.grant_id = @subject",
  "grant.expired": "jd.grant_id = @subject",
  "dataset.suspended": "jd.dataset = @subject",
  "dataset.retired": "jd.dataset = @subject",
  "principal.revoked": "j.principal = @subject",
};

/** Jobs end with what they stand on, in the same transaction. */
export function stopOnRevocation(ledger: Ledger, parts: JobsParts): void {
  for (const type of Object.keys(BY_EVENT)) ledger.on(type, (tx, event) => refuseAll(tx, parts, event));
}

function refuseAll(tx: Tx, parts: JobsParts, event: DomainEvent): void {
  // Live by what shows, not by what is: the number of entries written must not tell which had ended.
  const jobs = jobRows(
    tx.db,
    `SELECT DISTINCT j.* FROM jobs j JOIN job_datasets jd ON jd.job = j.id
     WHERE ${BY_EVENT[event.type]} AND (j.end_shown_at IS NULL OR j.end_shown_at > @now)`,
    { subject: event.subject, now: tx.now },
  );
  for (const job of jobs) stopJob(tx, parts, jobRow(tx.db, job.id), "refused", SYSTEM_ACTOR);
}
