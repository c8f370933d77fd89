/**
 * What the workers offer and what a job needs of it, loaded here and decided in policy.ts.
 *
 * Rules. A job is taken only where its isolation is offered, and is leased only at a level that its data ask for at
 * that moment: an owner who became stricter meanwhile is heard. What a worker offers is the part of its token's levels
 * that its machine was seen to have; a worker that never said so has the container alone.
 */
import type Database from "better-sqlite3";
import type { DatasetRow } from "../catalog/index.js";
import type { Tx } from "../ledger/index.js";
import { prepared } from "../store/index.js";
import {
  GloveboxError,
  type Grade,
  ISOLATION_LEVELS,
  type IsolationLevel,
  type JobMode,
} from "../vocabulary/index.js";
import type { JobsParts, WorkerIdentity, WorkerOffer } from "./jobs.js";
import type { WorkerLabels } from "./lease.js";
import { type IsolationNeed, isolationFor, stricter } from "./policy.js";
import { datasetsOf, type JobRow } from "./rows.js";

type Db = Database.Database;

export function levelsOf(labels: string): IsolationLevel[] {
  const { isolation, offered = ["container"] } = JSON.parse(labels) as WorkerLabels;
  return isolation.filter((level) => offered.includes(level));
}

export const machineOf = (labels: string): string | undefined => (JSON.parse(labels) as WorkerLabels).machine;

/** Of all workers that were seen of late, weakest first. */
export function offeredLevels({ store, config }: JobsParts, now: number): IsolationLevel[] {
  const rows = prepared(store.db, "SELECT labels FROM workers WHERE revoked_at IS NULL AND seen_at >= ?")
    .pluck()
    .all(now - config.workerSeenMs) as string[];
  const offered = new Set([...config.isolation, ...rows.flatMap(levelsOf)]);
  return ISOLATION_LEVELS.filter((level) => offered.has(level));
}

type DataPolicy = Pick<DatasetRow, "grade" | "assessment">;

export function needOf(
  job: { mode: JobMode; isolation?: IsolationLevel | undefined },
  data: readonly DataPolicy[],
): IsolationNeed {
  // A rehearsal touches no data: its twin is public, whatever the grade of the original.
  if (job.mode === "dry_run") return { grade: 1, containerAccepted: false, atLeast: job.isolation };
  return {
    grade: Math.max(...data.map(({ grade }) => grade)) as Grade,
    containerAccepted: data.every(
      ({ grade, assessment }) => grade < 4 || assessment?.container_accepted === true,
    ),
    atLeast: data.reduce<IsolationLevel | undefined>(
      (least, { assessment }) => stricter(least, assessment?.isolation),
      job.isolation,
    ),
  };
}

/** The level that a queued job needs as its data stand now; undefined: nobody offers it. */
export function neededNow(tx: Tx, parts: JobsParts, job: JobRow): IsolationLevel | undefined {
  const asked = ISOLATION_LEVELS.find((level) => level === job.spec.isolation);
  const data = datasetsOf(tx.db, job.id).map(({ dataset }) => parts.catalog.datasets.row(dataset));
  try {
    const needed = isolationFor(
      needOf({ mode: job.mode, isolation: asked }, data),
      offeredLevels(parts, tx.now),
    );
    // Never below what it was taken for.
    return stricter(job.isolation, needed);
  } catch (error) {
    if (error instanceof GloveboxError && error.code === "isolation_unavailable") return undefined;
    throw error;
  }
}

/** What the worker's machine is, and truly has. */
export function offerLevels(
  parts: JobsParts,
  worker: WorkerIdentity,
  { levels, machine }: WorkerOffer,
): void {
  parts.ledger.commit((tx) => {
    const { isolation } = labelsOf(tx.db, worker.id);
    const offered = isolation.filter((level) => levels.includes(level));
    setLabels(tx, worker.id, { isolation, offered, machine });
    tx.entry({
      kind: "worker.offered",
      actor: "system",
      subject: worker.id,
      data: { worker: worker.id, isolation: offered },
    });
  });
}

/** A new process under a token may be of another version, on another machine: it says anew what it has. */
export function forgetOffer(tx: Tx, worker: string): void {
  setLabels(tx, worker, { isolation: labelsOf(tx.db, worker).isolation });
}

function labelsOf(db: Db, worker: string): WorkerLabels {
  const labels = prepared(db, "SELECT labels FROM workers WHERE id = ?").pluck().get(worker);
  if (typeof labels !== "string") throw new GloveboxError("unauthenticated");
  return JSON.parse(labels) as WorkerLabels;
}

function setLabels(tx: Tx, worker: string, labels: WorkerLabels): void {
  tx.db
    .prepare("UPDATE workers SET labels = ?, seen_at = ? WHERE id = ?")
    .run(JSON.stringify(labels), tx.now, worker);
}

/** An idle worker asks every other second, and is noted as seen once a minute. */
const SEEN_EVERY_MS = 60_000;

export function noteSeen(parts: JobsParts, worker: WorkerIdentity): void {
  const now = parts.clock.now();
  const seen = prepared(parts.store.db, "SELECT seen_at FROM workers WHERE id = ?").pluck().get(worker.id);
  if (typeof seen === "number" && now - seen < SEEN_EVERY_MS) return;
  parts.ledger.commit((tx) => {
    tx.db.prepare("UPDATE workers SET seen_at = ? WHERE id = ?").run(tx.now, worker.id);
  });
}
