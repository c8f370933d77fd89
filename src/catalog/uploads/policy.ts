/**
 * What may be sent in parts, how much of it at a time, and how long it is kept. Pure.
 *
 * Rules: an upload is its sender's alone: to everybody else, the dataset's later owner included, it is not there.
 */
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";

export const UPLOAD_LIMITS = {
  /** Unfinished ones of a principal. */
  open: 4,
  /** How long one stays after its last byte. */
  keep_ms: 48 * 3_600_000,
  /** A sender that is silent for so long is cut off; what came is kept. */
  idle_ms: 20_000,
} as const;

export const noSuchUpload = (): GloveboxError =>
  new GloveboxError("not_found", { detail: "no such upload, or none that you may know of" });

/** @throws invalid_input, too_large */
export function requireLength(length: number, limit: number): void {
  if (!Number.isSafeInteger(length) || length < 0)
    throw invalidInput("Upload-Length", "must be a number of bytes");
  if (length > limit)
    throw new GloveboxError("too_large", { detail: `content may have at most ${limit} bytes`, limit });
}

/** Room that others were promised is not given again. @throws insufficient_storage */
export function requireRoomFor(length: number, { free, promised }: { free: number; promised: number }): void {
  if (length <= free - promised) return;
  throw new GloveboxError("insufficient_storage", {
    detail: "there is no room for content of this length beside what is being sent already",
  });
}

/** @throws state_conflict */
export function requireFewer(open: number): void {
  if (open < UPLOAD_LIMITS.open) return;
  throw new GloveboxError("state_conflict", {
    detail: `you have ${open} unfinished uploads, the most there can be; finish one, or give one up`,
  });
}

/** @throws state_conflict naming where to go on. */
export function requireOffset(offset: number, received: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw invalidInput("Upload-Offset", "must be a number of bytes");
  if (offset === received) return;
  throw new GloveboxError("state_conflict", {
    detail: `the upload goes on at ${received}, not at ${offset}`,
    offset: received,
  });
}
