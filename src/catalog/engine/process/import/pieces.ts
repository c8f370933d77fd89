/** A stream of bytes in pieces that do not depend on how they came, counted against a limit. */
import { GloveboxError } from "../../../../vocabulary/index.js";

export type Bytes = AsyncIterable<Buffer>;

const PIECE = 256 * 1024;

/** Pieces of exactly 256 KiB, and the rest: what is decided by a piece is decided alike however an upload is cut. */
export async function* inPieces(source: Bytes): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < PIECE) continue;
    const whole = held.length === 1 ? chunk : Buffer.concat(held);
    const end = bytes - (bytes % PIECE);
    for (let at = 0; at < end; at += PIECE) yield whole.subarray(at, at + PIECE);
    held = end < bytes ? [whole.subarray(end)] : [];
    bytes -= end;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/** @throws too_large past `most` bytes. */
export async function* atMost(source: Bytes, most: number, words: string): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > most)
      throw new GloveboxError("too_large", { detail: `content: ${words} ${most} bytes`, limit: most });
    yield chunk;
  }
}

/** The first piece, and the whole from it on. The rest can be read once. */
export async function peek(source: Bytes): Promise<{ head: Buffer; all: Bytes }> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head: Buffer = first.done ? Buffer.alloc(0) : first.value;
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    try {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head, all: all() };
}
