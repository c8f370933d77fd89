/**
 * What workers say of the containers that they keep waiting, for the node's metrics.
 *
 * Rules: in memory alone, for it is true only now; a worker that has not spoken for a while counts for nothing.
 */
import type { ReadyCounts } from "./lease.js";

const FRESH_MS = 60_000;

export class ReadyReports {
  private readonly said = new Map<string, { counts: ReadyCounts; at: number }>();

  note(worker: string, counts: ReadyCounts, now: number): void {
    this.said.set(worker, { counts, at: now });
  }

  /** Of all workers together. */
  sum(now: number): ReadyCounts {
    const sum: ReadyCounts = { waiting: 0, memory_bytes: 0, given: 0, cold: 0 };
    for (const [worker, { counts, at }] of this.said) {
      if (now - at > FRESH_MS) {
        this.said.delete(worker);
        continue;
      }
      for (const name of Object.keys(sum) as (keyof ReadyCounts)[]) sum[name] += counts[name];
    }
    return sum;
  }
}
