/** What level `gvisor` finds on this machine, for those who look at one level closely. */
import type { Probe, ProbeItem } from "../executor.js";
import type { Staging } from "../staging.js";
import type { Runsc } from "./program.js";

export async function probeGvisor({ program, version, platform }: Runsc, staging: Staging): Promise<Probe> {
  const root = process.getuid?.() === 0;
  const swaps = staging.kind === "tmpfs";
  const items: ProbeItem[] = [
    {
      name: "root",
      ok: root,
      note: root
        ? "the worker can mount the runs' disks"
        : "the worker is not root: it cannot mount the runs' disks",
    },
    { name: "runsc", ok: true, note: `${version} (${program}), platform ${platform}` },
    {
      name: "staging",
      ok: !swaps,
      note: swaps
        ? "plaintext lies in a tmpfs that could reach a swap device"
        : `plaintext lies in memory that does not swap (${staging.kind})`,
    },
  ];
  return { level: "gvisor", available: root, items };
}
