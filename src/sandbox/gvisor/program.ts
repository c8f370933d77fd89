/** runsc: where it is, which version, and the flags that every call of it has. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { findProgram } from "../confinement/spawn.js";

const run = promisify(execFile);

/** GLOVEBOX_RUNSC, or the one on PATH. */
export const findRunsc = (env: NodeJS.ProcessEnv = process.env): string | undefined =>
  env.GLOVEBOX_RUNSC || findProgram("runsc");

export interface Runsc {
  program: string;
  version: string;
  /** How it gets at the program's system calls: the best that this release has and that needs no hypervisor. */
  platform: "systrap" | "ptrace";
}

/** Asks it once. Throws where it does not run. */
export async function askRunsc(program: string): Promise<Runsc> {
  const [version, flags] = await Promise.all([
    run(program, ["--version"]),
    run(program, ["flags"]).catch(() => ({ stdout: "" })),
  ]);
  const platform = /systrap/.test(flags.stdout) ? "systrap" : "ptrace";
  return { program, version: version.stdout.split("\n")[0]?.trim() ?? "", platform };
}

export interface CallPlaces {
  /** Where runsc keeps its own state of the run; removed with the run. */
  state: string;
  /** What runsc says, which never goes into the program's logs. */
  log: string;
  bundle: string;
}

/**
 * The argument vector of a run. The network is none. Control groups are ours: runsc of 2022 writes files that newer
 * kernels do not have. The system call filter of level `container` is applied once more, by the sandbox's own kernel.
 */
export function runArguments({ platform }: Runsc, places: CallPlaces, id: string): string[] {
  return [
    `--root=${places.state}`,
    `--log=${places.log}`,
    "--log-format=json",
    `--platform=${platform}`,
    "--network=none",
    "--ignore-cgroups",
    "--host-uds=none",
    "--host-fifo=none",
    "--oci-seccomp",
    "run",
    `--bundle=${places.bundle}`,
    id,
  ];
}
