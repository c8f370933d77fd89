/** Waits for what a job shows: over server-sent events, taken up again when the connection breaks. */
import type { IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "./client.js";
import { Unreachable } from "./failure.js";
import type { Job } from "./job-view.js";

const RUNNING = new Set(["queued", "running", "checking"]);
export const isOver = (job: Job): boolean => !RUNNING.has(job.state);

const ATTEMPTS = 20;

/** @returns the first view that shows the end; the last one seen when `signal` aborts. */
export async function followJob(
  client: Client,
  id: string,
  signal: AbortSignal,
  show: (job: Job) => void,
): Promise<Job> {
  const path = `/api/v1/jobs/${encodeURIComponent(id)}`;
  let lost = 0;
  for (;;) {
    try {
      const job = await client.get<Job>(path);
      show(job);
      if (isOver(job) || signal.aborted) return job;
      const shown = await listen(client, path, signal, show);
      if (shown) return shown;
      lost = 0;
    } catch (error) {
      if (signal.aborted) return client.get<Job>(path);
      if (!(error instanceof Unreachable) || ++lost >= ATTEMPTS) throw error;
    }
    await pause(500, undefined, { signal }).catch(() => undefined);
  }
}

/** One connection's worth of events. @returns the view that shows the end, if it came. */
async function listen(
  client: Client,
  path: string,
  signal: AbortSignal,
  show: (job: Job) => void,
): Promise<Job | undefined> {
  const answer = await client.open("GET", `${path}/events`, { signal });
  for await (const job of jobEvents(answer)) {
    show(job);
    if (isOver(job)) {
      answer.destroy();
      return job;
    }
  }
  return undefined;
}

async function* jobEvents(answer: IncomingMessage): AsyncGenerator<Job> {
  let type = "";
  try {
    for await (const line of createInterface({ input: answer })) {
      if (line.startsWith("event: ")) type = line.slice(7);
      else if (line.startsWith("data: ") && type === "job") yield JSON.parse(line.slice(6)) as Job;
    }
  } catch (error) {
    throw new Unreachable("The connection broke.", "连接中断。", error);
  }
}
