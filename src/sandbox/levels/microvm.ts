/** Level `microvm` as one of the machine's levels: a kernel of its own for every run, and what that stands on here. */
import Docker from "dockerode";
import { findProgram } from "../confinement/spawn.js";
import { engineInfo } from "../docker/client.js";
import { createImages } from "../images.js";
import type { LevelKind } from "../levels.js";
import { remarkOnMachines } from "../microvm/acceleration.js";
import { createMicrovmExecutor } from "../microvm/executor.js";
import { findGuest } from "../microvm/home.js";
import { MKFS, QEMU, versionOf } from "../microvm/programs.js";
import { NO_ENGINE, socketOf } from "./container.js";

const GET = "npm run setup -- --need microvm (as root)";

export const microvmKind: LevelKind = {
  level: "microvm",
  // The image's disk is made in it, and a guest under emulation boots in it.
  trialMs: 10 * 60_000,
  look: async (tools) => {
    if (process.arch !== "x64")
      return { missing: { why: "machines need an x86-64 processor", get: "add a worker on such a machine" } };
    const socketPath = socketOf(tools);
    if (socketPath === undefined) return NO_ENGINE;
    for (const { name } of [QEMU, MKFS, { name: "bwrap" }])
      if (!findProgram(name)) return { missing: { why: `${name} is missing`, get: GET } };
    const guest = findGuest();
    if (!guest) return { missing: { why: "no guest is built", get: GET } };
    const engine = await engineInfo(new Docker({ socketPath })).catch(() => undefined);
    if (!engine) return { missing: { why: "the container engine does not answer", get: "npm run setup" } };
    const { version, stamp } = guest;
    return { versions: { qemu: versionOf(QEMU.name), guest: version, init: stamp, socket: socketPath } };
  },
  open: async ({ engineSocket, ...tools }) => {
    const socketPath = socketOf({ engineSocket }) ?? "";
    return {
      executor: createMicrovmExecutor({ socketPath, ...tools }),
      images: createImages({ socketPath }),
    };
  },
  objection: ({ kernel, uid }, host) => {
    if (uid === 0) return "its program was root";
    return kernel === host.kernel ? "the machine's own kernel served it" : undefined;
  },
  remark: remarkOnMachines,
};
