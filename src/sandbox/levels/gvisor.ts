/** Level `gvisor` as one of the machine's levels: runsc, and its trial. */
import Docker from "dockerode";
import { engineInfo } from "../docker/client.js";
import { createGvisorExecutor } from "../gvisor/executor.js";
import { askRunsc, findRunsc } from "../gvisor/program.js";
import { openRootFolders } from "../gvisor/rootfs.js";
import { createImages } from "../images.js";
import type { LevelKind } from "../levels.js";
import { NO_ENGINE, NOT_ROOT, socketOf } from "./container.js";

const GET = "npm run setup -- --need gvisor (as root), or name another runsc by GLOVEBOX_RUNSC";

export const gvisorKind: LevelKind = {
  level: "gvisor",
  trialMs: 60_000,
  look: async (tools) => {
    const program = findRunsc();
    if (!program) return { missing: { why: "runsc is missing", get: GET } };
    const socketPath = socketOf(tools);
    if (socketPath === undefined) return NO_ENGINE;
    if (process.getuid?.() !== 0) return NOT_ROOT;
    const runsc = await askRunsc(program).catch(() => undefined);
    if (!runsc) return { missing: { why: `${program} does not run`, get: GET } };
    const engine = await engineInfo(new Docker({ socketPath })).catch(() => undefined);
    if (!engine) return { missing: { why: "the container engine does not answer", get: "npm run setup" } };
    return { versions: { runsc: runsc.version, program, platform: runsc.platform, socket: socketPath } };
  },
  open: async ({ engineSocket, staging, node, clock, logs }) => {
    const socketPath = socketOf({ engineSocket }) ?? "";
    const images = createImages({ socketPath });
    const roots = openRootFolders(socketPath);
    // Before the trial and before any job waits for it.
    for (const image of await images.list()) await roots.of(image);
    const runsc = await askRunsc(findRunsc() ?? "runsc");
    const common = { staging, node, ...(clock ? { clock } : {}), ...(logs ? { logs } : {}) };
    return { executor: createGvisorExecutor({ runsc, roots, ...common }), images };
  },
  objection: ({ kernel, uid }, host) => {
    if (uid === 0) return "its program was root";
    return kernel === host.kernel ? "the machine's own kernel answered its calls" : undefined;
  },
};
