/**
 * Room on the disk. The last of it belongs to the database: the vault stops taking content while there is still
 * enough for what is under way to be written down, so that a full disk refuses new work and loses none.
 */

import { statfsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { ERRORS, GloveboxError } from "../vocabulary/index.js";

/** What the vault leaves free. */
export const RESERVE_BYTES = 32 * 1024 * 1024;
/** How much is written between two looks at what is left. */
export const LOOK_EVERY_BYTES = 4 * 1024 * 1024;

const FULL_CODES = new Set([
  "insufficient_storage",
  "ENOSPC",
  "EDQUOT",
  "SQLITE_FULL",
  "SQLITE_IOERR_SHMSIZE",
]);

/** Whether an error, or one that caused it, says that the disk is full. */
export function saysFull(thrown: unknown): boolean {
  let error = thrown;
  for (let depth = 0; typeof error === "object" && error !== null && depth < 5; depth++) {
    const { code, cause } = error as { code?: unknown; cause?: unknown };
    if (FULL_CODES.has(String(code))) return true;
    error = cause;
  }
  return false;
}

export const storageFull = (cause?: unknown): GloveboxError =>
  new GloveboxError("insufficient_storage", { detail: ERRORS.insufficient_storage.title }, cause);

/** What is to be thrown on: of a full disk, in our words; anything else as it is. */
export function namingFull(thrown: unknown): unknown {
  const named = thrown instanceof GloveboxError || !saysFull(thrown);
  return named ? thrown : storageFull(thrown);
}

const left = ({ bavail, bsize }: { bavail: number; bsize: number }): number => bavail * bsize;

/** Bytes that may still be written where this folder lies. */
export const freeBytes = (folder: string): number => left(statfsSync(folder));

/** @throws insufficient_storage when only the database's reserve is left. */
export async function requireRoom(folder: string): Promise<void> {
  if (left(await statfs(folder)) < RESERVE_BYTES) throw storageFull();
}

/** New work would only fail. */
export const isShortOfRoom = (folder: string): boolean => freeBytes(folder) < RESERVE_BYTES;
