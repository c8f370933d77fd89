/**
 * Where the container engine is. The set-up (scripts/setup/home.mjs, engine.mjs) starts a private one by the same
 * rule: change both or neither.
 *
 * Rules: a unix socket of this machine only, because runs get their data by bind mount; what DOCKER_HOST names is
 * used or none is, never silently another.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const DEFAULT_SOCKET = "/var/run/docker.sock";

export interface EngineAddress {
  socketPath: string;
}

/** What a machine needs once, whatever the number of nodes on it: engines, images, what is known of its levels. */
export function machineHome(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache");
  return env.GLOVEBOX_HOME || join(cache, "glovebox");
}

/** Socket of the private engine, whether it runs or not. */
export function privateEngineSocket(env: NodeJS.ProcessEnv = process.env): string {
  return join(machineHome(env), "engine", "docker.sock");
}

/** Socket of the second private engine, whose users are remapped: the one of level `userns`. */
export function remappedEngineSocket(env: NodeJS.ProcessEnv = process.env): string {
  return join(machineHome(env), "userns", "docker.sock");
}

/** Where answers of trials are kept (levels/trials.ts). */
export const levelMemory = (env: NodeJS.ProcessEnv = process.env): string => join(machineHome(env), "levels");

/** The engine to use, or undefined when there is none on this machine. Does not ask whether it answers. */
export function findEngine(
  env: NodeJS.ProcessEnv = process.env,
  exists: (path: string) => boolean = existsSync,
): EngineAddress | undefined {
  if (env.DOCKER_HOST) {
    const path = env.DOCKER_HOST.startsWith("unix://") ? env.DOCKER_HOST.slice("unix://".length) : "";
    return path && exists(path) ? { socketPath: path } : undefined;
  }
  const socketPath = [DEFAULT_SOCKET, privateEngineSocket(env)].find((path) => exists(path));
  return socketPath === undefined ? undefined : { socketPath };
}
