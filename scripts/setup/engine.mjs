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
export async function startPrivateEngine(env = process.env) {
  const paths = enginePaths(env);
  if (paths.home.length > MAX_HOME_LENGTH) {
    throw new Error(
      `${paths.home} is too long for a unix socket: set GLOVEBOX_HOME to a path of at most 60 characters`,
    );
  }
  privateDir(paths.home);
  return withLock(paths.lock, async () => {
    if ((await pingEngine(paths.socket)).ok) return paths.socket;
    await clearRemains(paths);
    await launch(paths);
    return paths.socket;
  });
}

/** Ends the private engine, if it runs; its images stay. */
export async function stopPrivateEngine(env = process.env) {
  const paths = enginePaths(env);
  await withLock(paths.lock, () => clearRemains(paths));
}

/** Process id of the private engine, if one runs. */
export function privateEnginePid(env = process.env) {
  return runningDockerd(enginePaths(env));
}

/** @typedef {ReturnType<typeof enginePaths>} Paths */

/**
 * The pid in the pidfile, if that process is a dockerd on our data root: pids are reused, above all after a reboot.
 * @param {Paths} paths
 */
function runningDockerd(paths) {
  if (!existsSync(paths.pidfile)) return undefined;
  const pid = Number(readFileSync(paths.pidfile, "utf8"));
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words[0]?.endsWith("dockerd") && words.includes(paths.data) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A dead or unresponsive engine's process, pidfile, socket and mounts. @param {Paths} paths */
async function clearRemains(paths) {
  const pid = runningDockerd(paths);
  if (pid !== undefined && !(await endProcess(pid, "SIGTERM", 15_000)))
    await endProcess(pid, "SIGKILL", 5_000);
  rmSync(paths.pidfile, { force: true });
  rmSync(paths.socket, { force: true });
  await unmountBelow(paths.data);
  await unmountBelow(paths.exec);
}

/** @param {number} pid @param {NodeJS.Signals} signal @param {number} withinMs */
async function endProcess(pid, signal, withinMs) {
  const deadline = Date.now() + withinMs;
  try {
    process.kill(pid, signal);
    while (Date.now() < deadline) {
      await delay(50);
      process.kill(pid, 0);
    }
    return false;
  } catch {
    return true; // no such process: it has ended
  }
}

/** @param {Paths} paths */
async function launch(paths) {
  const dockerd = findProgram("dockerd");
  if (!dockerd) throw new Error("dockerd is not installed");
  privateDir(paths.data);
  privateDir(paths.exec);
  const grown = existsSync(paths.log) && statSync(paths.log).size > 10_000_000;
  const log = openSync(paths.log, grown ? "w" : "a", 0o600);
  const child = spawn(dockerd, dockerdArgs(paths), {
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
    args.push("--containerd-namespace", "glovebox", "--containerd-plugins-namespace", "glovebox-plugins");
  }
  return args;
}
