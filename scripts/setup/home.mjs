/**
 * Where the things live that a machine needs once, whatever the number of checkouts, nodes and tests on it.
 *
 * Rules
 * - One place per user: GLOVEBOX_HOME, else $XDG_CACHE_HOME/glovebox, else ~/.cache/glovebox.
 * - src/sandbox/engine.ts finds the private engines by the same rule: change both or neither.
 * - Nothing here is data of a node; all of it can be deleted and set up again.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of this checkout. */
export const packageRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Compiled, with what it needs and without its sources: an image of a node. Nothing there is to be installed or built. */
export const isPackaged = (root = packageRoot) => !existsSync(join(root, "src"));

/** @param {NodeJS.ProcessEnv} env */
export function gloveboxHome(env = process.env) {
  if (env.GLOVEBOX_HOME) return env.GLOVEBOX_HOME;
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "glovebox");
}

/** Paths of the private container engine. @param {NodeJS.ProcessEnv} env */
export function enginePaths(env = process.env) {
  const home = join(gloveboxHome(env), "engine");
  return {
    home,
    socket: join(home, "docker.sock"),
    data: join(home, "data"),
    exec: join(home, "exec"),
    pidfile: join(home, "dockerd.pid"),
    log: join(home, "dockerd.log"),
    lock: join(home, "lock"),
    images: join(home, "images"),
    build: join(home, "build"),
    /** Name of its part of the machine's containerd, where there is one. */
    containerd: "glovebox",
  };
}

/**
 * Paths of the second private engine, the one of isolation level `userns`. What its containers' users must be able to
 * walk through cannot lie in a home folder, which they may not enter: it lies beside, in a folder by the home's name.
 * @param {NodeJS.ProcessEnv} env
 */
export function usernsPaths(env = process.env) {
  const home = join(gloveboxHome(env), "userns");
  const open = join("/var/lib/glovebox", createHash("sha256").update(home).digest("hex").slice(0, 12));
  return {
    ...enginePaths(env),
    home,
    socket: join(home, "docker.sock"),
    pidfile: join(home, "dockerd.pid"),
    log: join(home, "dockerd.log"),
    lock: join(home, "lock"),
    open,
    data: join(open, "data"),
    exec: join(open, "exec"),
    containerd: "glovebox-userns",
  };
}

/** Socket of the private engine, whether it runs or not. @param {NodeJS.ProcessEnv} env */
export function engineSocket(env = process.env) {
  return enginePaths(env).socket;
}

/** A folder that only its user can enter. @param {string} path */
export function privateDir(path) {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}
