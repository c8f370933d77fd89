/** Level `container` as one of the machine's levels: the engine that was found, and its trial. */
import Docker from "dockerode";
import { engineInfo } from "../docker/client.js";
import { createDockerExecutor } from "../docker/executor.js";
import { findEngine } from "../engine.js";
import { createImages } from "../images.js";
import type { LevelKind, LevelTools } from "../levels.js";

export const socketOf = ({ engineSocket }: Pick<LevelTools, "engineSocket">): string | undefined =>
  engineSocket ?? findEngine()?.socketPath;

/** Every level takes its root file system from the engine's images. */
export const NO_ENGINE = {
  missing: { why: "no container engine on this machine", get: "npm run setup (as root)" },
};
export const NOT_ROOT = {
  missing: {
    why: "the worker is not root: it cannot mount the runs' disks",
    get: "run the node or the worker as root",
  },
};

export const containerKind: LevelKind = {
  level: "container",
  trialMs: 60_000,
  look: async (tools) => {
    const socketPath = socketOf(tools);
    if (socketPath === undefined) return NO_ENGINE;
    if (process.getuid?.() !== 0) return NOT_ROOT;
    const engine = await engineInfo(new Docker({ socketPath })).catch(() => undefined);
    if (!engine) return { missing: { why: "the container engine does not answer", get: "npm run setup" } };
    if (!engine.seccomp)
      return { missing: { why: "the engine has no seccomp", get: "use an engine with seccomp" } };
    if (engine.remapped)
      return {
        missing: {
          why: "a rootless or remapping engine cannot use the runs' disks",
          get: "name another engine by DOCKER_HOST",
        },
      };
    return { versions: { engine: engine.version, driver: engine.cgroupDriver, socket: socketPath } };
  },
  open: async ({ engineSocket, ...tools }) => {
    const socketPath = socketOf({ engineSocket }) ?? "";
    return {
      executor: createDockerExecutor({ socketPath, ...tools }),
      images: createImages({ socketPath }),
    };
  },
  objection: ({ uid }) => (uid === 0 ? "its program was root" : undefined),
};
