/** A run as its guest is told of it: the same user, limits, environment and covers as in a container. Pure. */
import type { LogLimits } from "../docker/logs.js";
import { HOSTS, MAX_FILES } from "../docker/run.js";
import { environment, MASKED_PATHS, OPEN_FILES, READ_ONLY_PATHS, SHM_MB } from "../docker/settings.js";
import type { Limits, RunSpec } from "../executor.js";
import { compileFilter, thisMachine } from "../seccomp/bpf.js";
import { allowedRules } from "../seccomp/profile.js";
import { NOBODY } from "../staging.js";
import type { Order } from "./exchange.js";

const MIB = 1024 * 1024;
/** What a container engine sets when nobody else does. */
const OWN = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOSTNAME=glovebox"];
/** The guest's kernel and init; measured: 60 MB are enough for it to boot. */
const GUEST_MB = 128;
/** The kernel's own record of each page of memory, and the like. */
const OVERHEAD = 1 / 32;

/** Memory of the machine: the program's, and what the guest needs beside it. */
export const guestMemoryMb = (limits: Limits, logs: LogLimits): number =>
  Math.ceil(limits.memory_mb * (1 + OVERHEAD) + GUEST_MB + (2 * logs.capBytes) / MIB);

export function orderOf(spec: RunSpec, user: number, logs: LogLimits): Order {
  const { limits } = spec;
  const machine = thisMachine();
  if (!machine) throw new Error("microvm: no system call filter for this machine");
  return {
    command: spec.command,
    environment: [...OWN, ...environment(spec)],
    outputs: spec.outputs,
    masked: MASKED_PATHS.flatMap(({ paths }) => [...paths]),
    readOnly: READ_ONLY_PATHS,
    hosts: HOSTS,
    filter: compileFilter(allowedRules("container"), machine),
    user,
    group: NOBODY,
    memoryBytes: limits.memory_mb * MIB,
    pids: limits.pids,
    diskBytes: limits.disk_mb * MIB,
    diskFiles: MAX_FILES,
    shmBytes: Math.min(SHM_MB, limits.disk_mb) * MIB,
    cpus: limits.cpus,
    openFiles: OPEN_FILES,
    wallMs: limits.wall_s * 1000,
    logFlood: logs.floodBytes,
    maxOutputBytes: Math.min(spec.maxOutputBytes ?? Number.POSITIVE_INFINITY, limits.disk_mb * MIB),
  };
}
