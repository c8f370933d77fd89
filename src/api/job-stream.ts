/** A job's views as events: what the jobs room says is visible, when it becomes visible, and nothing between. */
import type { Jobs } from "../jobs/index.js";
import type { Actor } from "../vocabulary/index.js";
import type { EventSink } from "./route.js";

/** Sends each view until the job shows its end. `failed` is told what broke the stream. @returns what stops it. */
export function followJob(
  jobs: Jobs,
  actor: Actor,
  id: string,
  sink: EventSink,
  failed: (thrown: unknown) => void,
): () => void {
  const stop = new AbortController();
  void relay(jobs.watch(actor, id, stop.signal), sink)
    .catch((thrown: unknown) => {
      if (!stop.signal.aborted) failed(thrown);
    })
    .finally(() => sink.end());
  return () => stop.abort();
}

async function relay(views: ReturnType<Jobs["watch"]>, sink: EventSink): Promise<void> {
  for await (const view of views) sink.send({ id: String(view.rev), type: "job", data: view });
}
