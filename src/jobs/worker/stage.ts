/**
 * Fills a run's folders: Views decrypted into `data`, the job's files unpacked into `work`, both in staging,
 * which is memory. What was decrypted is compared with the hash that control stated before a program sees it.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PassThrough, type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { openSealedStream } from "../../store/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { pathProblem } from "../code.js";
import type { StageInfo } from "../lease.js";
import type { SealedCache } from "./cache.js";

export interface Folders {
  data: string;
  work: string;
}

export interface StageSource {
  cache: SealedCache;
  fetch(object: string): Promise<Readable>;
}

export async function makeFolders(root: string): Promise<Folders> {
  const folders = { data: join(root, "data"), work: join(root, "work") };
  await Promise.all([mkdir(folders.data), mkdir(folders.work)]);
  return folders;
}

export async function fillFolders(folders: Folders, info: StageInfo, source: StageSource): Promise<void> {
  await Promise.all([
    ...info.views.map((view) => putView(folders.data, view, source)),
    writeFile(join(folders.data, info.context.file), info.context.text, { flag: "wx", mode: 0o444 }),
    ...(info.code ? [putCode(folders.work, info.code, source)] : []),
  ]);
}

async function putView(data: string, view: StageInfo["views"][number], source: StageSource): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/.test(view.file)) throw refused("a View's file name");
  try {
    const sealed = await source.cache.open(view.object, () => source.fetch(view.object));
    await pipeline(
      sealed,
      openSealedStream(Buffer.from(view.data_key, "base64")),
      verified(view.sha256),
      createWriteStream(join(data, view.file), { flags: "w", mode: 0o444 }),
    );
  } catch (error) {
    // The copy here may be spoilt; the next try fetches it again.
    await source.cache.forget(view.object);
    throw error;
  }
}

/** Fails at its end when the bytes were others. */
function verified(sha256: string): Transform {
  const hash = createHash("sha256");
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(hash.digest("hex") === sha256 ? null : refused("a View's content"));
    },
  });
}

/** Code is fetched past the cache: it is used once. */
async function putCode(
  work: string,
  code: NonNullable<StageInfo["code"]>,
  source: StageSource,
): Promise<void> {
  const tar = extract();
  const plain = new PassThrough();
  const feeding = pipeline(
    await source.fetch(code.object),
    openSealedStream(Buffer.from(code.data_key, "base64")),
    plain,
  );
  const reading = pipeline(plain, tar);
  try {
    for await (const entry of tar) {
      const { name, type } = entry.header;
      if (type !== "file" || pathProblem(name)) throw refused("a path in the code");
      const path = join(work, name);
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await pipeline(
        entry as unknown as AsyncIterable<Buffer>,
        createWriteStream(path, { flags: "wx", mode: 0o444 }),
      );
    }
  } finally {
    await Promise.all([feeding, reading]);
  }
}

const refused = (what: string) =>
  new GloveboxError("internal", { detail: `${what} is not what control stated` });
