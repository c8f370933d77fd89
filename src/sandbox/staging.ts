/**
 * Staging: the only place where plaintext lies as files, for the length of one run or one import.
 *
 * Rules. It is memory, never a disk: a tmpfs that does not swap where the kernel has it (6.4), else ramfs, else a
 * tmpfs that could reach a swap device. It is a mount of one process, in a folder only its user enters, and every
 * folder in it is wiped by its maker. What a killed process left is unmounted by the next `sweep`, which the next
 * opening of the same root runs.
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { totalmem, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { GloveboxError } from "../vocabulary/index.js";
import { type MemoryKind, mountMemorySync, unmount, unmountSync } from "./mounts.js";
import { ownerAlive, ownerTag } from "./owner.js";

/** uid and gid of everything confined: nobody. */
export const NOBODY = 65534;
const TMPFS_MAGIC = 0x01021994;

export interface StagedDir {
  readonly path: string;
  /** Removes it with all it holds. Any number of times. */
  wipe(): Promise<void>;
}

export interface Staging {
  /** Folder of this process's mount. */
  readonly path: string;
  /** What keeps it; "tmpfs" may reach swap, and `doctor` says so. */
  readonly kind: MemoryKind;
  /** A new empty folder that the node and confined code (uid 65534) may use, and nobody else. */
  dir(label: string): Promise<StagedDir>;
  /** Removes what dead processes left under the same root. */
  sweep(): Promise<void>;
  /** Unmounts; everything in it is gone. */
  close(): Promise<void>;
}

export interface StagingOptions {
  /** At most so much memory; half of the machine's by default. */
  bytes?: number;
}

/**
 * Where staging mounts lie unless the caller says otherwise: one folder a user. The engine must see the same mounts
 * under the same path, which a node that is itself a container arranges by GLOVEBOX_STAGING_DIR and a shared mount.
 */
export function defaultStagingRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.GLOVEBOX_STAGING_DIR) return resolve(env.GLOVEBOX_STAGING_DIR);
  const { uid } = userInfo();
  return uid === 0 ? "/run/glovebox/staging" : `/dev/shm/glovebox-${uid}`;
}

function openMount(root: string, options: StagingOptions): { path: string; kind: MemoryKind } {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  chmodSync(root, 0o700);
  const path = mkdtempSync(join(root, `${ownerTag()}-`));
  if (process.getuid?.() !== 0) {
    if (statfsSync(path).type === TMPFS_MAGIC) return { path, kind: "tmpfs" };
    rmSync(path, { recursive: true, force: true });
    throw new GloveboxError("engine_unavailable", {
      detail: "staging needs root, or a folder on a memory-backed file system",
    });
  }
  const bytes = options.bytes ?? Math.floor(totalmem() / 2);
  return { path, kind: mountMemorySync(path, { mode: "0700", bytes }) };
}

/** The process that made a mount: "<pid>-<start>-<random>". */
const ownerOf = (entry: string): string => entry.split("-").slice(0, 2).join("-");

async function sweepRoot(root: string): Promise<void> {
  for (const entry of readdirSync(root)) {
    if (ownerAlive(ownerOf(entry))) continue;
    const path = join(root, entry);
    await unmount(path);
    await rm(path, { recursive: true, force: true });
  }
}

function sweepRootSync(root: string): void {
  for (const entry of readdirSync(root)) {
    if (ownerAlive(ownerOf(entry))) continue;
    const path = join(root, entry);
    unmountSync(path);
    rmSync(path, { recursive: true, force: true });
  }
}

async function stagedDir(base: string, label: string): Promise<StagedDir> {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(label)) throw new Error("staging: a label is a plain word");
  const path = await mkdtemp(join(base, `${label}-`));
  if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
  return {
    path,
    wipe: async () => {
      await unmount(path);
      await rm(path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Opens this process's staging and removes what dead ones left. */
export function openStaging(root: string = defaultStagingRoot(), options: StagingOptions = {}): Staging {
  const { path, kind } = openMount(root, options);
  sweepRootSync(root);
  return {
    path,
    kind,
    dir: (label) => stagedDir(path, label),
    sweep: () => sweepRoot(root),
    close: async () => {
      await unmount(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}
