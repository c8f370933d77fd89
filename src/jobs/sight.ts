/** Loads what `visibility.ts` decides over, and makes JobViews. Every way to a job for a principal goes through here. */
import type Database from "better-sqlite3";
import type { Catalog } from "../catalog/index.js";
import { prepared } from "../store/index.js";
import { type Actor, GRADES, rfc3339 } from "../vocabulary/index.js";
import type { JobEvent, JobView, WaitingFor } from "./job.js";
import { heldBack, IDLE } from "./policy.js";
import { auditorsOf, datasetsOf, type JobDatasetRow, type JobRow, jobRow, unknownJob } from "./rows.js";
import { standingOf } from "./standing.js";
import { type Sight, show, sightOf } from "./visibility.js";

type Db = Database.Database;

/** @throws not_found to those who may not know of the job */
export function seenJob(db: Db, actor: Actor, id: string): { job: JobRow; sight: Sight } {
  const job = jobRow(db, id);
  // Read only where the answer hangs on them: a submitter's own job needs neither.
  const sight = sightOf(actor, {
    submitter: job.principal,
    get owners() {
      return datasetsOf(db, job.id).map((d) => d.owner);
    },
    get auditors() {
      return auditorsOf(db, job.id);
    },
  });
  if (sight === undefined) throw unknownJob();
  return { job, sight };
}

export function viewOf(db: Db, catalog: Catalog, job: JobRow, sight: Sight, now: number): JobView {
  const shown = show(job, sight, now);
  const datasets = datasetsOf(db, job.id);
  const queue = shown.state === "queued" ? placeInQueue(db, job, now) : {};
  return {
    id: job.id,
    kind: job.kind,
    mode: job.mode,
    state: shown.state,
    ...(shown.failure ? { failure: shown.failure } : {}),
    datasets: datasets.map((d) => d.name),
    principal: catalog.principals.named(job.principal)?.name ?? job.principal,
    purpose: job.purpose,
    spec: job.spec,
    spec_sha256: job.spec_sha256,
    created_at: rfc3339(job.created_at),
    ...(shown.startedAt === undefined ? {} : { started_at: rfc3339(shown.startedAt) }),
    ...(shown.endedAt === undefined ? {} : { ended_at: rfc3339(shown.endedAt) }),
    ...queue,
    ...(shown.verdict ? { verdict: shown.verdict } : {}),
    signals: { bits: shown.bits, left: leastLeft(catalog, job, datasets) },
    rev: shown.rev,
  };
}

/** The moments at which the view moved, up to now. Numbered so that a reader can go on where it stopped. */
export function historyOf(job: JobRow, sight: Sight, now: number): JobEvent[] {
  const last = show(job, sight, now);
  const events: JobEvent[] = [{ id: 1, state: "queued", at: rfc3339(job.created_at) }];
  if (last.startedAt !== undefined) events.push({ id: 2, state: "running", at: rfc3339(last.startedAt) });
  if (last.endedAt !== undefined) {
    const state = last.state === "done" && job.held_at !== null ? "held" : last.state;
    events.push({ id: 3, state, at: rfc3339(last.endedAt) });
  } else if (last.state === "checking" && job.run_over_at !== null) {
    events.push({ id: 3, state: "checking", at: rfc3339(job.run_over_at) });
  }
  if (last.state === "done" && job.held_at !== null && job.closed_at !== null)
    events.push({ id: 4, state: "done", at: rfc3339(job.closed_at) });
  return events;
}

/**
 * Jobs that show as queued and were there before, and what this one waits for. Counted over what shows, not over
 * what is: the queue must not tell the end of somebody's run before the grid does.
 */
function placeInQueue(db: Db, job: JobRow, now: number): { ahead: number; waiting_for: WaitingFor } {
  const ahead = prepared(
    db,
    `SELECT count(*) FROM jobs
       WHERE ((start_shown_at IS NULL AND (state = 'queued' OR started_at IS NOT NULL)) OR start_shown_at > @now)
         AND (end_shown_at IS NULL OR end_shown_at > @now)
         AND stop_requested_at IS NULL AND (created_at, id) < (@created, @id)`,
  )
    .pluck()
    .get({ now, created: job.created_at, id: job.id }) as number;
  // A real job shows as queued until the ends of the runs before it show: what it really waits for stays hidden.
  return {
    ahead,
    waiting_for: job.mode === "dry_run" && waitsForRealRun(db, job, now) ? "own_real_run" : "worker",
  };
}

/** Bits left of the smallest allowance; null: unlimited. It moves when jobs are submitted, never when they end. */
function leastLeft(catalog: Catalog, job: JobRow, datasets: readonly JobDatasetRow[]): number | null {
  if (job.mode === "dry_run" || GRADES[job.grade].end_grid === null) return null;
  const lefts = datasets
    .filter((d) => d.grade > 1)
    .map((d) => catalog.signals.left(d.grant_id))
    .filter((left): left is number => left !== null);
  return lefts.length === 0 ? null : Math.min(...lefts);
}

function waitsForRealRun(db: Db, job: JobRow, now: number): boolean {
  const standing = standingOf(db, job.principal, now) ?? IDLE;
  return heldBack({ ...job, job: job.id }, standing, false, now) === "own_real_run";
}
