/**
 * Memory-backed mounts on the host. Node has no mount(2), so util-linux does it; a mount costs about 3 ms.
 *
 * Rules: every mount is nodev, nosuid and noexec; options are built from numbers and paths that the node made, and
 * are passed as an argument vector, never through a shell.
 */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What keeps plaintext in memory, best first. */
export const MEMORY_KINDS = ["tmpfs-noswap", "ramfs", "tmpfs"] as const;
export type MemoryKind = (typeof MEMORY_KINDS)[number];

export interface MountOptions {
  /** Octal, of the root folder. */
  mode: string;
  uid?: number;
  gid?: number;
  bytes?: number;
  inodes?: number;
}

const HARDENED = ["nodev", "nosuid", "noexec"];

/** The argument vector of mount(8). */
export function mountArguments(kind: MemoryKind, target: string, options: MountOptions): string[] {
  const list = [...HARDENED, `mode=${options.mode}`];
  if (kind !== "ramfs") {
    if (options.uid !== undefined) list.push(`uid=${options.uid}`);
    if (options.gid !== undefined) list.push(`gid=${options.gid}`);
    if (options.bytes !== undefined) list.push(`size=${Math.ceil(options.bytes)}`);
    if (options.inodes !== undefined) list.push(`nr_inodes=${options.inodes}`);
    if (kind === "tmpfs-noswap") list.push("noswap");
  }
  return ["-n", "-t", kind === "ramfs" ? "ramfs" : "tmpfs", "-o", list.join(","), "glovebox", target];
}

/** Mounts the best kind that this kernel has. ramfs cannot be bounded, so it is left out where a size is asked for. */
export function mountMemorySync(target: string, options: MountOptions): MemoryKind {
  let last: unknown;
  for (const kind of MEMORY_KINDS) {
    if (kind === "ramfs" && options.bytes !== undefined) continue;
    try {
      execFileSync("mount", mountArguments(kind, target, options), { stdio: "pipe" });
      return kind;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** As mountMemorySync; `known` spares a kind that failed before. */
export async function mountMemory(
  target: string,
  options: MountOptions,
  known?: MemoryKind,
): Promise<MemoryKind> {
  let last: unknown;
  for (const kind of known ? [known] : MEMORY_KINDS) {
    if (kind === "ramfs" && options.bytes !== undefined) continue;
    try {
      await run("mount", mountArguments(kind, target, options));
      return kind;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** Fails where a file on it is still open for writing: proof that its writers are dead. */
export async function remountReadOnly(target: string): Promise<void> {
  await run("mount", ["-n", "-o", "remount,ro", target]);
}

/** Detaches whatever lies mounted at or under a path; no mount there is no error. */
export async function unmount(target: string): Promise<void> {
  for (const path of mountsUnder(target)) await run("umount", ["-n", "-l", path]).catch(() => undefined);
}
export function unmountSync(target: string): void {
  for (const path of mountsUnder(target)) {
    try {
      execFileSync("umount", ["-n", "-l", path], { stdio: "pipe" });
    } catch {
      // Somebody else detached it between the listing and the call.
    }
  }
}

/** Mount points at or under a path, deepest first. */
export function mountsUnder(
  path: string,
  mountinfo = readFileSync("/proc/self/mountinfo", "utf8"),
): string[] {
  const points = mountinfo
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .map((point) =>
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((point) => point === path || point.startsWith(`${path}/`));
  return points.sort((a, b) => b.length - a.length);
}
