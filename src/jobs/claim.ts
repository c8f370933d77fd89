/**
 * Claiming: which job a worker gets is decided here, in one transaction, and nowhere else. The run's fencing
 * number is one more than that of any run of the job before it.
 */
import type { Tx } from "../ledger/index.js";
import { isShortOfRoom } from "../store/index.js";
import {
  GloveboxError,
  ISOLATION_LEVELS,
  type IsolationLevel,
  type JobId,
  newId,
  type RunId,
  SYSTEM_ACTOR,
} from "../vocabulary/index.js";
import { moveJob, noteJob, showStarts } from "./change.js";
import { neededNow } from "./isolation.js";
import type { JobsParts, WorkerIdentity } from "./jobs.js";
import type { JobKind } from "./kinds/kind.js";
import type { Lease, RunOrder } from "./lease.js";
import { type Candidate, chooseNext, levelAt } from "./policy.js";
import { type JobRow, jobRow } from "./rows.js";
import { machineStanding, standings } from "./standing.js";
import { stopJob } from "./stop.js";

/** So many jobs of one principal are looked at; behind them is only more of the same. */
const DEPTH = 50;

const QUEUED = `
  SELECT id AS job, principal, mode, grade, isolation, priority, created_at, not_before FROM (
    SELECT *, row_number() OVER (PARTITION BY principal ORDER BY priority DESC, created_at, id) AS place
    FROM jobs WHERE state = 'queued' AND kind IN (SELECT value FROM json_each(?))
  ) WHERE place <= ${DEPTH}`;

/** Queued jobs of the kinds that this runner runs. */
function queuedFor(tx: Tx, parts: JobsParts, runner: JobKind["runner"]): Candidate[] {
  const kinds = [...parts.kinds.values()].filter((k) => k.runner === runner).map((k) => k.name);
  return tx.db.prepare(QUEUED).all(JSON.stringify(kinds)) as Candidate[];
}

export function claimNext(parts: JobsParts, worker: WorkerIdentity): Lease | undefined {
  // Idle workers ask often: without a queued job there is nothing to lock for.
  const some = parts.store.db.prepare("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1").get();
  // On a full disk a run could not end: it waits in the queue, where it costs none of its attempts.
  if (some === undefined || isShortOfRoom(parts.store.dataDir)) return undefined;
  return parts.ledger.commit((tx) => claimIn(tx, parts, worker));
}

/** At most so many queued jobs are moved to a stricter level, or end for want of one, in one transaction. */
const MOST_MOVED = 100;

function claimIn(tx: Tx, parts: JobsParts, worker: WorkerIdentity): Lease | undefined {
  const standing = standings(tx.db, tx.now);
  const machine = machineStanding(tx.db, worker.machine);
  let queued = queuedFor(tx, parts, "worker");
  for (let moved = 0; moved < MOST_MOVED; moved++) {
    const chosen = chooseNext(queued, standing, worker.levels, tx.now, machine);
    if (chosen === undefined) return undefined;
    const job = jobRow(tx.db, chosen.job);
    const needed = neededNow(tx, parts, job);
    if (needed === undefined) {
      stopJob(tx, parts, job, "refused", SYSTEM_ACTOR);
      queued = queued.filter((c) => c.job !== job.id);
      continue;
    }
    if (needed !== job.isolation) {
      noteJob(tx, job, { isolation: needed });
      chosen.isolation = needed;
    }
    const level = levelAt(needed, worker.levels);
    if (level !== undefined) return lease(tx, parts, worker, jobRow(tx.db, job.id), level);
  }
  return undefined;
}

/** The name under which control holds the runs of what it runs itself. */
export const CONTROL = "control";

/** A run that control has taken: no program, and so no isolation of one. */
export interface OwnRun {
  run: RunId;
  fence: number;
  job: JobRow;
}

/** The next job that control itself runs, by the same turn as for workers. */
export function claimOwn(parts: JobsParts): OwnRun | undefined {
  if (isShortOfRoom(parts.store.dataDir)) return undefined;
  return parts.ledger.commit((tx) => {
    const queued = queuedFor(tx, parts, "control");
    const chosen = chooseNext(queued, standings(tx.db, tx.now), ISOLATION_LEVELS, tx.now);
    return chosen === undefined ? undefined : beginRun(tx, parts, CONTROL, jobRow(tx.db, chosen.job), null);
  });
}

function lease(
  tx: Tx,
  parts: JobsParts,
  worker: WorkerIdentity,
  job: JobRow,
  isolation: IsolationLevel,
): Lease {
  tx.db.prepare("UPDATE workers SET seen_at = ? WHERE id = ?").run(tx.now, worker.id);
  const { run, fence, job: claimed } = beginRun(tx, parts, worker.id, job, isolation);
  const { leaseMs, heartbeatMs } = parts.config;
  return {
    run,
    job: job.id,
    fence,
    kind: job.kind,
    mode: job.mode,
    isolation,
    attempt: claimed.attempts,
    lease_ms: leaseMs,
    heartbeat_ms: heartbeatMs,
    order: orderOf(parts, job),
  };
}

function beginRun(
  tx: Tx,
  parts: JobsParts,
  worker: string,
  job: JobRow,
  isolation: IsolationLevel | null,
): OwnRun {
  // Dated to the job, not to the moment of the claim: a bundle names it to the requester.
  const run = newId("run", job.created_at);
  const fence = nextFence(tx, job.id);
  tx.db
    .prepare(
      `INSERT INTO runs (id, job, fence, worker, state, isolation, leased_at, lease_expires_at)
       VALUES (?, ?, ?, ?, 'leased', ?, ?, ?)`,
    )
    .run(run, job.id, fence, worker, isolation, tx.now, tx.now + parts.config.leaseMs);
  const claimed = moveJob(tx, job, "claim", {
    changes: { started_at: job.started_at ?? tx.now, attempts: job.attempts + 1, not_before: 0 },
    data: { run, fence, worker, isolation },
  });
  showStarts(tx);
  return { run, fence, job: claimed };
}

function nextFence(tx: Tx, job: JobId): number {
  const last = tx.db.prepare("SELECT coalesce(max(fence), 0) FROM runs WHERE job = ?").pluck().get(job);
  return (last as number) + 1;
}

export function kindOf(parts: JobsParts, job: JobRow) {
  const kind = parts.kinds.get(job.kind);
  if (!kind) throw new GloveboxError("internal", { detail: `no kind ${job.kind} is registered` });
  return kind;
}

/** What a worker executes. */
export function orderOf(parts: JobsParts, job: JobRow): RunOrder {
  const order = kindOf(parts, job).order?.(job);
  if (!order) throw new GloveboxError("internal", { detail: `a job of kind ${job.kind} has no worker` });
  return order;
}
