/** The room of jobs as it runs: real engine, checker, Redis, Docker, and worker processes over HTTP. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import express from "express";
import { type Catalog, createCatalog, createEngine, type Engine } from "../../src/catalog/index.js";
import {
  createJobs,
  internalRouter,
  type Jobs,
  type JobsConfig,
  sendWakeups,
  type Wakeups,
  type WorkerSettings,
  workerEntry,
} from "../../src/jobs/index.js";
import { type Ledger, openLedger } from "../../src/ledger/index.js";
import type { Checker } from "../../src/privacy/index.js";
import {
  openKeys,
  openStore,
  openVault,
  packageRoot,
  type Store,
  type Vault,
} from "../../src/store/index.js";
import { type Actor, type Role, rfc3339, systemClock } from "../../src/vocabulary/index.js";
import {
  ended,
  type PrivateRedis,
  privateRedis,
  type SharedEngine,
  sharedEngine,
  tempDir,
  until,
} from "../harness/index.js";
import { jobInputOf, quiet, realChecker, realProtector } from "./fixture.js";

export interface LiveWorker {
  child: ChildProcess;
  stderr(): string;
  kill9(): Promise<void>;
  stop(): Promise<void>;
}

export interface Live {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  catalog: Catalog;
  jobs: Jobs;
  redis: PrivateRedis;
  docker: SharedEngine;
  owner: Actor;
  researcher: Actor;
  auditor: Actor;
  grant: string;
  node: string;
  dir: string;
  /** A worker process under the same token each time, unless told otherwise. */
  worker(options?: {
    killAt?: string;
    token?: string;
    settings?: Partial<WorkerSettings>;
  }): Promise<LiveWorker>;
  newToken(): string;
  submit(more?: Record<string, unknown>): Promise<string>;
  state(job: string): string;
  until(job: string, ...states: string[]): Promise<string>;
  end(): Promise<void>;
}

const CSV = `id,age,city\n${Array.from({ length: 60 }, (_, i) => `unit-${1000 + i},${40 + (i % 30)},Wuhan`).join("\n")}\n`;

export async function live(config: Partial<JobsConfig> = {}): Promise<Live> {
  const docker = await sharedEngine();
  const temp = tempDir("jobs-live");
  const redis = await privateRedis();
  const store = openStore(join(temp.path, "data"));
  const keys = openKeys(store.dataDir, { keyFile: join(temp.path, "key") });
  const clock = systemClock;
  const ledger = openLedger({ store, keys, clock, domain: "hospital-a" });
  const vault = openVault(store.dataDir, keys);
  const engine: Engine = createEngine();
  const checker: Checker = realChecker();
  const catalog = createCatalog({ store, ledger, vault, keys, clock, engine });
  const jobs = createJobs({
    store,
    ledger,
    vault,
    keys,
    clock,
    catalog,
    checker,
    protector: realProtector(),
    log: quiet,
    config,
  });
  const node = `glovebox-test-${process.pid}-${Date.now().toString(36)}`;
  const queue = { redis: { path: redis.path }, prefix: node };
  const wakeups: Wakeups = sendWakeups({ ledger, store, log: quiet, queue });
  const server = await serve(jobs);
  const ticking = setInterval(() => void jobs.tick(), 100);
  const people = addPeople(catalog);
  const grant = await addData(catalog, people.owner);
  const { token } = jobs.internal.registerWorker({ levels: ["container"] });
  const workers: LiveWorker[] = [];
  const state = (job: string) => jobs.record(job).state;

  return {
    store,
    ledger,
    vault,
    catalog,
    jobs,
    redis,
    docker,
    ...people,
    grant,
    node,
    dir: temp.path,
    async worker(options = {}) {
      const settings: WorkerSettings = {
        control: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        token: options.token ?? token,
        node,
        redis: { path: redis.path },
        prefix: node,
        cache_dir: join(temp.path, "cache"),
        engine_socket: docker.socketPath,
        staging_root: join(temp.path, "staging"),
        ready: 0,
        ...options.settings,
      };
      const worker = startProcess(settings, options.killAt);
      workers.push(worker);
      return worker;
    },
    newToken: () => jobs.internal.registerWorker({ levels: ["container"] }).token,
    submit: async (more = {}) => (await jobs.submit(people.researcher, jobInputOf(more))).id,
    state,
    async until(job, ...states) {
      await until(
        () => states.includes(state(job)),
        `job to be ${states.join(" or ")}, it is ${state(job)}`,
        60_000,
      );
      return state(job);
    },
    async end() {
      for (const worker of workers) await worker.kill9();
      clearInterval(ticking);
      server.close();
      server.closeAllConnections();
      await wakeups.close();
      await jobs.close();
      await Promise.all([checker.close(), engine.close(), redis.stop()]);
      store.close();
      await sweepAfter(docker.socketPath, node, join(temp.path, "staging"));
      temp.remove();
    },
  };
}

async function serve(jobs: Jobs): Promise<Server> {
  const app = express();
  app.use("/internal/v1", internalRouter(jobs.internal, quiet));
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function addPeople(catalog: Catalog) {
  const admin = catalog.principals.byToken(catalog.principals.bootstrapAdmin()!.token)!;
  const add = (name: Role) => {
    const { token } = catalog.principals.add(admin, { name, roles: [name] });
    return catalog.principals.byToken(token)!;
  };
  return { owner: add("owner"), researcher: add("researcher"), auditor: add("auditor") };
}

async function addData(catalog: Catalog, owner: Actor): Promise<string> {
  catalog.datasets.create(owner, { name: "study", unit_column: "id", auditors: ["auditor"] });
  await catalog.datasets.putContent(owner, "study", Readable.from([CSV]), "text/csv");
  catalog.datasets.assess(owner, "study");
  catalog.datasets.publish(owner, "study");
  const expires_at = rfc3339(Date.now() + 86_400_000);
  const purpose = "mortality by age";
  return catalog.grants.create(owner, {
    principal: "researcher",
    dataset: "study",
    purpose,
    access: "sandbox",
    expires_at,
  }).id;
}

/** The real worker, or one that kills itself at a step: worker.child.mjs. */
function startProcess(settings: WorkerSettings, killAt: string | undefined): LiveWorker {
  const entry = killAt === undefined ? workerEntry() : join(packageRoot(), "tests/jobs/worker.child.mjs");
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      GLOVEBOX_WORKER: JSON.stringify(settings),
      KILL_AT: killAt,
    },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return {
    child,
    stderr: () => text,
    async kill9() {
      child.kill("SIGKILL");
      await ended(child);
    },
    async stop() {
      child.kill("SIGTERM");
      await ended(child);
    },
  };
}

/** Killed workers leave containers and mounts; a last sweep of this node's name takes them away. */
async function sweepAfter(socketPath: string, node: string, root: string): Promise<void> {
  const { createDockerExecutor, openStaging } = await import("../../src/sandbox/index.js");
  const staging = openStaging(root);
  await createDockerExecutor({ socketPath, staging, node }).sweep(new Set());
  await staging.close();
}
