/**
 * An Executor that gives a run a container which was started beforehand, where one of its class waits, and else starts
 * one as usual. What isolates the run is the same either way (docker/settings); docs/isolation.md says what differs.
 *
 * Rules. No run fails for want of a ready container, or because one died: it starts cold. What was given a run is that
 * run's and is removed with it.
 */
import type { IsolationLevel } from "../../vocabulary/index.js";
import { DockerExecutor } from "../docker/executor.js";
import type { DockerRun } from "../docker/run.js";
import { environment } from "../docker/settings.js";
import type { Collection, Executor, Exit, Prepared, Probe, RunSpec } from "../executor.js";
import { assertLimits } from "../limits.js";
import { assertCollectedNames } from "../outputs.js";
import { classOf, READY_IMAGES, type ReadyClass } from "./class.js";
import { encodeOrder } from "./order.js";
import { type PoolOptions, ReadyPool } from "./pool.js";
import { Waiting } from "./waiting.js";

export interface ReadyOptions extends Partial<Omit<PoolOptions<Waiting>, "make">> {
  /** What makes the containers, and runs what gets none that waits: one of `createDockerExecutor`. */
  executor: Executor;
}

/** What `/metrics` shows of a pool. */
export interface ReadyReport {
  /** Containers that wait now, and the memory that they hold. */
  waiting: number;
  memoryBytes: number;
  /** Runs since the start that were given one, and that started cold. */
  given: number;
  cold: number;
}

export interface ReadyExecutor extends Executor {
  /** Begins to keep containers waiting, after so long. */
  open(afterMs: number): void;
  /** Resolves when one of this class waits. */
  fill(ready: ReadyClass): Promise<void>;
  report(): ReadyReport;
  /** Removes all that wait; runs under way go on. */
  close(): Promise<void>;
}

class PooledExecutor implements ReadyExecutor {
  private readonly docker: DockerExecutor;
  private readonly pool: ReadyPool<Waiting>;
  /** By the run that it was given. */
  private readonly given = new WeakMap<Prepared, Waiting>();
  private readonly onChange: () => void;
  private counts = { given: 0, cold: 0 };

  constructor({ executor, count = 0, classes = async () => [], ...told }: ReadyOptions) {
    if (!(executor instanceof DockerExecutor))
      throw new Error("sandbox: only containers of an engine can wait");
    this.docker = executor;
    const make = (ready: ReadyClass) => Waiting.make(this.docker, ready);
    this.pool = new ReadyPool({ make, count, classes, ...told });
    this.onChange = told.onChange ?? (() => undefined);
  }

  get level(): IsolationLevel {
    return this.docker.level;
  }
  probe(): Promise<Probe> {
    return this.docker.probe();
  }
  open(afterMs: number): void {
    this.pool.soon(afterMs);
  }
  async fill(ready: ReadyClass): Promise<void> {
    assertLimits({ ...ready.limits, wall_s: 1 });
    await this.pool.fill(ready);
  }
  report(): ReadyReport {
    return { waiting: this.pool.size, memoryBytes: this.pool.memoryBytes, ...this.counts };
  }

  async prepare(spec: RunSpec): Promise<Prepared> {
    assertCollectedNames(spec.outputs);
    assertLimits(spec.limits);
    // Refuses variables that are not a run's to set, as a cold start would.
    environment(spec);
    const warm = await this.ready(spec);
    this.counts[warm ? "given" : "cold"] += 1;
    this.onChange();
    return warm ?? this.docker.prepare(spec);
  }

  private async ready(spec: RunSpec): Promise<DockerRun | undefined> {
    // A container's node is a label, which cannot change.
    const fits = READY_IMAGES.includes(spec.image.name) && spec.node === this.docker.options.node;
    const order = fits ? encodeOrder(spec) : undefined;
    const waiting = order && this.pool.take(classOf(spec));
    if (!waiting) return undefined;
    try {
      const run = await waiting.give(spec, order);
      this.given.set(run, waiting);
      return run;
    } catch {
      // It died, or lies on another file system: its run has its files back and starts cold.
      await waiting.destroy().catch(() => undefined);
      return undefined;
    }
  }

  async start(prepared: Prepared): Promise<void> {
    await this.docker.start(prepared);
    this.pool.started();
  }
  async wait(prepared: Prepared, signal?: AbortSignal): Promise<Exit> {
    try {
      return await this.docker.wait(prepared, signal);
    } finally {
      this.pool.ended();
    }
  }
  kill(prepared: Prepared): Promise<void> {
    return this.docker.kill(prepared);
  }
  collect(prepared: Prepared): Collection {
    return this.docker.collect(prepared);
  }
  async remove(prepared: Prepared): Promise<void> {
    this.given.get(prepared)?.close();
    await this.docker.remove(prepared);
    this.pool.ended();
  }
  sweep(keep: ReadonlySet<string>): Promise<string[]> {
    return this.docker.sweep(keep);
  }
  close(): Promise<void> {
    return this.pool.close();
  }
}

export const createReadyExecutor = (options: ReadyOptions): ReadyExecutor => new PooledExecutor(options);
