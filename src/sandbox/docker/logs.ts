/**
 * What a program prints. The engine keeps nothing (log driver none); the worker reads along, keeps the first bytes
 * of each stream and throws the rest away, so that neither the program nor the worker ever waits for the other.
 *
 * Rules. Memory held is at most twice the cap. A program that floods is ended: draining costs the machine time that
 * the program's own limits do not count.
 */
import type { Readable } from "node:stream";

export interface LogLimits {
  /** Kept of each stream. */
  capBytes: number;
  /** Of both streams together: a program that prints more is ended. */
  floodBytes: number;
}
export const LOG_LIMITS: LogLimits = { capBytes: 1024 * 1024, floodBytes: 1024 * 1024 * 1024 };

/** The engine's framing: one byte of stream number, three of nothing, four of length. */
const HEADER_BYTES = 8;
const STDOUT = 1;

export interface Logs {
  stdout(): Buffer;
  stderr(): Buffer;
  truncated(): boolean;
  /** Resolves when the stream has ended, well or not. */
  done: Promise<void>;
  close(): void;
}

class Capped {
  private readonly chunks: Buffer[] = [];
  private kept = 0;
  truncated = false;
  constructor(private readonly cap: number) {}
  add(chunk: Buffer): void {
    const room = this.cap - this.kept;
    if (chunk.length > room) this.truncated = true;
    if (room <= 0) return;
    // A copy: a slice would keep the socket's whole buffer alive.
    const part = Buffer.from(chunk.subarray(0, room));
    this.chunks.push(part);
    this.kept += part.length;
  }
  bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** Splits the engine's frames; keeps its place across chunks. */
class Frames {
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private headerBytes = 0;
  private left = 0;
  constructor(private readonly sink: (stream: number, part: Buffer) => void) {}
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.left > 0) {
        const part = chunk.subarray(at, at + this.left);
        this.sink(this.header[0]!, part);
        this.left -= part.length;
        at += part.length;
        continue;
      }
      const taken = chunk.copy(this.header, this.headerBytes, at, at + HEADER_BYTES - this.headerBytes);
      this.headerBytes += taken;
      at += taken;
      if (this.headerBytes < HEADER_BYTES) return;
      this.left = this.header.readUInt32BE(4);
      this.headerBytes = 0;
    }
  }
}

/** Reads an attached stream to its end. `onFlood` is called once, when the program has printed far too much. */
export function captureLogs(stream: Readable, onFlood: () => void, limits: LogLimits = LOG_LIMITS): Logs {
  const [stdout, stderr] = [new Capped(limits.capBytes), new Capped(limits.capBytes)];
  const frames = new Frames((number, part) => (number === STDOUT ? stdout : stderr).add(part));
  const flood = new Flood(limits.floodBytes, onFlood);
  stream.on("data", (chunk: Buffer) => {
    flood.add(chunk.length);
    frames.push(chunk);
  });
  return logsOf(stdout, stderr, [stream]);
}

/** As captureLogs, of a process whose two streams are pipes of ours. */
export function capturePipes(
  pipes: { stdout: Readable; stderr: Readable },
  onFlood: () => void,
  limits: LogLimits = LOG_LIMITS,
): Logs {
  const [stdout, stderr] = [new Capped(limits.capBytes), new Capped(limits.capBytes)];
  const flood = new Flood(limits.floodBytes, onFlood);
  for (const [pipe, kept] of [[pipes.stdout, stdout] as const, [pipes.stderr, stderr] as const]) {
    pipe.on("data", (chunk: Buffer) => {
      flood.add(chunk.length);
      kept.add(chunk);
    });
  }
  return logsOf(stdout, stderr, [pipes.stdout, pipes.stderr]);
}

/** Of both streams together; tells once. */
class Flood {
  private total = 0;
  private told = false;
  constructor(
    private readonly limit: number,
    private readonly tell: () => void,
  ) {}
  add(bytes: number): void {
    this.total += bytes;
    if (this.total <= this.limit || this.told) return;
    this.told = true;
    this.tell();
  }
}

function logsOf(stdout: Capped, stderr: Capped, streams: readonly Readable[]): Logs {
  const ended = (stream: Readable): Promise<void> =>
    new Promise((resolve) => {
      for (const event of ["end", "close", "error"]) stream.once(event, () => resolve());
    });
  const done = Promise.all(streams.map(ended)).then(() => undefined);
  return {
    stdout: () => stdout.bytes(),
    stderr: () => stderr.bytes(),
    truncated: () => stdout.truncated || stderr.truncated,
    done,
    close: () => {
      for (const stream of streams) stream.destroy();
    },
  };
}
