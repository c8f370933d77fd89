/** What `doctor` says of where plaintext lies while it is worked with: in memory, and whether it could be swapped out. */
import type { StagingMemory } from "../node.js";
import type { Check } from "./doctor.js";

export async function stagingChecks(): Promise<Check[]> {
  const { stagingMemory } = await import("../node.js");
  try {
    return [stagingCheck(await stagingMemory())];
  } catch {
    // Without root there is no node here either, which another line says.
    return [];
  }
}

/** Pure. */
export function stagingCheck({ kind, swaps }: StagingMemory): Check {
  const check = { name: "staging", needed: false };
  if (kind !== "tmpfs") return { ...check, ok: true, detail: `${kind}: memory that is never swapped` };
  if (swaps === 0) return { ...check, ok: true, detail: "tmpfs; this machine has no swap" };
  return {
    ...check,
    ok: false,
    detail: "tmpfs of a kernel before 6.4, and this machine has swap: plaintext could be written to it",
    fix: "swapoff -a, or a kernel of 6.4 or later, or encrypt swap with a key of each start",
  };
}
