/**
 * The frames of a spooled file: the length of the plaintext 4 ‖ nonce 12 ‖ ciphertext ‖ tag 16, AES-256-GCM, with the
 * plaintext's position in the whole authenticated; so a frame that was changed, moved, dropped, repeated or taken from
 * another file is refused. Nonces are random, not counted: what a crash left behind the mark is written anew, and must
 * not be written anew under the nonce that it had.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import { GloveboxError } from "../vocabulary/index.js";

/** The most plaintext that a frame holds. */
export const FRAME = 64 * 1024;
const NONCE = 12;
const TAG = 16;
const FRAME_HEAD = 4 + NONCE;

export const damagedSpool = (cause?: unknown): GloveboxError =>
  new GloveboxError("internal", { detail: "a spooled file was changed, cut or moved" }, cause);

function place(position: number, length: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(position));
  bytes.writeUInt32BE(length, 8);
  return bytes;
}

export function sealFrame(key: Buffer, plain: Buffer, position: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUInt32BE(plain.length);
  randomBytes(NONCE).copy(head, 4);
  const cipher = createCipheriv("aes-256-gcm", key, head.subarray(4));
  cipher.setAAD(place(position, plain.length));
  return Buffer.concat([head, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Frames in, plaintext out, to exactly `end`. */
export class OpenFrames extends Transform {
  private held: Buffer = Buffer.alloc(0);
  private position = 0;

  constructor(
    private readonly key: Buffer,
    private readonly length: number,
  ) {
    super({ readableHighWaterMark: FRAME });
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    try {
      this.held = this.held.length === 0 ? bytes : Buffer.concat([this.held, bytes]);
      for (let frame = this.next(); frame; frame = this.next()) this.push(this.open(frame));
    } catch (error) {
      callback(error as Error);
      return;
    }
    callback();
  }

  override _flush(callback: TransformCallback): void {
    callback(this.held.length === 0 && this.position === this.length ? null : damagedSpool());
  }

  private next(): Buffer | undefined {
    if (this.held.length < FRAME_HEAD) return undefined;
    const length = this.held.readUInt32BE();
    if (length === 0 || length > FRAME) throw damagedSpool();
    const whole = FRAME_HEAD + length + TAG;
    if (this.held.length < whole) return undefined;
    const frame = this.held.subarray(0, whole);
    this.held = this.held.subarray(whole);
    return frame;
  }

  private open(frame: Buffer): Buffer {
    const length = frame.readUInt32BE();
    const decipher = createDecipheriv("aes-256-gcm", this.key, frame.subarray(4, FRAME_HEAD), {
      authTagLength: TAG,
    });
    decipher.setAAD(place(this.position, length));
    decipher.setAuthTag(frame.subarray(FRAME_HEAD + length));
    try {
      const plain = Buffer.concat([
        decipher.update(frame.subarray(FRAME_HEAD, FRAME_HEAD + length)),
        decipher.final(),
      ]);
      this.position += length;
      return plain;
    } catch (error) {
      throw damagedSpool(error);
    }
  }
}
