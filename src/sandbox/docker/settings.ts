/**
 * Everything that a container is told, as one pure function: the hardening of isolation level `container`.
 * docs/isolation lists each line with the attack it stops.
 *
 * Rules. No network, no capability, no writable path but /out, /tmp and a small /dev/shm, all in memory; nothing of
 * the host's that a program does not need; no setting is taken from the image or from the job but the program, its
 * GLOVEBOX_* variables and its limits.
 */
import type Docker from "dockerode";
import { invalidInput } from "../../vocabulary/index.js";
import type { RunSpec } from "../executor.js";
import { engineProfile } from "../seccomp/docker.js";
import { NOBODY } from "../staging.js";
import { processorCounters } from "./counters.js";

export const NODE_LABEL = "glovebox.node";
export const RUN_LABEL = "glovebox.run";
/** Instead of a run's: the process that keeps a container waiting. Its run is in its name once it has one. */
export const READY_LABEL = "glovebox.ready";

const MIB = 1024 * 1024;
export const SHM_MB = 64;
export const OPEN_FILES = 1024;
export const QUEUED_SIGNALS = 1024;
/** Under memory pressure of the machine, runs go before the node. */
const OOM_SCORE = 500;

/**
 * Files of the kernel that a program has no use for. Many are channels: a neighbour's load shows in them. What
 * numerical libraries read to count processors and memory stays: cpuinfo, meminfo, /sys/devices/system/cpu and the
 * run's own control group.
 */
export const MASKED_PATHS: readonly { why: string; paths: readonly string[] }[] = [
  {
    why: "memory, keys and code of the kernel",
    paths: ["/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/kallsyms", "/proc/kmsg", "/proc/modules"],
  },
  {
    why: "load, wake-ups and memory of the whole machine, hence of neighbours",
    paths: [
      "/proc/stat",
      "/proc/loadavg",
      "/proc/vmstat",
      "/proc/diskstats",
      "/proc/interrupts",
      "/proc/softirqs",
      "/proc/schedstat",
      "/proc/sched_debug",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/proc/latency_stats",
      "/proc/zoneinfo",
      "/proc/buddyinfo",
      "/proc/pressure",
      "/proc/locks",
      "/proc/uptime",
      "/proc/cgroups",
      "/proc/slabinfo",
      "/proc/pagetypeinfo",
      "/proc/sys/fs",
      "/proc/sys/kernel/pty",
      "/sys/devices/system/node",
      "/sys/fs/ext4",
      "/sys/fs/xfs",
      "/sys/fs/btrfs",
      ...processorCounters(),
    ],
  },
  {
    why: "what machine this is",
    paths: [
      "/proc/cmdline",
      "/proc/consoles",
      "/proc/sys/kernel/random",
      "/proc/config.gz",
      "/proc/iomem",
      "/proc/ioports",
      "/proc/mtrr",
      "/proc/partitions",
      "/proc/swaps",
      "/proc/acpi",
      "/proc/asound",
      "/proc/scsi",
      "/proc/driver",
      "/sys/firmware",
      "/sys/kernel",
      "/sys/module",
      "/sys/block",
      "/sys/bus",
      "/sys/class",
      "/sys/dev",
      "/sys/power",
      "/sys/hypervisor",
      "/sys/devices/virtual",
      "/sys/devices/pci0000:00",
    ],
  },
];

/** Readable, never writable, whoever owns them. */
export const READ_ONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Variables by which numerical libraries choose their number of threads. */
const THREAD_VARIABLES = [
  "OMP_NUM_THREADS",
  "OPENBLAS_NUM_THREADS",
  "MKL_NUM_THREADS",
  "NUMEXPR_NUM_THREADS",
  "LOKY_MAX_CPU_COUNT",
];

/** Host folders behind the paths of a container. */
export interface Places {
  data: string;
  work: string;
  out: string;
  tmp: string;
  /** An empty file. */
  resolv: string;
  hosts: string;
  /** Who the program is; it owns /out and /tmp. */
  user: number;
}

/** Text that is not well-formed gets the replacement character: no engine, channel or program takes it as it is. */
export const wellFormed = (text: string): string => Buffer.from(text, "utf8").toString("utf8");

export function environment(spec: RunSpec): string[] {
  const threads = String(Math.max(1, Math.floor(spec.limits.cpus)));
  const own: Record<string, string> = {
    HOME: "/tmp",
    // The run's user has no name in the image.
    USER: "nobody",
    LOGNAME: "nobody",
    TMPDIR: "/tmp",
    LANG: "C.UTF-8",
    TZ: "UTC",
    MPLCONFIGDIR: "/tmp",
    PYTHONDONTWRITEBYTECODE: "1",
    ...Object.fromEntries(THREAD_VARIABLES.map((name) => [name, threads])),
  };
  for (const [name, value] of Object.entries(spec.env)) {
    if (!/^GLOVEBOX_[A-Z0-9_]{1,64}$/.test(name)) throw invalidInput("env", "only GLOVEBOX_* variables");
    if (value.includes("\0")) throw invalidInput("env", "must not hold a NUL");
    own[name] = value;
  }
  return Object.entries(own).map(([name, value]) => `${name}=${wellFormed(value)}`);
}

/** The paths are the node's own (staging); a colon in them would be read as a separator by older engines. */
const bind = (Source: string, Target: string, ReadOnly: boolean): Docker.MountConfig[number] => ({
  Type: "bind",
  Source,
  Target,
  ReadOnly,
  BindOptions: { Propagation: "rprivate" },
});

function mounts(places: Places): Docker.MountConfig {
  return [
    bind(places.data, "/data", true),
    bind(places.work, "/work", true),
    bind(places.out, "/out", false),
    bind(places.tmp, "/tmp", false),
    // The engine would copy the machine's own name servers and names.
    bind(places.resolv, "/etc/resolv.conf", true),
    bind(places.hosts, "/etc/hosts", true),
  ];
}

function ulimits(spec: RunSpec): { Name: string; Soft: number; Hard: number }[] {
  const fixed = (Name: string, value: number) => ({ Name, Soft: value, Hard: value });
  return [
    // Not 0: a program named in kernel.core_pattern gets the core at any limit but this one.
    fixed("core", 1),
    fixed("nofile", OPEN_FILES),
    fixed("fsize", spec.limits.disk_mb * MIB),
    fixed("memlock", 0),
    fixed("msgqueue", 0),
    fixed("rtprio", 0),
    // In a user namespace the kernel counts these for all runs together too: each must meet its own limit first.
    fixed("sigpending", QUEUED_SIGNALS),
    fixed("nice", 0),
  ];
}

/** What this engine can do, found once. */
export interface EngineFeatures {
  init: boolean;
  cgroupVersion: 1 | 2;
  /** Parent of the container's control group, where the engine lets us choose one. */
  cgroupParent?: string;
}

const profile = engineProfile();

/** A field of the engine's that its types lack. */
type HostConfig = Docker.HostConfig & { CgroupnsMode: "private" };

export function hostConfig(spec: RunSpec, places: Places, engine: EngineFeatures): HostConfig {
  const memory = spec.limits.memory_mb * MIB;
  return {
    NetworkMode: "none",
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    CapAdd: [],
    Privileged: false,
    SecurityOpt: ["no-new-privileges:true", `seccomp=${profile}`],
    PidsLimit: spec.limits.pids,
    Memory: memory,
    MemorySwap: memory,
    ...(engine.cgroupVersion === 1 ? { MemorySwappiness: 0 } : {}),
    NanoCpus: Math.round(spec.limits.cpus * 1e9),
    OomScoreAdj: OOM_SCORE,
    ShmSize: Math.min(SHM_MB, spec.limits.disk_mb) * MIB,
    Ulimits: ulimits(spec),
    Mounts: mounts(places),
    LogConfig: { Type: "none", Config: {} },
    Init: engine.init,
    IpcMode: "private",
    CgroupnsMode: "private",
    PidMode: "",
    UTSMode: "",
    ...(engine.cgroupParent ? { CgroupParent: engine.cgroupParent } : {}),
    MaskedPaths: MASKED_PATHS.flatMap(({ paths }) => [...paths]),
    ReadonlyPaths: READ_ONLY_PATHS,
    RestartPolicy: { Name: "no" },
    AutoRemove: false,
  };
}

export interface ContainerSettings extends Docker.ContainerCreateOptions {
  Cmd: string[];
  Env: string[];
  Labels: Record<string, string>;
  HostConfig: HostConfig;
}

export function containerSettings(spec: RunSpec, places: Places, engine: EngineFeatures): ContainerSettings {
  return {
    Image: spec.image.reference,
    Entrypoint: [],
    Cmd: spec.command.map(wellFormed),
    User: `${places.user}:${NOBODY}`,
    WorkingDir: "/work",
    Env: environment(spec),
    Hostname: "glovebox",
    Domainname: "",
    NetworkDisabled: true,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    Tty: false,
    StopSignal: "SIGKILL",
    Healthcheck: { Test: ["NONE"] },
    Labels: { [NODE_LABEL]: spec.node, [RUN_LABEL]: spec.runId },
    HostConfig: hostConfig(spec, places, engine),
  };
}
