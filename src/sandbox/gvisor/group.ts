/**
 * The control group of a run that no engine makes one for: memory, processes and processor time, and the end of
 * whatever lives in it.
 *
 * Rule: a run is over when its group is empty and not before: runsc leaves its processes behind when it is killed.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { cgroupVersion, type Group, makeGroup, parentPath } from "../cgroup.js";

const MOUNT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;
/** The kernel takes no less. */
const LEAST_QUOTA_US = 1000;

const folderOf = (controller: string, name: string): string =>
  cgroupVersion() === 2 ? join(MOUNT, parentPath(name)) : join(MOUNT, controller, parentPath(name));

export interface RunLimits {
  memoryMb: number;
  processes: number;
  cpus: number;
}

/** Throws where the machine does not let us: without limits nothing runs. */
export function makeRunGroup(name: string, limits: RunLimits): Group {
  const group = makeGroup(name, limits);
  if (!group) throw new Error("no control group can be made");
  const path = folderOf("cpu", name);
  const quota = String(Math.max(LEAST_QUOTA_US, Math.round(limits.cpus * PERIOD_US)));
  if (cgroupVersion() === 2) {
    for (const above of [MOUNT, join(path, "..")]) {
      writeFileSync(join(above, "cgroup.subtree_control"), "+cpu");
    }
    writeFileSync(join(path, "cpu.max"), `${quota} ${PERIOD_US}`);
    return group;
  }
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "cpu.cfs_period_us"), String(PERIOD_US));
  writeFileSync(join(path, "cpu.cfs_quota_us"), quota);
  return {
    add: (pid) => {
      group.add(pid);
      writeFileSync(join(path, "cgroup.procs"), String(pid));
    },
    remove: () => group.remove(),
  };
}

function members(name: string): number[] {
  try {
    return readFileSync(join(folderOf("pids", name), "cgroup.procs"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    return; // gone meanwhile
  }
}

const STEP_MS = 5;

/** Kills all that is in the group, whatever it makes meanwhile; false where some of it would not die in time. */
export async function emptyGroup(name: string, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  const whole = join(folderOf("pids", name), "cgroup.kill");
  for (let wait = STEP_MS; ; wait = Math.min(wait * 2, 100)) {
    const left = members(name);
    if (left.length === 0) return true;
    if (performance.now() > deadline) return false;
    if (existsSync(whole)) writeFileSync(whole, "1");
    else for (const pid of left) kill(pid);
    await delay(wait);
  }
}
