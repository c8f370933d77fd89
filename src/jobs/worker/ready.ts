/**
 * A worker's ready containers: level `container` gets an executor that gives a run one which waits, where there is one.
 *
 * Rules: the pool begins to fill when the worker has been up for a moment and in the background, so that neither the
 * node's start nor the first run waits for it. What it does and costs is told to control, for the metrics.
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
/** When it changed, and now and then all the same, for control may have been started anew. */
const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 10_000;

export class ReadyLevels implements Pick<Levels, "open" | "sweep"> {
  private opened: { level: OpenedLevel; executor: ReadyExecutor } | undefined;
  private readonly telling: NodeJS.Timeout | undefined;
  private told = { what: "", at: 0 };

  constructor(private readonly options: ReadyLevelsOptions) {
    if (options.count === 0) return;
    try {
      this.container();
    } catch (error) {
      options.log.info({ ...traceOf(error) }, "no level that ready containers are for");
      return;
    }
    this.telling = setInterval(() => void this.tell(), LOOK_EVERY_MS);
  }

  open(level: IsolationLevel): OpenedLevel {
    return level === LEVEL && this.options.count > 0 ? this.container() : this.options.levels.open(level);
  }

  sweep(keep: ReadonlySet<string>): Promise<string[]> {
    return this.options.levels.sweep(keep);
  }

  async close(): Promise<void> {
    clearInterval(this.telling);
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

  private async tell(): Promise<void> {
    if (!this.opened) return;
    const { memoryBytes, ...rest } = this.opened.executor.report();
    const counts: ReadyCounts = { ...rest, memory_bytes: memoryBytes };
    const [what, at] = [JSON.stringify(counts), performance.now()];
    if (what === this.told.what && at - this.told.at < TELL_EVERY_MS) return;
    this.told = { what, at };
    // Control may be away for a moment; the next one says as much.
    await this.options.control.ready(counts).catch(() => undefined);
  }
}
