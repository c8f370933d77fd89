/**
 * Machines that crashed workers left. A machine dies with its worker; what is looked for here is one whose run was
 * given up while its worker lives, and control groups.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { groupNames, removeGroup } from "../cgroup.js";
import { RUN_MARK } from "./machine.js";

/** Groups and marks of one node's machines begin alike, whatever characters its name has. */
export const machinePrefix = (node: string): string =>
  `vm-${createHash("sha256").update(node).digest("hex").slice(0, 12)}-`;

/** For the kernel to bury what was killed. */
const ATTEMPTS = 100;
const PAUSE_MS = 20;

/** The mark of a process that started a machine; undefined for anything else. */
function markOf(pid: string): string | undefined {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return environment.find((entry) => entry.startsWith(`${RUN_MARK}=`))?.slice(RUN_MARK.length + 1);
  } catch {
    // It ended meanwhile, or it is another user's.
    return undefined;
  }
}

/** Processes whose mark begins so, by mark. */
function marked(prefix: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const pid of readdirSync("/proc")) {
    const mark = /^\d+$/.test(pid) ? markOf(pid) : undefined;
    if (mark?.startsWith(prefix)) found.set(mark, [...(found.get(mark) ?? []), Number(pid)]);
  }
  return found;
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

async function gone(mark: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    for (const pid of marked(mark).get(mark) ?? []) end(pid);
    const left = (marked(mark).get(mark) ?? []).length > 0;
    if (removeGroup(mark) && !left) return;
    await delay(PAUSE_MS);
  }
}

/** Ends the node's machines of all runs but those to keep; returns the runs. */
export async function sweepMachines(node: string, keep: ReadonlySet<string>): Promise<string[]> {
  const prefix = machinePrefix(node);
  const running = [...marked(prefix).keys()];
  const lost = running.filter((mark) => !keep.has(mark.slice(prefix.length)));
  await Promise.all(lost.map(gone));
  for (const name of groupNames(prefix))
    if (!keep.has(name.slice(prefix.length)) && !lost.includes(name)) removeGroup(name);
  return lost.map((mark) => mark.slice(prefix.length));
}
