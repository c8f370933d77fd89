/**
 * Starts one of the package's own programs in a world of its own (arguments.ts), by bubblewrap.
 *
 * Rules. The program runs compiled code from dist and speaks over stdin and stdout only. Its stderr is drained so
 * that it never blocks, its last lines are kept for the node's own eyes, and they are never shown to a user, for
 * they may hold data. It dies with this process, whatever kills it.
 */
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { accessSync, chownSync, constants, existsSync, lstatSync, readlinkSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { packageRoot } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { groupNames, makeGroup, removeGroup } from "../cgroup.js";
import { ownerAlive, ownerTag } from "../owner.js";
import { compileFilter, thisMachine } from "../seccomp/bpf.js";
import { allowedRules } from "../seccomp/profile.js";
import {
  type Bind,
  bubblewrapArguments,
  type Confined,
  type ConfinementProfile,
  confinedEnvironment,
  limitArguments,
  NOBODY_ID,
  PROFILE_LIMITS,
  type World,
} from "./arguments.js";
import { startBubble } from "./bubble.js";
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

export function need(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path) return path;
  throw new GloveboxError("engine_unavailable", {
    detail: `${name} is missing: apt-get install ${debianPackage}`,
  });
}

export interface Tools {
  bwrap: string;
  prlimit: string;
  world: World;
  filter: Buffer;
}
let tools: Tools | undefined;

export function systemLibraries(): World["libraries"] {
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

/** What confinement stands on here, found once. Throws `engine_unavailable` and says what is missing. */
export function findTools(): Tools {
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

const TAIL_BYTES = 4096;
const tails = new WeakMap<ChildProcess, string>();

/** The end of a confined process's stderr: for the node's own log at debug level, never for a user. */
export const stderrTail = (child: ChildProcess): string => tails.get(child) ?? "";

function drain(child: ChildProcess): void {
  child.stderr?.on("data", (chunk: Buffer) => {
    tails.set(child, (stderrTail(child) + chunk.toString("latin1")).slice(-TAIL_BYTES));
  });
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
  const child = startBubble({
    command: [prlimit, ...limitArguments(confined), "--", bwrap, ...bubblewrapArguments(world, confined)],
    environment: { ...confinedEnvironment(options.env), ...ownMark() },
    filter,
    ids: world.setpriv ? { user: NOBODY_ID, group: NOBODY_ID } : undefined,
    group,
  });
  drain(child);
  return child;
}
