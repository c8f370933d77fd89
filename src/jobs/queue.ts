/**
 * Wake-ups over BullMQ: control says "there may be work", idle workers ask control for it.
 *
 * Rules: Redis carries no job data and decides nothing; attempts are 1. Losing it, or wiping it, loses a wake-up
 * at most, which the workers' slow polling makes good. An outage is logged once.
 */
import { Queue, Worker } from "bullmq";
import { Redis, type RedisOptions } from "ioredis";
import type { Logger } from "pino";
import type { Committed, Ledger } from "../ledger/index.js";
import type { Store } from "../store/index.js";
import { WAKE_WORKERS } from "./submit.js";
import { traceOf } from "./trace.js";

/** A unix socket or a URL. */
export interface RedisAddress {
  path?: string;
  url?: string;
}

export interface QueueAddress {
  redis: RedisAddress;
  /** Nodes that share a Redis have a prefix each. */
  prefix: string;
}

const QUEUE = "wake";
/** A wake-up older than this is of no use: the workers have polled long since. */
const OLD_MS = 60_000;
const RETRY_MS = 1_000;
const BATCH = 100;

function connect(redis: RedisAddress): Redis {
  const options: RedisOptions = {
    // A blocking call outlives any number of reconnections.
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(100 * times, 2_000),
  };
  return redis.path !== undefined
    ? new Redis({ ...options, path: redis.path })
    : new Redis(redis.url ?? "redis://127.0.0.1:6379", options);
}

/** Logs the first error of an outage and the recovery from it. */
class Outage {
  private out = false;
  constructor(private readonly log: Logger) {}
  failed(error: unknown): void {
    if (!this.out)
      this.log.warn({ ...traceOf(error) }, "Redis is not reachable: workers poll until it is back");
    this.out = true;
  }
  recovered(): void {
    if (this.out) this.log.info("Redis is reachable again");
    this.out = false;
  }
}

export interface Wakeups {
  /** Sends what the outbox holds; called by itself after each commit. */
  send(): Promise<void>;
  close(): Promise<void>;
}

/** The control's side. */
export function sendWakeups(options: {
  ledger: Ledger;
  store: Store;
  log: Logger;
  queue: QueueAddress;
}): Wakeups {
  return new OutboxSender(options);
}

class OutboxSender implements Wakeups {
  private readonly redis: Redis;
  private readonly queue: Queue;
  private readonly outage: Outage;
  private sending: Promise<void> | undefined;
  private again = false;
  private closed = false;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly options: { ledger: Ledger; store: Store; log: Logger; queue: QueueAddress }) {
    const { redis, prefix } = options.queue;
    this.outage = new Outage(options.log);
    this.redis = connect(redis);
    this.redis.on("error", (error) => this.outage.failed(error));
    this.redis.on("ready", () => void this.send());
    this.queue = new Queue(QUEUE, {
      prefix,
      connection: this.redis,
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    });
    this.queue.on("error", (error) => this.outage.failed(error));
    options.ledger.afterCommit((committed: Committed) => {
      if (committed.outbox) void this.send();
    });
    this.timer = setInterval(() => void this.send(), RETRY_MS);
    this.timer.unref();
  }

  send(): Promise<void> {
    if (this.closed) return Promise.resolve();
    this.again = true;
    this.sending ??= this.drain().finally(() => {
      this.sending = undefined;
    });
    return this.sending;
  }

  private async drain(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      // What cannot be sent now stays in the outbox; nothing queues up in the client.
      if (this.redis.status !== "ready") return this.forget("created_at <= ?", Date.now() - OLD_MS);
      const rows = this.waiting();
      if (rows.length === 0) return;
      try {
        await this.queue.addBulk(
          rows.map((row) => ({ name: QUEUE, data: {}, opts: { delay: delayOf(row.payload) } })),
        );
        this.outage.recovered();
        this.forget("id <= ?", rows.at(-1)?.id ?? 0);
        this.again = true;
      } catch (error) {
        this.outage.failed(error);
        return;
      }
    }
  }

  private waiting(): { id: number; payload: string }[] {
    return this.options.store.db
      .prepare("SELECT id, payload FROM outbox WHERE topic = ? ORDER BY id LIMIT ?")
      .all(WAKE_WORKERS, BATCH) as { id: number; payload: string }[];
  }

  private forget(which: "id <= ?" | "created_at <= ?", value: number): void {
    this.options.store.db.prepare(`DELETE FROM outbox WHERE topic = ? AND ${which}`).run(WAKE_WORKERS, value);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    // Ends a call that waits for a Redis that is gone.
    this.redis.disconnect();
    await this.sending;
    await this.queue.close().catch(() => undefined);
  }
}

function delayOf(payload: string): number {
  const { delay_ms } = JSON.parse(payload) as { delay_ms?: number };
  return delay_ms ?? 0;
}

/** The worker's side: calls `wake` for each wake-up and takes the next one only when it has ended. */
export function receiveWakeups(options: { queue: QueueAddress; log: Logger; wake: () => Promise<void> }): {
  close(): Promise<void>;
} {
  const { queue, log, wake } = options;
  const outage = new Outage(log);
  const redis = connect(queue.redis);
  redis.on("error", (error) => outage.failed(error));
  redis.on("ready", () => outage.recovered());
  const worker = new Worker(QUEUE, async () => wake(), {
    prefix: queue.prefix,
    connection: redis,
    concurrency: 1,
    maxStalledCount: 0,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  worker.on("error", (error) => outage.failed(error));
  return {
    async close() {
      await worker.close(true).catch(() => undefined);
      redis.disconnect();
    },
  };
}
