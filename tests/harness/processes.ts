/** Real processes that a test starts, kills and waits for, always by their id. */
import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

/** Resolves when the child has ended, also if it already had. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => child.once("exit", () => resolve()));
}

/** Asks the child to end, and makes it after a while. */
export async function terminate(child: ChildProcess, graceMs = 15_000): Promise<void> {
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await ended(child);
  clearTimeout(hard);
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Sends SIGKILL to a process that need not be a child of ours, and waits until it is gone. */
export async function kill9(pid: number): Promise<void> {
  signal(pid, "SIGKILL");
  await until(() => !isAlive(pid), `process ${pid} to be gone`);
}

/** Kills everything in the process group that a child started with `detached` leads. */
export function killGroup(leader: number): void {
  signal(-leader, "SIGKILL");
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
  }
}

/**
 * For what announces itself to nobody (another process's death, a socket that appears): asks until it is so.
 * Where an event exists, await that instead.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await delay(15);
  }
}
