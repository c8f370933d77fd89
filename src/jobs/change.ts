/**
 * The one place where a job or a run changes its state: a row of the table, the ledger entry and the event, all
 * in the caller's transaction.
 *
 * Rule: an event says that a job moved and nothing else; who may know what is decided when it is read.
 */
import type { JsonObject, Tx } from "../ledger/index.js";
import { GRADES, type JobId, SYSTEM_ACTOR } from "../vocabulary/index.js";
import type { RunState } from "./job.js";
import { datasetsOf, type JobRow, jobRow, type RunRow } from "./rows.js";
import { shownFrom } from "./signals.js";
import { type JobEventName, jobStep, type RunEventName, runStep } from "./states.js";

type Column = string | number | null;
export type Changes = { [column: string]: Column };

/** Names of columns come from this code only. */
function update(tx: Tx, table: "jobs" | "runs", id: string, changes: Changes): void {
  const names = Object.keys(changes);
  const sets = names.map((name) => `${name} = @${name}`).join(", ");
  tx.db.prepare(`UPDATE ${table} SET ${sets} WHERE id = @id`).run({ ...changes, id });
}

/** Moves a job along a row of the table. @returns the job as it is now. @throws state_conflict */
export function moveJob(
  tx: Tx,
  job: JobRow,
  event: JobEventName,
  by: { actor?: string; changes?: Changes; data?: JsonObject } = {},
): JobRow {
  const row = jobStep(job.state, event);
  update(tx, "jobs", job.id, { ...by.changes, state: row.to, rev: job.rev + 1 });
  tx.entry({
    kind: row.entry,
    actor: by.actor ?? SYSTEM_ACTOR,
    subject: job.id,
    dataset: datasetsOf(tx.db, job.id).map((d) => d.dataset),
    data: { job: job.id, ...by.data },
  });
  tx.event("job.changed", job.id, {});
  return jobRow(tx.db, job.id);
}

/** Changes what is known of a job without moving it. */
export function noteJob(tx: Tx, job: JobRow, changes: Changes): JobRow {
  update(tx, "jobs", job.id, { ...changes, rev: job.rev + 1 });
  tx.event("job.changed", job.id, {});
  return jobRow(tx.db, job.id);
}

const MOMENT: Partial<Record<RunState, string>> = {
  staged: "staged_at",
  executing: "executing_at",
  collected: "collected_at",
  ended: "ended_at",
  lost: "ended_at",
};

/** Moves a run along a row of the table. @throws state_conflict */
export function moveRun(
  tx: Tx,
  run: RunRow,
  event: RunEventName,
  by: { changes?: Changes; data?: JsonObject } = {},
): RunState {
  const row = runStep(run.state, event);
  const moment = MOMENT[row.to];
  update(tx, "runs", run.id, {
    ...by.changes,
    state: row.to,
    ...(moment ? { [moment]: tx.now } : {}),
  });
  tx.entry({
    kind: row.entry,
    actor: SYSTEM_ACTOR,
    subject: run.id,
    dataset: datasetsOf(tx.db, run.job).map((d) => d.dataset),
    data: { run: run.id, job: run.job, fence: run.fence, ...by.data },
    // A bundle opens it to the requester, whom the moment of a start or an end would tell more than its signals.
    coarse: true,
  });
  return row.to;
}

/** Ends a job: held, done, failed or cancelled. Sets when that shows, and lets starts show that waited for it. */
export function endJob(
  tx: Tx,
  retentionMs: number,
  job: JobRow,
  event: JobEventName,
  by: { actor?: string; changes?: Changes; data?: JsonObject } = {},
): JobRow {
  const started = job.started_at !== null;
  const exact = job.mode === "dry_run" || !started;
  const shownAt = exact ? tx.now : shownFrom(job.created_at, tx.now, GRADES[job.grade].end_grid);
  const ended = moveJob(tx, job, event, {
    ...by,
    changes: {
      ...by.changes,
      ended_at: tx.now,
      end_shown_at: shownAt,
      retain_until: tx.now + retentionMs,
      run_over_at: job.run_over_at ?? tx.now,
    },
  });
  showStarts(tx);
  return ended;
}

/**
 * A start shows no sooner than the ends of the real runs that it may have waited for: a queue of one's own would
 * else read the end of the run before it to the millisecond. While such a run is still being checked, its end is
 * not known yet, and the start goes on waiting.
 */
export function showStarts(tx: Tx): void {
  const waiting = tx.db
    .prepare(
      `SELECT id, created_at, started_at FROM jobs
       WHERE started_at IS NOT NULL AND start_shown_at IS NULL AND stop_requested_at IS NULL`,
    )
    .all() as { id: JobId; created_at: number; started_at: number }[];
  for (const job of waiting) {
    const before = tx.db
      .prepare(
        `SELECT max(end_shown_at) AS shown, sum(ended_at IS NULL) AS open FROM jobs
         WHERE id <> @id AND mode = 'real' AND grade > 1 AND run_over_at BETWEEN @created_at AND @started_at
           AND (ended_at IS NULL OR end_shown_at > @now)`,
      )
      .get({ ...job, now: tx.now }) as { shown: number | null; open: number | null };
    if ((before.open ?? 0) > 0) continue;
    const shown = Math.max(tx.now, before.shown ?? 0);
    tx.db.prepare("UPDATE jobs SET start_shown_at = ? WHERE id = ?").run(shown, job.id);
    tx.event("job.changed", job.id, {});
  }
}
