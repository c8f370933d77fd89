/**
 * The bytes of a file while it is being written: what can be sent before the writer is done need not wait for it.
 * The writer only appends; what it has written it does not change.
 */
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

const PIECE = 256 * 1024;
/** How long to wait for more, from the first time that there was none to the last. */
const PAUSES_MS = [1, 2, 4, 8];

/** @param written Settles when the file is whole. Its failure ends the bytes, by throwing. */
export async function* growing(path: string, written: Promise<void>): AsyncGenerator<Buffer> {
  let whole = false;
  const ended = written.then(() => {
    whole = true;
  });
  // Its failure is awaited below; until then it must not count as unhandled.
  ended.catch(() => undefined);
  const file = await opened(path, ended);
  try {
    for (let idle = 0; ; ) {
      // Asked before the read: what is not there after that never comes.
      const last = whole;
      const piece = Buffer.allocUnsafe(PIECE);
      const { bytesRead } = await file.read(piece, 0, PIECE);
      if (bytesRead > 0) {
        idle = 0;
        yield piece.subarray(0, bytesRead);
      } else if (last) return await ended;
      else await Promise.race([ended, delay(PAUSES_MS[Math.min(idle++, PAUSES_MS.length - 1)])]);
    }
  } finally {
    await file.close();
  }
}

/** The file, once the writer has made it. */
async function opened(path: string, ended: Promise<void>): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const waited = await Promise.race([ended.then(() => "written"), delay(1)]);
    if (waited === "written") return open(path, "r");
  }
}
