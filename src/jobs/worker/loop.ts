/**
 * A worker: takes one lease at a time, woken by Redis or by its own slow clock, and tidies its machine.
 *
 * Rules: one run at a time. When it is to stop it takes no new lease and gives the one it has back. What crashed
 * workers left on this machine is removed before another run starts here, and from time to time.
 */
import { decodeTime } from "ulid";
import { GloveboxError, ID_PREFIXES } from "../../vocabulary/index.js";
import type { Lease } from "../lease.js";
import { type QueueAddress, receiveWakeups } from "../queue.js";
import { traceOf } from "../trace.js";
import { executeLease, type RunTools } from "./run.js";

export interface WorkerOptions extends RunTools {
  queue?: QueueAddress;
  pollMs?: number;
  sweepMs?: number;
  /** So long a worker that is to stop lets its run go on before it gives it back. */
  drainMs?: number;
}

export interface RunningWorker {
  /** Takes no more; resolves when nothing of its runs is left. */
  stop(): Promise<void>;
  /** Resolves when control no longer knows this worker, or after `stop`. */
  ended: Promise<void>;
}

const POLL_MS = 2_000;
const SWEEP_MS = 30_000;
const DRAIN_MS = 10_000;

export function startWorker(options: WorkerOptions): RunningWorker {
  const worker = new WorkerLoop(options);
  return { stop: () => worker.stop(), ended: worker.ended };
}

/** Runs that a sweep leaves alone: those under way, and those that are younger than the list of them. */
class LiveRuns extends Set<string> {
  constructor(
    runs: Iterable<string>,
    private readonly at: number,
  ) {
    super(runs);
  }
  override has(run: string): boolean {
    return super.has(run) || startOf(run) >= this.at;
  }
}

function startOf(run: string): number {
  const prefix = `${ID_PREFIXES.run}_`;
  return run.startsWith(prefix) ? decodeTime(run.slice(prefix.length)) : 0;
}

class WorkerLoop {
  readonly ended: Promise<void>;
  private end: () => void = () => undefined;
  private readonly stopping = new AbortController();
  private stopped = false;
  private working: Promise<void> | undefined;
  private readonly tidying = new Set<Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly wakeups: { close(): Promise<void> } | undefined;
  private away = false;

  constructor(private readonly options: WorkerOptions) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    const { queue, log } = options;
    this.wakeups = queue && receiveWakeups({ queue, log, wake: () => this.work() });
    this.timers.push(setInterval(() => void this.work(), options.pollMs ?? POLL_MS));
    this.timers.push(setInterval(() => void this.sweep(), options.sweepMs ?? SWEEP_MS));
    void this.sweep().then(() => this.work());
  }

  /** Works until there is nothing to do. A call while it works waits, then asks once more. */
  async work(): Promise<void> {
    if (this.working) await this.working;
    this.working ??= this.takeAll().finally(() => {
      this.working = undefined;
    });
    await this.working;
  }

  private async takeAll(): Promise<void> {
    for (;;) {
      const lease = this.stopped ? undefined : await this.claim();
      if (!lease) return;
      // An earlier run of this job may still hold its machine: perhaps this one.
      if (lease.attempt > 1) await this.sweep();
      const { tidy } = await executeLease(this.options, lease, this.stopping.signal);
      const tidied: Promise<void> = tidy().finally(() => this.tidying.delete(tidied));
      this.tidying.add(tidied);
    }
  }

  private async claim(): Promise<Lease | undefined> {
    try {
      const lease = await this.options.control.claim();
      if (this.away) this.options.log.info("control is back");
      this.away = false;
      return lease;
    } catch (error) {
      if (error instanceof GloveboxError && error.code === "unauthenticated") this.end();
      else if (!this.away) this.options.log.warn({ ...traceOf(error) }, "control does not answer");
      this.away = true;
      return undefined;
    }
  }

  private async sweep(): Promise<void> {
    const { control, executor, log } = this.options;
    try {
      const { runs, at } = await control.liveRuns();
      const removed = await executor.sweep(new LiveRuns(runs, at));
      if (removed.length > 0) log.info({ runs: removed }, "removed what dead runs had left");
    } catch (error) {
      if (!this.away) log.warn({ ...traceOf(error) }, "the machine could not be swept");
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearInterval(timer);
    const hard = setTimeout(() => this.stopping.abort(), this.options.drainMs ?? DRAIN_MS);
    await this.working;
    clearTimeout(hard);
    await Promise.all(this.tidying);
    await this.wakeups?.close();
    this.end();
  }
}
