/**
 * What only time brings about: leases that end, wall clocks that pass, jobs that waited too long, retention.
 * Each is read from the database and carried out in its own commit, so nothing depends on a timer having fired.
 */
import { SYSTEM_ACTOR } from "../vocabulary/index.js";
import { moveJob, moveRun } from "./change.js";
import { kindOf } from "./claim.js";
import type { JobsParts } from "./jobs.js";
import { loseRun, runIsOver } from "./lost.js";
import { deleteDropped } from "./objects.js";
import { dropOutputs } from "./outputs.js";
import { isLive, jobRow, jobRows, type RunRow, runRow, runRows } from "./rows.js";
import { stopJob } from "./stop.js";

const BATCH = 100;
const LIVE = "state IN ('leased', 'staged', 'executing', 'collected')";

export function sweep(parts: JobsParts): void {
  loseExpired(parts);
  enforceWallClocks(parts);
  refuseOverdue(parts);
  endRetention(parts);
  deleteDropped(parts.store.db, parts.vault, parts.clock.now());
}

/** Control was away: workers that went on meanwhile get one lease's time to report before they are given up. */
export function renewLeases(parts: JobsParts): void {
  parts.ledger.commit((tx) => {
    tx.db
      .prepare(`UPDATE runs SET lease_expires_at = max(lease_expires_at, ?) WHERE ${LIVE}`)
      .run(tx.now + parts.config.leaseMs);
  });
}

function loseExpired(parts: JobsParts): void {
  const { db } = parts.store;
  for (const run of runRows(
    db,
    `SELECT * FROM runs WHERE ${LIVE} AND lease_expires_at <= ?`,
    parts.clock.now(),
  ))
    parts.ledger.commit((tx) => {
      const now = runRow(tx.db, run.id);
      if (now && isLive(now) && now.lease_expires_at <= tx.now)
        loseRun(tx, parts, now, "its worker was not heard of any more");
    });
}

/** The executor keeps the wall clock; this is for a worker that does not. */
function enforceWallClocks(parts: JobsParts): void {
  const { db } = parts.store;
  for (const run of runRows(db, `SELECT * FROM runs WHERE ${LIVE} AND executing_at IS NOT NULL`)) {
    const job = jobRow(db, run.job);
    const wallMs = kindOf(parts, job).wallSeconds(job.spec) * 1000;
    const over = parts.clock.now() - (run.executing_at ?? 0) - wallMs;
    if (over > parts.config.wallLostMs) endAtWall(parts, run);
    else if (over > parts.config.wallGraceMs && run.kill_at === null)
      parts.ledger.commit((tx) => {
        tx.db.prepare("UPDATE runs SET kill_at = ? WHERE id = ? AND kill_at IS NULL").run(tx.now, run.id);
      });
  }
}

/** It was told to stop its run and did not: the run is lost and the job met its limit. */
function endAtWall(parts: JobsParts, run: RunRow): void {
  parts.ledger.commit((tx) => {
    const now = runRow(tx.db, run.id);
    const job = jobRow(tx.db, run.job);
    if (!now || !isLive(now) || job.state !== "running") return;
    dropOutputs(tx, run.id);
    moveRun(tx, now, "lose", {
      changes: { outcome: JSON.stringify({ outcome: "wall" }) },
      data: { why: "wall" },
    });
    runIsOver(tx, parts, job, now, {
      failure_class: "limit_exceeded",
      failure_limit: "wall",
      failure_detail: "the wall limit passed and its worker did not end it",
    });
  });
}

function refuseOverdue(parts: JobsParts): void {
  const { db } = parts.store;
  const overdue = jobRows(
    db,
    `SELECT * FROM jobs WHERE state = 'queued' AND created_at <= ? LIMIT ${BATCH}`,
    parts.clock.now() - parts.config.maxQueuedMs,
  );
  for (const job of overdue)
    parts.ledger.commit((tx) => {
      const now = jobRow(tx.db, job.id);
      if (now.state === "queued") stopJob(tx, parts, now, "refused", SYSTEM_ACTOR);
    });
}

function endRetention(parts: JobsParts): void {
  const { db } = parts.store;
  const due = jobRows(db, `SELECT * FROM jobs WHERE retain_until <= ? LIMIT ${BATCH}`, parts.clock.now());
  for (const job of due)
    parts.ledger.commit((tx) => {
      const now = jobRow(tx.db, job.id);
      if (now.state === "held") moveJob(tx, now, "close", { changes: { closed_at: tx.now } });
      // A rehearsal's files are for looking at; what a release may still name is kept.
      if (now.mode === "dry_run" && now.run !== null) dropOutputs(tx, now.run);
      tx.db.prepare("UPDATE jobs SET retain_until = NULL WHERE id = ?").run(job.id);
    });
}
