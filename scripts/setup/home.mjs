/**
 * Where the things live that a machine needs once, whatever the number of checkouts, nodes and tests on it.
 *
 * Rules
 * - One place per user: GLOVEBOX_HOME, else $XDG_CACHE_HOME/glovebox, else ~/.cache/glovebox.
 * - src/sandbox finds the private engine by the same rule (`engineSocket`): change both or neither.
 * - Nothing here is data of a node; all of it can be deleted and set up again.
 */
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
