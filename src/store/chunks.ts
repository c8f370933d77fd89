/**
 * The body of a vault object: AES-256-GCM in chunks of 64 KiB under a random key of the object's own.
 * The nonce is the chunk's number and whether it is the last (STREAM), so a chunk that was changed, moved,
 * dropped, repeated or taken from another object is refused, and so is an early end. No plaintext of a chunk leaves
 * before its tag was checked.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { GloveboxError } from "../vocabulary/index.js";

export const CHUNK = 64 * 1024;
const TAG = 16;
const MAX_CHUNKS = 2 ** 32;

function nonce(index: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(index, 7);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

export const damaged = (cause?: unknown) =>
  new GloveboxError("internal", { detail: "a vault object was changed, cut or moved" }, cause);

/** Cuts a stream into a head and pieces of `size`; the last piece, which alone may be shorter, is told apart. */
abstract class Chunked extends Transform {
  private waiting: Buffer[] = [];
  private held = 0;
  private index = 0;
  private headDone: boolean;

  constructor(
    private readonly size: number,
    private readonly headSize: number,
  ) {
    super({ readableHighWaterMark: size, writableHighWaterMark: size });
    this.headDone = headSize === 0;
  }
  protected abstract head(bytes: Buffer): void;
  protected abstract piece(bytes: Buffer, index: number, last: boolean): void;

  override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.waiting.push(bytes);
    this.held += bytes.length;
    this.attempt(callback, () => {
      if (!this.headDone && this.held >= this.headSize) this.takeHead();
      while (this.headDone && this.held > this.size) this.next(this.size, false);
    });
  }

  override _flush(callback: TransformCallback): void {
    this.attempt(callback, () => {
      if (!this.headDone) throw damaged();
      this.next(this.held, true);
    });
  }

  private attempt(callback: TransformCallback, work: () => void): void {
    try {
      work();
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback();
  }

  private takeHead(): void {
    this.head(this.cut(this.headSize));
    this.headDone = true;
  }

  private cut(count: number): Buffer {
    const all = this.waiting.length === 1 ? this.waiting[0]! : Buffer.concat(this.waiting);
    const rest = all.subarray(count);
    this.waiting = rest.length > 0 ? [rest] : [];
    this.held = rest.length;
    return all.subarray(0, count);
  }

  private next(count: number, last: boolean): void {
    if (this.index >= MAX_CHUNKS)
      throw new GloveboxError("too_large", { detail: "a vault object is too long" });
    this.piece(this.cut(count), this.index, last);
    this.index += 1;
  }
}

/** Plaintext in, chunks out. */
export class SealChunks extends Chunked {
  constructor(private readonly key: Buffer) {
    super(CHUNK, 0);
  }
  protected override head(): void {}
  protected override piece(plain: Buffer, index: number, last: boolean): void {
    const cipher = createCipheriv("aes-256-gcm", this.key, nonce(index, last));
    this.push(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]));
  }
}

/** @throws internal for anything but what `SealChunks` wrote in this place */
function openChunk(key: Buffer, chunk: Buffer, index: number, last: boolean): Buffer {
  const length = chunk.length - TAG;
  // An empty last chunk after others would be a second form of the same content.
  if (length < 0 || (length === 0 && index > 0)) throw damaged();
  const decipher = createDecipheriv("aes-256-gcm", key, nonce(index, last), { authTagLength: TAG });
  decipher.setAuthTag(chunk.subarray(length));
  try {
    return Buffer.concat([decipher.update(chunk.subarray(0, length)), decipher.final()]);
  } catch (error) {
    throw damaged(error);
  }
}

/** All chunks of a small body at once: the same bytes as through `OpenChunks`, without a stream around them. */
export function openChunks(key: Buffer, body: Buffer): Buffer {
  const size = CHUNK + TAG;
  const plain: Buffer[] = [];
  for (let index = 0; ; index++) {
    const rest = body.subarray(index * size);
    const last = rest.length <= size;
    plain.push(openChunk(key, rest.subarray(0, size), index, last));
    if (last) return Buffer.concat(plain);
  }
}

export interface OpenOptions {
  headSize: number;
  /** Throws unless the head is well formed. */
  checkHead(head: Buffer): void;
  /** Sees all plaintext; `finish` throws unless the whole is right, before the last piece leaves. */
  watch?: { update(plain: Buffer): void; finish(): void };
}

/** Head and chunks in, plaintext out. */
export class OpenChunks extends Chunked {
  constructor(
    private readonly key: Buffer,
    private readonly options: OpenOptions,
  ) {
    super(CHUNK + TAG, options.headSize);
  }
  protected override head(bytes: Buffer): void {
    this.options.checkHead(bytes);
  }
  protected override piece(chunk: Buffer, index: number, last: boolean): void {
    const plain = openChunk(this.key, chunk, index, last);
    this.options.watch?.update(plain);
    if (last) this.options.watch?.finish();
    if (plain.length > 0) this.push(plain);
  }
}
