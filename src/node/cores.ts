/**
 * No process of the node leaves a core: the memory of control and workers holds keys and, for moments, rows.
 *
 * Rule: the limit is one byte, not zero. Where `kernel.core_pattern` names a program (systemd-coredump, apport), the
 * kernel hands it the core whatever the limit is, but for a limit of one (fs/coredump.c); and no core file is that
 * small. Children inherit it.
 */
import { execFileSync } from "node:child_process";
import { findProgram } from "../sandbox/index.js";

/** False where it could not be set: not Linux, or no prlimit. */
export function forbidCores(): boolean {
  const prlimit = findProgram("prlimit");
  if (prlimit === undefined) return false;
  try {
    execFileSync(prlimit, ["--pid", String(process.pid), "--core=1:1"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
