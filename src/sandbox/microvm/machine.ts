/**
 * What QEMU is told, and the world that it is put in. Pure.
 *
 * Rules. The machine has a processor, memory, three disks and a line out, and nothing else: no network, no input, no
 * clock to set, no bus to plug into. A guest that breaks out of QEMU is a process of a user of its own, in namespaces
 * of its own, that sees the system's libraries and this run's disks, holds no capability, and has the allow-list of
 * system calls of every confined process of the node; QEMU forbids itself some more (-sandbox).
 */
import {
  FILTER_FD,
  foldersAbove,
  type Ids,
  identity,
  libraryBinds,
  OWNER_MARK,
  UNSHARED,
  type World,
} from "../confinement/arguments.js";

/** In bubblewrap's environment, never in QEMU's: whose run it is, for sweeps. */
export const RUN_MARK = "GLOVEBOX_MICROVM";

export const ACCELERATIONS = ["kvm", "tcg"] as const;
export type Acceleration = (typeof ACCELERATIONS)[number];

export interface Machine {
  acceleration: Acceleration;
  processors: number;
  memoryMb: number;
  /** Speed of the processor's counter in kHz, where the machine is emulated: an emulated timer cannot tell it. */
  ticksKhz?: number;
  kernel: string;
  initrd: string;
  /** Disks, as files on the host. */
  root: string;
  /** Read past the host's page cache, which would tell one run what another has read of the image. */
  rootUncached: boolean;
  input: string;
  exchange: string;
}

export interface Programs {
  qemu: string;
  bwrap: string;
  prlimit: string;
  mkfs: string;
  /** Where the node is root. */
  setpriv?: string;
  /** Folders of QEMU's firmware. */
  firmware: readonly string[];
  system: Pick<World, "libraries" | "files">;
}

const INSIDE = {
  program: "/vm/program",
  setpriv: "/vm/setpriv",
  kernel: "/vm/kernel",
  initrd: "/vm/initrd",
  root: "/vm/root",
  input: "/vm/input",
  exchange: "/vm/exchange",
  data: "/vm/tree/data",
  work: "/vm/tree/work",
} as const;

/** QEMU looks for its firmware beside itself, where it is not. */
const FIRMWARE_FOLDER = "/usr/share/qemu";
/** Translated code; QEMU's own default is a gigabyte. */
const TRANSLATIONS_MB = 64;
/** No pressure counts (psi): they would tell a program how busy its machine is. */
const KERNEL_LINE = "quiet loglevel=0 panic=-1 reboot=t random.trust_cpu=on psi=0";

function disk(name: "root" | "input" | "exchange", uncached: boolean): string[] {
  const readOnly = name === "exchange" ? "off" : "on";
  const options = {
    driver: "raw",
    "node-name": name,
    "read-only": readOnly,
    "cache.direct": uncached ? "on" : "off",
    "file.driver": "file",
    "file.filename": INSIDE[name],
    "file.read-only": readOnly,
    "file.cache.direct": uncached ? "on" : "off",
    "file.locking": "off",
  };
  const list = Object.entries(options).map(([option, value]) => `${option}=${value}`);
  return ["-blockdev", list.join(","), "-device", `virtio-blk-device,drive=${name},serial=${name}`];
}

const kernelLine = ({ ticksKhz }: Machine): string =>
  ticksKhz === undefined ? KERNEL_LINE : `${KERNEL_LINE} tsc_early_khz=${ticksKhz}`;

/** Arguments of QEMU, with paths as it sees them. */
export function qemuArguments(machine: Machine): string[] {
  const emulated = machine.acceleration === "tcg";
  return [
    ...["-machine", "microvm,usb=off,graphics=off"],
    ...["-accel", emulated ? `tcg,tb-size=${TRANSLATIONS_MB}` : "kvm"],
    ...["-cpu", emulated ? "max" : "host"],
    ...["-smp", String(machine.processors), "-m", `${machine.memoryMb}M`],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-L", FIRMWARE_FOLDER],
    ...["-kernel", INSIDE.kernel, "-initrd", INSIDE.initrd, "-append", kernelLine(machine)],
    ...["-chardev", "stdio,id=line,signal=off,mux=off", "-serial", "chardev:line"],
    ...disk("root", machine.rootUncached),
    ...disk("input", false),
    ...disk("exchange", false),
  ];
}

interface Inside {
  programs: Programs;
  ids: Ids;
  program: string;
  binds: readonly { source: string; target: string; mode: "--ro-bind" | "--bind" | "--dev-bind" }[];
  args: readonly string[];
}

/** A world of libraries, a program and what is bound; no /proc, no /tmp, nothing to write but what is bound so. */
function world({ programs, ids, program, binds, args }: Inside): string[] {
  const { flags, become } = identity(ids, programs.setpriv && INSIDE.setpriv);
  const tools = [
    { source: program, target: INSIDE.program, mode: "--ro-bind" as const },
    ...(programs.setpriv
      ? [{ source: programs.setpriv, target: INSIDE.setpriv, mode: "--ro-bind" as const }]
      : []),
  ];
  const all = [...tools, ...binds];
  const targets = [...all.map(({ target }) => target), ...programs.system.files, "/usr/lib"];
  const folders = new Set(targets.flatMap(foldersAbove).filter((path) => !path.startsWith("/dev")));
  return [
    ...UNSHARED,
    ...["--unsetenv", OWNER_MARK, "--unsetenv", RUN_MARK],
    ...flags,
    ...["--seccomp", String(FILTER_FD)],
    ...[...folders].flatMap((path) => ["--dir", path]),
    ...libraryBinds(programs.system),
    ...["--dev", "/dev"],
    ...all.flatMap(({ mode, source, target }) => [mode, source, target]),
    ...["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--"],
    ...become,
    INSIDE.program,
    ...args,
  ];
}

/** Command of a machine, whole: limits, world, QEMU. */
export function machineCommand(programs: Programs, machine: Machine, ids: Ids): string[] {
  const shown = ["kernel", "initrd", "root", "input"] as const;
  const args = world({
    programs,
    ids,
    program: programs.qemu,
    binds: [
      ...programs.firmware.map((path) => ({ source: path, target: path, mode: "--ro-bind" as const })),
      ...shown.map((name) => ({
        source: machine[name],
        target: INSIDE[name],
        mode: "--ro-bind" as const,
      })),
      { source: machine.exchange, target: INSIDE.exchange, mode: "--bind" },
      ...(machine.acceleration === "kvm"
        ? [{ source: "/dev/kvm", target: "/dev/kvm", mode: "--dev-bind" as const }]
        : []),
    ],
    args: qemuArguments(machine),
  });
  const limits = ["--core=1", "--nofile=256", "--memlock=0", "--msgqueue=0", "--rtprio=0", "--nice=0"];
  return [programs.prlimit, ...limits, "--", programs.bwrap, ...args];
}

/** Command that makes the input disk: the program's data and code, as a read-only file system, by a confined tool. */
export function inputCommand(
  programs: Programs,
  folders: { data: string; work: string; disk: string },
  ids: Ids,
): string[] {
  const args = world({
    programs,
    ids,
    program: programs.mkfs,
    binds: [
      { source: folders.data, target: INSIDE.data, mode: "--ro-bind" },
      { source: folders.work, target: INSIDE.work, mode: "--ro-bind" },
      { source: folders.disk, target: INSIDE.input, mode: "--bind" },
    ],
    args: [...EROFS, INSIDE.input, "/vm/tree"],
  });
  return [programs.prlimit, "--core=1", "--nofile=256", "--", programs.bwrap, ...args];
}

/** No compression (a guest that is emulated reads faster than it unpacks), no times, root's. */
export const EROFS: readonly string[] = ["--quiet", "-T", "0", "--all-root", "-x", "-1"];
