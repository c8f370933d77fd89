/**
 * Isolation level `gvisor`: runsc, driven directly as an OCI runtime. (As a Docker runtime it would need a change of the
 * engine's settings, and runsc of 2022 does not start there with all of a run's limits.)
 *
 * Rules. The program's system calls are answered by gVisor's kernel, in a process that has an empty root, a few dozen
 * host calls and no network; files come through a second process that sees the run's folders only. Both live in one
 * control group with the run's limits, and are ended together with it. Nothing that the program wrote is read until the
 * group is empty and the disk could be made read-only.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type Clock, GloveboxError, systemClock } from "../../vocabulary/index.js";
import { groupNames, readPeaks, removeGroup } from "../cgroup.js";
import { engineFailure } from "../docker/client.js";
import { capturePipes, type LogLimits } from "../docker/logs.js";
import type { Facts } from "../docker/outcome.js";
import { collectDisk, reportEnd } from "../docker/report.js";
import { diskFacts, makeDisk, sealDisk } from "../docker/run.js";
import { groupPrefix } from "../docker/sweep.js";
import type { Collection, Executor, Exit, Prepared, Probe, RunSpec } from "../executor.js";
import { assertLimits } from "../limits.js";
import { assertCollectedNames } from "../outputs.js";
import type { Staging } from "../staging.js";
import { emptyGroup, makeRunGroup } from "./group.js";
import { probeGvisor } from "./probe.js";
import { type Runsc, runArguments } from "./program.js";
import type { RootFolders } from "./rootfs.js";
import { exitOf, GvisorRun, spawnIn } from "./run.js";
import { runtimeSpec } from "./spec.js";

export interface GvisorOptions {
  runsc: Runsc;
  roots: RootFolders;
  staging: Staging;
  node: string;
  clock?: Clock;
  logs?: LogLimits;
}

const KILL_GRACE_MS = 30_000;
const KILLED_EXIT = 128 + 9;
/** What gVisor's kernel and its file server hold for themselves. */
const KERNEL_MB = 128;
/** Their threads; and each of the program's threads is up to three of the host's. */
const KERNEL_THREADS = 96;
const HOST_THREADS = 3;
/** Of runsc when it could not do its work, and of a program that says the same. */
const RUNSC_FAILED = 128;
const NOT_FOUND = 127;

function own(prepared: Prepared): GvisorRun {
  if (prepared instanceof GvisorRun) return prepared;
  throw new Error("sandbox: a run of another executor");
}

class GvisorExecutor implements Executor {
  readonly level = "gvisor";
  private readonly clock: Clock;

  constructor(private readonly options: GvisorOptions) {
    this.clock = options.clock ?? systemClock;
  }

  probe(): Promise<Probe> {
    return probeGvisor(this.options.runsc, this.options.staging);
  }

  async prepare(asked: RunSpec): Promise<Prepared> {
    assertCollectedNames(asked.outputs);
    assertLimits(asked.limits);
    const cpus = Math.min(asked.limits.cpus, availableParallelism());
    const spec = { ...asked, limits: { ...asked.limits, cpus } };
    const name = groupPrefix(spec.node) + spec.runId;
    const staged = await this.options.staging.dir("run");
    try {
      const [root, disk] = await Promise.all([
        this.options.roots.of(spec.image),
        makeDisk(staged, spec, undefined),
      ]);
      const bundle = join(staged.path, "bundle");
      const places = { bundle, state: join(staged.path, "state"), log: join(staged.path, "runsc.log") };
      for (const folder of [bundle, places.state]) mkdirSync(folder, { mode: 0o700 });
      const config = runtimeSpec(spec, disk.places, root);
      writeFileSync(join(bundle, "config.json"), JSON.stringify(config), { mode: 0o600 });
      const limits = {
        ...spec.limits,
        memory_mb: spec.limits.memory_mb + KERNEL_MB,
        pids: KERNEL_THREADS + HOST_THREADS * spec.limits.pids,
      };
      const group = makeRunGroup(name, { memoryMb: limits.memory_mb, processes: limits.pids, cpus });
      return new GvisorRun(spec, staged, disk, places, { name, own: group }, limits);
    } catch (cause) {
      await staged.wipe();
      throw cause instanceof GloveboxError ? cause : engineFailure("prepare a run", cause);
    }
  }

  async start(prepared: Prepared): Promise<void> {
    const run = own(prepared);
    run.startedAt = this.clock.now();
    if (run.killed) {
      run.ended = Promise.resolve(KILLED_EXIT);
      return;
    }
    try {
      const { runsc } = this.options;
      const child = spawnIn(run.group.own, runsc.program, runArguments(runsc, run.places, run.runId));
      run.child = child;
      run.ended = exitOf(child);
      run.ended.catch(() => undefined);
      const { stdout, stderr } = child;
      const flood = (): void => this.endQuietly(run, "log");
      run.logs = capturePipes(
        { stdout: stdout as Readable, stderr: stderr as Readable },
        flood,
        this.options.logs,
      );
    } catch (cause) {
      throw engineFailure("start a run", cause);
    }
    run.after(run.spec.limits.wall_s * 1000, () => this.endQuietly(run, "wall"));
  }

  /** The first reason counts. */
  private async end(run: GvisorRun, why: NonNullable<Facts["killed"]>): Promise<void> {
    if (run.dead) return;
    run.killed ??= why;
    await emptyGroup(run.group.name, KILL_GRACE_MS);
  }

  /** From a timer or an event, where nobody awaits: a failure shows in `wait`. */
  private endQuietly(run: GvisorRun, why: NonNullable<Facts["killed"]>): void {
    this.end(run, why).catch(() => undefined);
  }

  kill(prepared: Prepared): Promise<void> {
    return this.end(own(prepared), "killed");
  }

  async wait(prepared: Prepared, signal?: AbortSignal): Promise<Exit> {
    const run = own(prepared);
    if (!run.ended) throw new Error("sandbox: wait before start");
    const abort = (): void => this.endQuietly(run, "killed");
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const code = await run.ended.catch(() => undefined);
      return await this.exit(run, code === undefined ? undefined : programExit(run, code));
    } finally {
      signal?.removeEventListener("abort", abort);
      run.stopTimers();
    }
  }

  private async exit(run: GvisorRun, code: number | undefined): Promise<Exit> {
    const endedAt = this.clock.now();
    const empty = await emptyGroup(run.group.name, KILL_GRACE_MS);
    const facts = empty ? await this.facts(run, code).catch(() => undefined) : undefined;
    return reportEnd(run, facts, code, endedAt);
  }

  /** Seals the disk, and throws where something still writes. */
  private async facts(run: GvisorRun, code: number | undefined): Promise<Facts> {
    await sealDisk(run.disk);
    const peaks = readPeaks(run.group.name);
    return {
      killed: run.killed,
      exitCode: code ?? KILLED_EXIT,
      oomKilled: (peaks.oomKills ?? 0) > 0,
      memoryPeakBytes: peaks.memoryBytes,
      processesPeak: peaks.processes,
      disk: await diskFacts(run.disk),
      limits: run.limits,
    };
  }

  collect(prepared: Prepared): Collection {
    return collectDisk(own(prepared));
  }

  remove(prepared: Prepared): Promise<void> {
    const run = own(prepared);
    run.removal ??= this.removeNow(run).catch((cause: unknown) => {
      run.removal = undefined;
      throw engineFailure("remove a run", cause);
    });
    return run.removal;
  }

  private async removeNow(run: GvisorRun): Promise<void> {
    run.stopTimers();
    run.killed ??= "killed";
    await removeRunGroup(run.group.name);
    run.logs?.close();
    await run.staged.wipe();
  }

  /** A run is found by its control group, which carries the node's name and outlives everything else of it. */
  async sweep(keep: ReadonlySet<string>): Promise<string[]> {
    const prefix = groupPrefix(this.options.node);
    const removed: string[] = [];
    try {
      for (const name of groupNames(prefix)) {
        const runId = name.slice(prefix.length);
        if (keep.has(runId)) continue;
        await removeRunGroup(name);
        removed.push(runId);
      }
      await this.options.staging.sweep();
      return removed;
    } catch (cause) {
      throw engineFailure("sweep", cause);
    }
  }
}

async function removeRunGroup(name: string): Promise<void> {
  if (!(await emptyGroup(name, KILL_GRACE_MS))) throw new Error("a run would not die");
  for (let attempt = 0; !removeGroup(name); attempt++) {
    if (attempt > 20) throw new Error("a run's control group stays");
    await delay(5 * 2 ** Math.min(attempt, 6));
  }
}

/**
 * What runsc's own exit code means for the program. It writes into its log why it could not do its work; the program
 * has no way into that file.
 */
function programExit(run: GvisorRun, code: number): number | undefined {
  if (code !== RUNSC_FAILED) return code;
  let said = "";
  try {
    said = readFileSync(run.places.log, "utf8");
  } catch {
    return code;
  }
  if (!/"level":\s*"(error|fatal)"|FATAL|running container|starting container/i.test(said)) return code;
  return /executable file not found|no such file or directory|permission denied|exec format error|is a directory/i.test(
    said,
  )
    ? NOT_FOUND
    : undefined;
}

export const createGvisorExecutor = (options: GvisorOptions): Executor => new GvisorExecutor(options);
