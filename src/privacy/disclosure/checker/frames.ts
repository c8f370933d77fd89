/**
 * The wire between the node and a checker process: a frame is a length, a JSON header, and bodies of raw bytes
 * whose lengths the header lists.
 *
 * Rules: each side reads with limits and takes nothing for granted. The node treats what a checker says as
 * hostile, because the file that the checker read may have taken it over (answer.ts).
 */

/** Largest JSON header; table facts are the bulk of it. */
const MAX_HEADER = 32 * 1024 * 1024;

/** The start of a frame whose bodies of these lengths follow. */
export function encodeHeader(header: object, bodies: readonly number[]): Buffer[] {
  const json = Buffer.from(JSON.stringify({ ...header, bodies }), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  return [length, json];
}

export function encodeFrame(header: object, bodies: readonly Buffer[] = []): Buffer[] {
  return [
    ...encodeHeader(
      header,
      bodies.map((b) => b.length),
    ),
    ...bodies,
  ];
}

export interface Frame {
  header: unknown;
  bodies: Buffer[];
}

const MAX_BODIES = 1_000;

function bodyLengths(header: unknown): number[] {
  const bodies: unknown =
    typeof header === "object" && header !== null && "bodies" in header && header.bodies;
  if (!Array.isArray(bodies) || bodies.length > MAX_BODIES) throw new RangeError("frame without bodies");
  return bodies.map((n: unknown) => {
    if (typeof n !== "number" || !Number.isSafeInteger(n) || n < 0) throw new RangeError("frame body length");
    return n;
  });
}

/** Collects chunks into frames. `push` throws on anything malformed or larger than the limit on bodies. */
export class FrameReader {
  private chunks: Buffer[] = [];
  private held = 0;
  private header: { value: unknown; bodies: number[]; end: number } | undefined;

  constructor(private readonly maxBodies: number) {}

  /** The frame that this chunk completes, if it does. */
  push(chunk: Buffer): Frame | undefined {
    this.chunks.push(chunk);
    this.held += chunk.length;
    if (this.header === undefined) this.readHeader();
    if (this.header === undefined || this.held < this.header.end) return undefined;
    return this.takeFrame(this.header);
  }

  private joined(): Buffer {
    const all = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    this.chunks = [all];
    return all;
  }

  private readHeader(): void {
    if (this.held < 4) return;
    const length = (this.chunks[0]!.length >= 4 ? this.chunks[0]! : this.joined()).readUInt32BE(0);
    if (length > MAX_HEADER) throw new RangeError("frame header too long");
    if (this.held < 4 + length) return;
    const value: unknown = JSON.parse(this.joined().toString("utf8", 4, 4 + length));
    const bodies = bodyLengths(value);
    const total = bodies.reduce((sum, n) => sum + n, 0);
    if (total > this.maxBodies) throw new RangeError("frame bodies too long");
    this.header = { value, bodies, end: 4 + length + total };
  }

  private takeFrame({ value, bodies, end }: NonNullable<FrameReader["header"]>): Frame {
    const all = this.joined();
    let at = end - bodies.reduce((sum, n) => sum + n, 0);
    const cut = bodies.map((n) => {
      at += n;
      return all.subarray(at - n, at);
    });
    this.chunks = [all.subarray(end)];
    this.held = all.length - end;
    this.header = undefined;
    return { header: value, bodies: cut };
  }
}

/** What a process says first. */
export const READY = { checker: "ready" } as const;
