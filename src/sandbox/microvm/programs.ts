/** The programs that this level starts, and where they lie. */
import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { findTools, need } from "../confinement/spawn.js";
import { compileFilter, thisMachine } from "../seccomp/bpf.js";
import { allowedRules } from "../seccomp/profile.js";
import type { Programs } from "./machine.js";

export const QEMU = { name: "qemu-system-x86_64", debian: "qemu-system-x86" };
export const MKFS = { name: "mkfs.erofs", debian: "erofs-utils" };
/** Links lead from the first into the others. */
const FIRMWARE = ["/usr/share/qemu", "/usr/share/seabios"];

/** First line of what it says of itself. */
export const versionOf = (program: string): string =>
  execFileSync(program, ["--version"], { encoding: "utf8" }).split("\n")[0] ?? "";

/** Throws `engine_unavailable` and says what is missing. */
export function findPrograms(): { programs: Programs; filter: Buffer } {
  const { bwrap, prlimit, world } = findTools();
  const machine = thisMachine();
  if (!machine) throw new Error("microvm: no system call filter for this machine");
  return {
    filter: compileFilter(allowedRules("hypervisor"), machine),
    programs: {
      qemu: realpathSync(need(QEMU.name, QEMU.debian)),
      mkfs: realpathSync(need(MKFS.name, MKFS.debian)),
      bwrap,
      prlimit,
      setpriv: world.setpriv,
      firmware: FIRMWARE.filter((path) => existsSync(path)),
      system: world,
    },
  };
}
