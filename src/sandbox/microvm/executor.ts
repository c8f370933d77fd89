/**
 * Isolation level `microvm`: every run is a machine of its own, with a kernel of its own, in a QEMU that is confined
 * as if it were the program.
 *
 * Rules. The machine is ended as a whole, and nothing that it wrote is read before all its processes are dead. What it
 * then says (exchange.ts) is the word of whoever may have broken the guest's kernel: it is bounded, never interpreted,
 * and worthless as a whole where it says something impossible. Where the processor's own virtualisation does not serve,
 * the machine is emulated, and the probe says so.
 */
import { availableParallelism } from "node:os";
import Docker from "dockerode";
import { type Clock, GloveboxError, invalidInput, systemClock } from "../../vocabulary/index.js";
import { removeGroup } from "../cgroup.js";
import { LOG_LIMITS, type LogLimits } from "../docker/logs.js";
import { outcomeOf } from "../docker/outcome.js";
import { letRead } from "../docker/run.js";
import type { Collection, Executor, Exit, Prepared, Probe, RunSpec } from "../executor.js";
import { assertLimits } from "../limits.js";
import { assertCollectedNames } from "../outputs.js";
import type { Staging } from "../staging.js";
import { freshUser } from "../users.js";
import { findAcceleration } from "./acceleration.js";
import { collectMachine } from "./collect.js";
import { factsOf } from "./ending.js";
import { BLOCK, layoutOf, parseResult } from "./exchange.js";
import { findGuest, rootsFolder } from "./home.js";
import { guestMemoryMb, orderOf } from "./order.js";
import { probeMicrovm } from "./probe.js";
import { findPrograms } from "./programs.js";
import { canReadUncached, rootDisk } from "./root-disk.js";
import { disksOf, MachineRun, makeExchange, makeInput, readPart, startMachine } from "./run.js";
import { machinePrefix, sweepMachines } from "./sweep.js";

export interface MicrovmOptions {
  /** Of the engine that the images lie in. */
  socketPath: string;
  staging: Staging;
  node: string;
  clock?: Clock;
  logs?: LogLimits;
}

const MIB = 1024 * 1024;
/** Beyond the wall clock, which the guest keeps: for the program's end and its outputs; then all is killed. */
const END_GRACE_MS = { kvm: 5_000, tcg: 30_000 } as const;
/** From QEMU's start to the program's. */
const BOOT_MS = { kvm: 30_000, tcg: 180_000 } as const;

function own(prepared: Prepared): MachineRun {
  if (prepared instanceof MachineRun) return prepared;
  throw new Error("sandbox: a run of another executor");
}

class MicrovmExecutor implements Executor {
  readonly level = "microvm";
  private readonly docker: Docker;
  private readonly clock: Clock;
  private readonly logs: LogLimits;

  constructor(private readonly options: MicrovmOptions) {
    this.docker = new Docker({ socketPath: options.socketPath });
    this.clock = options.clock ?? systemClock;
    this.logs = options.logs ?? LOG_LIMITS;
  }

  probe(): Promise<Probe> {
    return probeMicrovm(this.docker, this.options.staging);
  }

  async prepare(asked: RunSpec): Promise<Prepared> {
    assertCollectedNames(asked.outputs);
    assertLimits(asked.limits);
    const cpus = Math.min(asked.limits.cpus, availableParallelism());
    const spec = { ...asked, limits: { ...asked.limits, cpus } };
    const user = freshUser();
    const order = orderOf(spec, user, this.logs);
    const staged = await this.options.staging.dir("run");
    try {
      const guest = findGuest();
      if (!guest) throw new GloveboxError("engine_unavailable", { detail: "this level was not set up" });
      const layout = layoutOf(this.logs.capBytes, spec.limits.disk_mb * MIB);
      const { acceleration, group, ticksKhz } = await findAcceleration(this.options.staging);
      const [ids, disks] = [{ user, group }, disksOf(staged)];
      if (!(await makeExchange(disks.exchange, order, layout, ids)))
        throw invalidInput("command", "is too long, with its environment");
      await Promise.all([letRead(spec.dataDir), letRead(spec.workDir)]);
      const [root] = await Promise.all([
        rootDisk(this.docker, spec.image, rootsFolder()),
        makeInput(findPrograms(), { data: spec.dataDir, work: spec.workDir, disk: disks.input }, ids),
      ]);
      const machine = {
        ...{ acceleration, ticksKhz, root, rootUncached: canReadUncached(root), ...disks },
        ...{ kernel: guest.kernel, initrd: guest.initrd },
        processors: Math.ceil(cpus),
        memoryMb: guestMemoryMb(spec.limits, this.logs),
      };
      return new MachineRun(spec, staged, machine, order, layout, ids, machinePrefix(spec.node) + spec.runId);
    } catch (cause) {
      await staged.wipe();
      throw cause instanceof GloveboxError ? cause : machineFailure("be prepared", cause);
    }
  }

  async start(prepared: Prepared): Promise<void> {
    const run = own(prepared);
    run.startedAt = this.clock.now();
    if (run.killed) {
      run.closed = Promise.resolve();
      return;
    }
    const { child, closed, outgrew } = startMachine(findPrograms(), run);
    Object.assign(run, { child, closed, outgrew });
    closed.catch(() => undefined);
    // The first word on the line is the start of the program; nothing after it means anything.
    child.stdout?.once("data", (word: Buffer) => {
      if (word[0] === STARTED) this.programStarted(run);
    });
    for (const stream of [child.stdout, child.stderr]) stream?.resume();
    run.after(BOOT_MS[run.machine.acceleration], () => {
      if (run.program.at === undefined) endMachine(run);
    });
  }

  private programStarted(run: MachineRun): void {
    run.program.reach(this.clock.now());
    const { wall_s } = run.spec.limits;
    run.after(wall_s * 1000 + END_GRACE_MS[run.machine.acceleration], () => {
      run.killed ??= "wall";
      endMachine(run);
    });
  }

  async kill(prepared: Prepared): Promise<void> {
    const run = own(prepared);
    if (run.dead) return;
    run.killed ??= "killed";
    endMachine(run);
  }

  async wait(prepared: Prepared, signal?: AbortSignal): Promise<Exit> {
    const run = own(prepared);
    if (!run.closed) throw new Error("sandbox: wait before start");
    const abort = (): void => {
      run.killed ??= "killed";
      endMachine(run);
    };
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await run.closed;
      return await this.exit(run);
    } finally {
      signal?.removeEventListener("abort", abort);
      run.stopTimers();
    }
  }

  private async exit(run: MachineRun): Promise<Exit> {
    const endedAt = this.clock.now();
    const { exchange } = run.machine;
    const part = (at: number, bytes: number) => readPart(exchange, at, bytes).catch(() => Buffer.alloc(0));
    const result = parseResult(await part(run.layout.result, BLOCK), run.layout, run.order);
    const facts = factsOf(result, {
      killed: run.killed,
      limits: run.spec.limits,
      oomKilled: run.outgrew(),
    });
    run.result = result;
    run.dead = true;
    const outcome = facts ? outcomeOf(facts) : "system";
    return {
      outcome,
      exitCode: outcome === "exited" ? result?.exitCode : undefined,
      startedAt: run.program.at ?? run.startedAt ?? endedAt,
      endedAt,
      stdout: await part(run.layout.stdout, result?.stdoutBytes ?? 0),
      stderr: await part(run.layout.stderr, result?.stderrBytes ?? 0),
      logsTruncated: result?.logsTruncated ?? false,
    };
  }

  collect(prepared: Prepared): Collection {
    const run = own(prepared);
    if (!run.dead) throw new Error("sandbox: collect before the run is dead");
    return collectMachine(run);
  }

  remove(prepared: Prepared): Promise<void> {
    const run = own(prepared);
    run.removal ??= this.removeNow(run).catch((cause: unknown) => {
      run.removal = undefined;
      throw machineFailure("be removed", cause);
    });
    return run.removal;
  }

  private async removeNow(run: MachineRun): Promise<void> {
    run.stopTimers();
    if (!run.dead) run.killed ??= "killed";
    endMachine(run);
    await run.closed;
    await run.staged.wipe();
    removeGroup(run.group);
  }

  async sweep(keep: ReadonlySet<string>): Promise<string[]> {
    const removed = await sweepMachines(this.options.node, keep);
    await this.options.staging.sweep();
    return removed;
  }
}

const machineFailure = (what: string, cause: unknown): GloveboxError =>
  new GloveboxError("engine_unavailable", { detail: `a machine of level microvm could not ${what}` }, cause);

/** What guest/init.c says on the line when the program begins. */
const STARTED = "S".charCodeAt(0);

/** bubblewrap's death is QEMU's (--die-with-parent, and the end of its process namespace). */
function endMachine(run: MachineRun): void {
  run.child?.kill("SIGKILL");
}

export const createMicrovmExecutor = (options: MicrovmOptions): Executor => new MicrovmExecutor(options);
