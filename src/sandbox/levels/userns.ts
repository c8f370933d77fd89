/** Level `userns` as one of the machine's levels: the second private engine, and its trial. */
import { existsSync } from "node:fs";
import Docker from "dockerode";
import { engineInfo } from "../docker/client.js";
import { createDockerExecutor } from "../docker/executor.js";
import { remappedEngineSocket } from "../engine.js";
import type { ImageRef } from "../executor.js";
import { createImages } from "../images.js";
import type { LevelKind, Missing } from "../levels.js";
import { readIdMap, remappedIds } from "../userns/ids.js";
import { NOT_ROOT, socketOf } from "./container.js";

const GET = "npm run setup -- --need userns (as root)";
const lacking = (why: string): { missing: Missing } => ({ missing: { why, get: GET } });

/** Images that only the first engine has: a run of them here would be of other bytes than its record says. */
async function behind(first: string, second: string): Promise<ImageRef[]> {
  const [wanted, there] = await Promise.all(
    [first, second].map((socketPath) => createImages({ socketPath }).list()),
  );
  const has = new Set(there?.map(({ layers }) => layers.join(" ")));
  return (wanted ?? []).filter(({ layers }) => !has.has(layers.join(" ")));
}

export const usernsKind: LevelKind = {
  level: "userns",
  trialMs: 60_000,
  look: async (tools) => {
    const socketPath = remappedEngineSocket();
    if (!existsSync(socketPath)) return lacking("there is no second engine");
    if (process.getuid?.() !== 0) return NOT_ROOT;
    const engine = await engineInfo(new Docker({ socketPath })).catch(() => undefined);
    if (!engine) return lacking("the second engine does not run");
    const map = readIdMap();
    if (!engine.remapped || !map) return lacking("the second engine does not remap users");
    const first = socketOf(tools);
    const missing = first === undefined ? [] : await behind(first, socketPath);
    if (missing.length > 0)
      return lacking(`the second engine lacks ${missing.map((i) => i.name).join(", ")}`);
    return { versions: { engine: engine.version, ids: JSON.stringify(map), socket: socketPath } };
  },
  open: async ({ staging, node, clock, logs }) => {
    const socketPath = remappedEngineSocket();
    const map = readIdMap();
    if (!map) throw new Error("the range of ids is gone");
    return {
      executor: createDockerExecutor({
        socketPath,
        staging,
        node,
        ...(clock ? { clock } : {}),
        ...(logs ? { logs } : {}),
        ids: remappedIds(map),
      }),
      images: createImages({ socketPath }),
    };
  },
  objection: ({ uid, uidMap: [inside, outside] }) => {
    if (uid === 0) return "its program was root";
    return inside === "0" && outside !== undefined && outside !== "0"
      ? undefined
      : "root inside is root outside";
  },
};
