/**
 * Starts one of the package's own programs in a world of its own (arguments.ts), by bubblewrap.
 *
 * Rules. The program runs compiled code from dist and speaks over stdin and stdout only. Its stderr is drained so
 * that it never blocks, its last lines are kept for the node's own eyes, and they are never shown to a user, for
 * they may hold data. It dies with this process, whatever kills it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  lstatSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import type { Socket } from "node:net";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { packageRoot } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type Group, groupNames, makeGroup, removeGroup } from "../cgroup.js";
import { ownerAlive, ownerTag } from "../owner.js";
import { compileFilter, thisMachine } from "../seccomp/bpf.js";
import { allowedRules } from "../seccomp/profile.js";
import {
  type Bind,
  BLOCK_FD,
  bubblewrapArguments,
  type Confined,
  type ConfinementProfile,
  confinedEnvironment,
  FILTER_FD,
  INFO_FD,
  limitArguments,
  NOBODY_ID,
  PROFILE_LIMITS,
  type World,
} from "./arguments.js";
import { endOrphans, ownMark } from "./orphans.js";

export interface ConfinedOptions {
  profile: ConfinementProfile;
  /** Compiled JavaScript in the package's dist folder. */
  entry: string;
  args?: string[];
  /** What is bound must be readable (and, if writable, owned) by uid 65534; folders of Staging are. */
  binds?: Bind[];
  memoryMb: number;
  cpuSeconds?: number;
  tmpMb: number;
  env?: Record<string, string>;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** Finds a program on PATH and in the system's folders. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder.
    }
  }
  return undefined;
}

function need(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path) return path;
  throw new GloveboxError("engine_unavailable", {
    detail: `${name} is missing: apt-get install ${debianPackage}`,
  });
}

interface Tools {
  bwrap: string;
  prlimit: string;
  world: World;
  filter: Buffer;
}
let tools: Tools | undefined;

function systemLibraries(): World["libraries"] {
  const list: World["libraries"] = [];
  for (const path of ["/lib", "/lib64", "/usr/lib64"]) {
    if (!existsSync(path)) continue;
    list.push(lstatSync(path).isSymbolicLink() ? { path, linkTo: readlinkSync(path) } : { path });
  }
  return list;
}

const GROUP_PREFIX = "confined-";

/** Groups outlive a process that ends before its children's funerals. */
function sweepGroups(): void {
  for (const name of groupNames(GROUP_PREFIX)) {
    const owner = name.slice(GROUP_PREFIX.length).split("-").slice(0, 2).join("-");
    if (!ownerAlive(owner)) removeGroup(name);
  }
}

function findTools(): Tools {
  if (tools) return tools;
  endOrphans();
  if (isRoot()) sweepGroups();
  const machine = thisMachine();
  if (!machine) {
    throw new GloveboxError("engine_unavailable", { detail: `no system call filter for ${process.arch}` });
  }
  tools = {
    bwrap: need("bwrap", "bubblewrap"),
    prlimit: need("prlimit", "util-linux"),
    filter: compileFilter(allowedRules("confinement"), machine),
    world: {
      packageRoot: realpathSync(packageRoot()),
      node: realpathSync(process.execPath),
      setpriv: isRoot() ? realpathSync(need("setpriv", "util-linux")) : undefined,
      libraries: systemLibraries(),
      files: ["/etc/ld.so.cache"].filter((file) => existsSync(file)),
    },
  };
  return tools;
}

/**
 * The child waits in its new namespaces, before it runs anything, until it has its ids and its control group. The
 * ids are the machine's 0 (which builds the world) and 65534 (which lives in it) and no other.
 */
function admit(child: ChildProcess, info: Readable, block: Writable, group: Group | undefined): void {
  let text = "";
  info.setEncoding("utf8");
  info.on("data", (chunk: string) => {
    text += chunk;
    const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
    if (!pid || !text.includes("}")) return;
    info.destroy();
    try {
      group?.add(Number(pid));
      const map = `0 0 1\n${NOBODY_ID} ${NOBODY_ID} 1\n`;
      writeFileSync(`/proc/${pid}/uid_map`, map);
      writeFileSync(`/proc/${pid}/gid_map`, map);
      block.end("x");
    } catch {
      child.kill("SIGKILL");
    }
  });
}

/** Removes the group as soon as the kernel has buried its last process, which may be a moment after the child. */
function removeWhenEmpty(group: Group, attempt = 0): void {
  if (group.remove() || attempt > 20) return;
  setTimeout(() => removeWhenEmpty(group, attempt + 1), 5 * 2 ** Math.min(attempt, 7)).unref();
}

const TAIL_BYTES = 4096;
const tails = new WeakMap<ChildProcess, string>();

/** The end of a confined process's stderr: for the node's own log at debug level, never for a user. */
export const stderrTail = (child: ChildProcess): string => tails.get(child) ?? "";

function drain(child: ChildProcess): void {
  child.stderr?.on("data", (chunk: Buffer) => {
    tails.set(child, (stderrTail(child) + chunk.toString("latin1")).slice(-TAIL_BYTES));
  });
}

function ignoreBrokenPipe(stream: Readable | Writable | null | undefined): void {
  // A child that dies early closes these; its exit tells why.
  stream?.on("error", () => undefined);
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

/** Starts it; stdin and stdout are the caller's, as bytes. */
export function spawnConfined(options: ConfinedOptions): ChildProcess {
  const { bwrap, prlimit, world, filter } = findTools();
  const confined: Confined = {
    ...options,
    args: options.args ?? [],
    binds: (options.binds ?? []).map((bind) => ({ ...bind, source: realpathSync(bind.source) })),
    entry: realpathSync(options.entry),
  };
  if (isRoot())
    for (const bind of confined.binds) if (bind.writable) chownSync(bind.source, NOBODY_ID, NOBODY_ID);
  const group = isRoot()
    ? makeGroup(`${GROUP_PREFIX}${ownerTag()}-${randomBytes(4).toString("hex")}`, {
        memoryMb: options.memoryMb,
        processes: PROFILE_LIMITS[options.profile].processes,
      })
    : undefined;
  const child = spawn(
    prlimit,
    [...limitArguments(confined), "--", bwrap, ...bubblewrapArguments(world, confined)],
    {
      env: { ...confinedEnvironment(options.env), ...ownMark() },
      stdio: ["pipe", "pipe", "pipe", "pipe", "pipe", "pipe"],
      cwd: "/",
      detached: true,
    },
  );
  // Node's types know five descriptors; a pipe of ours is a socket, readable and writable.
  const pipes: readonly unknown[] = child.stdio;
  const [filterPipe, info, block] = [FILTER_FD, INFO_FD, BLOCK_FD].map((fd) => pipes[fd] as Socket) as [
    Socket,
    Socket,
    Socket,
  ];
  for (const stream of [child.stdin, filterPipe, info, block]) ignoreBrokenPipe(stream);
  filterPipe.end(filter);
  if (world.setpriv) admit(child, info, block, group);
  drain(child);
  child.once("exit", () => {
    // Killed before it was admitted, it leaves a process of its group that waits for ever and holds the pipes.
    killGroup(child.pid!);
    if (group) removeWhenEmpty(group);
  });
  return child;
}
