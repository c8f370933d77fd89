/**
 * Watching a job: its view now, and again whenever the view has moved. What wakes it (a commit, a moment on the
 * grid) is not what it tells: a commit that moves nothing in the view yields nothing.
 */
import type { JobId } from "../vocabulary/index.js";
import type { JobView } from "./job.js";

export interface Watched {
  view: JobView;
  /** When the view changes next, if that is known already. */
  next: number | undefined;
  /** No event can change it any more, but for closing. */
  final: boolean;
}

/** Those who wait for a job to move. */
export class Movements {
  private readonly waiting = new Map<string, Set<() => void>>();

  moved(job: string): void {
    for (const wake of this.waiting.get(job) ?? []) wake();
  }

  /** Resolves when the job moved, at `until`, or on abort. */
  wait(job: JobId, ms: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const set = this.waiting.get(job) ?? new Set();
      this.waiting.set(job, set);
      const timer = ms === undefined ? undefined : setTimeout(() => done(), Math.min(ms, 2 ** 31 - 1));
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        set.delete(done);
        if (set.size === 0 && this.waiting.get(job) === set) this.waiting.delete(job);
        resolve();
      };
      set.add(done);
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
    });
  }
}

const FINAL = new Set(["done", "failed", "cancelled", "ended", "held"]);
export const isFinal = (view: JobView): boolean => FINAL.has(view.state);

export async function* watchJob(
  movements: Movements,
  job: JobId,
  read: () => Watched,
  now: () => number,
  signal: AbortSignal,
): AsyncIterable<JobView> {
  let last = "";
  while (!signal.aborted) {
    const { view, next, final } = read();
    // Places in the queue move with other jobs; `ahead` counts as a change.
    const text = JSON.stringify({ ...view, signals: undefined });
    if (text !== last) yield view;
    last = text;
    if (final) return;
    const queued = view.state === "queued" ? 1000 : undefined;
    const wait = next === undefined ? queued : Math.min(next - now() + 1, queued ?? Number.POSITIVE_INFINITY);
    await movements.wait(job, wait === undefined ? undefined : Math.max(1, wait), signal);
  }
}
