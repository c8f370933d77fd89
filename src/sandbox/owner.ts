/**
 * Whether a process that left something behind is still alive. A process id alone is reused, so its start time
 * (in clock ticks since boot) goes with it, and the boot id makes both meaningless after a restart.
 */
import { readFileSync } from "node:fs";

/** "<pid>-<start ticks>" of a process, or undefined when there is none. */
export function ownerTag(pid: number = process.pid): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name may hold spaces and brackets: fields are counted from the last bracket.
    const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return `${pid}-${start}`;
  } catch {
    return undefined;
  }
}

/** True while the process that wrote this tag lives. */
export function ownerAlive(tag: string): boolean {
  const pid = Number(tag.split("-")[0]);
  return Number.isSafeInteger(pid) && pid > 0 && ownerTag(pid) === tag;
}
