/**
 * Whether the processor's own virtualisation serves here. That its device opens says little: on some machines a guest
 * then hangs. So a guest is booted under it, with a time-out; where it does not come up, machines are emulated.
 *
 * Rules. The answer is remembered for this boot of the machine: a good one for as long as it lasts, a bad one for an
 * hour, since a machine under load may be slow once. KVM is used with the rights that its device gives to a group or to
 * everyone, never as root.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readFileSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Ids } from "../confinement/arguments.js";
import { NOBODY, type Staging } from "../staging.js";
import { freshUser } from "../users.js";
import { layoutOf } from "./exchange.js";
import { accelerationFile, findGuest } from "./home.js";
import type { Acceleration } from "./machine.js";
import { findPrograms } from "./programs.js";
import { makeBlank, startMachine } from "./run.js";

const DEVICE = "/dev/kvm";
/** A guest that comes up at all under virtualisation does so in well under a second. */
const BOOT_MS = 10_000;
const BAD_FOR_MS = 60 * 60_000;
const PROBE_MB = 128;

export interface Accelerated {
  acceleration: Acceleration;
  /** Of QEMU's process. */
  group: number;
  /** Where machines are emulated: why, and how fast the processor's counter runs, in kHz. */
  why?: string;
  ticksKhz?: number;
}

const SLOW =
  "machines are emulated: programs run ten to thirty times slower, and QEMU's makers do not vouch for emulation as a wall, so that the confinement around QEMU is the wall";

export function emulated(why: string): Accelerated {
  const guest = findGuest();
  const ticksKhz = guest && Number(execFileSync(guest.ticks, { encoding: "utf8" }));
  return { acceleration: "tcg", group: NOBODY, why, ticksKhz };
}

/** The group whose rights open KVM's device; a reason where none may. Pure. */
export function groupOfDevice({ mode, gid }: { mode: number; gid: number }): number | string {
  const both = (bits: number): boolean => (bits & 0o6) === 0o6;
  if (both(mode)) return NOBODY;
  if (both(mode >> 3) && gid !== 0) return gid;
  return `${DEVICE} is root's alone: give it to a group (Debian's is kvm, mode 0660)`;
}

function deviceGroup(): number | string {
  try {
    const stat = statSync(DEVICE);
    if (process.getuid?.() === 0) return groupOfDevice(stat);
    accessSync(DEVICE, constants.R_OK | constants.W_OK);
    return NOBODY;
  } catch {
    return `${DEVICE} is not there, or this user may not use it`;
  }
}

/** Boots a guest that finds no order and says so on its line: that it speaks is the answer. */
export async function boots(
  staging: Staging,
  { acceleration, group, ticksKhz }: Accelerated,
  withinMs: number,
): Promise<boolean> {
  const guest = findGuest();
  if (!guest) return false;
  const staged = await staging.dir("probe");
  const ids: Ids = { user: freshUser(), group };
  try {
    const disks = await makeBlank(staged, ids);
    const machine = {
      ticksKhz,
      acceleration,
      processors: 1,
      memoryMb: PROBE_MB,
      rootUncached: false,
      ...guest,
      ...disks,
    };
    const { child, closed } = startMachine(findPrograms(), {
      machine,
      ids,
      group: `vm-probe-${ids.user}`,
      layout: layoutOf(0, 0),
    });
    child.stderr?.resume();
    const over = new AbortController();
    const spoke = once(child.stdout!, "data", { signal: over.signal }).then(() => true);
    const late = delay(withinMs, false, { signal: over.signal });
    const ended = closed.then(() => false);
    const answer = await Promise.race([spoke, late, ended]).catch(() => false);
    over.abort();
    for (const loser of [spoke, late]) loser.catch(() => undefined);
    child.kill("SIGKILL");
    await closed;
    return answer;
  } finally {
    await staged.wipe();
  }
}

const remembered = z.object({ boot: z.string(), at: z.number(), device: z.string(), serves: z.boolean() });

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

function recall(device: string): boolean | undefined {
  try {
    const found = remembered.parse(JSON.parse(readFileSync(accelerationFile(), "utf8")));
    const same = found.boot === bootId() && found.device === device;
    return same && (found.serves || Date.now() - found.at < BAD_FOR_MS) ? found.serves : undefined;
  } catch {
    return undefined; // none yet, or one that a newer version wrote
  }
}

function note(device: string, serves: boolean): void {
  try {
    const entry = { boot: bootId(), at: Date.now(), device, serves };
    writeFileSync(accelerationFile(), JSON.stringify(entry), { mode: 0o600 });
  } catch {
    return; // the next process asks again
  }
}

async function look(staging: Staging): Promise<Accelerated> {
  const group = deviceGroup();
  if (typeof group === "string") return emulated(group);
  const device = `${DEVICE} ${group} ${findGuest()?.version}`;
  const known = recall(device);
  const serves = known ?? (await boots(staging, { acceleration: "kvm", group }, BOOT_MS));
  if (known === undefined) note(device, serves);
  return serves
    ? { acceleration: "kvm", group }
    : emulated(`${DEVICE} opens, but a guest does not come up under it within ${BOOT_MS / 1000} s`);
}

let found: Promise<Accelerated> | undefined;

/** Asked once in a process. */
export function findAcceleration(staging: Staging): Promise<Accelerated> {
  found ??= look(staging).catch((cause: unknown) => {
    found = undefined;
    throw cause;
  });
  return found;
}

/** What an operator should know of machines here; undefined where they are virtual, or nobody asked yet. */
export async function remarkOnMachines(): Promise<string | undefined> {
  const why = (await found)?.why;
  return why === undefined ? undefined : `${SLOW} (${why})`;
}
