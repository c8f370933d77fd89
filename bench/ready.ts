/**
 * Ready containers against `docker run --rm` of the same image, limits and program: one of nothing, one that imports
 * pandas. From `prepare` to the exit, all three in turns, so that they meet the same machine; medians. Before each
 * of these runs, and before each of the jobs that follow, a container is seen to wait. Then jobs one right after the
 * other, for which none is waited: how many of them started cold, and what a job took.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Result } from "../src/cli/bench.js";
import { DEFAULT_JOBS_CONFIG, type Jobs } from "../src/jobs/index.js";
import {
  createDockerExecutor,
  createImages,
  createReadyExecutor,
  type Executor,
  findEngine,
  type ImageRef,
  openStaging,
  type ReadyExecutor,
  type Staging,
} from "../src/sandbox/index.js";
import { type Bench, withNode } from "./parts/node.js";

const exec = promisify(execFile);
type ReadyCounts = ReturnType<Jobs["readyCounts"]>;
/** The limits of a job that states none: what a node keeps containers ready for. */
const LIMITS = DEFAULT_JOBS_CONFIG.defaultLimits;
const NODE = "bench";
const PROGRAMS = [
  { what: "no-op", text: "", asked: 0.5 },
  { what: "import pandas", text: "import pandas\n", asked: 0.35 },
] as const;
/** Jobs in a row, for each round. */
const PER_ROUND = 5;
/** The machine comes to rest after a container was made. */
const REST_MS = 400;

export const name = "ready";

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const rounds = quick ? 3 : 15;
  return [...(await containers(rounds)), ...(await jobs(rounds))];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const rest = () => new Promise((done) => setTimeout(done, REST_MS));

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

interface Tools {
  socketPath: string;
  root: string;
  staging: Staging;
  image: ImageRef;
  cold: Executor;
  ready: ReadyExecutor;
}

async function containers(rounds: number): Promise<Result[]> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const root = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const staging = openStaging(root);
  const cold = createDockerExecutor({ ...engine, staging, node: NODE });
  const ready = createReadyExecutor({ executor: cold });
  try {
    const image = await createImages(engine).resolve("python");
    const tools: Tools = { ...engine, root, staging, image, cold, ready };
    const results: Result[] = [];
    for (const program of PROGRAMS) results.push(...(await compare(tools, program, rounds)));
    return [...results, ...(await cost(tools))];
  } finally {
    await ready.close();
    await cold.sweep(new Set());
    await staging.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function compare(
  tools: Tools,
  { what, text, asked }: (typeof PROGRAMS)[number],
  rounds: number,
): Promise<Result[]> {
  const times = { ready: [] as number[], cold: [] as number[], docker: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    await tools.ready.fill({ image: tools.image, limits: LIMITS });
    await rest();
    times.ready.push(await oneRun(tools, tools.ready, text));
    times.docker.push(await timed(() => dockerRun(tools, text)));
    times.cold.push(await oneRun(tools, tools.cold, text));
  }
  const value = median(times.ready);
  const peer = { name: "docker run --rm", value: median(times.docker) };
  return [
    {
      name: `${what} in a ready container, prepare to exit`,
      value,
      unit: "ms",
      peer,
      ratio: value / peer.value,
      asked: { at_most: asked },
    },
    { name: `${what} after a cold start, prepare to exit`, value: median(times.cold), unit: "ms" },
  ];
}

let counter = 0;

async function oneRun({ staging, image }: Tools, executor: Executor, text: string): Promise<number> {
  const [data, work] = [await staging.dir("data"), await staging.dir("work")];
  writeFileSync(join(data.path, "rows.csv"), "a,b\n1,2\n");
  writeFileSync(join(work.path, "main.py"), text);
  const began = performance.now();
  const prepared = await executor.prepare({
    runId: `bench_${process.pid}_${++counter}`,
    node: NODE,
    image,
    command: ["python3", "main.py"],
    env: {},
    dataDir: data.path,
    workDir: work.path,
    limits: LIMITS,
    outputs: [],
  });
  await executor.start(prepared);
  const { outcome, exitCode } = await executor.wait(prepared);
  const ms = performance.now() - began;
  if (outcome !== "exited" || exitCode !== 0) throw new Error(`a run ended with ${outcome}`);
  await executor.remove(prepared);
  await Promise.all([data.wipe(), work.wipe()]);
  return ms;
}

async function dockerRun({ socketPath, root, image }: Tools, text: string): Promise<void> {
  writeFileSync(join(root, "main.py"), text);
  // biome-ignore format: one option a line is no clearer
  await exec("docker", [
    "-H", `unix://${socketPath}`, "run", "--rm", "--init", "--network", "none", "--read-only", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--user", "65534:65534", "--pids-limit", String(LIMITS.pids),
    "--memory", `${LIMITS.memory_mb}m`, "--memory-swap", `${LIMITS.memory_mb}m`, "--cpus", String(LIMITS.cpus),
    "--log-driver", "none", "--tmpfs", `/out:size=${LIMITS.disk_mb}m`, "--tmpfs", "/tmp",
    "-v", `${root}/main.py:/work/main.py:ro`, "-w", "/work", image.reference, "python3", "main.py",
  ]);
}

/** What one that waits costs: time in the background, and memory. */
async function cost({ ready, image }: Tools): Promise<Result[]> {
  const ms = await timed(() => ready.fill({ image, limits: LIMITS }));
  return [
    { name: "making one, in the background", value: ms, unit: "ms" },
    { name: "memory of one that waits", value: ready.report().memoryBytes / 1024 / 1024, unit: "MiB" },
  ];
}

/** The whole way, through a node whose worker keeps one ready. */
const jobs = (rounds: number): Promise<Result[]> =>
  withNode({ workers: 1, researchers: 1, ready: 1 }, async (bench) => [
    ...(await warmJobs(bench, rounds)),
    ...(await jobsInARow(bench, rounds * PER_ROUND)),
  ]);

async function warmJobs(bench: Bench, rounds: number): Promise<Result[]> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const { what, text } of PROGRAMS) {
      await waits(bench);
      times[what] = [...(times[what] ?? []), await oneJob(bench, text)];
    }
  }
  await begun(bench, rounds * PROGRAMS.length);
  const { given, cold } = bench.rooms.jobs.readyCounts();
  if (cold > 0)
    throw new Error(`${cold} of ${given + cold} jobs started cold, though one waited before each`);
  return Object.entries(times).map(
    ([what, known]): Result => ({
      name: `${what} job on a ready container, submitted to held`,
      value: median(known),
      unit: "ms",
    }),
  );
}

/** As fast as they are done: making a container takes longer than a job of nothing. */
async function jobsInARow(bench: Bench, count: number): Promise<Result[]> {
  const results: Result[] = [];
  for (const { what, text } of PROGRAMS) {
    await waits(bench);
    const before = bench.rooms.jobs.readyCounts();
    const times: number[] = [];
    for (let i = 0; i < count; i++) times.push(await oneJob(bench, text));
    await begun(bench, before.given + before.cold + count);
    const cold = bench.rooms.jobs.readyCounts().cold - before.cold;
    results.push(
      { name: `${what} job of ${count} one right after the other`, value: median(times), unit: "ms" },
      { name: "of these, started cold", value: (100 * cold) / count, unit: "%" },
    );
  }
  return results;
}

/** The node has these numbers for its metrics: nobody is woken by them. */
async function seen(bench: Bench, isSo: (counts: ReadyCounts) => boolean): Promise<void> {
  while (!isSo(bench.rooms.jobs.readyCounts())) await new Promise((done) => setTimeout(done, 10));
}

/** The worker has said what became of so many runs. */
const begun = (bench: Bench, runs: number) => seen(bench, ({ given, cold }) => given + cold >= runs);

/** Every job before has got its container, and another one waits. */
async function waits(bench: Bench): Promise<void> {
  const { runs } = bench.rooms.store.db.prepare("SELECT count(*) AS runs FROM runs").get() as {
    runs: number;
  };
  await seen(bench, ({ given, cold, waiting }) => given + cold >= runs && waiting > 0);
  await rest();
}

async function oneJob({ rooms: { jobs, store }, researchers }: Bench, text: string): Promise<number> {
  const { id } = await jobs.submit(researchers[0]!, {
    kind: "sandbox",
    purpose: "benchmark",
    datasets: ["study"],
    image: "python",
    files: { "main.py": text },
    command: ["python3", "main.py"],
  });
  while (!["held", "failed"].includes(jobs.record(id).state))
    await new Promise((done) => setTimeout(done, 5));
  if (jobs.record(id).state === "failed") throw new Error("the job failed");
  const { created_at, held_at } = store.db
    .prepare("SELECT created_at, held_at FROM jobs WHERE id = ?")
    .get(id) as { created_at: number; held_at: number };
  return held_at - created_at;
}
