/**
 * What the API costs: GET /jobs/{id}, with its token, permission, rate limit, lookup and visibility, against a bare
 * Express route that answers the same JSON. The load comes from a thread of its own over 16 kept connections; the two
 * sides take turns, so that both meet the same machine. Requests a second, medians.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import express from "express";
import { pino } from "pino";
import { createApi, createHttpServer, listen, stopServer } from "../src/api/index.js";
import type { Result } from "../src/cli/bench.js";
import { openRooms, type Rooms } from "../src/node.js";
import { systemClock } from "../src/vocabulary/index.js";

export const name = "api";

const CONNECTIONS = 16;

async function runBenchmark({ quick }: { quick: boolean }): Promise<Result[]> {
  const dir = mkdtempSync(join(tmpdir(), "glovebox-bench-"));
  const log = pino({ level: "info" }, pino.destination({ dest: "/dev/null", sync: false }));
  const config = { dataDir: join(dir, "data"), domain: "bench", keyFile: join(dir, "key") };
  const rooms = openRooms(config, log, systemClock);
  const shutdown = new AbortController();
  const rateLimits = { requests: Number.MAX_SAFE_INTEGER, failures: 1 };
  const app = createApi({
    ...rooms,
    clock: systemClock,
    log,
    shutdown: shutdown.signal,
    settings: { rateLimits },
  });
  const ours = createHttpServer(app);
  let bare: Server | undefined;
  try {
    const { token, path } = await queuedJob(rooms, config.dataDir);
    const url = `http://127.0.0.1:${await listen(ours, 0, "127.0.0.1")}${path}`;
    const body: unknown = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json();
    bare = createHttpServer(bareApp(body));
    const peer = `http://127.0.0.1:${await listen(bare, 0, "127.0.0.1")}${path}`;
    return [await compare(url, peer, token, quick)];
  } finally {
    shutdown.abort();
    await Promise.all([stopServer(ours, 100), bare ? stopServer(bare, 100) : undefined]);
    await rooms.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

export { runBenchmark as run };

function bareApp(body: unknown): express.Express {
  const app = express();
  app.get("/api/v1/jobs/:id", (_req, res) => {
    res.json(body);
  });
  return app;
}

/** A job that waits in the queue, and the token of its submitter. */
async function queuedJob(
  { catalog, jobs }: Rooms,
  dataDir: string,
): Promise<{ token: string; path: string }> {
  const { principals, datasets, grants } = catalog;
  principals.bootstrapAdmin();
  const admin = principals.byToken(readFileSync(join(dataDir, "admin.token"), "utf8").trim())!;
  const person = (named: string, role: "owner" | "researcher") =>
    principals.add(admin, { name: named, roles: [role] }).token;
  const owner = principals.byToken(person("owner", "owner"))!;
  const token = person("researcher", "researcher");
  datasets.create(owner, { name: "study", unit_column: "id" });
  await datasets.putContent(owner, "study", Readable.from(["id,age\na,61\nb,72\nc,55\n"]), "text/csv");
  datasets.assess(owner, "study", {});
  datasets.publish(owner, "study");
  grants.create(owner, {
    principal: "researcher",
    dataset: "study",
    purpose: "benchmark",
    access: "sandbox",
    expires_at: new Date(systemClock.now() + 86_400_000).toISOString(),
  });
  const job = await jobs.submit(principals.byToken(token)!, {
    kind: "sandbox",
    purpose: "benchmark",
    datasets: ["study"],
    image: "python",
    files: { "main.py": "print(1)\n" },
    command: ["python3", "main.py"],
  });
  return { token, path: `/api/v1/jobs/${job.id}` };
}

async function compare(url: string, peer: string, token: string, quick: boolean): Promise<Result> {
  // Short turns: what else the machine does falls on both sides alike.
  const rounds = quick ? 8 : 40;
  const ms = 250;
  await load(url, token, 500);
  await load(peer, token, 500);
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await load(url, token, ms));
    bare.push(await load(peer, token, ms));
  }
  const [value, against] = [median(ours), median(bare)];
  return {
    name: "GET /jobs/{id}",
    value,
    unit: "requests/s",
    peer: { name: "bare Express", value: against },
    ratio: value / against,
    asked: { at_least: 0.5 },
  };
}

const median = (values: number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** The load generator, as the source of a thread: as many loops as connections, each sending when it was answered. */
const LOAD = `
const { Agent, get } = require("node:http");
const { parentPort, workerData } = require("node:worker_threads");
const { url, token, ms, connections } = workerData;
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const headers = { authorization: "Bearer " + token };
const once = () => new Promise((resolve, reject) => {
  get(url, { agent, headers }, (answer) => {
    if (answer.statusCode !== 200) reject(new Error("answered " + answer.statusCode));
    answer.resume().once("end", resolve);
  }).once("error", reject);
});
(async () => {
  let count = 0;
  const began = performance.now();
  const loop = async () => { while (performance.now() - began < ms) { await once(); count++; } };
  await Promise.all(Array.from({ length: connections }, loop));
  parentPort.postMessage(count / ((performance.now() - began) / 1000));
  agent.destroy();
})();
`;

/** @returns requests a second. */
function load(url: string, token: string, ms: number): Promise<number> {
  const workerData = { url, token, ms, connections: CONNECTIONS };
  const worker = new Worker(LOAD, { eval: true, workerData });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
