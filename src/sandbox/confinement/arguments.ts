/**
 * The world of a confined helper process: what bubblewrap is told. Pure.
 *
 * Rules. It sees /usr/lib, the node binary, this package's code and its dependencies, all read-only, plus what the
 * caller binds; never the data folder, /root, a shell or another program. It has a private /tmp in memory and
 * nothing else to write to. Every namespace is its own, every capability gone, its uid is nobody's both inside
 * and, where the node is root, outside: a uid that only looks like nobody could still write the sysctls of root
 * through /proc (kernel.core_pattern among them).
 */

/** A variable of bubblewrap's own that says who started it; the program in it does not have it. */
export const OWNER_MARK = "GLOVEBOX_CONFINED_BY";

export type ConfinementProfile = "engine" | "checker";

export interface Bind {
  source: string;
  target: string;
  writable?: boolean;
}

export interface World {
  /** The package's root on the host. */
  packageRoot: string;
  /** Node's binary, links resolved. */
  node: string;
  /** setpriv's, where the node runs as root. */
  setpriv?: string;
  /** Folders of the system's libraries, and links at the root that lead to them. */
  libraries: { path: string; linkTo?: string }[];
  /** Single files of the system, such as the loader's cache. */
  files: string[];
}

export interface Confined {
  profile: ConfinementProfile;
  entry: string;
  args: readonly string[];
  binds: readonly Bind[];
  memoryMb: number;
  cpuSeconds?: number;
  tmpMb: number;
}

/** Where the package lies inside. */
export const INSIDE = "/glovebox";
const NODE_INSIDE = "/bin/node";
const SETPRIV_INSIDE = "/bin/setpriv";
export const NOBODY_ID = 65534;

/** File descriptors of the child that carry the filter and the handshake. */
export const FILTER_FD = 3;
export const INFO_FD = 4;
export const BLOCK_FD = 5;

interface ProfileLimits {
  processes: number;
  files: number;
  /** Largest file it may write, in MiB, within /tmp and its binds. */
  fileMb: number;
  cpuSeconds: number;
  /** V8's share of the memory: engines keep data outside the JavaScript heap, checkers inside. */
  heapShare: number;
}
export const PROFILE_LIMITS: Record<ConfinementProfile, ProfileLimits> = {
  engine: { processes: 128, files: 1024, fileMb: 65_536, cpuSeconds: 3600, heapShare: 0.5 },
  checker: { processes: 48, files: 64, fileMb: 256, cpuSeconds: 120, heapShare: 0.75 },
};

/** Memory that V8 and its threads reserve as writable without using it: RLIMIT_DATA counts it, a control group does not. */
const RESERVED_MB = 512;

/** Arguments of prlimit(1). RLIMIT_AS is no use: V8 reserves address space by the gigabyte. */
export function limitArguments(confined: Confined): string[] {
  const limits = PROFILE_LIMITS[confined.profile];
  const mb = (n: number): number => Math.ceil(n) * 1024 * 1024;
  return [
    `--data=${mb(confined.memoryMb + RESERVED_MB)}`,
    `--nproc=${limits.processes}`,
    `--nofile=${limits.files}`,
    `--fsize=${mb(limits.fileMb)}`,
    `--cpu=${Math.ceil(confined.cpuSeconds ?? limits.cpuSeconds)}`,
    // Not 0: a program named in kernel.core_pattern gets the core at any limit but this one.
    "--core=1",
    "--memlock=0",
    "--msgqueue=0",
    "--rtprio=0",
    "--nice=0",
  ];
}

/** Folders above a path, outermost first: bubblewrap would make them itself, but for root's eyes only. */
export function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join("/")}`);
}

function systemBinds(world: World): string[] {
  const binds = libraryBinds(world);
  binds.push("--ro-bind", world.node, NODE_INSIDE);
  if (world.setpriv) binds.push("--ro-bind", world.setpriv, SETPRIV_INSIDE);
  for (const part of ["package.json", "dist", "node_modules"]) {
    binds.push("--ro-bind", `${world.packageRoot}/${part}`, `${INSIDE}/${part}`);
  }
  return binds;
}

function foldersToMake(world: World, confined: Confined): string[] {
  const targets = ["/usr/lib", NODE_INSIDE, `${INSIDE}/dist`, ...world.files];
  const bound = confined.binds.map(({ target }) => target).filter((target) => !target.startsWith("/tmp/"));
  return [...new Set([...targets, ...bound].flatMap(foldersAbove))];
}

/** A path of the package, as the child sees it. */
export function insidePackage(world: World, path: string): string {
  const root = `${world.packageRoot}/dist/`;
  if (!path.startsWith(root)) throw new Error("confinement: the entry must lie in the package's dist folder");
  return `${INSIDE}/dist/${path.slice(root.length)}`;
}

/** Who a confined process is, inside and outside. */
export interface Ids {
  user: number;
  group: number;
}

/**
 * With `setpriv` (its path inside) bubblewrap begins as root of an otherwise empty user namespace in which the ids are
 * the machine's, and the last step before the program becomes them for good. Without (an unprivileged node), bubblewrap
 * maps the node's own uid.
 */
export function identity(
  ids: Ids,
  setpriv: string | undefined,
): { flags: readonly string[]; become: readonly string[] } {
  if (setpriv === undefined) {
    return {
      flags: ["--uid", String(ids.user), "--gid", String(ids.group), "--cap-drop", "ALL"],
      become: [],
    };
  }
  const keep = ["CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"].flatMap((name) => ["--cap-add", name]);
  return {
    flags: [
      "--info-fd",
      String(INFO_FD),
      "--userns-block-fd",
      String(BLOCK_FD),
      "--cap-drop",
      "ALL",
      ...keep,
    ],
    become: [
      setpriv,
      `--reuid=${ids.user}`,
      `--regid=${ids.group}`,
      "--clear-groups",
      "--bounding-set=-all",
      "--inh-caps=-all",
      "--no-new-privs",
      "--",
    ],
  };
}

/** Namespaces of its own, every one, and an end with the node's. */
export const UNSHARED: readonly string[] = [
  "--unshare-user",
  "--unshare-pid",
  "--unshare-net",
  "--unshare-ipc",
  "--unshare-uts",
  "--unshare-cgroup-try",
  "--hostname",
  "glovebox",
  "--die-with-parent",
  "--new-session",
];

/** Arguments that show the system's libraries. */
export const libraryBinds = ({ libraries, files }: Pick<World, "libraries" | "files">): string[] => [
  ...["--ro-bind", "/usr/lib", "/usr/lib"],
  ...libraries.flatMap(({ path, linkTo }) =>
    linkTo ? ["--symlink", linkTo, path] : ["--ro-bind", path, path],
  ),
  ...files.flatMap((file) => ["--ro-bind", file, file]),
];

function nodeFlags(confined: Confined): string[] {
  const heap = Math.max(48, Math.floor(confined.memoryMb * PROFILE_LIMITS[confined.profile].heapShare));
  return [`--max-old-space-size=${heap}`, "--no-addons", "--disallow-code-generation-from-strings"].filter(
    (flag) => flag !== "--no-addons" || confined.profile === "checker",
  );
}

/** Arguments of bwrap(1), program included. */
export function bubblewrapArguments(world: World, confined: Confined): string[] {
  const nobody = { user: NOBODY_ID, group: NOBODY_ID };
  const { flags, become } = identity(nobody, world.setpriv && SETPRIV_INSIDE);
  return [
    ...UNSHARED,
    ...["--unsetenv", OWNER_MARK],
    ...flags,
    ...["--seccomp", String(FILTER_FD)],
    ...foldersToMake(world, confined).flatMap((path) => ["--dir", path]),
    ...systemBinds(world),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...["--perms", "1777", "--size", String(Math.ceil(confined.tmpMb) * 1024 * 1024), "--tmpfs", "/tmp"],
    ...confined.binds.flatMap(({ source, target, writable }) => [
      writable ? "--bind" : "--ro-bind",
      source,
      target,
    ]),
    ...["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"],
    ...["--chdir", "/tmp", "--"],
    ...become,
    NODE_INSIDE,
    ...nodeFlags(confined),
    insidePackage(world, confined.entry),
    ...confined.args,
  ];
}

/** The whole environment of a confined process. */
export function confinedEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { HOME: "/tmp", TMPDIR: "/tmp", LANG: "C.UTF-8", TZ: "UTC", NODE_ENV: "production", ...extra };
}
