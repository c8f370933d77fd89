/**
 * Starts bubblewrap and lets what is in it begin: the part that is the same whatever runs inside.
 *
 * Rules. The child dies with this process, whatever kills it. Its control group has it before it runs anything, and is
 * removed when it is empty. Its standard streams are pipes; the filter, the handshake and nothing else go in beside.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Group } from "../cgroup.js";
import { BLOCK_FD, FILTER_FD, type Ids, INFO_FD, NOBODY_ID } from "./arguments.js";

export interface Bubble {
  /** bwrap with all its arguments, and what stands before it. */
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** The system call filter, for --seccomp. */
  filter: Buffer;
  /** Who it becomes, where the node is root (arguments.ts, identity). */
  ids: Ids | undefined;
  group: Group | undefined;
}

/** Each id is the machine's own. */
const idMap = (id: number): string =>
  [...new Set([0, NOBODY_ID, id])].map((own) => `${own} ${own} 1\n`).join("");

/**
 * The child waits in its new namespaces, before it runs anything, until it has its ids and its control group. The
 * ids are the machine's 0, which builds the world, nobody's, whose folders are staging's, and the one that lives in it.
 */
function admit(child: ChildProcess, info: Readable, block: Writable, ids: Ids, group?: Group): void {
  let text = "";
  info.setEncoding("utf8");
  info.on("data", (chunk: string) => {
    text += chunk;
    const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
    if (!pid || !text.includes("}")) return;
    info.destroy();
    try {
      group?.add(Number(pid));
      writeFileSync(`/proc/${pid}/uid_map`, idMap(ids.user));
      writeFileSync(`/proc/${pid}/gid_map`, idMap(ids.group));
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

export function startBubble({ command, environment, filter, ids, group }: Bubble): ChildProcess {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    env: environment,
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe", "pipe"],
    cwd: "/",
    detached: true,
  });
  // Node's types know five descriptors; a pipe of ours is a socket, readable and writable.
  const pipes: readonly unknown[] = child.stdio;
  const [filterPipe, info, block] = [FILTER_FD, INFO_FD, BLOCK_FD].map((fd) => pipes[fd] as Socket) as [
    Socket,
    Socket,
    Socket,
  ];
  for (const stream of [child.stdin, filterPipe, info, block]) ignoreBrokenPipe(stream);
  filterPipe.end(filter);
  if (ids) admit(child, info, block, ids, group);
  child.once("exit", () => {
    // Killed before it was admitted, it leaves a process of its group that waits for ever and holds the pipes.
    killGroup(child.pid!);
    if (group) removeWhenEmpty(group);
  });
  return child;
}
