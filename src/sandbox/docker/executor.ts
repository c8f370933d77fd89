/**
 * Isolation levels `container` and `userns`: Docker, by its API. They differ in the engine, whose users are the
 * machine's or a range of nobody's, and in nothing else.
 *
 * Rules. The program is ended by SIGKILL to its init, which takes the whole process namespace with it; nothing it
 * wrote is read until the engine says it is dead and its disk could be made read-only. `remove` may run after the
 * result is out: whatever it leaves undone, `sweep` finds by label.
 */
import type { Readable } from "node:stream";
import Docker from "dockerode";
import { type Clock, GloveboxError, type IsolationLevel, systemClock } from "../../vocabulary/index.js";
import { parentPath, readPeaks, removeGroup } from "../cgroup.js";
import type { Collection, Executor, Exit, Prepared, Probe, RunSpec } from "../executor.js";
import { assertLimits } from "../limits.js";
import type { MemoryKind } from "../mounts.js";
import { assertCollectedNames } from "../outputs.js";
import type { StagedDir, Staging } from "../staging.js";
import type { RunIds } from "../users.js";
import { type EngineInfo, engineFailure, engineInfo, settled } from "./client.js";
import { exitCode, exitCodeOf } from "./ending.js";
import { captureLogs } from "./logs.js";
import type { Facts } from "./outcome.js";
import { probeDocker } from "./probe.js";
import { collectDisk, reportEnd } from "./report.js";
import { DockerRun, diskFacts, makeDisk, sealDisk } from "./run.js";
import { type ContainerSettings, containerSettings } from "./settings.js";
import { groupPrefix, sweepNode } from "./sweep.js";

export interface DockerOptions {
  socketPath: string;
  staging: Staging;
  /** Name of the node: a sweep removes what carries it, and nothing else on the machine. */
  node: string;
  clock?: Clock;
  /** By default 1 MiB of each log is kept, and a program that prints more than 1 GiB is ended. */
  logs?: { capBytes: number; floodBytes: number };
  /** Of an engine that remaps users: it then is level `userns`. */
  ids?: () => RunIds;
}

interface Making {
  /** Wiped with the run, or when it cannot be made. */
  staged: StagedDir;
  /** Name of the control group above the container's, where the engine lets us choose one. */
  group: string;
  /** What a container that waits is told otherwise. */
  change?: (settings: ContainerSettings) => ContainerSettings;
}

/** A program that SIGKILL has not ended by then is stuck in the kernel: the platform's failure, not its own. */
const KILL_GRACE_MS = 30_000;
const KILLED_EXIT = 128 + 9;

function own(prepared: Prepared): DockerRun {
  if (prepared instanceof DockerRun) return prepared;
  throw new Error("sandbox: a run of another executor");
}

export class DockerExecutor implements Executor {
  readonly level: IsolationLevel;
  readonly docker: Docker;
  private readonly clock: Clock;
  private info: Promise<EngineInfo> | undefined;
  private diskKind: MemoryKind | undefined;

  constructor(readonly options: DockerOptions) {
    this.docker = new Docker({ socketPath: options.socketPath });
    this.clock = options.clock ?? systemClock;
    this.level = options.ids ? "userns" : "container";
  }

  probe(): Promise<Probe> {
    return probeDocker(this.docker, this.options.staging, this.level);
  }

  /** The engine's abilities, asked once; asked again after a failure. */
  private engine(): Promise<EngineInfo> {
    this.info ??= engineInfo(this.docker).catch((cause: unknown) => {
      this.info = undefined;
      throw engineFailure("answer", cause);
    });
    return this.info;
  }

  async prepare(asked: RunSpec): Promise<Prepared> {
    assertCollectedNames(asked.outputs);
    const staged = await this.options.staging.dir("run");
    return this.make(asked, { staged, group: groupPrefix(asked.node) + asked.runId });
  }

  /** A container that has not begun. */
  async make(asked: RunSpec, { staged, group: name, change }: Making): Promise<DockerRun> {
    try {
      assertLimits(asked.limits);
      const engine = await this.engine();
      // A limit is an upper bound: a smaller machine offers what it has.
      const limits = { ...asked.limits, cpus: Math.min(asked.limits.cpus, engine.processors) };
      const spec = { ...asked, limits };
      const disk = await makeDisk(staged, spec, this.diskKind, this.options.ids);
      this.diskKind = disk.kind;
      const group = engine.cgroupDriver === "cgroupfs" ? name : undefined;
      const features = { ...engine, cgroupParent: group && parentPath(group) };
      const settings = containerSettings(spec, disk.places, features);
      const container = await this.docker.createContainer(change ? change(settings) : settings);
      return new DockerRun(spec, container, staged, disk, group, this.level);
    } catch (cause) {
      await staged.wipe();
      throw cause instanceof GloveboxError ? cause : engineFailure("prepare a run", cause);
    }
  }

  async start(prepared: Prepared): Promise<void> {
    const run = own(prepared);
    run.startedAt = this.clock.now();
    if (run.killed) {
      run.ended ??= Promise.resolve(KILLED_EXIT);
      return;
    }
    try {
      if (run.begin) run.begin();
      else await this.launch(run);
    } catch (cause) {
      throw engineFailure("start a run", cause);
    }
    run.startedAt = this.clock.now();
    run.after(run.spec.limits.wall_s * 1000, () => this.endQuietly(run, "wall"));
  }

  /** Starts its container, with an ear on what it prints and on its end. */
  async launch(run: DockerRun): Promise<void> {
    const stream = await run.container.attach({ stream: true, stdout: true, stderr: true });
    const flood = (): void => this.endQuietly(run, "log");
    run.logs = captureLogs(stream as unknown as Readable, flood, this.options.logs);
    // Asked before the start, so that no end is missed. Its failure is read by `wait`.
    run.ended = run.container.wait({ condition: "next-exit" }).then(exitCodeOf);
    run.ended.catch(() => undefined);
    await run.container.start();
  }

  /** The first reason counts. */
  private async end(run: DockerRun, why: NonNullable<Facts["killed"]>): Promise<void> {
    if (run.dead) return;
    run.killed ??= why;
    run.expectDeath(KILL_GRACE_MS);
    await settled(run.container.kill({ signal: "SIGKILL" })).catch((cause: unknown) => {
      throw engineFailure("end a run", cause);
    });
  }

  /** From a timer or an event, where nobody awaits: a failure shows in `wait`, as an end that does not come. */
  private endQuietly(run: DockerRun, why: NonNullable<Facts["killed"]>): void {
    this.end(run, why).catch(() => undefined);
  }

  kill(prepared: Prepared): Promise<void> {
    return this.end(own(prepared), "killed");
  }

  async wait(prepared: Prepared, signal?: AbortSignal): Promise<Exit> {
    const run = own(prepared);
    const abort = (): void => this.endQuietly(run, "killed");
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await this.exit(run, await exitCode(run));
    } finally {
      signal?.removeEventListener("abort", abort);
      run.stopTimers();
    }
  }

  private async exit(run: DockerRun, code: number | undefined): Promise<Exit> {
    const endedAt = this.clock.now();
    const facts = code === undefined ? undefined : await this.facts(run, code).catch(() => undefined);
    return reportEnd(run, facts, code, endedAt);
  }

  /** Seals the disk, and throws unless the program is dead beyond doubt. */
  private async facts(run: DockerRun, exitCode: number): Promise<Facts> {
    const [{ State }] = await Promise.all([run.container.inspect(), sealDisk(run.disk)]);
    if (State.Running) throw new Error("the engine says that it runs still");
    const peaks = run.group ? readPeaks(run.group) : {};
    return {
      killed: run.killed,
      exitCode,
      oomKilled: State.OOMKilled || (peaks.oomKills ?? 0) > 0,
      memoryPeakBytes: peaks.memoryBytes,
      processesPeak: peaks.processes,
      disk: await diskFacts(run.disk),
      limits: run.spec.limits,
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

  private async removeNow(run: DockerRun): Promise<void> {
    run.stopTimers();
    run.logs?.close();
    await settled(run.container.remove({ force: true, v: true }));
    await run.staged.wipe();
    if (run.group) removeGroup(run.group);
  }

  async sweep(keep: ReadonlySet<string>): Promise<string[]> {
    try {
      const removed = await sweepNode(this.docker, this.options.node, keep);
      await this.options.staging.sweep();
      return removed;
    } catch (cause) {
      throw engineFailure("sweep", cause);
    }
  }
}

export const createDockerExecutor = (options: DockerOptions): Executor => new DockerExecutor(options);
