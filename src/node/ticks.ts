/** Things the node does by itself again and again: one at a time each, and a failure is logged and tried again. */
import type { Logger } from "pino";
import { traceOf } from "../vocabulary/index.js";

export class Ticker {
  private readonly running = new Set<Promise<void>>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(private readonly log: Logger) {}

  every(ms: number, name: string, act: () => unknown): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      const run = Promise.resolve()
        .then(act)
        .catch((error: unknown) =>
          this.log.error({ tick: name, ...traceOf(error) }, "a recurring step failed"),
        )
        .then(() => {
          busy = false;
          this.running.delete(run);
        });
      this.running.add(run);
    }, ms);
    this.timers.push(timer);
  }

  /** No new steps; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await Promise.all(this.running);
  }
}
