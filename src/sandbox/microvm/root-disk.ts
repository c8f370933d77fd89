/**
 * The image's root file system as a read-only disk, made once for every image and kept by what is in it.
 *
 * Rules. Its name is the digest of the image's layers and of how it is made, so that no run gets another's image; it
 * appears whole or not at all, however many processes make it at once. It holds no data: an image never does.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import type { ImageRef } from "../executor.js";
import { ownerAlive, ownerTag } from "../owner.js";
import { EROFS } from "./machine.js";

const run = promisify(execFile);

/** How it is made: part of its name. */
const FORMAT = "erofs 1";
const SUFFIX = ".erofs";
/** Kept beside the one in use; an image is near a gigabyte. */
const KEEP = 4;
/** What the guest mounts on; an image need not have them. */
const FOLDERS = ["data", "work", "out", "tmp", "proc", "sys", "dev", "etc"];
const FILES = ["etc/hosts", "etc/resolv.conf"];
const OWNER_LABEL = "glovebox.export";

export const rootName = ({ layers }: Pick<ImageRef, "layers">): string =>
  `${createHash("sha256")
    .update(JSON.stringify([FORMAT, EROFS, layers]))
    .digest("hex")}${SUFFIX}`;

/** Whether the file system that it lies on lets it be read past the page cache. */
export function canReadUncached(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}

const making = new Map<string, Promise<string>>();

/** Path of the image's disk; makes it where it is not there, which takes the time of writing the image twice. */
export async function rootDisk(docker: Docker, image: ImageRef, folder: string): Promise<string> {
  const path = join(folder, rootName(image));
  if (existsSync(path)) {
    utimesSync(path, new Date(), new Date());
    return path;
  }
  let made = making.get(path);
  if (!made) {
    made = make(docker, image, folder, path).finally(() => making.delete(path));
    making.set(path, made);
  }
  return made;
}

async function make(docker: Docker, image: ImageRef, folder: string, path: string): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await sweepDrafts(docker, folder);
  const draft = await mkdtemp(join(folder, `.${ownerTag()}-`));
  try {
    const [tree, disk] = [join(draft, "tree"), join(draft, "disk")];
    await mkdir(tree);
    await unpack(docker, image, tree);
    for (const name of FOLDERS) await mkdir(join(tree, name), { recursive: true });
    for (const name of FILES) await (await open(join(tree, name), "a", 0o644)).close();
    await run("mkfs.erofs", [...EROFS, disk, tree]);
    await flush(disk);
    // QEMU reads it as a user of its own.
    chmodSync(disk, 0o444);
    renameSync(disk, path);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  prune(folder, path);
  return path;
}

async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.sync();
  await file.close();
}

/** A container that is never started is the engine's way to an image's files, all layers laid over each other. */
async function unpack(docker: Docker, image: ImageRef, tree: string): Promise<void> {
  const container = await docker.createContainer({
    Image: image.reference,
    Cmd: ["none"],
    NetworkDisabled: true,
    Labels: { [OWNER_LABEL]: ownerTag() ?? "" },
  });
  try {
    const archive = await container.export();
    const tar: ChildProcess = spawn("tar", ["-x", "--numeric-owner", "-C", tree], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = once(tar, "exit");
    await pipeline(archive, tar.stdin!);
    const [code] = await ended;
    if (code !== 0) throw new Error("the image could not be unpacked");
  } finally {
    await container.remove({ force: true });
  }
}

/** What killed processes left half made. */
async function sweepDrafts(docker: Docker, folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(".")) continue;
    if (!ownerAlive(name.slice(1).split("-").slice(0, 2).join("-")))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
  const exports = await docker.listContainers({ all: true, filters: { label: [OWNER_LABEL] } });
  for (const { Id, Labels } of exports)
    if (!ownerAlive(Labels[OWNER_LABEL] ?? "")) await docker.getContainer(Id).remove({ force: true });
}

/** A machine that runs keeps its disk, name or no name. */
function prune(folder: string, made: string): void {
  const age = (path: string): number => statSync(path).mtimeMs;
  const others = readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX) && !name.startsWith("."))
    .map((name) => join(folder, name))
    .filter((path) => path !== made)
    .sort((a, b) => age(b) - age(a));
  for (const path of others.slice(KEEP)) rmSync(path, { force: true });
}
