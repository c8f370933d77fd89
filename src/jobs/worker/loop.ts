/**
 * A worker: takes one lease at a time, woken by Redis or by its own slow clock, and tidies its machine.
 *
 * Rules: one run at a time. When it is to stop it takes no new lease and gives the one it has back. What crashed
 * workers left on this machine is removed before another run starts here, and from time to time.
 */
import { GloveboxError } from "../../vocabulary/index.js";
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

/** A sweep that keeps all it meets, and remembers what that was. */
class Meeting extends Set<string> {
  readonly met = new Set<string>();
  override has(run: string): boolean {
    this.met.add(run);
    return true;
  }
}

/** A sweep that keeps all but these. */
class AllBut extends Set<string> {
  constructor(private readonly dead: readonly string[]) {
    super();
  }
  override has(run: string): boolean {
    return !this.dead.includes(run);
  }
}

/** A run is asked about after it was met, so one that begins meanwhile is never taken for dead. */
const MOST_ASKED = 1000;

class WorkerLoop {
  readonly ended: Promise<void>;
  private end: () => void = () => undefined;
  private readonly stopping = new AbortController();
  private stopped = false;
  private working: Promise<void> | undefined;
  private readonly tidying = new Set<Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly wakeups: { close(): Promise<void> } | undefined;
  private sweeping: Promise<void> | undefined;
  private away = false;

  constructor(private readonly options: WorkerOptions) {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    const { queue, log } = options;
    this.wakeups = queue && receiveWakeups({ queue, log, wake: () => this.work() });
    this.timers.push(setInterval(() => void this.work(), options.pollMs ?? POLL_MS));
    this.timers.push(setInterval(() => void this.tidyMachine(), options.sweepMs ?? SWEEP_MS));
    void this.tidyMachine().then(() => this.work());
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
      if (lease.attempt > 1) await this.tidyMachine();
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

  /** One at a time; who asks while one is under way waits for it. */
  private tidyMachine(): Promise<void> {
    this.sweeping ??= this.sweep().finally(() => {
      this.sweeping = undefined;
    });
    return this.sweeping;
  }

  private async sweep(): Promise<void> {
    const { control, levels, log } = this.options;
    try {
      const meeting = new Meeting();
      await levels.sweep(meeting);
      if (meeting.met.size === 0) return;
      const dead = await control.deadRuns([...meeting.met].slice(0, MOST_ASKED));
      if (dead.length === 0) return;
      const removed = await levels.sweep(new AllBut(dead));
      log.info({ runs: removed }, "removed what dead runs had left");
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
    await Promise.all([...this.tidying, this.sweeping]);
    await this.wakeups?.close();
    this.end();
  }
}
