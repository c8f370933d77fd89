/** One run in a machine of its own: its disks, its process, and what the executor remembers of it. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync } from "node:fs";
import { lstat, open, readdir, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { IsolationLevel } from "../../vocabulary/index.js";
import { makeGroup, readPeaks } from "../cgroup.js";
import { confinedEnvironment, type Ids } from "../confinement/arguments.js";
import { startBubble } from "../confinement/bubble.js";
import { ownMark } from "../confinement/orphans.js";
import type { Facts } from "../docker/outcome.js";
import type { Prepared, RunSpec } from "../executor.js";
import { ownerTag } from "../owner.js";
import type { StagedDir } from "../staging.js";
import { encodeOrder, type Layout, type Order, type Result } from "./exchange.js";
import { inputCommand, type Machine, machineCommand, type Programs, RUN_MARK } from "./machine.js";

const MIB = 1024 * 1024;
/** QEMU itself: its code, its heap, translated code. */
const QEMU_MB = 256;
const QEMU_PROCESSES = 160;
const MKFS_MB = 256;

/** Becomes true once, and says when. */
export class Moment {
  private resolve: () => void = () => undefined;
  at: number | undefined;
  readonly reached = new Promise<void>((resolve) => {
    this.resolve = resolve;
  });
  reach(now: number): void {
    if (this.at !== undefined) return;
    this.at = now;
    this.resolve();
  }
}

export class MachineRun implements Prepared {
  readonly level: IsolationLevel = "microvm";
  child: ChildProcess | undefined;
  /** Resolves when every process of the machine is dead. */
  closed: Promise<void> | undefined;
  /** Whether the machine itself was ended for want of memory; known when it is dead. */
  outgrew: () => boolean = () => false;
  /** QEMU began, and the program began; by the executor's clock. */
  startedAt: number | undefined;
  readonly program = new Moment();
  killed: Facts["killed"];
  /** The machine's end was read; undefined result: nothing it said can be used. */
  dead = false;
  result: Result | undefined;
  removal: Promise<void> | undefined;
  private readonly timers = new Set<NodeJS.Timeout>();
  constructor(
    readonly spec: RunSpec,
    readonly staged: StagedDir,
    readonly machine: Machine,
    readonly order: Order,
    readonly layout: Layout,
    readonly ids: Ids,
    readonly group: string,
  ) {}
  get runId(): string {
    return this.spec.runId;
  }
  after(ms: number, action: () => void): void {
    this.timers.add(setTimeout(action, ms));
  }
  stopTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

const asRoot = (): boolean => process.getuid?.() === 0;

/** A file of the run that its machine may read, or also write. */
async function makeFile(path: string, ids: Ids): Promise<void> {
  await (await open(path, "wx", 0o600)).close();
  if (asRoot()) chownSync(path, ids.user, ids.group);
}

async function bytesBelow(path: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    bytes += entry.isDirectory() ? await bytesBelow(child) : (await lstat(child)).size;
  }
  return bytes;
}

/** Data and code as a read-only file system, in memory. */
export async function makeInput(
  { programs, filter }: { programs: Programs; filter: Buffer },
  folders: { data: string; work: string; disk: string },
  ids: Ids,
): Promise<void> {
  await makeFile(folders.disk, ids);
  // What it writes is counted as its memory.
  const bytes = (await bytesBelow(folders.data)) + (await bytesBelow(folders.work));
  const group = asRoot()
    ? makeGroup(`confined-${ownerTag()}-${ids.user}`, { memoryMb: MKFS_MB + bytes / MIB, processes: 16 })
    : undefined;
  const child = startBubble({
    command: inputCommand(programs, folders, ids),
    environment: { ...confinedEnvironment(), ...ownMark() },
    filter,
    ids: programs.setpriv ? ids : undefined,
    group,
  });
  child.stdin?.end();
  for (const stream of [child.stdout, child.stderr]) stream?.resume();
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error("the input disk could not be made");
}

/** The exchange disk: the order, and holes where the results will be. */
export async function makeExchange(path: string, order: Order, layout: Layout, ids: Ids): Promise<boolean> {
  const bytes = encodeOrder(order, layout);
  if (!bytes) return false;
  await makeFile(path, ids);
  const file = await open(path, "r+");
  try {
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(layout.bytes);
  } finally {
    await file.close();
  }
  return true;
}

/** Disks with nothing on them, for a guest that is only to say that it came up. */
export async function makeBlank(
  staged: StagedDir,
  ids: Ids,
): Promise<Pick<Machine, "root" | "input" | "exchange">> {
  const disks = { root: join(staged.path, "root"), ...disksOf(staged) };
  for (const path of Object.values(disks)) {
    await makeFile(path, ids);
    await truncate(path, MIB);
  }
  return disks;
}

export const disksOf = (staged: StagedDir): { input: string; exchange: string } => ({
  input: join(staged.path, "input"),
  exchange: join(staged.path, "exchange"),
});

/** Starts the machine in its control group. It is dead when `closed` resolves: none of its processes holds a stream. */
export function startMachine(
  { programs, filter }: { programs: Programs; filter: Buffer },
  run: Pick<MachineRun, "machine" | "ids" | "group" | "layout">,
): { child: ChildProcess; closed: Promise<void>; outgrew: () => boolean } {
  const memoryMb = run.machine.memoryMb + QEMU_MB + Math.ceil(run.layout.bytes / MIB);
  const child = startBubble({
    command: machineCommand(programs, run.machine, run.ids),
    environment: { ...confinedEnvironment(), ...ownMark(), [RUN_MARK]: run.group },
    filter,
    ids: programs.setpriv ? run.ids : undefined,
    group: asRoot() ? makeGroup(run.group, { memoryMb, processes: QEMU_PROCESSES }) : undefined,
  });
  child.stdin?.end();
  const closed = once(child, "close").then(() => undefined);
  let outgrew = false;
  // Before the group is removed, which the same event does.
  child.prependOnceListener("exit", () => {
    outgrew = (readPeaks(run.group).oomKills ?? 0) > 0;
  });
  return { child, closed, outgrew: () => outgrew };
}

/** A part of the exchange disk, which a hostile machine wrote. */
export async function readPart(path: string, at: number, bytes: number): Promise<Buffer> {
  const { size } = await stat(path);
  const part = Buffer.alloc(Math.max(0, Math.min(bytes, size - at)));
  const file = await open(path, "r");
  try {
    const { bytesRead } = await file.read(part, 0, part.length, at);
    return part.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
