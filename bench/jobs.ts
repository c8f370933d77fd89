/**
 * What the whole way of a job costs: a no-op program with empty logs, from submission to held as the node knows it
 * (held_at − created_at), against `docker run --rm` of the same image and limits. Real control, Redis and worker; the
 * two sides take turns, so that both meet the same machine. Medians in ms, and where the time goes.
 */
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
import type { Result } from "../src/cli/bench.js";
import { internalRouter, sendWakeups, type WorkerSettings, workerEntry } from "../src/jobs/index.js";
import { startRedis } from "../src/node/redis.js";
import { openRooms, type Rooms } from "../src/node.js";
import { createImages, findEngine, type ImageRef } from "../src/sandbox/index.js";
import { type Actor, systemClock } from "../src/vocabulary/index.js";

const run = promisify(execFile);
const LIMITS = { cpus: 1, memory_mb: 256, pids: 64, disk_mb: 64, wall_s: 60 };
const PROGRAM = ["true"];
const STEPS = ["leased_at", "staged_at", "executing_at", "collected_at", "ended_at", "held_at"] as const;

export const name = "jobs";

async function runBenchmark({ quick }: { quick: boolean }): Promise<Result[]> {
  const engine = findEngine();
  if (!engine) throw new Error("no container engine: npm run setup");
  const dir = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const node = await startParts(dir, engine.socketPath);
  try {
    const image = await createImages(engine).resolve("python");
    const researcher = await people(node.rooms, join(dir, "data"));
    return await measure(node.rooms, researcher, engine.socketPath, image, quick ? 5 : 20);
  } finally {
    await node.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

export { runBenchmark as run };

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

async function measure(
  rooms: Rooms,
  researcher: Actor,
  socketPath: string,
  image: ImageRef,
  rounds: number,
): Promise<Result[]> {
  const ours: number[] = [];
  const peers: number[] = [];
  const parts: Record<string, number[]> = {};
  await oneJob(rooms, researcher);
  await dockerRun(socketPath, image);
  for (let round = 0; round < rounds; round++) {
    const moments = await oneJob(rooms, researcher);
    ours.push(moments.held_at - moments.created_at);
    let before = moments.created_at;
    for (const step of STEPS) {
      parts[step] = [...(parts[step] ?? []), moments[step] - before];
      before = moments[step];
    }
    const began = performance.now();
    await dockerRun(socketPath, image);
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

async function oneJob({ jobs, store }: Rooms, researcher: Actor): Promise<Moments> {
  const { id } = await jobs.submit(researcher, {
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

async function dockerRun(socketPath: string, image: ImageRef): Promise<void> {
  // biome-ignore format: one option a line is no clearer
  await run("docker", [
    "-H", `unix://${socketPath}`, "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--user", "65534:65534", "--pids-limit", String(LIMITS.pids),
    "--memory", `${LIMITS.memory_mb}m`, "--memory-swap", `${LIMITS.memory_mb}m`, "--cpus", String(LIMITS.cpus),
    "--tmpfs", `/out:size=${LIMITS.disk_mb}m`, image.reference, ...PROGRAM,
  ]);
}

/** Control, Redis and one worker, as a node has them. */
async function startParts(
  dir: string,
  engineSocket: string,
): Promise<{ rooms: Rooms; close(): Promise<void> }> {
  const log = pino({ level: "silent" });
  const dataDir = join(dir, "data");
  const rooms = openRooms({ dataDir, domain: "bench", keyFile: join(dir, "key") }, log, systemClock);
  const redis = await startRedis(dataDir, () => undefined);
  const queue = { redis: redis.address, prefix: "bench" };
  const wakeups = sendWakeups({ ledger: rooms.ledger, store: rooms.store, log, queue });
  const server = await serve(rooms);
  const ticking = setInterval(() => void rooms.jobs.tick(), 1000);
  const worker = startWorker(rooms, server, {
    node: `bench-${process.pid}`,
    redis: redis.address,
    prefix: queue.prefix,
    cache_dir: join(dir, "cache"),
    staging_root: join(dir, "staging"),
    engine_socket: engineSocket,
  });
  return {
    rooms,
    async close() {
      clearInterval(ticking);
      worker.kill("SIGTERM");
      if (worker.exitCode === null) await once(worker, "exit");
      server.close();
      server.closeAllConnections();
      await wakeups.close();
      await rooms.close();
      await redis.child.stop(2000);
    },
  };
}

async function serve(rooms: Rooms): Promise<Server> {
  const app = express();
  app.use("/internal/v1", internalRouter(rooms.jobs.internal, pino({ level: "silent" })));
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

async function people({ catalog }: Rooms, dataDir: string): Promise<Actor> {
  const { principals, datasets, grants } = catalog;
  principals.bootstrapAdmin();
  const admin = principals.byToken(readFileSync(join(dataDir, "admin.token"), "utf8").trim())!;
  const add = (named: "owner" | "researcher") =>
    principals.byToken(principals.add(admin, { name: named, roles: [named] }).token)!;
  const [owner, researcher] = [add("owner"), add("researcher")];
  datasets.create(owner, { name: "study", unit_column: "id" });
  await datasets.putContent(owner, "study", Readable.from(["id,age\na,61\nb,72\nc,55\n"]), "text/csv");
  datasets.assess(owner, "study", {});
  datasets.publish(owner, "study");
  const expires_at = new Date(systemClock.now() + 86_400_000).toISOString();
  grants.create(owner, {
    principal: "researcher",
    dataset: "study",
    purpose: "benchmark",
    access: "sandbox",
    expires_at,
  });
  return researcher;
}
