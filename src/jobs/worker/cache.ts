/**
 * A machine's cache of encrypted Views, by content address: what was fetched once need not travel again.
 *
 * Rules: ciphertext only, no keys. It is read through the decryption, which refuses a changed byte, so a spoilt
 * copy costs another fetch and nothing else. It may be removed at any time.
 */
import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { saysFull } from "../../store/index.js";

const ADDRESS = /^[0-9a-f]{64}$/;

export class SealedCache {
  constructor(
    private readonly folder: string,
    private readonly maxBytes: number,
  ) {}

  /** Opens the object, fetching it first when it is not here. */
  async open(object: string, fetch: () => Promise<Readable>): Promise<Readable> {
    if (!ADDRESS.test(object)) throw new Error("not an object's address");
    const path = join(this.folder, object);
    if (!(await exists(path))) {
      try {
        await this.keep(path, await fetch());
      } catch (error) {
        // Without room there is no cache; the run needs none.
        if (!saysFull(error)) throw error;
        return fetch();
      }
    } else await utimes(path, new Date(), new Date()).catch(() => undefined);
    return createReadStream(path, { highWaterMark: 256 * 1024 });
  }

  async forget(object: string): Promise<void> {
    if (ADDRESS.test(object)) await rm(join(this.folder, object), { force: true });
  }

  private async keep(path: string, source: Readable): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const draft = `${path}.${randomBytes(6).toString("hex")}`;
    try {
      await pipeline(source, createWriteStream(draft, { mode: 0o600 }));
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await this.shrink();
  }

  /** Removes what was not used for longest until the rest fits. */
  private async shrink(): Promise<void> {
    const files: { path: string; bytes: number; used: number }[] = [];
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats?.isFile()) files.push({ path, bytes: stats.size, used: stats.mtimeMs });
    }
    files.sort((a, b) => b.used - a.used);
    let total = 0;
    // The newest always stays: it is the one about to be read.
    for (const [i, file] of files.entries()) {
      total += file.bytes;
      if (i > 0 && total > this.maxBytes) await rm(file.path, { force: true });
    }
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
