/**
 * The end of a run: in one commit the run ends, what it uploaded becomes the job's only set of outputs, and the
 * job goes to the check step (or, a dry run that failed, to its end). Saying so again changes nothing.
 */
import type { Tx } from "../ledger/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { type Changes, moveRun } from "./change.js";
import type { JobsParts, RunClaim } from "./jobs.js";
import type { RunOutcome } from "./lease.js";
import { loseRun, runIsOver } from "./lost.js";
import { rowsOfRun } from "./outputs.js";
import { judgeOutcome, type RunEnd } from "./policy.js";
import { type JobRow, jobRow, type RunRow, runRow } from "./rows.js";
import { heldRun } from "./runs.js";

/** @throws stale; state_conflict when control does not hold exactly what the worker says that it uploaded */
export function finishRun(parts: JobsParts, claim: RunClaim, outcome: RunOutcome): void {
  parts.ledger.commit((tx) => {
    if (alreadyEnded(tx, claim)) return;
    const run = heldRun(tx, claim);
    const job = jobRow(tx.db, run.job);
    const end = meaningOf(tx, run, outcome);
    if (end.again && job.stop_reason === null) {
      loseRun(tx, parts, run, "the platform failed under it");
      return;
    }
    mustHoldAll(tx, run, outcome);
    endRun(tx, run, outcome);
    publishDryRun(tx, job, run);
    runIsOver(tx, parts, job, run, failureColumns(job, end, outcome));
  });
}

/** The answer to an earlier call got lost on the way: the worker asks again. */
function alreadyEnded(tx: Tx, claim: RunClaim): boolean {
  const run = runRow(tx.db, claim.run);
  return run?.state === "ended" && run.worker === claim.worker && run.fence === claim.fence;
}

/** A kill that nobody asked for is the platform's doing; one by the control's wall clock is the wall limit. */
function meaningOf(tx: Tx, run: RunRow, outcome: RunOutcome): RunEnd {
  const killedByWall = outcome.outcome === "killed" && run.kill_at !== null && run.kill_at <= tx.now;
  return judgeOutcome(killedByWall ? "wall" : outcome.outcome, outcome.exit_code);
}

function mustHoldAll(tx: Tx, run: RunRow, outcome: RunOutcome): void {
  const held = new Map(rowsOfRun(tx, run.id).map((row) => [row.name, row.sha256]));
  const same =
    held.size === outcome.outputs.length && outcome.outputs.every((o) => held.get(o.name) === o.sha256);
  if (!same) throw new GloveboxError("state_conflict", { detail: "not all that was uploaded has arrived" });
}

function endRun(tx: Tx, run: RunRow, outcome: RunOutcome): void {
  const { outcome: name, exit_code, logs_truncated, refusals } = outcome;
  const kept = { outcome: name, exit_code, logs_truncated, refusals };
  moveRun(tx, run, "end", {
    changes: { outcome: JSON.stringify(kept) },
    data: { outcome: name, exit_code, image: run.image === null ? null : { ...run.image } },
  });
}

/** A rehearsal's files were made from the twin: one that failed shows them as they are. */
function publishDryRun(tx: Tx, job: JobRow, run: RunRow): void {
  if (job.mode === "dry_run")
    tx.db.prepare("UPDATE outputs SET object = raw_object WHERE run = ?").run(run.id);
}

/** A job that was to stop ends for that reason, whatever its program did in the meantime. */
function failureColumns(job: JobRow, end: RunEnd, outcome: RunOutcome): Changes {
  if (!end.failure || job.stop_reason !== null) return {};
  const exit = outcome.exit_code === undefined ? "" : ` with ${outcome.exit_code}`;
  const detail = end.failure.limit
    ? `the ${end.failure.limit} limit ended it`
    : `the program ended (${outcome.outcome})${exit}`;
  return {
    failure_class: end.failure.class,
    failure_limit: end.failure.limit ?? null,
    failure_detail: detail,
  };
}
