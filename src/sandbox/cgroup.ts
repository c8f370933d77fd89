/**
 * Control groups of the node's own making, version 1 or 2: one a confined process, one above each container.
 *
 * Rules: all lie under one folder, `glovebox`, so that a sweep finds them; a group is removed when it is empty and
 * never otherwise. Where none can be made (not root, a read-only hierarchy) the callers fall back on rlimits.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MOUNT = "/sys/fs/cgroup";
const PARENT = "glovebox";
const CONTROLLERS = ["memory", "pids"] as const;
type Controller = (typeof CONTROLLERS)[number];

/** 2 where the machine has the unified hierarchy alone. */
export const cgroupVersion = (): 1 | 2 => (existsSync(join(MOUNT, "cgroup.controllers")) ? 2 : 1);

const folder = (controller: Controller, name: string): string =>
  cgroupVersion() === 2 ? join(MOUNT, PARENT, name) : join(MOUNT, controller, PARENT, name);

/** Names of the limits' files by version. */
const FILES = {
  1: { memory: ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes"], pids: ["pids.max"] },
  2: { memory: ["memory.max"], pids: ["pids.max"] },
} as const;

/** Of a group's memory nothing is swapped out, files in its memory-backed folders among it; by version 2 and 1. */
const NO_SWAP = [
  ["memory.swap.max", "0"],
  ["memory.swappiness", "0"],
] as const;

function tryWrite(file: string, value: string): boolean {
  try {
    writeFileSync(file, value);
    return true;
  } catch {
    return false;
  }
}

export interface Group {
  /** Moves a process in; its later children follow. */
  add(pid: number): void;
  /** Removes the group once it is empty; false while it is not. */
  remove(): boolean;
}

function enableControllers(): void {
  if (cgroupVersion() === 1) return;
  for (const path of [MOUNT, join(MOUNT, PARENT)]) {
    mkdirSync(path, { recursive: true });
    tryWrite(join(path, "cgroup.subtree_control"), "+memory +pids");
  }
}

function removeFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}

/** A group with limits, or undefined where the machine does not let us. */
export function makeGroup(name: string, limits: { memoryMb: number; processes: number }): Group | undefined {
  const folders = new Set<string>();
  try {
    enableControllers();
    for (const controller of CONTROLLERS) {
      const path = folder(controller, name);
      mkdirSync(path, { recursive: true });
      folders.add(path);
      const value = controller === "memory" ? limits.memoryMb * 1024 * 1024 : limits.processes;
      const [first, ...more] = FILES[cgroupVersion()][controller];
      writeFileSync(join(path, first!), String(Math.ceil(value)));
      for (const file of more) tryWrite(join(path, file), String(Math.ceil(value)));
      if (controller === "memory") for (const [file, none] of NO_SWAP) tryWrite(join(path, file), none);
    }
  } catch {
    for (const path of folders) removeFolder(path);
    return undefined;
  }
  return {
    add: (pid) => {
      for (const path of folders) writeFileSync(join(path, "cgroup.procs"), String(pid));
    },
    remove: () => [...folders].map(removeFolder).every(Boolean),
  };
}

/** Every hierarchy in which an engine may have made a group of this name. */
function hierarchies(): string[] {
  if (cgroupVersion() === 2) return [join(MOUNT, PARENT)];
  try {
    return readdirSync(MOUNT).map((controller) => join(MOUNT, controller, PARENT));
  } catch {
    return [];
  }
}

/** Names under the common folder that begin with a prefix. */
export function groupNames(prefix: string): string[] {
  const names = new Set<string>();
  for (const path of hierarchies()) {
    if (!existsSync(path)) continue;
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name.startsWith(prefix)) names.add(entry.name);
    }
  }
  return [...names];
}

/** Removes a group and the empty ones in it, in all hierarchies. */
export function removeGroup(name: string): boolean {
  return hierarchies()
    .map((path) => join(path, name))
    .filter((path) => existsSync(path))
    .map((path) => {
      for (const entry of readdirSync(path, { withFileTypes: true })) {
        if (entry.isDirectory()) removeFolder(join(path, entry.name));
      }
      return removeFolder(path);
    })
    .every(Boolean);
}

/** What an engine is given as the parent of a container's group. */
export const parentPath = (name: string): string => `/${PARENT}/${name}`;

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Files that say how a group's processor time weighs against that of other groups, by version. */
const WEIGHTS = {
  1: { file: "cpu.shares", idle: "2", normal: "1024" },
  2: { file: "cpu.weight", idle: "1", normal: "100" },
} as const;

/**
 * How much a parent group gets while others want the processors too; makes the group where it is not there. Best
 * effort: where it cannot be said, the group weighs as any other.
 */
export function weigh(name: string, how: "idle" | "normal"): void {
  const version = cgroupVersion();
  const path = version === 2 ? join(MOUNT, PARENT, name) : join(MOUNT, "cpu", PARENT, name);
  try {
    mkdirSync(path, { recursive: true });
  } catch {
    return;
  }
  const { file, [how]: value } = WEIGHTS[version];
  tryWrite(join(path, file), value);
}

/** Memory that a parent group holds now and cannot give back: its processes' own pages and the kernel's objects. */
export function readHeld(name: string): number | undefined {
  const memory = folder("memory", name);
  const stat = readText(join(memory, "memory.stat")) ?? "";
  const of = (key: string): number | undefined => number(new RegExp(`^${key} (\\d+)$`, "m").exec(stat)?.[1]);
  const [own, kernel] =
    cgroupVersion() === 2
      ? [of("anon"), of("kernel")]
      : [of("total_rss"), number(readText(join(memory, "memory.kmem.usage_in_bytes")))];
  return own === undefined ? undefined : own + (kernel ?? 0);
}

/** What a parent group remembers of the containers that lived in it. undefined: this kernel does not say. */
export interface Peaks {
  processes?: number;
  memoryBytes?: number;
  oomKills?: number;
}

export function readPeaks(name: string): Peaks {
  const memory = folder("memory", name);
  const kills = readText(join(memory, cgroupVersion() === 2 ? "memory.events" : "memory.oom_control"));
  return {
    processes: number(readText(join(folder("pids", name), "pids.peak"))),
    memoryBytes: number(
      readText(join(memory, cgroupVersion() === 2 ? "memory.peak" : "memory.max_usage_in_bytes")),
    ),
    oomKills: number(/^oom_kill (\d+)$/m.exec(kills ?? "")?.[1]),
  };
}
