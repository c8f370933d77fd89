/** One run under gVisor, and what the executor remembers of it. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Group } from "../cgroup.js";
import type { Logs } from "../docker/logs.js";
import type { Facts } from "../docker/outcome.js";
import type { RunDisk } from "../docker/run.js";
import type { Prepared, RunSpec } from "../executor.js";
import type { StagedDir } from "../staging.js";
import type { CallPlaces } from "./program.js";

export class GvisorRun implements Prepared {
  readonly level = "gvisor";
  child: ChildProcess | undefined;
  logs: Logs | undefined;
  /** Resolves with the exit code of runsc, which is the program's. */
  ended: Promise<number> | undefined;
  startedAt: number | undefined;
  killed: Facts["killed"];
  dead = false;
  removal: Promise<void> | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    readonly spec: RunSpec,
    readonly staged: StagedDir,
    readonly disk: RunDisk,
    readonly places: CallPlaces,
    /** Its name, and the group itself. */
    readonly group: { name: string; own: Group },
    /** Of the group: the run's, and what the sandbox's own kernel needs. */
    readonly limits: RunSpec["limits"],
  ) {}

  get runId(): string {
    return this.spec.runId;
  }

  after(ms: number, action: () => void): void {
    this.timers.add(setTimeout(action, ms));
  }

  stopTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}

/** Waits for a word on its standard input, so that it is in its group before it is anything else. */
const WAITER = 'read -r go && exec "$@" </dev/null';

/** Starts a program in a group. Its environment is a path and nothing else of ours. */
export function spawnIn(group: Group, program: string, args: readonly string[]): ChildProcess {
  const child = spawn("/bin/sh", ["-c", WAITER, "sh", program, ...args], {
    cwd: "/",
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  child.stdin?.on("error", () => undefined);
  if (child.pid !== undefined) group.add(child.pid);
  child.stdin?.end("go\n");
  return child;
}

const KILLED_EXIT = 128 + 9;

/** 128 + signal where a signal ended it, as a shell says. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? KILLED_EXIT));
  });
}
