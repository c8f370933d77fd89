/**
 * The containers that wait, by class, and the making of new ones.
 *
 * Rules. What was taken is never given back: two runs cannot get the same one, for taking is one step of one thread and
 * a pool is one process's own. At most `count` of each class wait; they are made one at a time, not while a run is being
 * brought to its start, and not when memory is short. A failure to make one costs runs nothing: they start
 * cold, and the next try comes later each time.
 */
import { freemem, totalmem } from "node:os";
import { classKey, type ReadyClass } from "./class.js";

/** One container that waits, as a pool sees it. */
export interface Pooled {
  readonly key: string;
  /** Memory that it holds while it waits. */
  readonly heldBytes: number;
  /** Resolves or fails when it has died. */
  readonly ended: Promise<unknown>;
  destroy(): Promise<void>;
}

export interface PoolOptions<Waiting extends Pooled> {
  make(ready: ReadyClass): Promise<Waiting>;
  /** How many of each class wait. */
  count: number;
  /** Asked again at each filling. */
  classes(): Promise<readonly ReadyClass[]>;
  onTrouble?: (error: unknown) => void;
  /** Another number waits than before. */
  onChange?: () => void;
}

/**
 * A run's start is waited for; from then on the next container is made beside it, with what processor time is left over
 * (`weigh`), since runs that follow each other would else find none.
 */
const AFTER_START_MS = 50;
const LOOK_EVERY_MS = 60_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;
const MIB = 1024 * 1024;
/** This part of the machine's memory stays free of waiting containers. */
const KEPT_FREE = 0.2;

/** Whether one more may wait: the runs come first. Pure. */
export const hasRoom = (
  { limits }: ReadyClass,
  free: number = freemem(),
  total: number = totalmem(),
): boolean => free - limits.memory_mb * MIB > total * KEPT_FREE;

export class ReadyPool<Waiting extends Pooled> {
  private readonly waiting: Waiting[] = [];
  private filling: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private due = Number.POSITIVE_INFINITY;
  private closed = false;
  private pause = FIRST_PAUSE_MS;

  constructor(private readonly options: PoolOptions<Waiting>) {}

  get size(): number {
    return this.waiting.length;
  }
  get memoryBytes(): number {
    return this.waiting.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  /** The oldest of its class; it is the caller's from now on. */
  take(ready: ReadyClass): Waiting | undefined {
    const key = classKey(ready);
    const taken = this.waiting.find((one) => one.key === key);
    if (taken) this.forget(taken);
    return taken;
  }

  /** Resolves when one of this class waits. @throws what keeps it from that */
  async fill(ready: ReadyClass): Promise<void> {
    const key = classKey(ready);
    if (!this.waiting.some((one) => one.key === key)) await this.add(ready);
  }

  /** A run's program runs. */
  started(): void {
    this.soon(AFTER_START_MS);
  }
  /** A run is over, whether or not it came to its start. */
  ended(): void {
    this.soon(0);
  }

  /** Fills after so long, or earlier if that was said before. */
  soon(ms: number): void {
    if (this.closed || this.options.count === 0) return;
    const due = performance.now() + ms;
    if (due >= this.due) return;
    this.due = due;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refill(), ms);
    // A process that has nothing else to do need not stay for this.
    this.timer.unref();
  }

  private refill(): Promise<void> {
    this.due = Number.POSITIVE_INFINITY;
    this.filling ??= this.fillAll()
      .then(() => {
        this.pause = FIRST_PAUSE_MS;
        return LOOK_EVERY_MS;
      })
      .catch((error: unknown) => {
        this.options.onTrouble?.(error);
        this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
        return this.pause;
      })
      .then((next) => {
        this.filling = undefined;
        this.soon(next);
      });
    return this.filling;
  }

  private async fillAll(): Promise<void> {
    const classes = await this.options.classes();
    await this.dropOthers(new Set(classes.map(classKey)));
    for (const ready of classes) {
      const key = classKey(ready);
      const missing = () => this.waiting.filter((one) => one.key === key).length < this.options.count;
      while (!this.closed && missing() && hasRoom(ready)) await this.add(ready);
    }
  }

  private async add(ready: ReadyClass): Promise<void> {
    const made = await this.options.make(ready);
    if (this.closed) {
      await made.destroy();
      return;
    }
    this.waiting.push(made);
    this.options.onChange?.();
    made.ended.catch(() => undefined).then(() => this.died(made));
  }

  /** One that died while it waited; what was taken is not in here any more. */
  private died(made: Waiting): void {
    if (!this.waiting.includes(made)) return;
    this.forget(made);
    made.destroy().catch((error: unknown) => this.options.onTrouble?.(error));
    this.soon(this.pause);
  }

  private forget(one: Waiting): void {
    this.waiting.splice(this.waiting.indexOf(one), 1);
    this.options.onChange?.();
  }

  /** Containers of classes that are no longer wanted: an image was built anew. */
  private async dropOthers(wanted: ReadonlySet<string>): Promise<void> {
    const others = this.waiting.filter((one) => !wanted.has(one.key));
    for (const one of others) this.forget(one);
    await Promise.all(others.map((one) => one.destroy()));
  }

  /** Destroys all that wait. What was taken is its run's. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.filling;
    await Promise.all(this.waiting.splice(0).map((one) => one.destroy()));
  }
}
