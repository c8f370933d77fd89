/**
 * The wire between node and engine: frames of a 4-byte big-endian length, a type byte and a payload.
 *
 * Rules: a frame is bounded; anything unexpected ends the exchange; one request at a time: its header, `ready`, its
 * inputs in the order the header names them, the response, its outputs in order. Every input ends in `end`, or all
 * of them in one `abort`.
 */
import type { Readable, Writable } from "node:stream";

export const FRAME = { header: 1, data: 2, end: 3, abort: 4 } as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];
export interface Frame {
  type: FrameType;
  payload: Buffer;
}

export const MAX_HEADER = 16 * 1024 * 1024;
export const MAX_DATA = 1024 * 1024;
const NONE = Buffer.alloc(0);

/** The other side broke the protocol or went away. */
export class WireError extends Error {}

function typeOf(code: number): FrameType {
  for (const type of Object.values(FRAME)) if (type === code) return type;
  throw new WireError("unknown frame");
}

export class FrameReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private pending: Buffer[] = [];
  private bytes = 0;
  constructor(source: Readable) {
    this.chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** The next frame, or undefined where the stream ends between two frames. @throws WireError elsewhere. */
  async next(): Promise<Frame | undefined> {
    if (!(await this.fill(5))) {
      if (this.bytes > 0) throw new WireError("cut short");
      return undefined;
    }
    const head = this.take(5);
    const length = head.readUInt32BE(0);
    const type = typeOf(head[4]!);
    if (length > (type === FRAME.header ? MAX_HEADER : MAX_DATA)) throw new WireError("frame too long");
    if (!(await this.fill(length))) throw new WireError("cut short");
    return { type, payload: this.take(length) };
  }

  private async fill(wanted: number): Promise<boolean> {
    while (this.bytes < wanted) {
      const { value, done } = await this.chunks.next();
      if (done) return false;
      this.pending.push(value);
      this.bytes += value.length;
    }
    return true;
  }

  private take(wanted: number): Buffer {
    if (wanted === 0) return NONE;
    const first = this.pending[0]!;
    if (first.length < wanted) this.pending = [Buffer.concat(this.pending)];
    const whole = this.pending[0]!;
    if (whole.length === wanted) this.pending.shift();
    else this.pending[0] = whole.subarray(wanted);
    this.bytes -= wanted;
    return whole.subarray(0, wanted);
  }
}

/** Resolves when the sink takes more, or is closed: the next write tells which. */
function drained(sink: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      sink.off("drain", done);
      sink.off("close", done);
      resolve();
    };
    sink.on("drain", done);
    sink.on("close", done);
    if (sink.destroyed) done();
  });
}

export class FrameWriter {
  constructor(private readonly sink: Writable) {}

  async write(type: FrameType, payload: Buffer = NONE): Promise<void> {
    const head = Buffer.allocUnsafe(5);
    head.writeUInt32BE(payload.length, 0);
    head[4] = type;
    if (this.sink.destroyed) throw new WireError("closed");
    // Both in one call, so that the other side is woken once.
    this.sink.cork();
    this.sink.write(head);
    const takesMore = payload.length > 0 ? this.sink.write(payload) : true;
    this.sink.uncork();
    if (!takesMore) await drained(this.sink);
  }

  header(value: object): Promise<void> {
    const payload = Buffer.from(JSON.stringify(value));
    if (payload.length > MAX_HEADER) throw new WireError("header too long");
    return this.write(FRAME.header, payload);
  }

  /** Sends a whole stream and its end; stops early, without an end, when `stopped` says so. */
  async stream(source: AsyncIterable<Buffer | string>, stopped: () => boolean = () => false): Promise<void> {
    for await (const piece of source) {
      const chunk = typeof piece === "string" ? Buffer.from(piece) : piece;
      for (let at = 0; at < chunk.length; at += MAX_DATA) {
        if (stopped()) return;
        await this.write(FRAME.data, chunk.subarray(at, at + MAX_DATA));
      }
    }
    if (!stopped()) await this.write(FRAME.end);
  }
}
