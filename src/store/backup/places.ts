/** Where a backup lies: a folder, or a tar file. Both are written under names that tell an unfinished one apart. */
import { createReadStream, createWriteStream, existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { GloveboxError } from "../../vocabulary/index.js";
import { syncDirectory } from "../durable.js";
import { isContentName, MANIFEST_FILE, notABackup, SUMS_FILE } from "./form.js";

export interface BackupWriter {
  add(name: string, bytes: number, content: Readable): Promise<void>;
  /** Everything is on the disk after it. */
  finish(): Promise<void>;
  /** Leaves nothing. */
  abandon(): Promise<void>;
}

export const isTarName = (path: string): boolean => path.endsWith(".tar");

const occupied = (path: string) =>
  new GloveboxError("state_conflict", {
    detail: `${path} is there already and not empty; name another place`,
  });

/** @throws state_conflict when there is something at `target`. */
export function openWriter(target: string): BackupWriter {
  return isTarName(target) ? new TarWriter(resolve(target)) : new FolderWriter(resolve(target));
}

async function writeFile(path: string, content: Readable): Promise<void> {
  await pipeline(content, createWriteStream(path, { flags: "wx", mode: 0o600, flush: true }));
}

class FolderWriter implements BackupWriter {
  private readonly folders = new Set<string>();
  private readonly made: boolean;

  constructor(private readonly root: string) {
    this.made = !existsSync(root);
    if (!this.made && readdirSync(root).length > 0) throw occupied(root);
    mkdirSync(root, { recursive: true, mode: 0o700 });
  }

  async add(name: string, _bytes: number, content: Readable): Promise<void> {
    const path = join(this.root, name);
    const folder = dirname(path);
    if (!this.folders.has(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.folders.add(folder);
    await writeFile(path, content);
  }

  async finish(): Promise<void> {
    for (const folder of [...this.folders, join(this.root, "vault"), this.root])
      if (existsSync(folder)) syncDirectory(folder);
    syncDirectory(dirname(this.root));
  }

  async abandon(): Promise<void> {
    if (this.made) return rm(this.root, { recursive: true, force: true });
    for (const name of readdirSync(this.root))
      await rm(join(this.root, name), { recursive: true, force: true });
  }
}

class TarWriter implements BackupWriter {
  private readonly pack = pack();
  private readonly draft: string;
  private readonly written: Promise<void>;

  constructor(private readonly file: string) {
    if (existsSync(file)) throw occupied(file);
    this.draft = `${file}.part`;
    mkdirSync(dirname(file), { recursive: true });
    this.written = pipeline(this.pack, createWriteStream(this.draft, { mode: 0o600, flush: true }));
    this.written.catch(() => {});
  }

  async add(name: string, bytes: number, content: Readable): Promise<void> {
    const entry = this.pack.entry({ name, size: bytes, mode: 0o600, mtime: new Date(0) });
    // A full disk ends the file, not the entry: whichever comes first.
    await Promise.race([pipeline(content, entry), this.written.then(() => {})]);
  }

  async finish(): Promise<void> {
    this.pack.finalize();
    await this.written;
    await rename(this.draft, this.file);
    syncDirectory(dirname(this.file));
  }

  async abandon(): Promise<void> {
    this.pack.destroy();
    await this.written.catch(() => {});
    await rm(this.draft, { force: true });
  }
}

export interface BackupEntry {
  name: string;
  open(): AsyncIterable<Buffer>;
}

const isKnown = (name: string) => isContentName(name) || name === SUMS_FILE || name === MANIFEST_FILE;

/** Every file of a backup, once; each must be read before the next is asked for. @throws state_conflict */
export async function* readEntries(source: string): AsyncIterable<BackupEntry> {
  const info = lstatSync(source, { throwIfNoEntry: false });
  if (!info) throw new GloveboxError("not_found", { detail: `there is no backup at ${source}` });
  const seen = new Set<string>();
  for await (const entry of info.isDirectory() ? folderEntries(source, source) : tarEntries(source)) {
    if (!isKnown(entry.name)) throw notABackup("it holds a file that belongs to none");
    if (seen.has(entry.name)) throw notABackup("it holds a file twice");
    seen.add(entry.name);
    yield entry;
  }
}

async function* folderEntries(root: string, folder: string): AsyncIterable<BackupEntry> {
  for (const item of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, item.name);
    if (item.isDirectory()) yield* folderEntries(root, path);
    else if (!item.isFile()) throw notABackup("it holds something else than files and folders");
    else yield { name: relative(root, path), open: () => createReadStream(path) };
  }
}

async function* tarEntries(file: string): AsyncIterable<BackupEntry> {
  const entries = extract();
  const reading = pipeline(createReadStream(file), entries).catch((error: Error) => entries.destroy(error));
  try {
    for await (const entry of entries) {
      if (entry.header.type === "directory") entry.resume();
      else if (entry.header.type !== "file")
        throw notABackup("it holds something else than files and folders");
      else
        yield {
          name: entry.header.name.replace(/^\.\//, ""),
          open: () => legible(entry as AsyncIterable<Buffer>),
        };
    }
  } catch (error) {
    if (error instanceof GloveboxError) throw error;
    throw cutTar(error);
  } finally {
    await reading;
  }
}

const cutTar = (error: unknown) => notABackup("the tar file is cut or damaged", error);

async function* legible(content: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  try {
    yield* content;
  } catch (error) {
    throw cutTar(error);
  }
}
