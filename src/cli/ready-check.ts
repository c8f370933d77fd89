/** What `doctor` says of the containers that workers keep waiting on this machine: how many, and what they cost. */
import type { Check } from "./doctor.js";

const MIB = 1024 * 1024;

export async function readyChecks(): Promise<Check[]> {
  const { machineReady } = await import("../node.js");
  const found = await machineReady();
  if (!found) return [];
  const { waiting, memoryBytes } = found;
  const detail =
    waiting === 0
      ? "no container waits for a run; a node that is up keeps one a worker (--ready)"
      : `${waiting} wait for their runs, ${Math.round(memoryBytes / MIB)} MiB in all`;
  return [{ name: "ready", ok: true, needed: false, detail }];
}
