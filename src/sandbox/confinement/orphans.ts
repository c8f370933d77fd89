/**
 * What a killed node leaves of a confined process that it was just starting.
 *
 * bubblewrap is two processes until the program runs. The outer one dies with the node; the inner one, which holds
 * nothing yet but its pipes, waits for a word of the outer one that then never comes, and no end of file tells it.
 * The next node to start anything ends it, by the mark in its environment; the program itself never sees the mark.
 */
import { readdirSync, readFileSync } from "node:fs";
import { ownerAlive, ownerTag } from "../owner.js";
import { OWNER_MARK } from "./arguments.js";

/** Marks what this process starts. */
export const ownMark = (): Record<string, string> => ({ [OWNER_MARK]: ownerTag() ?? "" });

/** The process that started this bubblewrap; undefined for anything else. */
function ownerOf(pid: string): string | undefined {
  try {
    if (readFileSync(`/proc/${pid}/comm`, "utf8").trim() !== "bwrap") return undefined;
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return environment.find((entry) => entry.startsWith(`${OWNER_MARK}=`))?.slice(OWNER_MARK.length + 1);
  } catch {
    // It ended meanwhile, or it is another user's.
    return undefined;
  }
}

/** Ends what dead nodes of this user left; how many. */
export function endOrphans(): number {
  let ended = 0;
  for (const pid of readdirSync("/proc")) {
    const owner = /^\d+$/.test(pid) ? ownerOf(pid) : undefined;
    if (owner === undefined || ownerAlive(owner)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
      ended++;
    } catch {
      // It ended meanwhile.
    }
  }
  return ended;
}
