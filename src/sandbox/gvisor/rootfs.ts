/**
 * The image as a folder, which is what runsc takes: unpacked once from the engine, kept by its layers.
 *
 * Rules. Root's alone; runs read it through a mount that is read-only, in a process that has no other file. It is
 * unpacked beside and put in place whole, so a folder that is there is complete; what a killed process left beside is
 * removed by the next one. Two images with the same layers are one folder.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { chmod, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import Docker from "dockerode";
import { findProgram } from "../confinement/spawn.js";
import { machineHome } from "../engine.js";
import type { ImageRef } from "../executor.js";
import { ownerAlive, ownerTag } from "../owner.js";

/** Places that runs have something mounted on, and that an image need not have. */
const MOUNT_POINTS = ["data", "work", "out", "tmp", "proc", "sys", "dev"];
const HOSTS = "127.0.0.1 localhost glovebox\n::1 localhost\n";
const PART = ".part-";
/** The engine's own init, static, at the path where the engine mounts it too. */
const INIT = "/sbin/docker-init";

export const rootfsHome = (env: NodeJS.ProcessEnv = process.env): string =>
  join(machineHome(env), "gvisor", "rootfs");

const nameOf = ({ layers }: ImageRef): string =>
  createHash("sha256").update(layers.join("\n")).digest("hex").slice(0, 32);

export interface RootFolder {
  path: string;
  /** What the image sets for every program, NAME=value. */
  env: readonly string[];
  /** What a command is started with, so that it is not the first process, to which signals mean other things. */
  init: readonly string[];
}

export interface RootFolders {
  /** The image's folder, unpacked if it is not there yet. */
  of(image: ImageRef): Promise<RootFolder>;
}

export function openRootFolders(socketPath: string, home = rootfsHome()): RootFolders {
  const docker = new Docker({ socketPath });
  const known = new Map<string, Promise<RootFolder>>();
  return {
    of: (image) => {
      const { reference } = image;
      const coming = known.get(reference) ?? find(docker, image, home);
      known.set(reference, coming);
      // A failure is not remembered.
      coming.catch(() => known.delete(reference));
      return coming;
    },
  };
}

async function find(docker: Docker, image: ImageRef, home: string): Promise<RootFolder> {
  const path = join(home, nameOf(image));
  const { Config } = await docker.getImage(image.reference).inspect();
  if (!existsSync(path)) await unpack(docker, image, home, path);
  const init = existsSync(join(path, INIT)) ? [INIT, "--"] : [];
  return { path, env: Config.Env ?? [], init };
}

async function unpack(docker: Docker, image: ImageRef, home: string, path: string): Promise<void> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  await removeParts(home);
  const part = join(home, `${PART}${ownerTag()}-${nameOf(image)}`);
  await mkdir(part, { mode: 0o755 });
  try {
    await fill(docker, image, part);
    renameSync(part, path);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    // Another process was quicker.
    if (!existsSync(path)) throw error;
  }
}

async function fill(docker: Docker, image: ImageRef, folder: string): Promise<void> {
  // Never started: a container is how an engine shows an image's files.
  const container = await docker.createContainer({
    Image: image.reference,
    Cmd: ["true"],
    NetworkDisabled: true,
  });
  try {
    const tar = spawn("tar", ["--extract", "--numeric-owner", "--same-permissions", "--directory", folder], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = once(tar, "close");
    await pipeline(await container.export(), tar.stdin);
    const [code] = await ended;
    if (code !== 0) throw new Error("the image could not be unpacked");
  } finally {
    await container.remove({ force: true });
  }
  await rm(join(folder, ".dockerenv"), { force: true });
  await Promise.all(MOUNT_POINTS.map((name) => mkdir(join(folder, name), { recursive: true })));
  await writeFile(join(folder, "etc", "hosts"), HOSTS, { mode: 0o644 });
  await rm(join(folder, "etc", "resolv.conf"), { force: true });
  await writeFile(join(folder, "etc", "resolv.conf"), "", { mode: 0o644 });
  const init = findProgram("docker-init");
  if (init) {
    await copyFile(init, join(folder, INIT));
    await chmod(join(folder, INIT), 0o755);
  }
}

/** Of processes that died while unpacking: ".part-<pid>-<start>-<name>". */
async function removeParts(home: string): Promise<void> {
  for (const entry of readdirSync(home)) {
    if (!entry.startsWith(PART)) continue;
    const owner = entry.slice(PART.length).split("-").slice(0, 2).join("-");
    if (!ownerAlive(owner)) await rm(join(home, entry), { recursive: true, force: true });
  }
}
