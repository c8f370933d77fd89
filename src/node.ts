/**
 * The composition root: opens the rooms, wires them, and starts and stops the node's processes.
 *
 * Rules: nothing is decided here. Workers and Redis are children that are started again when they die; engines and
 * checkers are started by their rooms, confined. A node without a container engine still serves everything but
 * sandbox jobs, and says so.
 */
import type { Server } from "node:http";
import { join } from "node:path";
import type { Logger } from "pino";
import { createApi, createHttpServer, listen, stopServer } from "./api/index.js";
import {
  internalRouter,
  type RedisAddress,
  sendWakeups,
  type Wakeups,
  type WorkerSettings,
  workerEntry,
} from "./jobs/index.js";
import { KeptChild } from "./node/children.js";
import { type NodeConfig, nodeConfig } from "./node/config.js";
import { forbidCores } from "./node/cores.js";
import { builtImages } from "./node/images.js";
import { openLog } from "./node/log.js";
import { startRedis } from "./node/redis.js";
import { openRooms, type Rooms } from "./node/rooms.js";
import { Ticker } from "./node/ticks.js";
import { findEngine } from "./sandbox/index.js";
import { freeBytes, isShortOfRoom } from "./store/index.js";
import { type Clock, GloveboxError, ISOLATION_LEVELS, systemClock } from "./vocabulary/index.js";

export type { NodeConfig } from "./node/config.js";
export { machineLevels } from "./node/levels.js";
export { type StagingMemory, stagingMemory } from "./node/memory.js";
export { machineReady } from "./node/ready.js";
export { openRooms, type Rooms } from "./node/rooms.js";
export type { LevelOffer } from "./sandbox/index.js";

export interface RunningNode {
  url: string;
  pid: number;
  workers: number[];
  redisPid: number | undefined;
  dataDir: string;
  /** Who it is to other domains. */
  domain: { name: string; key: string; fingerprint: string };
  /** It holds no data. */
  coordinating: boolean;
  close(): Promise<void>;
}

const TICK_MS = 1_000;
const EXPIRY_TICK_MS = 5_000;
const UPLOADS_TICK_MS = 30_000;
const STOP_GRACE_MS = 15_000;

/** Starts a node and resolves when it serves. @throws invalid_input, engine_unavailable */
export async function startNode(
  given: Partial<NodeConfig>,
  clock: Clock = systemClock,
): Promise<RunningNode> {
  const config = nodeConfig(given);
  const log = openLog(config.logLevel);
  if (!forbidCores()) log.warn("a crash may leave a core file: prlimit(1) could not set the limit");
  const rooms = openRooms(config, log, clock, config.coordinator ? [] : await builtImages());
  const node = new NodeProcesses(config, rooms, log, clock);
  try {
    return await node.start();
  } catch (error) {
    await node.close();
    throw error;
  }
}

/** What a worker needs of the environment; where the wrapping key lies is not among it. */
function workerEnvironment(): NodeJS.ProcessEnv {
  const names = [
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "DOCKER_HOST",
    "XDG_CACHE_HOME",
    "GLOVEBOX_HOME",
    "GLOVEBOX_STAGING_DIR",
    "NODE_EXTRA_CA_CERTS",
  ];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** @throws state_conflict */
function requireEmpty({ db }: Rooms["store"]): void {
  if (db.prepare("SELECT 1 FROM datasets LIMIT 1").get() !== undefined)
    throw new GloveboxError("state_conflict", {
      detail: "this data directory holds datasets: a coordinator's holds none",
    });
}

class NodeProcesses {
  private readonly ticker: Ticker;
  private readonly shutdown = new AbortController();
  private readonly workers: KeptChild[] = [];
  private redis: KeptChild | undefined;
  private wakeups: Wakeups | undefined;
  private server: Server | undefined;
  /** For its own workers, where the other one speaks TLS under a name that this machine may not know it by. */
  private local: Server | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly config: NodeConfig,
    private readonly rooms: Rooms,
    private readonly log: Logger,
    private readonly clock: Clock,
  ) {
    this.ticker = new Ticker(log);
  }

  async start(): Promise<RunningNode> {
    const { config, rooms } = this;
    if (config.coordinator) requireEmpty(rooms.store);
    rooms.catalog.principals.bootstrapAdmin();
    return config.coordinator ? this.coordinate() : this.hold();
  }

  /** A node that only coordinates: no Redis, no workers, no engine of containers. */
  private async coordinate(): Promise<RunningNode> {
    const { url } = await this.serve();
    this.rooms.federation.start();
    this.log.info({ url }, "the node coordinates");
    return this.running(url);
  }

  private async hold(): Promise<RunningNode> {
    const { config, rooms, log } = this;
    const address = await this.openRedis();
    const queue = { redis: address, prefix: this.prefix() };
    this.wakeups = sendWakeups({ ledger: rooms.ledger, store: rooms.store, log, queue });
    // What a crash left of uploads goes before anyone looks for room.
    rooms.catalog.uploads.sweep();
    // A release that was approved when the node died is completed before anyone can ask for it.
    await rooms.airlock.tick();
    const { url, localUrl } = await this.serve();
    rooms.federation.start();
    this.startTicks();
    this.startWorkers(localUrl, address);
    log.info({ url, workers: config.workers }, "the node serves");
    return this.running(url);
  }

  private running(url: string): RunningNode {
    return {
      url,
      pid: process.pid,
      workers: this.workers.flatMap((w) => (w.pid === undefined ? [] : [w.pid])),
      redisPid: this.redis?.pid,
      dataDir: this.config.dataDir,
      domain: this.rooms.federation.domain(),
      coordinating: this.config.coordinator,
      close: () => this.close(),
    };
  }

  /** Nodes that share a Redis keep apart by the key of their log. */
  private prefix(): string {
    return `glovebox-${Buffer.from(this.rooms.keys.identity.publicKey, "base64").toString("hex").slice(0, 16)}`;
  }

  private async openRedis(): Promise<RedisAddress> {
    if (this.config.redisUrl !== undefined) return { url: this.config.redisUrl };
    const { address, child } = await startRedis(this.config.dataDir, (name, how) => this.died(name, how));
    this.redis = child;
    return address;
  }

  private async serve(): Promise<{ url: string; localUrl: string }> {
    const { config, rooms, log } = this;
    const app = createApi({
      ...rooms,
      clock: this.clock,
      log,
      ...(config.coordinator
        ? { coordinating: true }
        : { internal: internalRouter(rooms.jobs.internal, log) }),
      ready: async () => ({
        store: rooms.store.db.open,
        storage: !isShortOfRoom(config.dataDir),
        ...(config.coordinator ? {} : { container_engine: findEngine() !== undefined }),
      }),
      gauges: [
        {
          name: "glovebox_jobs",
          help: "Jobs by state",
          label: "state",
          collect: () => rooms.jobs.stateCounts(),
        },
        {
          name: "glovebox_ready",
          help: "Ready containers: waiting now, the memory that they hold, runs given one, runs that started cold",
          label: "what",
          collect: () => ({ ...rooms.jobs.readyCounts() }),
        },
        {
          name: "glovebox_free_bytes",
          help: "Room left on the disk",
          label: "place",
          collect: () => ({ data: freeBytes(config.dataDir) }),
        },
      ],
      shutdown: this.shutdown.signal,
    });
    this.server = createHttpServer(app, config.tls);
    const port = await listen(this.server, config.port, config.host);
    const host = config.host.includes(":") ? `[${config.host}]` : config.host;
    const url = `${config.tls ? "https" : "http"}://${host}:${port}`;
    if (!config.tls) return { url, localUrl: url };
    this.local = createHttpServer(app);
    return { url, localUrl: `http://127.0.0.1:${await listen(this.local, 0, "127.0.0.1")}` };
  }

  private startTicks(): void {
    const { jobs, airlock, catalog } = this.rooms;
    this.ticker.every(TICK_MS, "jobs", () => jobs.tick());
    this.ticker.every(TICK_MS, "airlock", () => airlock.tick());
    this.ticker.every(UPLOADS_TICK_MS, "uploads", () => catalog.uploads.sweep());
    this.ticker.every(EXPIRY_TICK_MS, "grants", () => catalog.grants.expireDue());
  }

  private startWorkers(url: string, redis: RedisAddress): void {
    const engine = findEngine();
    if (!engine) {
      this.log.warn("no container engine: sandbox jobs wait; `glovebox doctor` says what is missing");
      return;
    }
    for (let i = 0; i < this.config.workers; i++)
      this.startWorker(`worker-${i + 1}`, url, redis, engine.socketPath);
  }

  private startWorker(name: string, url: string, redis: RedisAddress, engineSocket: string): void {
    const { token } = this.rooms.jobs.internal.registerWorker({ levels: ISOLATION_LEVELS });
    const settings: WorkerSettings = {
      control: url,
      token,
      node: this.prefix(),
      redis,
      prefix: this.prefix(),
      cache_dir: join(this.config.dataDir, "cache"),
      engine_socket: engineSocket,
      ready: this.config.ready,
    };
    const child = new KeptChild(
      {
        name,
        command: process.execPath,
        args: [workerEntry()],
        env: { ...workerEnvironment(), GLOVEBOX_WORKER: JSON.stringify(settings) },
        onLine: (line) => this.log.info({ child: name, line }, "worker"),
        tether: true,
      },
      (which, how) => this.died(which, how),
    );
    child.start();
    this.workers.push(child);
  }

  private died(name: string, how: string): void {
    this.log.warn({ child: name, how }, "a child process died; it is started again");
  }

  /** Stops in order: no new requests, workers drained, rooms closed, Redis last. Any number of times. */
  close(): Promise<void> {
    this.closing ??= this.stop();
    return this.closing;
  }

  private async stop(): Promise<void> {
    this.shutdown.abort();
    await this.rooms.federation.close();
    await Promise.all(this.workers.map((worker) => worker.stop(STOP_GRACE_MS)));
    const servers = [this.server, this.local].filter((server) => server?.listening);
    await Promise.all(servers.map((server) => stopServer(server!)));
    await this.ticker.stop();
    await this.wakeups?.close();
    await this.rooms.close();
    await this.redis?.stop(STOP_GRACE_MS);
    this.log.info("the node has stopped");
    this.log.flush();
  }
}
