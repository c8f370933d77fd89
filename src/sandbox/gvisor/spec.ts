/**
 * What runsc is told of a run, as one pure function: the counterpart of docker/settings.ts. The kernel that serves the
 * program is gVisor's own; of the machine it is given these folders and nothing else.
 */
import { environment, OPEN_FILES, type Places, QUEUED_SIGNALS, SHM_MB } from "../docker/settings.js";
import type { RunSpec } from "../executor.js";
import { engineProfile } from "../seccomp/docker.js";
import { NOBODY } from "../staging.js";
import type { RootFolder } from "./rootfs.js";

const MIB = 1024 * 1024;
const ALLOW = "SCMP_ACT_ALLOW";

interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

const bind = (source: string, destination: string, mode: "ro" | "rw"): Mount => ({
  destination,
  type: "bind",
  source,
  options: [mode, "bind", "nosuid", "nodev", ...(mode === "rw" ? ["noexec"] : [])],
});

const rlimit = (name: string, value: number) => ({ type: `RLIMIT_${name}`, soft: value, hard: value });

/**
 * gVisor says of this one itself that it does not exist (ENOSYS), which libraries understand. Its filter says EPERM
 * whatever it is told, and threads would not start.
 */
const UNHEARD_OF = ["clone3"];

/** Names under which runsc of 2022 knows calls; what it does not know it leaves out of the list, hence refuses. */
const OTHER_NAMES: Readonly<Record<string, string>> = { pselect6: "pselect" };

/** The profile of level `container` in the runtime's own words. */
function seccomp() {
  const { archMap: _, ...rest } = JSON.parse(engineProfile()) as { archMap: unknown; syscalls: Rule[] };
  const allowed = rest.syscalls.filter(({ action }) => action === ALLOW);
  return {
    ...rest,
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [
      ...allowed.map(({ names, action, args }) => ({
        names: names.flatMap((name) => [name, ...(OTHER_NAMES[name] ? [OTHER_NAMES[name]] : [])]),
        action,
        args,
      })),
      { names: UNHEARD_OF, action: ALLOW, args: [] },
    ],
  };
}
interface Rule {
  names: string[];
  action: string;
  args: unknown[];
}

const profile = seccomp();

/** Ours come after the image's, and each name stands once. */
const mergedEnvironment = (image: readonly string[], own: readonly string[]): string[] => [
  ...new Map([...image, ...own].map((line) => [line.split("=", 1)[0], line])).values(),
];

export function runtimeSpec(spec: RunSpec, places: Places, root: RootFolder) {
  const { limits } = spec;
  const nothing: string[] = [];
  return {
    ociVersion: "1.0.2",
    hostname: "glovebox",
    root: { path: root.path, readonly: true },
    process: {
      terminal: false,
      user: { uid: places.user, gid: NOBODY },
      args: [...root.init, ...spec.command],
      env: mergedEnvironment(root.env, environment(spec)),
      cwd: "/work",
      capabilities: {
        bounding: nothing,
        effective: nothing,
        inheritable: nothing,
        permitted: nothing,
        ambient: nothing,
      },
      rlimits: [
        rlimit("CORE", 1),
        rlimit("NOFILE", OPEN_FILES),
        rlimit("FSIZE", limits.disk_mb * MIB),
        rlimit("MEMLOCK", 0),
        rlimit("MSGQUEUE", 0),
        rlimit("RTPRIO", 0),
        rlimit("NICE", 0),
        rlimit("NPROC", limits.pids),
        rlimit("SIGPENDING", QUEUED_SIGNALS),
      ],
      noNewPrivileges: true,
    },
    mounts: [
      { destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "nodev", "noexec"] },
      bind(places.data, "/data", "ro"),
      bind(places.work, "/work", "ro"),
      bind(places.out, "/out", "rw"),
      bind(places.tmp, "/tmp", "rw"),
      {
        destination: "/dev/shm",
        type: "tmpfs",
        source: "shm",
        options: ["nosuid", "nodev", "noexec", "mode=1777", `size=${Math.min(SHM_MB, limits.disk_mb)}m`],
      },
    ],
    linux: {
      namespaces: ["pid", "network", "ipc", "uts", "mount"].map((type) => ({ type })),
      seccomp: profile,
    },
  };
}
