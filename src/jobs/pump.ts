/**
 * Carries out the checks that are due: a few at a time, each job by one check at once, again after a pause when
 * one could not be carried out. What is due is read from the jobs' states, so a restart needs no memory.
 */

import { saysFull } from "../store/index.js";
import type { JobId } from "../vocabulary/index.js";
import { noteJob } from "./change.js";
import { checkOutputs } from "./check.js";
import { holdJob } from "./hold.js";
import type { JobsParts } from "./jobs.js";
import { requeue } from "./lost.js";
import { type JobRow, jobRow, outputsOf } from "./rows.js";
import { traceOf } from "./trace.js";

const PAUSE_MS = 1_000;

export class CheckPump {
  private readonly running = new Map<JobId, Promise<void>>();
  private readonly notBefore = new Map<JobId, number>();
  private closed = false;

  constructor(private readonly parts: JobsParts) {}

  /** Starts what is due and has room. */
  kick(): void {
    if (this.closed) return;
    for (const id of this.due()) {
      if (this.running.size >= this.parts.config.checksAtOnce) return;
      if (this.running.has(id) || (this.notBefore.get(id) ?? 0) > this.parts.clock.now()) continue;
      const check = this.check(id).finally(() => {
        this.running.delete(id);
        this.kick();
      });
      this.running.set(id, check);
    }
  }

  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.idle();
  }

  private due(): JobId[] {
    const limit = this.parts.config.checksAtOnce + this.running.size + this.notBefore.size;
    return this.parts.store.db
      .prepare("SELECT id FROM jobs WHERE state = 'checking' ORDER BY run_over_at, id LIMIT ?")
      .pluck()
      .all(limit) as JobId[];
  }

  private async check(id: JobId): Promise<void> {
    const { parts } = this;
    try {
      const job = jobRow(parts.store.db, id);
      if (job.state !== "checking") return;
      holdJob(parts, id, await checkOutputs(parts, job));
      this.notBefore.delete(id);
    } catch (error) {
      if (this.closed) return;
      parts.log.error({ ...traceOf(error), job: id }, "a check could not be carried out");
      this.tryLater(id, error);
    }
  }

  private tryLater(id: JobId, error: unknown): void {
    const { parts } = this;
    this.notBefore.set(id, parts.clock.now() + PAUSE_MS);
    // A full disk is no fault of the outputs: they wait for room, however long.
    if (saysFull(error)) return;
    try {
      parts.ledger.commit((tx) => {
        const job = jobRow(tx.db, id);
        if (job.state !== "checking") return;
        if (this.isDamaged(job) && job.attempts < parts.config.maxRuns && job.stop_reason === null)
          requeue(tx, parts, job);
        else noteJob(tx, job, { check_attempts: job.check_attempts + 1 });
      });
    } catch (error) {
      parts.log.error({ ...traceOf(error), job: id }, "a failed check could not be noted");
    }
  }

  /** What was collected is no longer there: only another run can bring it back. */
  private isDamaged(job: JobRow): boolean {
    return outputsOf(this.parts.store.db, job).some(
      (row) => row.raw_object !== null && !this.parts.vault.has(row.raw_object),
    );
  }
}
