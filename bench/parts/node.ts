/** A node's control, Redis and workers in parts, with people and a dataset: what benchmarks of jobs run on. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import express from "express";
import { pino } from "pino";
import {
  internalRouter,
  type Limits,
  sendWakeups,
  type WorkerCalls,
  type WorkerSettings,
  workerEntry,
} from "../../src/jobs/index.js";
import { startRedis } from "../../src/node/redis.js";
import { openRooms, type Rooms } from "../../src/node.js";
import { createImages, findEngine, type ImageRef } from "../../src/sandbox/index.js";
import { type Actor, systemClock } from "../../src/vocabulary/index.js";

const run = promisify(execFile);

/** What each program of a benchmark of jobs may use, on both sides. */
export const LIMITS: Limits = { cpus: 1, memory_mb: 256, pids: 64, disk_mb: 64, wall_s: 60 };

export interface Bench {
  rooms: Rooms;
  researchers: Actor[];
  image: ImageRef;
  /** `docker run --rm` of the image with the same limits. */
  dockerRun(command: readonly string[]): Promise<void>;
}

/** Calls `measure` with a node of so many workers and researchers, and takes it down. */
export async function withNode<T>(
  { workers, researchers, ready = 0 }: { workers: number; researchers: number; ready?: number },
  measure: (bench: Bench) => Promise<T>,
): Promise<T> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const dir = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const node = await startParts(dir, engine.socketPath, workers, ready);
  try {
    const image = await createImages(engine).resolve("python");
    return await measure({
      rooms: node.rooms,
      researchers: await people(node.rooms, join(dir, "data"), researchers),
      image,
      dockerRun: (command) => dockerRun(engine.socketPath, image, command),
    });
  } finally {
    await node.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function dockerRun(socketPath: string, image: ImageRef, command: readonly string[]): Promise<void> {
  // biome-ignore format: one option a line is no clearer
  await run("docker", [
    "-H", `unix://${socketPath}`, "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--user", "65534:65534", "--pids-limit", String(LIMITS.pids),
    "--memory", `${LIMITS.memory_mb}m`, "--memory-swap", `${LIMITS.memory_mb}m`, "--cpus", String(LIMITS.cpus),
    "--tmpfs", `/out:size=${LIMITS.disk_mb}m,uid=65534,gid=65534`, image.reference, ...command,
  ]);
}

async function startParts(
  dir: string,
  engineSocket: string,
  count: number,
  ready: number,
): Promise<{ rooms: Rooms; close(): Promise<void> }> {
  const log = pino({ level: "silent" });
  const dataDir = join(dir, "data");
  const rooms = openRooms({ dataDir, domain: "bench", keyFile: join(dir, "key") }, log, systemClock);
  const redis = await startRedis(dataDir, () => undefined);
  const queue = { redis: redis.address, prefix: "bench" };
  const wakeups = sendWakeups({ ledger: rooms.ledger, store: rooms.store, log, queue });
  const trials = new Trials(rooms.jobs.internal, count);
  const server = await serve(trials.calls);
  const ticking = setInterval(() => void rooms.jobs.tick(), 1000);
  const settings = {
    node: `bench-${process.pid}`,
    redis: redis.address,
    prefix: queue.prefix,
    staging_root: join(dir, "staging"),
    engine_socket: engineSocket,
    ready,
  };
  const workers = Array.from({ length: count }, (_, i) =>
    startWorker(rooms, server, { ...settings, cache_dir: join(dir, `cache-${i}`) }),
  );
  await trials.over;
  return {
    rooms,
    async close() {
      clearInterval(ticking);
      for (const worker of workers) worker.kill("SIGTERM");
      for (const worker of workers) if (worker.exitCode === null) await once(worker, "exit");
      server.close();
      server.closeAllConnections();
      await wakeups.close();
      await rooms.close();
      await redis.child.stop(2000);
    },
  };
}

/**
 * A worker that begins tries what its machine has, a virtual machine among it, beside the first jobs. It offers what it
 * knows at once and all of it when the trials are over: what is measured begins then.
 */
class Trials {
  readonly calls: WorkerCalls;
  readonly over: Promise<void>;

  constructor(calls: WorkerCalls, workers: number) {
    const said = new Map<string, number>();
    let done: () => void = () => undefined;
    this.over = new Promise((resolve) => {
      done = resolve;
    });
    this.calls = {
      ...calls,
      offer(worker, offer) {
        calls.offer(worker, offer);
        said.set(worker.id, (said.get(worker.id) ?? 0) + 1);
        if ([...said.values()].filter((times) => times > 1).length === workers) done();
      },
    };
  }
}

async function serve(calls: WorkerCalls): Promise<Server> {
  const app = express();
  app.use("/internal/v1", internalRouter(calls, pino({ level: "silent" })));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function startWorker(
  { jobs }: Rooms,
  server: Server,
  settings: Omit<WorkerSettings, "control" | "token">,
): ChildProcess {
  const { port } = server.address() as AddressInfo;
  const { token } = jobs.internal.registerWorker({ levels: ["container"] });
  const GLOVEBOX_WORKER = JSON.stringify({ ...settings, control: `http://127.0.0.1:${port}`, token });
  const { PATH, HOME } = process.env;
  return spawn(process.execPath, [workerEntry()], { env: { PATH, HOME, GLOVEBOX_WORKER }, stdio: "ignore" });
}

async function people({ catalog }: Rooms, dataDir: string, count: number): Promise<Actor[]> {
  const { principals, datasets, grants } = catalog;
  principals.bootstrapAdmin();
  const admin = principals.byToken(readFileSync(join(dataDir, "admin.token"), "utf8").trim())!;
  const add = (name: string, role: "owner" | "researcher") =>
    principals.byToken(principals.add(admin, { name, roles: [role] }).token)!;
  const owner = add("owner", "owner");
  const researchers = Array.from({ length: count }, (_, i) => add(`researcher-${i}`, "researcher"));
  datasets.create(owner, { name: "study", unit_column: "id" });
  await datasets.putContent(owner, "study", Readable.from(["id,age\na,61\nb,72\nc,55\n"]), "text/csv");
  datasets.assess(owner, "study", {});
  datasets.publish(owner, "study");
  const expires_at = new Date(systemClock.now() + 86_400_000).toISOString();
  for (const { name } of researchers)
    grants.create(owner, {
      principal: name,
      dataset: "study",
      purpose: "benchmark",
      access: "sandbox",
      expires_at,
    });
  return researchers;
}
