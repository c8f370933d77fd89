/**
 * A worker's ready containers: level `container` gets an executor that gives a run one which waits, where there is one.
 *
 * Rules: the pool begins to fill when the worker has been up for a moment and in the background, so that neither the
 * node's start nor the first run waits for it. What it does and costs is told to control at once, for the metrics.
 */
import type { Logger } from "pino";
import {
  type ClassLimits,
  createReadyExecutor,
  type Levels,
  type OpenedLevel,
  READY_IMAGES,
  type ReadyClass,
  type ReadyExecutor,
} from "../../sandbox/index.js";
import type { IsolationLevel } from "../../vocabulary/index.js";
import type { ReadyCounts } from "../lease.js";
import { traceOf } from "../trace.js";
import type { ControlClient } from "./control.js";

export interface ReadyLevelsOptions {
  levels: Pick<Levels, "open" | "sweep">;
  control: ControlClient;
  /** How many wait; 0: none, every run starts cold. */
  count: number;
  limits: ClassLimits;
  log: Logger;
}

/** The one level that has them: stricter ones start a kernel or an engine of their own. */
const LEVEL: IsolationLevel = "container";
const FIRST_FILL_MS = 1_000;
/** Without a change too, for control may have been started anew. */
const TELL_EVERY_MS = 10_000;

export class ReadyLevels implements Pick<Levels, "open" | "sweep"> {
  private opened: { level: OpenedLevel; executor: ReadyExecutor } | undefined;
  private readonly timer: NodeJS.Timeout | undefined;
  private telling = false;
  private changed = false;

  constructor(private readonly options: ReadyLevelsOptions) {
    if (options.count === 0) return;
    try {
      this.container();
    } catch (error) {
      options.log.info({ ...traceOf(error) }, "no level that ready containers are for");
      return;
    }
    this.timer = setInterval(() => this.tell(), TELL_EVERY_MS);
  }

  open(level: IsolationLevel): OpenedLevel {
    return level === LEVEL && this.options.count > 0 ? this.container() : this.options.levels.open(level);
  }

  sweep(keep: ReadonlySet<string>): Promise<string[]> {
    return this.options.levels.sweep(keep);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.opened?.executor.close();
  }

  private container(): OpenedLevel {
    this.opened ??= this.wrap(this.options.levels.open(LEVEL));
    return { ...this.opened.level, executor: this.opened.executor };
  }

  private wrap(level: OpenedLevel) {
    const { count, log } = this.options;
    const executor = createReadyExecutor({
      executor: level.executor,
      count,
      classes: () => this.classes(level),
      onChange: () => this.tell(),
      onTrouble: (error) => log.warn({ ...traceOf(error) }, "a container could not be made ready"),
    });
    executor.open(FIRST_FILL_MS);
    return { level, executor };
  }

  private async classes({ images }: OpenedLevel): Promise<ReadyClass[]> {
    const there = await images.list();
    return there
      .filter(({ name }) => READY_IMAGES.includes(name))
      .map((image) => ({ image, limits: this.options.limits }));
  }

  /** One telling at a time: what changes meanwhile is told after it, as it is then. */
  private tell(): void {
    this.changed = true;
    if (this.opened && !this.telling) void this.tellAll(this.opened.executor);
  }

  private async tellAll(executor: ReadyExecutor): Promise<void> {
    this.telling = true;
    while (this.changed) {
      this.changed = false;
      const { memoryBytes, ...rest } = executor.report();
      const counts: ReadyCounts = { ...rest, memory_bytes: memoryBytes };
      // Control may be away for a moment; the next one says as much.
      await this.options.control.ready(counts).catch(() => undefined);
    }
    this.telling = false;
  }
}
