/** Packs a bundle as a stream: every content is read twice, once for its checksum, so that memory stays small. */
import type { Readable } from "node:stream";
import { GloveboxError } from "../../vocabulary/index.js";
import { crc32, directory, inZipOrder, localHeader, MAX_ZIP_BYTES, type ZipEntry } from "../zip.js";

export interface Packed {
  name: string;
  content: Buffer | (() => Readable);
}

async function* read(content: Packed["content"]): AsyncIterable<Buffer> {
  if (Buffer.isBuffer(content)) yield content;
  else yield* content() as AsyncIterable<Buffer>;
}

async function measure({ name, content }: Packed): Promise<ZipEntry> {
  let crc = 0;
  let size = 0;
  for await (const chunk of read(content)) {
    crc = crc32(chunk, crc);
    size += chunk.length;
  }
  return { name, crc, size };
}

/** @throws too_large */
export async function* packZip(files: readonly Packed[]): AsyncIterable<Buffer> {
  const sorted = [...files].sort(inZipOrder);
  const entries: ZipEntry[] = [];
  for (const file of sorted) entries.push(await measure(file));
  const { central, end } = directory(entries);
  const total = entries.reduce((sum, e) => sum + localHeader(e).length + e.size, central.length + end.length);
  if (total > MAX_ZIP_BYTES)
    throw new GloveboxError("too_large", { detail: `limit: ${MAX_ZIP_BYTES} bytes` });
  for (const [i, file] of sorted.entries()) {
    yield Buffer.from(localHeader(entries[i]!));
    yield* read(file.content);
  }
  yield Buffer.from(central);
  yield Buffer.from(end);
}
