/**
 * The worker process. A node gives its workers their settings as JSON in GLOVEBOX_WORKER; `glovebox worker` sets
 * GLOVEBOX_CONTROL and GLOVEBOX_WORKER_TOKEN only. A token is no word for a command line, which all users can read.
 *
 * It has no database handle and no vault keys: a lease brings the keys of its Views and nothing else.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { z } from "zod";
import { type Levels, levelMemory, openLevels, openStaging } from "../../sandbox/index.js";
import { GloveboxError, parseInput } from "../../vocabulary/index.js";
import { DEFAULT_JOBS_CONFIG } from "../config.js";
import { traceOf } from "../trace.js";
import { SealedCache } from "./cache.js";
import { ControlClient } from "./control.js";
import { startWorker } from "./loop.js";
import { ReadyLevels } from "./ready.js";
import { DEFAULT_READY, MAX_READY, type WorkerSettings } from "./settings.js";

const settingsInput = z.strictObject({
  control: z.url(),
  token: z.string().min(1),
  node: z.string().min(1).optional(),
  redis: z.strictObject({ path: z.string().optional(), url: z.string().optional() }).optional(),
  prefix: z.string().min(1).default("glovebox"),
  cache_dir: z.string().min(1),
  cache_bytes: z
    .int()
    .min(0)
    .default(4 * 1024 ** 3),
  staging_root: z.string().optional(),
  engine_socket: z.string().optional(),
  max_log_bytes: z.int().min(1).default(DEFAULT_JOBS_CONFIG.maxLogBytes),
  poll_ms: z.int().min(10).optional(),
  sweep_ms: z.int().min(100).optional(),
  drain_ms: z.int().min(0).optional(),
  ready: z.int().min(0).max(MAX_READY).default(DEFAULT_READY),
}) satisfies z.ZodType<unknown, WorkerSettings>;

/** `glovebox worker` knows an address and a token; the rest has defaults. */
function settingsOf(env: NodeJS.ProcessEnv): z.output<typeof settingsInput> {
  if (env.GLOVEBOX_WORKER !== undefined) return parseInput(settingsInput, JSON.parse(env.GLOVEBOX_WORKER));
  const cache = env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return parseInput(settingsInput, {
    control: env.GLOVEBOX_CONTROL,
    token: env.GLOVEBOX_WORKER_TOKEN,
    cache_dir: join(cache, "glovebox", "worker"),
    ...(env.GLOVEBOX_READY === undefined ? {} : { ready: Number(env.GLOVEBOX_READY) }),
  });
}

/** Programs under one kernel feel each other: its start names the machine, in containers too. */
const machineName = (): string =>
  createHash("sha256").update(readFileSync("/proc/sys/kernel/random/boot_id")).digest("hex");

/**
 * Tells control what this machine has: the usual level at once, so that runs of it begin, and all of them when the last
 * trial is over. @throws engine_unavailable where it has none
 */
async function announce(control: ControlClient, levels: Levels, log: Logger): Promise<void> {
  const usual = await levels.offer("container");
  if (!usual.available) await levels.settled;
  if (levels.available.length === 0)
    throw new GloveboxError("engine_unavailable", {
      detail: `${usual.available ? "" : `${usual.why}; `}run \`glovebox doctor\``,
    });
  const machine = machineName();
  await control.offer({ levels: levels.available, machine });
  const tellAll = async () => {
    for (const offer of await levels.settled) log.info({ ...offer }, "isolation level");
    await control.offer({ levels: levels.available, machine });
  };
  tellAll().catch((error: unknown) => log.warn({ ...traceOf(error) }, "the levels could not be told"));
}

async function main(): Promise<void> {
  const log = pino({ name: "worker" }, pino.destination(2));
  const settings = settingsOf(process.env);
  // Not for the programs that this process starts.
  delete process.env.GLOVEBOX_WORKER;
  delete process.env.GLOVEBOX_WORKER_TOKEN;
  const staging = openStaging(settings.staging_root);
  const control = new ControlClient({ url: settings.control.replace(/\/$/, ""), token: settings.token });
  const begun = await control.begin();
  const node = settings.node ?? begun.node;
  const levels = openLevels({
    staging,
    node,
    memory: levelMemory(),
    ...(settings.engine_socket === undefined ? {} : { engineSocket: settings.engine_socket }),
  });
  await announce(control, levels, log);
  const ready = new ReadyLevels({
    levels,
    control,
    count: settings.ready,
    limits: DEFAULT_JOBS_CONFIG.defaultLimits,
    log,
  });
  const worker = startWorker({
    control,
    levels: ready,
    staging,
    cache: new SealedCache(join(settings.cache_dir, "views"), settings.cache_bytes),
    node,
    maxLogBytes: settings.max_log_bytes,
    log,
    ...(settings.redis ? { queue: { redis: settings.redis, prefix: settings.prefix } } : {}),
    ...(settings.poll_ms === undefined ? {} : { pollMs: settings.poll_ms }),
    ...(settings.sweep_ms === undefined ? {} : { sweepMs: settings.sweep_ms }),
    ...(settings.drain_ms === undefined ? {} : { drainMs: settings.drain_ms }),
  });
  const stop = () => void worker.stop();
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // Started by a node that is gone: finish the run and go, for the next node starts its own.
  process.once("disconnect", stop);
  // It may have died while this process was starting, before anybody listened for it.
  if (process.connected === false) stop();
  await worker.ended;
  await worker.stop();
  await ready.close();
  await staging.close();
  process.exit(0);
}

/** An error that nobody caught may quote a value: its kind and its place are all that leaves the process. */
function crashQuietly(): void {
  for (const event of ["uncaughtException", "unhandledRejection"])
    process.on(event, (thrown: unknown) => {
      process.stderr.write(`${JSON.stringify({ msg: "the worker crashed", ...traceOf(thrown) })}\n`);
      process.exit(70);
    });
}

crashQuietly();
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof GloveboxError ? error.message : "the worker could not start"}\n`);
  process.exit(1);
});
