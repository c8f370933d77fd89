/**
 * The vault: encrypted, content-addressed files. An object's address is an HMAC of its plaintext's SHA-256 under a
 * key of the node's own, so it names content without revealing anything of it; the same content is kept once.
 * File: magic 8 ‖ the object's data key, sealed for this address ‖ chunks (chunks.ts).
 *
 * An object is whole or absent: it is written under `tmp`, synced, then renamed, and the directory synced.
 * A reader sees an error instead of any byte that was not put. Memory use does not depend on an object's size.
 */
import { createHash, createHmac, randomBytes } from "node:crypto";
import {
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  unlinkSync,
} from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline, Readable, type Transform } from "node:stream";
import { GloveboxError } from "../vocabulary/index.js";
import { damaged, OpenChunks, type OpenOptions, openChunks, SealChunks } from "./chunks.js";
import { syncDirectory } from "./durable.js";
import type { Keys } from "./keys.js";
import { SEAL_OVERHEAD } from "./sealer.js";
import { LOOK_EVERY_BYTES, namingFull, requireRoom } from "./space.js";

export interface VaultObject {
  object: string;
  /** Hex, of the plaintext. */
  sha256: string;
  bytes: number;
}

export interface Vault {
  /** @throws insufficient_storage, with nothing left of it */
  put(source: Readable | Buffer): Promise<VaultObject>;
  /** Plaintext; the stream fails on a changed byte. */
  get(object: string): Readable;
  /** @throws too_large past `maxBytes`; internal on a changed byte. */
  read(object: string, maxBytes: number): Promise<Buffer>;
  /** What a worker needs to open `sealed(object)` by itself. */
  dataKey(object: string): Buffer;
  sealed(object: string): Readable;
  has(object: string): boolean;
  delete(object: string): void;
  list(): Iterable<string>;
}

const MAGIC = Buffer.from("GBXVLT01");
const KEY_BYTES = 32;
export const HEADER = MAGIC.length + SEAL_OVERHEAD + KEY_BYTES;
const ADDRESS = /^[0-9a-f]{64}$/;
const SLICE = 256 * 1024;
/** A file of no more than this is read at once. */
const SMALL = 1024 * 1024;

const tooLong = (maxBytes: number) => new GloveboxError("too_large", { detail: `limit: ${maxBytes} bytes` });

const head: OpenOptions = {
  headSize: HEADER,
  checkHead(bytes) {
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged();
  },
};

/** Ciphertext file in, plaintext out, with nothing but the object's data key: what a worker uses. */
export function openSealedStream(dataKey: Buffer): Transform {
  return new OpenChunks(dataKey, head);
}

/** Where an object's file lies in a data directory. */
export const objectPath = (dataDir: string, object: string): string =>
  join(dataDir, "vault", object.slice(0, 2), object.slice(2));

export const isObjectAddress = (text: string): boolean => ADDRESS.test(text);

function* slices(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE);
}

/** The sealed stream of a source; `plain` tells of its plaintext once that has run through. */
function sealing(source: Readable | Buffer, dataKey: Buffer) {
  const hash = createHash("sha256");
  let bytes = 0;
  const watch = async function* (chunks: AsyncIterable<Buffer | string>) {
    for await (const chunk of chunks) {
      const part = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      hash.update(part);
      bytes += part.length;
      yield part;
    }
  };
  const input = Buffer.isBuffer(source) ? Readable.from(slices(source)) : source;
  const sealed = pipeline(input, watch, new SealChunks(dataKey), () => {});
  return { sealed, plain: () => ({ digest: hash.digest(), bytes }) };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number | null): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(
      bytes,
      at,
      bytes.length - at,
      position === null ? null : position + at,
    );
    at += bytesWritten;
  }
}

class FileVault implements Vault {
  private readonly root: string;
  private readonly drafts: string;
  private readonly addressKey: Buffer;
  private drafted = 0;

  constructor(
    private readonly dataDir: string,
    private readonly keys: Pick<Keys, "sealer">,
    options: VaultOptions,
  ) {
    this.root = join(dataDir, "vault");
    this.drafts = join(this.root, "tmp");
    this.addressKey = keys.sealer.derive("vault address");
    if (options.readonly) return;
    // What a crash left unfinished was never an object.
    rmSync(this.drafts, { recursive: true, force: true });
    mkdirSync(this.drafts, { recursive: true, mode: 0o700 });
    syncDirectory(this.root);
  }

  async put(source: Readable | Buffer): Promise<VaultObject> {
    const dataKey = randomBytes(KEY_BYTES);
    // Joined before the first await: a source that fails in between must find a listener.
    const content = sealing(source, dataKey);
    const draft = join(this.drafts, `${process.pid}-${++this.drafted}-${randomBytes(6).toString("hex")}`);
    let file: FileHandle | undefined;
    try {
      await requireRoom(this.drafts);
      file = await open(draft, "wx", 0o600);
      await writeAll(file, Buffer.alloc(HEADER), null);
      await this.writeBody(file, content.sealed);
      const { digest, bytes } = content.plain();
      const object = this.address(digest);
      await writeAll(file, Buffer.concat([MAGIC, this.keys.sealer.seal(dataKey, `vault:${object}`)]), 0);
      await file.sync();
      await file.close();
      await this.place(draft, object);
      return { object, sha256: digest.toString("hex"), bytes };
    } catch (error) {
      content.sealed.destroy();
      await file?.close().catch(() => {});
      await rm(draft, { force: true });
      throw namingFull(error);
    }
  }

  private async writeBody(file: FileHandle, sealed: AsyncIterable<Buffer>): Promise<void> {
    let sinceLook = 0;
    for await (const chunk of sealed) {
      await writeAll(file, chunk, null);
      sinceLook += chunk.length;
      if (sinceLook < LOOK_EVERY_BYTES) continue;
      sinceLook = 0;
      await requireRoom(this.drafts);
    }
  }

  get(object: string): Readable {
    const hash = createHash("sha256");
    const opening = new OpenChunks(this.dataKey(object), {
      ...head,
      watch: {
        update: (plain) => hash.update(plain),
        finish: () => {
          if (this.address(hash.digest()) !== object) throw damaged();
        },
      },
    });
    // Errors reach the reader through `opening`, which pipeline destroys with them.
    return pipeline(this.sealed(object), opening, () => {});
  }

  async read(object: string, maxBytes: number): Promise<Buffer> {
    const file = await open(this.present(object), "r");
    try {
      if ((await file.stat()).size <= SMALL) return this.opened(object, await file.readFile(), maxBytes);
    } finally {
      await file.close();
    }
    return this.readLarge(object, maxBytes);
  }

  /** A small object, from its whole file. */
  private opened(object: string, file: Buffer, maxBytes: number): Buffer {
    if (file.length < HEADER) throw damaged();
    const plain = openChunks(this.keyIn(object, file.subarray(0, HEADER)), file.subarray(HEADER));
    if (this.address(createHash("sha256").update(plain).digest()) !== object) throw damaged();
    if (plain.length > maxBytes) throw tooLong(maxBytes);
    return plain;
  }

  private async readLarge(object: string, maxBytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of this.get(object) as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw tooLong(maxBytes);
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  dataKey(object: string): Buffer {
    return this.keyIn(object, this.header(object));
  }

  private keyIn(object: string, header: Buffer): Buffer {
    if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged();
    return this.keys.sealer.open(header.subarray(MAGIC.length), `vault:${object}`);
  }

  sealed(object: string): Readable {
    return createReadStream(this.present(object), { highWaterMark: SLICE });
  }

  has(object: string): boolean {
    return ADDRESS.test(object) && existsSync(this.path(object));
  }

  delete(object: string): void {
    unlinkSync(this.present(object));
  }

  *list(): Iterable<string> {
    for (const prefix of readdirSync(this.root)) {
      if (!/^[0-9a-f]{2}$/.test(prefix)) continue;
      for (const rest of readdirSync(join(this.root, prefix))) {
        if (ADDRESS.test(prefix + rest)) yield prefix + rest;
      }
    }
  }

  /** Moves a finished draft to its address; content that is there already stays as it is. */
  private async place(draft: string, object: string): Promise<void> {
    const path = this.path(object);
    if (existsSync(path)) return rm(draft);
    const folder = join(this.root, object.slice(0, 2));
    if (!existsSync(folder)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      syncDirectory(this.root);
    }
    await rename(draft, path);
    syncDirectory(folder);
  }

  private header(object: string): Buffer {
    const fd = openSync(this.present(object), "r");
    try {
      const header = Buffer.alloc(HEADER);
      if (readSync(fd, header, 0, HEADER, 0) !== HEADER) throw damaged();
      return header;
    } finally {
      closeSync(fd);
    }
  }

  private address(digest: Buffer): string {
    return createHmac("sha256", this.addressKey).update(digest).digest("hex");
  }

  private path(object: string): string {
    return objectPath(this.dataDir, object);
  }

  private present(object: string): string {
    if (!this.has(object)) throw new GloveboxError("not_found", { detail: "no such object in the vault" });
    return this.path(object);
  }
}

export interface VaultOptions {
  /** Look only, beside a running node: its unfinished drafts stay. */
  readonly?: boolean;
}

/** Only the holder of the data directory's lock may open it for writing. */
export function openVault(dataDir: string, keys: Pick<Keys, "sealer">, options: VaultOptions = {}): Vault {
  return new FileVault(dataDir, keys, options);
}
