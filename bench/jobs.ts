/**
 * What the whole way of a job costs: a no-op program with empty logs, from submission to held as the node knows it
 * (held_at − created_at), against `docker run --rm` of the same image and limits. Real control, Redis and worker; the
 * two sides take turns, so that both meet the same machine. Medians in ms, and where the time goes.
 */
import type { Result } from "../src/cli/bench.js";
import { type Bench, LIMITS, withNode } from "./parts/node.js";

const PROGRAM = ["true"];
const STEPS = ["leased_at", "staged_at", "executing_at", "collected_at", "ended_at", "held_at"] as const;

export const name = "jobs";

export const run = ({ quick }: { quick: boolean }): Promise<Result[]> =>
  withNode({ workers: 1, researchers: 1 }, (bench) => measure(bench, quick ? 5 : 20));

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function measure(bench: Bench, rounds: number): Promise<Result[]> {
  const ours: number[] = [];
  const peers: number[] = [];
  const parts: Record<string, number[]> = {};
  await oneJob(bench);
  await bench.dockerRun(PROGRAM);
  for (let round = 0; round < rounds; round++) {
    const moments = await oneJob(bench);
    ours.push(moments.held_at - moments.created_at);
    let before = moments.created_at;
    for (const step of STEPS) {
      parts[step] = [...(parts[step] ?? []), moments[step] - before];
      before = moments[step];
    }
    const began = performance.now();
    await bench.dockerRun(PROGRAM);
    peers.push(performance.now() - began);
  }
  const [value, against] = [median(ours), median(peers)];
  const whole: Result = {
    name: "no-op job, submitted to held",
    value,
    unit: "ms",
    peer: { name: "docker run --rm", value: against },
    ratio: value / against,
    asked: { at_most: 1.5 },
  };
  return [
    whole,
    ...STEPS.map((step) => ({ name: `to ${step}`, value: median(parts[step] ?? []), unit: "ms" })),
  ];
}

type Moments = Record<"created_at" | (typeof STEPS)[number], number>;

async function oneJob({ rooms: { jobs, store }, researchers }: Bench): Promise<Moments> {
  const { id } = await jobs.submit(researchers[0]!, {
    kind: "sandbox",
    purpose: "benchmark",
    datasets: ["study"],
    image: "python",
    files: {},
    command: PROGRAM,
    limits: LIMITS,
  });
  while (!["held", "failed"].includes(jobs.record(id).state))
    await new Promise((done) => setTimeout(done, 5));
  if (jobs.record(id).state === "failed") throw new Error("the no-op job failed");
  return store.db
    .prepare("SELECT j.created_at, j.held_at, r.* FROM jobs j JOIN runs r ON r.id = j.run WHERE j.id = ?")
    .get(id) as Moments;
}
