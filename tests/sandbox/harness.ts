/** Runs programs under an Executor, as a worker would, and gathers all that comes out. */
import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import {
  createDockerExecutor,
  createImages,
  type DockerOptions,
  type Executor,
  type Exit,
  findEngine,
  type ImageRef,
  type Limits,
  openStaging,
  type Prepared,
  type Refusal,
  type RunSpec,
  type StagedDir,
  type Staging,
} from "../../src/sandbox/index.js";

export interface Bench {
  executor: Executor;
  /** Another executor of the same kind, as a second worker's. `node` names the node it belongs to. */
  another(node: string): Executor;
  image: ImageRef;
  /** Another image that this machine has built. */
  imageOf(name: string): Promise<ImageRef>;
  staging: Staging;
  node: string;
  /** How many times longer a program may take here than in a container: wall clocks are set so much later. */
  slowness?: number;
  /** Done for a run before its time begins. */
  before?(spec: RunSpec): Promise<void>;
  close(): Promise<void>;
}
export type MakeBench = () => Promise<Bench>;

/** Small, so that limits are reached fast. */
export const TEST_LIMITS: Limits = { cpus: 1, memory_mb: 256, pids: 32, disk_mb: 16, wall_s: 30 };
export const TEST_LOGS = { capBytes: 1024 * 1024, floodBytes: 64 * 1024 * 1024 };

let counter = 0;
export const newRunId = (): string => `run_${process.pid}_${++counter}`;

export const dockerBench: MakeBench = () => engineBench(createDockerExecutor);

/** A bench on this machine's engine, whatever makes its executors. */
export async function engineBench(make: (options: DockerOptions) => Executor): Promise<Bench> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: run `npm run setup`");
  const root = mkdtempSync(join(tmpdir(), "glovebox-sandbox-"));
  const staging = openStaging(root);
  const node = `test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const another = (name: string): Executor => make({ ...engine, staging, node: name, logs: TEST_LOGS });
  const executor = another(node);
  const imageOf = (name: string): Promise<ImageRef> => createImages(engine).resolve(name);
  const image = await imageOf("python");
  const close = async (): Promise<void> => {
    await executor.sweep(new Set());
    await staging.close();
    rmSync(root, { recursive: true, force: true });
  };
  return { executor, another, image, imageOf, staging, node, close };
}

export interface Program {
  files: Record<string, string | Buffer>;
  data?: Record<string, string>;
  command?: string[];
  limits?: Partial<Limits>;
  outputs?: string[];
  env?: Record<string, string>;
  maxOutputBytes?: number;
  image?: ImageRef;
}

async function fill(folder: StagedDir, files: Record<string, string | Buffer>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder.path, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return folder.path;
}

export interface Staged {
  spec: RunSpec;
  wipe(): Promise<void>;
}

/** A run's specification with its folders staged. */
export async function stage(bench: Bench, program: Program): Promise<Staged> {
  const [data, work] = [await bench.staging.dir("data"), await bench.staging.dir("work")];
  const limits = { ...TEST_LIMITS, ...program.limits };
  const spec: RunSpec = {
    runId: newRunId(),
    node: bench.node,
    image: program.image ?? bench.image,
    command: program.command ?? ["python3", "main.py"],
    env: { GLOVEBOX_DATA: "/data", GLOVEBOX_OUT: "/out", ...program.env },
    dataDir: await fill(data, program.data ?? { "rows.csv": "a,b\n1,2\n" }),
    workDir: await fill(work, program.files),
    limits: { ...limits, wall_s: limits.wall_s * (bench.slowness ?? 1) },
    outputs: program.outputs ?? [],
    maxOutputBytes: program.maxOutputBytes,
  };
  return {
    spec,
    wipe: async () => {
      await data.wipe();
      await work.wipe();
    },
  };
}

export interface Ended {
  exit: Exit;
  files: Map<string, Buffer>;
  refusals: readonly Refusal[];
  ms: number;
  stdout: string;
  stderr: string;
}

export async function gather(
  executor: Executor,
  prepared: Prepared,
  exit: Exit,
  began: number,
): Promise<Ended> {
  const files = new Map<string, Buffer>();
  const collection = executor.collect(prepared);
  for await (const file of collection) files.set(file.name, await buffer(file.open()));
  const [stdout, stderr] = [exit.stdout.toString("utf8"), exit.stderr.toString("utf8")];
  return { exit, files, refusals: collection.refusals, ms: performance.now() - began, stdout, stderr };
}

/** The whole way: stage, prepare, start, wait, collect, remove. */
export async function runProgram(bench: Bench, program: Program): Promise<Ended> {
  const { spec, wipe } = await stage(bench, program);
  await bench.before?.(spec);
  const began = performance.now();
  const prepared = await bench.executor.prepare(spec);
  try {
    await bench.executor.start(prepared);
    const exit = await bench.executor.wait(prepared);
    if (exit.outcome === "system") {
      return { exit, files: new Map(), refusals: [], ms: performance.now() - began, stdout: "", stderr: "" };
    }
    return await gather(bench.executor, prepared, exit, began);
  } finally {
    await bench.executor.remove(prepared);
    await wipe();
  }
}
