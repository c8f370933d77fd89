/**
 * What isolation level `microvm` stands on: QEMU and mkfs.erofs from Debian, Debian's cloud kernel, unpacked and never
 * installed, and an initial file system that holds the guest's init and the kernel's modules, and nothing else.
 *
 * Rules
 * - On request only: `npm run setup -- --need microvm`. x86-64 Debian; elsewhere the check says so.
 * - The kernel comes from the machine's package sources, which sign it; nothing is fetched from anywhere else.
 * - Made in a folder beside, put in place whole, under a lock; the stamp says from what it was made.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandFailed, capture, findProgram } from "./command.mjs";
import { writeCpio } from "./cpio.mjs";
import { installCommand } from "./debian.mjs";
import { folderDigest } from "./digest.mjs";
import { gloveboxHome, packageRoot, privateDir } from "./home.mjs";
import { withLock } from "./lock.mjs";

/** Debian's kernel for virtual machines; it depends on the newest one, by version. */
const KERNEL = "linux-image-cloud-amd64";
/** What the guest loads, in this order: its bus, its disks, the image's file system. */
const MODULES = ["virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "libcrc32c", "erofs"];
/** Programs in C, each a folder: the guest's init, and the clock that says how fast the machine's counter runs. */
const SOURCES = { init: "guest", ticks: "ticks" };

/** By program: the package that brings it. */
const PROGRAMS = {
  "qemu-system-x86_64": "qemu-system-x86",
  "mkfs.erofs": "erofs-utils",
  gcc: "gcc",
  bwrap: "bubblewrap",
};
const STATIC_LIBRARY = "/usr/lib/x86_64-linux-gnu/libc.a";

/** Where the guest lies; src/sandbox/microvm/home.ts finds it by the same rule. */
export function microvmPaths(env = process.env) {
  const home = join(gloveboxHome(env), "microvm");
  const guest = join(home, "guest");
  return { home, guest, stamp: join(guest, "stamp"), lock: join(home, "lock"), build: join(home, "build") };
}

/** A package without sources has them beside what was compiled from the others. @param {string} name */
function sourceFolder(name) {
  const folders = ["src", "dist"].map((root) => join(packageRoot, root, "sandbox", "microvm", name));
  return folders.find((folder) => existsSync(folder)) ?? "";
}

/** What the guest is made from, but for the kernel, which the package source decides. */
const guestDigest = () =>
  `${Object.values(SOURCES)
    .map((name) => folderDigest(sourceFolder(name)))
    .join(" ")} ${MODULES.join(",")}\n`;

/** @returns {Promise<import("./checks.mjs").CheckResult>} */
export async function lookMicrovm() {
  if (process.platform !== "linux" || process.arch !== "x64")
    return { ok: false, detail: "this level needs an x86-64 machine", fix: "add a worker on such a machine" };
  const packages = Object.entries(PROGRAMS).flatMap(([name, from]) => (findProgram(name) ? [] : [from]));
  if (!existsSync(STATIC_LIBRARY)) packages.push("libc6-dev");
  const fix = "npm run setup -- --need microvm (as root)";
  if (packages.length > 0)
    return {
      ok: false,
      detail: `missing: ${packages.join(", ")}`,
      fix: `${fix}, or ${installCommand(packages)}`,
      packages,
    };
  const { guest, stamp } = microvmPaths();
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== guestDigest())
    return { ok: false, detail: "the guest's kernel and init are not built, or of another version", fix };
  return {
    ok: true,
    detail: `QEMU, and Linux ${readFileSync(join(guest, "version"), "utf8").trim()} for guests`,
  };
}

/** Builds the guest unless it is current. Returns whether it built. */
export async function ensureGuest(env = process.env) {
  const paths = microvmPaths(env);
  privateDir(dirname(paths.home));
  privateDir(paths.home);
  return withLock(paths.lock, async () => {
    const digest = guestDigest();
    if (existsSync(paths.stamp) && readFileSync(paths.stamp, "utf8") === digest) return false;
    rmSync(paths.build, { recursive: true, force: true });
    try {
      await buildGuest(paths, digest);
    } finally {
      rmSync(paths.build, { recursive: true, force: true });
    }
    return true;
  });
}

/** @param {ReturnType<typeof microvmPaths>} paths @param {string} digest */
async function buildGuest({ build, guest }, digest) {
  const made = join(build, "guest");
  mkdirSync(made, { recursive: true, mode: 0o755 });
  const { kernel, modules, version } = await unpackKernel(build);
  await compile(SOURCES.init, join(build, "init"));
  await compile(SOURCES.ticks, join(made, "ticks"));
  const files = [
    { name: "init", mode: 0o755, content: readFileSync(join(build, "init")) },
    ...MODULES.map((name, at) => ({
      name: `modules/${at}.ko`,
      mode: 0o644,
      content: readFileSync(findModule(modules, name)),
    })),
  ];
  writeFileSync(join(made, "initrd"), writeCpio(files), { mode: 0o644 });
  writeFileSync(join(made, "kernel"), readFileSync(kernel), { mode: 0o644 });
  writeFileSync(join(made, "version"), `${version}\n`, { mode: 0o644 });
  writeFileSync(join(made, "stamp"), digest, { mode: 0o644 });
  rmSync(guest, { recursive: true, force: true });
  renameSync(made, guest);
}

/** @param {string} program @param {string[]} args @param {string} [cwd] */
async function run(program, args, cwd) {
  const { code, output } = await capture(program, args, { cwd, timeoutMs: 600_000 });
  if (code !== 0) throw new CommandFailed(program, output);
  return output;
}

/** Downloads Debian's newest cloud kernel and unpacks it below `build`. @param {string} build */
async function unpackKernel(build) {
  // A machine whose lists are old or gone has no such package, or not the newest.
  await capture("apt-get", ["update", "-q"], { timeoutMs: 600_000 });
  const depends = await run("apt-cache", ["depends", KERNEL]);
  const name = /Depends:\s+(linux-image-\S+)/.exec(depends)?.[1];
  if (!name) throw new Error(`no package source here has ${KERNEL}`);
  await run("apt-get", ["download", "-q", "-o", "APT::Sandbox::User=root", name], build);
  const archive = readdirSync(build).find((file) => file.endsWith(".deb"));
  if (!archive) throw new CommandFailed("apt-get download", name);
  const root = join(build, "kernel");
  await run("dpkg-deb", ["-x", join(build, archive), root]);
  const version = name.replace(/^linux-image-/, "");
  return {
    version,
    kernel: join(root, "boot", `vmlinuz-${version}`),
    modules: join(root, "lib/modules", version),
  };
}

/** @param {string} folder @param {string} name @returns {string} */
function findModule(folder, name) {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const found = files.find((file) => file.endsWith(`/${name}.ko`));
  if (!found) throw new Error(`the kernel has no module ${name} of the expected kind`);
  return join(folder, found);
}

/** Static, so that the initial file system holds nothing else. @param {string} name @param {string} to */
async function compile(name, to) {
  const folder = sourceFolder(name);
  const files = readdirSync(folder).filter((file) => file.endsWith(".c"));
  const flags = ["-static", "-O2", "-Wall", "-Wextra", "-Werror", "-fstack-protector-strong"];
  await run("gcc", [...flags, "-o", to, ...files.sort().map((file) => join(folder, file))]);
}
