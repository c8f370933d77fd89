/** How a machine's end is named: its word and ours, as the facts that every level's rules read. Pure. */
import type { Facts } from "../docker/outcome.js";
import type { Limits } from "../executor.js";
import type { Result } from "./exchange.js";

/** What the host knows by itself. */
export interface HostFacts {
  killed: Facts["killed"];
  limits: Limits;
  /** The machine itself was ended for want of memory. */
  oomKilled: boolean;
}

const FULL_MACHINE = 128 + 9;
const ROOM = { freeBytes: Number.MAX_SAFE_INTEGER, freeFiles: Number.MAX_SAFE_INTEGER };

/** undefined: the machine ended without a word, and nobody knows why. The host's own reasons come first. */
export function factsOf(result: Result | undefined, host: HostFacts): Facts | undefined {
  const { killed, limits, oomKilled } = host;
  if (result?.ended) {
    const how = result.how === "by itself" ? undefined : result.how;
    return {
      killed: killed ?? how,
      exitCode: result.exitCode,
      oomKilled: result.oomKills > 0,
      memoryPeakBytes: result.memoryPeakBytes,
      // The guest counts refusals, not processes: one refusal means that all that it may have had were there.
      processesPeak: result.pidsRefused > 0 ? limits.pids : 0,
      disk: { freeBytes: result.diskFreeBytes, freeFiles: result.diskFreeFiles },
      limits,
    };
  }
  if (killed === undefined && !oomKilled) return undefined;
  return { killed, exitCode: FULL_MACHINE, oomKilled, disk: ROOM, limits };
}
