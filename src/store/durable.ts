/**
 * Durable file effects: after these return, the change survives a power cut. A rename is durable only
 * when its directory is synced too.
 */
import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes all of `content` under a new name beside `path`, syncs it, and moves it into place. */
export function writeDurably(path: string, content: Buffer | string, mode: number): void {
  const draft = `${path}.${process.pid}.new`;
  const fd = openSync(draft, "wx", mode);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  syncDirectory(dirname(path));
}
