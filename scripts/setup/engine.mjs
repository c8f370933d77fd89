/**
 * The container engine: found, or a private dockerd of our own.
 *
 * Rules
 * - Looked for in this order: DOCKER_HOST, the default socket, the private engine. What DOCKER_HOST names is used or
 *   the check fails: never silently another.
 * - The engine must share this machine's file system (runs get their data by bind mount): unix sockets only.
 * - The private engine has no bridge and touches no firewall rule: no container of it can have a network.
 * - Its socket is as good as root: mode 0600, in a folder of mode 0700.
 * - One per machine and user, started under a lock; it outlives the set-up and holds none of its pipes.
 * - Never kills a process that is not, by its command line, a dockerd on our own data root.
 */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CommandFailed, findProgram, tail } from "./command.mjs";
import { pingEngine } from "./docker-http.mjs";
import { enginePaths, privateDir } from "./home.mjs";
import { withLock } from "./lock.mjs";
import { unmountBelow } from "./mounts.mjs";

const DEFAULT_SOCKET = "/var/run/docker.sock";
const SYSTEM_CONTAINERD = "/run/containerd/containerd.sock";
/** Longest path that fits a unix socket's address, less what containerd appends to the exec root. */
const MAX_HOME_LENGTH = 107 - "/exec/containerd/containerd-debug.sock".length;
const START_DEADLINE_MS = 60_000;

/**
 * Which socket to talk to. Pure but for the look whether the default socket exists.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ socketPath: string, source: "DOCKER_HOST" | "system" | "private" } | { problem: string }}
 */
export function chooseEngine(env = process.env, exists = existsSync) {
  const host = env.DOCKER_HOST;
  if (host) {
    if (host.startsWith("unix://"))
      return { socketPath: host.slice("unix://".length), source: "DOCKER_HOST" };
    return {
      problem: "DOCKER_HOST must be a unix:// socket of this machine: runs get their data by bind mount",
    };
  }
  if (exists(DEFAULT_SOCKET)) return { socketPath: DEFAULT_SOCKET, source: "system" };
  return { socketPath: enginePaths(env).socket, source: "private" };
}

/** Starts the private engine unless it answers already. Returns its socket. */
export const startPrivateEngine = (env = process.env) => startEngine(enginePaths(env));

/**
 * Starts an engine of our own in the places given, with further arguments of dockerd, unless it answers already.
 * @param {Paths} paths
 * @param {readonly string[]} [more]
 */
export async function startEngine(paths, more = []) {
  if (paths.home.length > MAX_HOME_LENGTH) {
    throw new Error(
      `${paths.home} is too long for a unix socket: set GLOVEBOX_HOME to a path of at most 60 characters`,
    );
  }
  privateDir(paths.home);
  return withLock(paths.lock, async () => {
    if ((await pingEngine(paths.socket)).ok) return paths.socket;
    await clearRemains(paths);
    await launch(paths, more);
    return paths.socket;
  });
}

/** Ends the private engine, if it runs; its images stay. */
export const stopPrivateEngine = (env = process.env) => stopEngine(enginePaths(env));

/** @param {Paths} paths */
export const stopEngine = (paths) => withLock(paths.lock, () => clearRemains(paths));

/** Process id of the private engine, if one runs. */
export function privateEnginePid(env = process.env) {
  return runningDockerd(enginePaths(env));
}

/** @typedef {ReturnType<typeof enginePaths>} Paths */

/**
 * The pid in a pidfile, if that process is the program on our own files: pids are reused, above all after a reboot.
 * @param {string} pidfile
 * @param {string} program
 * @param {string} word an argument that only ours has
 */
function runningProgram(pidfile, program, word) {
  if (!existsSync(pidfile)) return undefined;
  const pid = Number(readFileSync(pidfile, "utf8"));
  const words = commandLine(pid);
  return words[0]?.endsWith(program) && words.includes(word) ? pid : undefined;
}

/** @param {Paths} paths */
const runningDockerd = (paths) => runningProgram(paths.pidfile, "dockerd", paths.data);

/**
 * A dead or unresponsive engine's processes, pidfiles, socket and mounts. Its containerd would be taken for alive by
 * its pidfile alone, and then waited for in vain. Containers' own shims are left to the next dockerd, which ends them.
 * @param {Paths} paths
 */
async function clearRemains(paths) {
  const containerd = join(paths.exec, "containerd");
  const pidfile = join(containerd, "containerd.pid");
  await endIfRunning(runningDockerd(paths));
  await endIfRunning(runningProgram(pidfile, "containerd", join(containerd, "containerd.toml")));
  for (const file of [paths.pidfile, paths.socket, pidfile]) rmSync(file, { force: true });
  await unmountBelow(paths.data);
  await unmountBelow(paths.exec);
}

/** @param {number | undefined} pid */
async function endIfRunning(pid) {
  if (pid === undefined || (await endProcess(pid, "SIGTERM", 15_000))) return;
  await endProcess(pid, "SIGKILL", 5_000);
}

/**
 * Sends a signal and waits; whether the process has ended.
 * @param {number} pid @param {NodeJS.Signals} signal @param {number} withinMs
 */
async function endProcess(pid, signal, withinMs) {
  const deadline = Date.now() + withinMs;
  try {
    process.kill(pid, signal);
  } catch {
    return true; // no such process
  }
  while (commandLine(pid).length > 0) {
    if (Date.now() > deadline) return false;
    await delay(30);
  }
  return true;
}

/** Words of a process's command line; none if it has ended, noticed by its parent or not. @param {number} pid */
function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .split("\0")
      .filter((word) => word !== "");
  } catch {
    return [];
  }
}

/** @param {Paths} paths @param {readonly string[]} more */
async function launch(paths, more) {
  const dockerd = findProgram("dockerd");
  if (!dockerd) throw new Error("dockerd is not installed");
  privateDir(paths.data);
  privateDir(paths.exec);
  const grown = existsSync(paths.log) && statSync(paths.log).size > 10_000_000;
  const log = openSync(paths.log, grown ? "w" : "a", 0o600);
  const child = spawn(dockerd, [...dockerdArgs(paths), ...more], {
    cwd: "/",
    detached: true,
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
  });
  closeSync(log);
  child.unref();
  /** @type {Error | undefined} */
  let failure;
  child.once("error", (cause) => {
    failure = cause;
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await pingEngine(paths.socket, 2000)).ok) {
    if (failure || child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      throw new CommandFailed("dockerd", failure?.message ?? tail(paths.log, 15));
    }
    await delay(40);
  }
  chmodSync(paths.socket, 0o600);
}

/** @param {Paths} paths */
function dockerdArgs(paths) {
  const args = ["--data-root", paths.data, "--exec-root", paths.exec, "--pidfile", paths.pidfile];
  args.push("--host", `unix://${paths.socket}`, "--group", "root", "--log-level", "warn");
  args.push(
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--ip-masq=false",
  );
  args.push("--userland-proxy=false", "--default-ulimit", "core=0:0");
  if (existsSync(SYSTEM_CONTAINERD)) {
    const name = paths.containerd;
    args.push("--containerd-namespace", name, "--containerd-plugins-namespace", `${name}-plugins`);
  }
  return args;
}
