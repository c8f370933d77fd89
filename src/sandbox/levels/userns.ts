/** Level `userns` as one of the machine's levels: the second private engine, and its trial. */
import { existsSync } from "node:fs";
import Docker from "dockerode";
import { GloveboxError } from "../../vocabulary/index.js";
import { engineInfo } from "../docker/client.js";
import { createDockerExecutor } from "../docker/executor.js";
import { remappedEngineSocket } from "../engine.js";
import type { ImageRef } from "../executor.js";
import { createImages, type Images } from "../images.js";
import type { LevelKind, Missing } from "../levels.js";
import { readIdMap, remappedIds } from "../userns/ids.js";
import { NO_ENGINE, NOT_ROOT, socketOf } from "./container.js";

const GET = "npm run setup -- --need userns (as root)";
const lacking = (why: string): { missing: Missing } => ({ missing: { why, get: GET } });

const layersOf = ({ layers }: ImageRef): string => layers.join(" ");

/** The image that every machine has; without it the level would run next to nothing. */
const USUAL = "python";

/** Whether the second engine has the usual image as the first one has it now. */
async function isCurrent(first: string, second: string): Promise<boolean> {
  const [wanted, there] = await Promise.all(
    [first, second].map((socketPath) => createImages({ socketPath }).list()),
  );
  const has = new Set(there?.map(layersOf));
  const usual = wanted?.filter(({ name }) => name === USUAL) ?? [];
  return (usual.length > 0 ? usual : (wanted ?? [])).some((image) => has.has(layersOf(image)));
}

/** The second engine's images; one that is not the first engine's to the byte is no image of this level. */
function imagesOf(first: string, second: string): Images {
  const own = createImages({ socketPath: second });
  const firsts = createImages({ socketPath: first });
  return {
    list: () => own.list(),
    resolve: async (name, recipe) => {
      const [wanted, found] = await Promise.all([
        firsts.resolve(name, recipe),
        own.resolve(name, recipe).catch(() => undefined),
      ]);
      if (found && layersOf(found) === layersOf(wanted)) return found;
      throw new GloveboxError("isolation_unavailable", {
        detail: `level userns lacks the image ${name} as it is now: ${GET}`,
      });
    },
  };
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
    if (first === undefined) return NO_ENGINE;
    if (!(await isCurrent(first, socketPath)))
      return lacking("the second engine has not the first one's image of today");
    return { versions: { engine: engine.version, ids: JSON.stringify(map), socket: socketPath } };
  },
  open: async ({ engineSocket, staging, node, clock, logs }) => {
    const socketPath = remappedEngineSocket();
    const first = socketOf({ engineSocket }) ?? socketPath;
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
      images: imagesOf(first, socketPath),
    };
  },
  objection: ({ uid, uidMap: [inside, outside] }) => {
    if (uid === 0) return "its program was root";
    return inside === "0" && outside !== undefined && outside !== "0"
      ? undefined
      : "root inside is root outside";
  },
};
