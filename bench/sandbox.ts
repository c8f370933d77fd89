/**
 * What confinement costs: a run in the hardened container against `docker run` of the same image and limits, and a
 * confined helper process against a bare one. Medians, the two sides in turns, so that both meet the same machine.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Result } from "../src/cli/bench.js";
import {
  createDockerExecutor,
  createImages,
  type Executor,
  findEngine,
  type ImageRef,
  openStaging,
  type RunSpec,
  type Staging,
  spawnConfined,
} from "../src/sandbox/index.js";
import { packageRoot } from "../src/store/index.js";
import { levelResults } from "./parts/levels.js";

const run = promisify(execFile);
const LIMITS = { cpus: 1, memory_mb: 256, pids: 64, disk_mb: 64, wall_s: 60 };
const PROGRAM = ["python3", "-c", "pass"];
const NODE = "bench";

export const name = "sandbox";

async function runBenchmark({ quick }: { quick: boolean }): Promise<Result[]> {
  const rounds = quick ? 5 : 20;
  return [...(await containers(rounds)), ...(await levelResults(rounds)), await helpers(rounds)];
}

export { runBenchmark as run };

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function timed(action: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await action();
  return performance.now() - began;
}

async function containers(rounds: number): Promise<Result[]> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const root = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const staging = openStaging(root);
  const executor = createDockerExecutor({ ...engine, staging, node: NODE });
  try {
    const image = await createImages(engine).resolve("python");
    const steps: Record<string, number[]> = {};
    const peers: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [step, ms] of Object.entries(await oneRun(executor, staging, image, round))) {
        steps[step] = [...(steps[step] ?? []), ms];
      }
      peers.push(await timed(() => dockerRun(engine.socketPath, image)));
    }
    const value = median(steps.total ?? []);
    const peer = { name: "docker run --rm", value: median(peers) };
    const whole: Result = {
      name: "no-op program, prepare to collect",
      value,
      unit: "ms",
      peer,
      ratio: value / peer.value,
      asked: { at_most: 1 },
    };
    const parts = ["prepare", "start", "wait", "collect", "remove"].map(
      (step): Result => ({ name: step, value: median(steps[step] ?? []), unit: "ms" }),
    );
    return [whole, ...parts];
  } finally {
    await executor.sweep(new Set());
    await staging.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function oneRun(
  executor: Executor,
  staging: Staging,
  image: ImageRef,
  round: number,
): Promise<Record<string, number>> {
  const [data, work] = [await staging.dir("data"), await staging.dir("work")];
  writeFileSync(join(data.path, "rows.csv"), "a,b\n1,2\n");
  const spec: RunSpec = {
    runId: `bench_${process.pid}_${round}`,
    node: NODE,
    image,
    command: PROGRAM,
    env: {},
    dataDir: data.path,
    workDir: work.path,
    limits: LIMITS,
    outputs: ["a.csv"],
  };
  const times: Record<string, number> = {};
  const lap = async <T>(step: string, action: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const value = await action();
    times[step] = performance.now() - began;
    return value;
  };
  const prepared = await lap("prepare", () => executor.prepare(spec));
  await lap("start", () => executor.start(prepared));
  await lap("wait", () => executor.wait(prepared));
  await lap("collect", async () => {
    for await (const file of executor.collect(prepared)) file.open().resume();
  });
  times.total = Object.values(times).reduce((sum, ms) => sum + ms, 0);
  // After the result: no worker waits for it.
  await lap("remove", () => executor.remove(prepared));
  await data.wipe();
  await work.wipe();
  return times;
}

function dockerRun(socket: string, image: ImageRef): Promise<unknown> {
  const limits = ["--cpus", "1", "--memory", "256m", "--memory-swap", "256m", "--pids-limit", "64"];
  const hardening = [
    "--network",
    "none",
    "--read-only",
    "--cap-drop",
    "ALL",
    "--tmpfs",
    "/out:size=64m",
    "--init",
  ];
  const args = ["-H", `unix://${socket}`, "run", "--rm", "--log-driver", "none", "--user", "65534:65534"];
  return run("docker", [...args, ...limits, ...hardening, image.reference, ...PROGRAM]);
}

async function helpers(rounds: number): Promise<Result> {
  const folder = mkdtempSync(join(packageRoot(), "dist", ".bench-"));
  const entry = join(folder, "noop.mjs");
  writeFileSync(entry, "");
  const [confined, bare]: [number[], number[]] = [[], []];
  try {
    for (let round = 0; round < rounds; round++) {
      confined.push(
        await timed(() =>
          once(spawnConfined({ profile: "checker", entry, memoryMb: 128, tmpMb: 8 }), "exit"),
        ),
      );
      bare.push(
        await timed(() => once(spawn(process.execPath, [entry], { stdio: "ignore", env: {} }), "exit")),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const [value, peer] = [median(confined), median(bare)];
  return {
    name: "confined helper, start to exit",
    value,
    unit: "ms",
    peer: { name: "bare node process", value: peer },
    ratio: value / peer,
    asked: { at_most: 2 },
  };
}
