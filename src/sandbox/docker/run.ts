/** One container run and what the executor remembers of it; the disk it writes to. */
import { chownSync } from "node:fs";
import { chmod, mkdir, readdir, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import type { IsolationLevel } from "../../vocabulary/index.js";
import type { Prepared, RunSpec } from "../executor.js";
import { type MemoryKind, mountMemory, remountReadOnly } from "../mounts.js";
import type { StagedDir } from "../staging.js";
import { plainIds, type RunIds } from "../users.js";
import type { Logs } from "./logs.js";
import type { Facts } from "./outcome.js";
import type { Places } from "./settings.js";

/** Each file costs the kernel about a KiB that no limit on bytes sees. */
export const MAX_FILES = 16_384;
const MIB = 1024 * 1024;

export class DockerRun implements Prepared {
  logs: Logs | undefined;
  /** Resolves with the exit code; attached before the start, so that no end is missed. */
  ended: Promise<number> | undefined;
  startedAt: number | undefined;
  killed: Facts["killed"];
  dead = false;
  removal: Promise<void> | undefined;
  /** Of one whose container runs already and waits: lets the program begin. Without it, starting the container does. */
  begin: (() => void) | undefined;
  ready = false;
  private readonly timers = new Set<NodeJS.Timeout>();
  private giveUp: () => void = () => undefined;
  /** Resolves when a killed program has not died in time: then it never will. */
  readonly hopeless = new Promise<void>((resolve) => {
    this.giveUp = resolve;
  });
  constructor(
    /** Of a container that waits: its class and nobody's run, until it is given one. */
    public spec: RunSpec,
    readonly container: Docker.Container,
    readonly staged: StagedDir,
    readonly disk: RunDisk,
    /** Name of the control group above the container's, if we made one. */
    readonly group: string | undefined,
    readonly level: IsolationLevel = "container",
  ) {}
  get runId(): string {
    return this.spec.runId;
  }
  after(ms: number, action: () => void): void {
    this.timers.add(setTimeout(action, ms));
  }
  expectDeath(withinMs: number): void {
    this.after(withinMs, this.giveUp);
  }
  stopTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}

/** The memory-backed, bounded file system of one run. Its root is the node's; /out and /tmp are the program's. */
export interface RunDisk {
  path: string;
  kind: MemoryKind;
  places: Places;
}

export const HOSTS = "127.0.0.1 localhost glovebox\n::1 localhost\n";

/** Lets the program's user read what was staged for it, whatever umask the node runs under. */
export async function letRead(path: string): Promise<void> {
  await chmod(path, 0o755);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await letRead(child);
    else if (entry.isFile()) await chmod(child, 0o644);
  }
}

export async function makeDisk(
  staged: StagedDir,
  spec: RunSpec,
  kind: MemoryKind | undefined,
  ids: () => RunIds = plainIds,
): Promise<RunDisk> {
  const path = join(staged.path, "disk");
  const [out, tmp, etc] = [join(path, "out"), join(path, "tmp"), join(staged.path, "etc")];
  const [resolv, hosts] = [join(etc, "resolv.conf"), join(etc, "hosts")];
  await Promise.all([mkdir(path, { mode: 0o755 }), mkdir(etc), letRead(spec.dataDir), letRead(spec.workDir)]);
  const mounted = await mountMemory(
    path,
    { mode: "0755", bytes: spec.limits.disk_mb * MIB, inodes: MAX_FILES },
    kind,
  );
  await Promise.all([
    ...[out, tmp].map((folder) => mkdir(folder, { mode: 0o700 })),
    writeFile(resolv, "", { mode: 0o444 }),
    writeFile(hosts, HOSTS, { mode: 0o444 }),
  ]);
  const { user, outside } = ids();
  for (const folder of [out, tmp]) chownSync(folder, outside.user, outside.group);
  const places = { data: spec.dataDir, work: spec.workDir, out, tmp, resolv, hosts, user };
  return { path, kind: mounted, places };
}

/** Fails where something still writes: then the run is not dead, and nothing of it may be read. */
export const sealDisk = (disk: RunDisk): Promise<void> => remountReadOnly(disk.path);

export async function diskFacts(disk: RunDisk): Promise<Facts["disk"]> {
  const { bavail, bsize, ffree } = await statfs(disk.path);
  return { freeBytes: bavail * bsize, freeFiles: ffree };
}
