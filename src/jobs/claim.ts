/**
 * Claiming: which job a worker gets is decided here, in one transaction, and nowhere else. The run's fencing
 * number is one more than that of any run of the job before it.
 */
import type { Tx } from "../ledger/index.js";
import { isShortOfRoom } from "../store/index.js";
import { GloveboxError, type JobId, newId } from "../vocabulary/index.js";
import { moveJob, showStarts } from "./change.js";
import type { JobsParts, WorkerIdentity } from "./jobs.js";
import type { Lease } from "./lease.js";
import { type Candidate, chooseNext } from "./policy.js";
import { type JobRow, jobRow } from "./rows.js";
import { standings } from "./standing.js";

/** So many jobs of one principal are looked at; behind them is only more of the same. */
const DEPTH = 50;

const QUEUED = `
  SELECT id AS job, principal, mode, grade, isolation, priority, created_at, not_before FROM (
    SELECT *, row_number() OVER (PARTITION BY principal ORDER BY priority DESC, created_at, id) AS place
    FROM jobs WHERE state = 'queued'
  ) WHERE place <= ${DEPTH}`;

export function claimNext(parts: JobsParts, worker: WorkerIdentity): Lease | undefined {
  // Idle workers ask often: without a queued job there is nothing to lock for.
  const some = parts.store.db.prepare("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1").get();
  // On a full disk a run could not end: it waits in the queue, where it costs none of its attempts.
  if (some === undefined || isShortOfRoom(parts.store.dataDir)) return undefined;
  return parts.ledger.commit((tx) => claimIn(tx, parts, worker));
}

function claimIn(tx: Tx, parts: JobsParts, worker: WorkerIdentity): Lease | undefined {
  const queued = tx.db.prepare(QUEUED).all() as Candidate[];
  const chosen = chooseNext(queued, standings(tx.db, tx.now), worker.levels, tx.now);
  return chosen === undefined ? undefined : lease(tx, parts, worker, jobRow(tx.db, chosen.job));
}

function lease(tx: Tx, parts: JobsParts, worker: WorkerIdentity, job: JobRow): Lease {
  // Dated to the job, not to the moment of the claim: a bundle names it to the requester.
  const run = newId("run", job.created_at);
  const fence = nextFence(tx, job.id);
  const { leaseMs, heartbeatMs } = parts.config;
  tx.db.prepare("UPDATE workers SET seen_at = ? WHERE id = ?").run(tx.now, worker.id);
  tx.db
    .prepare(
      "INSERT INTO runs (id, job, fence, worker, state, leased_at, lease_expires_at) VALUES (?, ?, ?, ?, 'leased', ?, ?)",
    )
    .run(run, job.id, fence, worker.id, tx.now, tx.now + leaseMs);
  const claimed = moveJob(tx, job, "claim", {
    changes: { started_at: job.started_at ?? tx.now, attempts: job.attempts + 1, not_before: 0 },
    data: { run, fence, worker: worker.id },
  });
  showStarts(tx);
  return {
    run,
    job: job.id,
    fence,
    kind: job.kind,
    mode: job.mode,
    isolation: job.isolation,
    attempt: claimed.attempts,
    lease_ms: leaseMs,
    heartbeat_ms: heartbeatMs,
    order: kindOf(parts, job).order(job),
  };
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
