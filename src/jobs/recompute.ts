/**
 * The runs that control has of its own: declared tables, computed by an engine from what the grant's View shows; and what
 * the node has found already, which a run only puts out.
 *
 * Rules: such a run is a run like any other, with a lease that is renewed, a fencing number, a wall clock and a kill, and
 * ends by the same commit; what control was computing when it died is lost and done again as a new run. No row comes
 * here: an engine answers with cells. Of an error no message is logged.
 */
import { GloveboxError } from "../vocabulary/index.js";
import { CONTROL, claimOwn, kindOf, type OwnRun } from "./claim.js";
import { factsOfClaim, renderedClaim } from "./claims/compute.js";
import { policyOf } from "./disclosure-policy.js";
import { finishRun } from "./finish.js";
import type { JobsParts, RunClaim } from "./jobs.js";
import type { FoundOutput } from "./kinds/kind.js";
import { claimsOf } from "./kinds/table.js";
import type { RunOutcome } from "./lease.js";
import { giveBack, loseRun } from "./lost.js";
import { putComputed, putRaw } from "./outputs.js";
import { type JobRow, runRows } from "./rows.js";
import { advance, heartbeat, heldRun } from "./runs.js";
import { traceOf } from "./trace.js";

type Claim = ReturnType<typeof claimsOf>[string];

export class Recomputer {
  private readonly running = new Set<Promise<void>>();
  private readonly closing = new AbortController();
  private kicked = false;

  constructor(private readonly parts: JobsParts) {
    // What the last process was computing died with it.
    parts.ledger.commit((tx) => {
      const left = "SELECT * FROM runs WHERE worker = ? AND state NOT IN ('ended', 'lost')";
      for (const run of runRows(tx.db, left, CONTROL)) loseRun(tx, parts, run, "control was started anew");
    });
  }

  /** Takes what is due and has room, once the commit that may have brought it is over. */
  kick(): void {
    if (this.kicked || this.closing.signal.aborted) return;
    this.kicked = true;
    queueMicrotask(() => {
      this.kicked = false;
      this.take();
    });
  }

  private take(): void {
    while (!this.closing.signal.aborted && this.running.size < this.parts.config.checksAtOnce) {
      const own = this.some() ? claimOwn(this.parts) : undefined;
      if (!own) return;
      const run: Promise<void> = new ControlRun(this.parts, own, this.closing.signal)
        .execute()
        .finally(() => {
          this.running.delete(run);
          this.kick();
        });
      this.running.add(run);
    }
  }

  private some(): boolean {
    const own = [...this.parts.kinds.values()].filter((k) => k.runner === "control").map((k) => k.name);
    const queued =
      "SELECT 1 FROM jobs WHERE state = 'queued' AND kind IN (SELECT value FROM json_each(?)) LIMIT 1";
    return this.parts.store.db.prepare(queued).get(JSON.stringify(own)) !== undefined;
  }

  async idle(): Promise<void> {
    await Promise.resolve();
    while (this.running.size > 0) await Promise.all(this.running);
  }

  /** What is under way is given back at once: an engine that still computes is stopped by its own room. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.idle();
  }
}

class ControlRun {
  private readonly claim: RunClaim;
  private readonly job: JobRow;
  /** Why it goes on no more. */
  private readonly ending = new AbortController();
  private readonly kept: RunOutcome["outputs"] = [];

  constructor(
    private readonly parts: JobsParts,
    own: OwnRun,
    private readonly closing: AbortSignal,
  ) {
    this.claim = { worker: CONTROL, run: own.run, fence: own.fence };
    this.job = own.job;
  }

  async execute(): Promise<void> {
    const beats = setInterval(() => this.beat(), this.parts.config.heartbeatMs);
    try {
      const outcome = await this.outcome();
      if (this.closing.aborted) giveBack(this.parts, this.claim);
      else finishRun(this.parts, this.claim, outcome);
    } catch (error) {
      // A run that was lost meanwhile is nobody's any more.
      if (!isStale(error)) this.log(error, "a run could not be ended");
    } finally {
      clearInterval(beats);
    }
  }

  private beat(): void {
    try {
      if (heartbeat(this.parts, this.claim).cancel) this.ending.abort();
    } catch (error) {
      if (isStale(error)) this.ending.abort();
      else this.log(error, "a lease could not be renewed");
    }
  }

  private async outcome(): Promise<RunOutcome> {
    try {
      advance(this.parts, this.claim, "staged");
      advance(this.parts, this.claim, "executing");
      for (const [name, claim] of Object.entries(claimsOf(this.job.spec))) {
        if (heartbeat(this.parts, this.claim).cancel) return this.ended("killed");
        await this.unlessStopped(this.compute(name, claim));
      }
      for (const found of kindOf(this.parts, this.job).finder?.outputs(this.job) ?? []) await this.put(found);
      advance(this.parts, this.claim, "collected");
      return { ...this.ended("exited"), exit_code: 0 };
    } catch (error) {
      if (this.ending.signal.aborted || this.closing.aborted) return this.ended("killed");
      if (isStale(error)) throw error;
      if (error instanceof GloveboxError && error.code === "too_large") return this.ended("output");
      this.log(error, "a table could not be computed");
      return this.ended("system");
    }
  }

  private ended(outcome: RunOutcome["outcome"]): RunOutcome {
    return { outcome, outputs: this.kept };
  }

  /** A question that nobody waits for any more may go on in its engine; its answer goes nowhere. */
  private async unlessStopped(work: Promise<void>): Promise<void> {
    const stop = AbortSignal.any([this.ending.signal, this.closing]);
    let wake = (): void => undefined;
    const stopped = new Promise<void>((resolve) => {
      wake = resolve;
      stop.addEventListener("abort", wake, { once: true });
      if (stop.aborted) resolve();
    });
    try {
      await Promise.race([work, stopped]);
      stop.throwIfAborted();
    } finally {
      stop.removeEventListener("abort", wake);
      work.catch(() => undefined);
    }
  }

  private async compute(name: string, claim: Claim): Promise<void> {
    const { parts, job } = this;
    const policy = policyOf(parts, job);
    const facts = await factsOfClaim(parts, job, claim, policy);
    const stored = await parts.vault.put(renderedClaim(facts, claim, policy));
    parts.ledger.commit((tx) => {
      heldRun(tx, this.claim);
      putComputed(tx, parts.keys.sealer, job, this.claim.run, { name, stored, facts });
    });
    this.kept.push({ name, sha256: stored.sha256, bytes: stored.bytes });
  }

  private async put({ name, canonical }: FoundOutput): Promise<void> {
    const { parts, job } = this;
    const stored = await parts.vault.put(canonical.canonical ?? Buffer.alloc(0));
    parts.ledger.commit((tx) => {
      heldRun(tx, this.claim);
      putRaw(tx, job, this.claim.run, name, stored, canonical.media_type);
    });
    this.kept.push({ name, sha256: stored.sha256, bytes: stored.bytes });
  }

  private log(error: unknown, what: string): void {
    this.parts.log.error({ ...traceOf(error), run: this.claim.run }, what);
  }
}

const isStale = (error: unknown): boolean => error instanceof GloveboxError && error.code === "stale";
