/**
 * One run, from lease to end: stage, execute, collect, upload, finish. The heartbeat goes on beside it.
 *
 * Rules: whatever happens, the program is dead before its files are read, and staging is wiped. An error of the
 * platform ends the run as `system`; a lease that was lost ends it without a word, for it is nobody's any more.
 * Nothing that a program wrote enters a log line.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import {
  CLAIMS_FILE,
  type CollectedFile,
  type Executor,
  type Exit,
  type Levels,
  MAX_CLAIMS_BYTES,
  type Prepared,
  type Refusal,
  type Staging,
} from "../../sandbox/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { RunState } from "../job.js";
import type { Lease, RunFacts, RunOutcome } from "../lease.js";
import { traceOf } from "../trace.js";
import type { SealedCache } from "./cache.js";
import type { ControlClient } from "./control.js";
import { fillFolders, makeFolders } from "./stage.js";

export interface RunTools {
  control: ControlClient;
  levels: Pick<Levels, "open" | "sweep">;
  staging: Staging;
  cache: SealedCache;
  /** Name of the node, by which its containers are found again. */
  node: string;
  maxLogBytes: number;
  log: Logger;
}

/** Files up to here are read into memory, so that an upload can be repeated. */
const REPEATABLE_BYTES = 8 * 1024 * 1024;

/** Resolves when control has been told; `tidy` then removes what the run leaves on this machine. */
export interface RunDone {
  tidy(): Promise<void>;
}

export async function executeLease(tools: RunTools, lease: Lease, stop: AbortSignal): Promise<RunDone> {
  const run = new LeasedRun(tools, lease);
  const onStop = () => run.stop();
  stop.addEventListener("abort", onStop, { once: true });
  try {
    await run.execute(stop);
  } finally {
    stop.removeEventListener("abort", onStop);
  }
  return { tidy: () => run.tidy() };
}

class LeasedRun {
  private readonly ending = new AbortController();
  private lost = false;
  private givenUp = false;
  private readonly uploaded: RunOutcome["outputs"] = [];
  private readonly cleanups: (() => Promise<unknown>)[] = [];
  /** Advances go to control in order, and the run does not wait for them. */
  private advanced: Promise<unknown> = Promise.resolve();
  private executor: Executor | undefined;

  constructor(
    private readonly tools: RunTools,
    private readonly lease: Lease,
  ) {}

  /** The worker is to stop: the run is given back. */
  stop(): void {
    this.givenUp = true;
    this.ending.abort();
  }

  async execute(stop: AbortSignal): Promise<void> {
    if (stop.aborted) this.stop();
    const beats = this.beat();
    try {
      const outcome = await this.outcome();
      if (this.lost) return;
      if (this.givenUp) await this.tools.control.giveBack(this.lease);
      else await this.tools.control.finish(this.lease, outcome);
    } catch (error) {
      if (!isStale(error))
        this.tools.log.error({ ...traceOf(error), run: this.lease.run }, "a run could not be reported");
    } finally {
      beats.stop();
    }
  }

  async tidy(): Promise<void> {
    for (const cleanup of this.cleanups.reverse().splice(0)) {
      try {
        await cleanup();
      } catch (error) {
        // What is left is found by the next sweep of the machine.
        this.tools.log.warn({ ...traceOf(error), run: this.lease.run }, "a run was not cleaned up");
      }
    }
  }

  private async outcome(): Promise<RunOutcome> {
    try {
      const prepared = await this.prepare();
      const exit = await this.runToEnd(prepared);
      return await this.collect(prepared, exit);
    } catch (error) {
      if (isStale(error)) this.lost = true;
      else if (!this.ending.signal.aborted)
        this.tools.log.error({ ...traceOf(error), run: this.lease.run }, "the platform failed under a run");
      return { outcome: this.ending.signal.aborted ? "killed" : "system", outputs: this.uploaded };
    }
  }

  private async prepare(): Promise<Prepared> {
    const { control, levels, staging, cache, node } = this.tools;
    const { lease } = this;
    // Never another level than the lease says, whatever this machine has.
    const { executor, images } = levels.open(lease.isolation);
    this.executor = executor;
    const [staged, info, image] = await Promise.all([
      staging.dir("job"),
      lease.stage ?? control.stage(lease),
      images.resolve(lease.order.image),
    ]);
    this.cleanups.push(() => staged.wipe());
    const folders = await makeFolders(staged.path);
    await fillFolders(folders, info, { cache, fetch: (object) => control.object(lease, object) });
    this.advance("staged");
    this.ending.signal.throwIfAborted();
    const prepared = await executor.prepare({
      runId: lease.run,
      node,
      image,
      command: lease.order.command,
      env: lease.order.env,
      dataDir: folders.data,
      workDir: folders.work,
      limits: lease.order.limits,
      outputs: [...lease.order.outputs, CLAIMS_FILE],
    });
    this.cleanups.push(() => executor.remove(prepared));
    this.advance("executing", {
      image,
      isolation: prepared.level,
      ...(prepared.ready ? { ready: true } : {}),
    });
    return prepared;
  }

  private opened(): Executor {
    if (!this.executor) throw new GloveboxError("internal", { detail: "no level was opened" });
    return this.executor;
  }

  private async runToEnd(prepared: Prepared): Promise<Exit> {
    const executor = this.opened();
    // Control learns which image runs before it runs: the entry is there whatever becomes of the run.
    await this.advanced;
    this.ending.signal.throwIfAborted();
    await executor.start(prepared);
    const exit = await executor.wait(prepared, this.ending.signal);
    this.advance("collected");
    return exit;
  }

  private async collect(prepared: Prepared, exit: Exit): Promise<RunOutcome> {
    const uploads: Promise<void>[] = [
      this.upload("stdout.log", exit.stdout),
      this.upload("stderr.log", exit.stderr),
    ];
    const collection = this.opened().collect(prepared);
    const oversized: Refusal[] = [];
    for await (const file of collection) {
      if (file.name === CLAIMS_FILE && file.bytes > MAX_CLAIMS_BYTES)
        oversized.push({ name: file.name, reason: "too_large", count: 1 });
      else await this.uploadFile(file);
    }
    await Promise.all([...uploads, this.advanced]);
    // A program need not claim anything.
    const refusals = collection.refusals.filter((r) => r.name !== CLAIMS_FILE || r.reason !== "missing");
    return {
      outcome: exit.outcome,
      exit_code: exit.exitCode,
      logs_truncated: exit.logsTruncated,
      refusals: [...oversized, ...refusals].slice(0, 100),
      outputs: this.uploaded,
    };
  }

  private async uploadFile(file: CollectedFile): Promise<void> {
    if (file.bytes > REPEATABLE_BYTES) {
      await this.send(file.name, () => file.open(), true);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of file.open()) parts.push(part as Buffer);
    await this.upload(file.name, Buffer.concat(parts));
  }

  private upload(name: string, content: Buffer): Promise<void> {
    return this.send(name, () => content.subarray(0, this.tools.maxLogBytes), false);
  }

  private async send(name: string, body: () => Buffer | ReturnType<CollectedFile["open"]>, once: boolean) {
    const { sha256, bytes } = await this.tools.control.putOutput(this.lease, name, body, once);
    this.uploaded.push({ name, sha256, bytes });
  }

  private advance(state: RunState, facts?: RunFacts): void {
    this.advanced = this.advanced.then(() => this.tools.control.advance(this.lease, state, facts));
    this.advanced.catch((error: unknown) => this.lose(error));
  }

  private lose(error: unknown): void {
    if (!isStale(error)) return;
    this.lost = true;
    this.ending.abort();
  }

  /** Renews the lease until stopped, and ends the run when control says so or the lease is gone. */
  private beat(): { stop(): void } {
    const over = new AbortController();
    const loop = async () => {
      while (!over.signal.aborted) {
        await pause(this.lease.heartbeat_ms, undefined, { signal: over.signal });
        try {
          const { cancel } = await this.tools.control.heartbeat(this.lease);
          if (cancel) this.ending.abort();
        } catch (error) {
          this.lose(error);
        }
      }
    };
    loop().catch(() => undefined);
    return { stop: () => over.abort() };
  }
}

function isStale(error: unknown): boolean {
  return error instanceof GloveboxError && (error.code === "stale" || error.code === "unauthenticated");
}
