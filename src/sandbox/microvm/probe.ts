/** What isolation level `microvm` finds on this machine, for `doctor` and for the node's decision to offer it. */
import type Docker from "dockerode";
import { findProgram } from "../confinement/spawn.js";
import { engineInfo } from "../docker/client.js";
import type { Probe, ProbeItem } from "../executor.js";
import type { Staging } from "../staging.js";
import { findAcceleration, remarkOnMachines } from "./acceleration.js";
import { findGuest } from "./home.js";
import { MKFS, QEMU } from "./programs.js";

const item = (name: string, ok: boolean, good: string, bad: string): ProbeItem => ({
  name,
  ok,
  note: ok ? good : bad,
});

/** Without these nothing runs; the others weaken or slow it, and say how. */
const NEEDED = ["qemu", "input", "guest", "engine", "confinement"];

export async function probeMicrovm(docker: Docker, staging: Staging): Promise<Probe> {
  const engine = await engineInfo(docker).catch(() => undefined);
  const guest = findGuest();
  const setUp = "npm run setup -- --need microvm";
  const items = [
    item("qemu", findProgram(QEMU.name) !== undefined, QEMU.name, `${QEMU.name} is missing: ${setUp}`),
    item("input", findProgram(MKFS.name) !== undefined, MKFS.name, `${MKFS.name} is missing: ${setUp}`),
    item(
      "guest",
      guest !== undefined,
      `Linux ${guest?.version} of the guests`,
      `no guest is built: ${setUp}`,
    ),
    item(
      "engine",
      engine !== undefined,
      "an engine has the images",
      "no container engine answers: the images lie in one",
    ),
    item(
      "confinement",
      findProgram("bwrap") !== undefined,
      "QEMU is confined by bubblewrap",
      "bubblewrap is missing: QEMU is not started without it",
    ),
    item(
      "staging",
      staging.kind !== "tmpfs",
      `plaintext lies in memory that does not swap (${staging.kind})`,
      "plaintext lies in a tmpfs that could reach a swap device: turn swap off, encrypt it, or use Linux 6.4 or newer",
    ),
  ];
  const available = items.every(({ name, ok }) => ok || !NEEDED.includes(name));
  if (available) items.push(await acceleration(staging));
  return { level: "microvm", available, items };
}

async function acceleration(staging: Staging): Promise<ProbeItem> {
  await findAcceleration(staging);
  const remark = await remarkOnMachines();
  return item("virtualisation", remark === undefined, "machines run under KVM", remark ?? "");
}
