/**
 * Many small jobs at once: 500 through a node of two workers, from the first submission until the last is held, each
 * with an output that is checked, against as many `docker run --rm` of the same program, two at a time, whose output
 * nobody reads. Jobs a second; the two sides in turns, a part of the jobs each, so that both meet the same machine.
 */
import type { Result } from "../src/cli/bench.js";
import type { JobId } from "../src/vocabulary/index.js";
import { type Bench, LIMITS, withNode } from "./parts/node.js";

const WORKERS = 2;
const TURNS = 5;
/** A principal has at most 100 jobs under way. */
const RESEARCHERS = 2;

export const name = "throughput";

const PROGRAMS = [
  { what: "small jobs without output", command: ["true"], outputs: [] as string[] },
  {
    what: "small jobs with a checked output",
    command: ["sh", "-c", "echo '{\"n\": 12}' > /out/n.json"],
    outputs: ["n.json"],
  },
];
type Program = (typeof PROGRAMS)[number];

export const run = ({ quick }: { quick: boolean }): Promise<Result[]> =>
  withNode({ workers: WORKERS, researchers: RESEARCHERS }, async (bench) => {
    const results: Result[] = [];
    for (const program of PROGRAMS) results.push(await compare(bench, program, quick ? 4 : 100));
    return results;
  });

async function compare(bench: Bench, program: Program, share: number): Promise<Result> {
  let [ours, theirs] = [0, 0];
  await throughNode(bench, program, 2);
  await throughDocker(bench, program, 2);
  for (let turn = 0; turn < TURNS; turn++) {
    ours += await timed(() => throughNode(bench, program, share));
    theirs += await timed(() => throughDocker(bench, program, share));
  }
  const jobs = TURNS * share;
  const value = jobs / (ours / 1000);
  const peer = { name: "a second: docker run, two at a time", value: jobs / (theirs / 1000) };
  return {
    name: `${jobs} ${program.what}`,
    value,
    unit: "a second",
    peer,
    ratio: value / peer.value,
    asked: { at_least: 0.8 },
  };
}

async function timed(action: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

async function throughNode({ rooms: { jobs }, researchers }: Bench, program: Program, count: number) {
  const ids: JobId[] = [];
  for (let i = 0; i < count; i++) {
    const { id } = await jobs.submit(researchers[i % researchers.length]!, {
      kind: "sandbox",
      purpose: "benchmark",
      datasets: ["study"],
      image: "python",
      files: {},
      command: program.command,
      outputs: program.outputs,
      limits: LIMITS,
    });
    ids.push(id);
  }
  for (const id of ids) {
    while (!["held", "failed"].includes(jobs.record(id).state))
      await new Promise((done) => setTimeout(done, 5));
    if (jobs.record(id).state === "failed") throw new Error("a small job failed");
  }
}

async function throughDocker({ dockerRun }: Bench, { command }: Program, count: number): Promise<void> {
  let left = count;
  const next = async (): Promise<void> => {
    while (left-- > 0) await dockerRun(command);
  };
  await Promise.all(Array.from({ length: WORKERS }, next));
}
