/**
 * How a run is lost: the worker died, gave it back, or the platform failed under it. The job goes back to the
 * queue; on the last try, or if it is to stop anyway, it ends, and through the check step like any other, so that
 * its set of outputs is as complete as any.
 */
import { createHash } from "node:crypto";
import type { Tx } from "../ledger/index.js";
import { type Changes, endJob, moveJob, moveRun } from "./change.js";
import { forgetOffer } from "./isolation.js";
import type { JobsParts, RunClaim, WorkerIdentity } from "./jobs.js";
import { dropClaims, dropOutputs } from "./outputs.js";
import { retryPause } from "./policy.js";
import { type JobRow, jobRow, type RunRow, runRows } from "./rows.js";
import { heldRun } from "./runs.js";
import { WAKE_WORKERS } from "./submit.js";

/** The worker cannot go on: its run is lost, without waiting for the lease to end. @throws stale */
export function giveBack(parts: JobsParts, claim: RunClaim): void {
  parts.ledger.commit((tx) => loseRun(tx, parts, heldRun(tx, claim), "the worker stopped"));
}

/**
 * One process a token: when another one begins, the last one is dead, and its run need not wait for its lease to end.
 * The name by which it labels containers is this node's alone.
 */
export function beginWorker(parts: JobsParts, worker: WorkerIdentity): { node: string } {
  parts.ledger.commit((tx) => {
    forgetOffer(tx, worker.id);
    const left = "SELECT * FROM runs WHERE worker = ? AND state NOT IN ('ended', 'lost')";
    for (const run of runRows(tx.db, left, worker.id)) loseRun(tx, parts, run, "its worker died");
  });
  const key = createHash("sha256").update(parts.ledger.publicKey).digest("hex");
  return { node: `glovebox-${key.slice(0, 16)}` };
}

/** Its outputs go, and its job with it or back. */
export function loseRun(tx: Tx, parts: JobsParts, run: RunRow, why: string): void {
  dropOutputs(tx, run.id);
  moveRun(tx, run, "lose", {
    changes: { outcome: JSON.stringify({ outcome: "system", why }) },
    data: { why },
  });
  const job = jobRow(tx.db, run.job);
  if (job.state === "running") afterLoss(tx, parts, job, run, why);
}

function afterLoss(tx: Tx, parts: JobsParts, job: JobRow, run: RunRow, why: string): void {
  if (job.stop_reason !== null) {
    runIsOver(tx, parts, job, run, { failure_detail: `stopped: ${why}` });
  } else if (job.attempts >= parts.config.maxRuns) {
    runIsOver(tx, parts, job, run, {
      failure_class: "system_failed",
      failure_detail: `${job.attempts} runs were lost, the last one because ${why}`,
    });
  } else {
    requeue(tx, parts, job);
  }
}

/** Back to the queue, without a trace of the run before. */
export function requeue(tx: Tx, parts: JobsParts, job: JobRow): void {
  if (job.run !== null) dropOutputs(tx, job.run);
  const pause = retryPause(job.attempts, parts.config.retryPausesMs);
  moveJob(tx, job, "lose", {
    changes: {
      not_before: tx.now + pause,
      run: null,
      run_over_at: null,
      check_attempts: 0,
      failure_class: null,
      failure_limit: null,
      failure_detail: null,
    },
    data: { attempts: job.attempts },
  });
  tx.outbox(WAKE_WORKERS, { delay_ms: pause });
}

/**
 * A job's last run is over. A real job goes to the check step with what the run meant, and so does a rehearsal that went
 * well; one that failed or was stopped ends here.
 * @param meaning failure columns; none when the program exited with 0
 */
export function runIsOver(tx: Tx, parts: JobsParts, job: JobRow, run: RunRow, meaning: Changes): void {
  const changes: Changes = { ...meaning, run: run.id, run_over_at: tx.now };
  const failed = meaning.failure_class !== undefined;
  if (job.mode === "real" || (!failed && job.stop_reason === null)) {
    moveJob(tx, job, "collect", { changes, data: { run: run.id, fence: run.fence } });
    return;
  }
  dropClaims(tx, run.id);
  if (job.stop_reason === "cancel") endJob(tx, parts.config.retentionMs, job, "cancel", { changes });
  else if (job.stop_reason === "refused")
    endJob(tx, parts.config.retentionMs, job, "refuse", {
      changes: { ...changes, failure_class: "refused" },
    });
  else endJob(tx, parts.config.retentionMs, job, "fail", { changes });
}
