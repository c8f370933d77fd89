/** The engine processes that descend from one process: for tests that look at them from outside, or kill them. */
import { readdirSync, readFileSync } from "node:fs";

interface Process {
  pid: number;
  parent: number;
  command: string;
}

function all(): Process[] {
  const found: Process[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z") continue;
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      found.push({ pid: Number(name), parent: Number(parent), command });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/** The pids, of node itself and not of what wraps it. */
export function enginesOf(ancestor: number): number[] {
  const processes = all();
  const family = new Set([ancestor]);
  for (let grew = true; grew; ) {
    const before = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
    grew = family.size > before;
  }
  return processes
    .filter(({ pid, command }) => family.has(pid) && /^\S*node .*engine\/process\/main\.js/.test(command))
    .map(({ pid }) => pid);
}
