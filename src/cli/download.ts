/** Streams onto the disk: first into a file of another name, so that a cut download never looks whole. */
import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { saysFull } from "../store/index.js";
import { Failure } from "./failure.js";

export interface Saved {
  path: string;
  bytes: number;
  sha256: string;
}

export async function saveStream(source: Readable, path: string): Promise<Saved> {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await pipeline(
      source,
      async function* count(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      },
      createWriteStream(part, { mode: 0o600 }),
    );
  } catch (error) {
    rmSync(part, { force: true });
    if (saysFull(error)) throw error;
    throw new Failure(`The download of ${basename(path)} was cut off.`, `${basename(path)} 下载中断。`);
  }
  renameSync(part, path);
  return { path, bytes, sha256: hash.digest("hex") };
}

/** The path of a file that a node named, kept inside `dir` whatever the name is. */
export function inside(dir: string, name: string): string {
  const safe = basename(name);
  if (safe !== name || safe === ".." || safe === "." || safe === "") {
    throw new Failure("The node named a file that is no plain file name.", "节点给出的文件名不合法。");
  }
  return join(dir, safe);
}
