/**
 * The sweep: looks for planted values in named bytes, wherever they come from, in every encoding and through gzip,
 * zlib and zip. A surface that yields nothing at all is an error: a search of nothing finds nothing.
 */
import { constants, inflateRawSync } from "node:zlib";
import { type Canary, MINIMUM, type Needle, needlesOf } from "./needles.js";

export interface Piece {
  name: string;
  bytes: Buffer | AsyncIterable<Buffer>;
}

/** A place where a value could show. */
export interface Surface {
  name: string;
  pieces(): AsyncIterable<Piece> | Iterable<Piece>;
}

export interface Sighting {
  surface: string;
  piece: string;
  canary: string;
  encoding: string;
}

export interface Swept {
  sightings: Sighting[];
  /** How many bytes were looked at, by surface. */
  bytes: Record<string, number>;
}

/** Bytes up to here are also unpacked; what is larger is looked through as it is. */
const UNPACK_BYTES = 64 * 1024 * 1024;
const UNPACK_DEPTH = 3;

/** Finds any of many needles in one pass (Wu and Manber's shifts by two bytes). */
export class Searcher {
  private readonly shift = new Uint8Array(65536).fill(MINIMUM - 1);
  private readonly ending = new Map<number, Needle[]>();
  readonly longest: number;

  constructor(readonly needles: readonly Needle[]) {
    this.longest = Math.max(...needles.map(({ bytes }) => bytes.length));
    for (const needle of needles) {
      for (let at = 0; at + 1 < MINIMUM; at++) {
        const block = needle.bytes.readUInt16BE(at);
        this.shift[block] = Math.min(this.shift[block]!, MINIMUM - 2 - at);
      }
      const last = needle.bytes.readUInt16BE(MINIMUM - 2);
      this.ending.set(last, [...(this.ending.get(last) ?? []), needle]);
    }
  }

  find(bytes: Buffer, into: Set<Needle>): void {
    const { shift, ending } = this;
    for (let end = MINIMUM - 1; end < bytes.length; ) {
      const block = (bytes[end - 1]! << 8) | bytes[end]!;
      const step = shift[block]!;
      if (step > 0) {
        end += step;
        continue;
      }
      const start = end - MINIMUM + 1;
      for (const needle of ending.get(block) ?? []) {
        const { bytes: wanted } = needle;
        if (
          bytes.length - start >= wanted.length &&
          bytes.compare(wanted, 0, wanted.length, start, start + wanted.length) === 0
        )
          into.add(needle);
      }
      end++;
    }
  }
}

/** A stream that was cut still gives what it held; the output is bounded. */
const LENIENT = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: UNPACK_BYTES };

/** Where the packed bytes of a gzip begin, past its head of varying length; undefined where it is none. */
function pastGzipHead(bytes: Buffer, at: number): number | undefined {
  const flags = bytes[at + 3] ?? 0xff;
  if (flags > 0x1f) return undefined;
  let from = at + 10;
  if (flags & 4) from += 2 + (from + 2 <= bytes.length ? bytes.readUInt16LE(from) : 0);
  for (const flag of [8, 16]) if (flags & flag) from = bytes.indexOf(0, from) + 1;
  return from + (flags & 2 ? 2 : 0);
}

function pastZipHead(bytes: Buffer, at: number): number | undefined {
  if (at + 30 > bytes.length || bytes.readUInt16LE(at + 8) !== 8) return undefined;
  return at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28);
}

/** How packed bytes announce themselves; all hold the same kind of stream. */
const PACKED: [magic: Buffer, past: (bytes: Buffer, at: number) => number | undefined][] = [
  [Buffer.from([0x1f, 0x8b, 0x08]), pastGzipHead],
  [Buffer.from("PK\x03\x04", "latin1"), pastZipHead],
  ...[0x01, 0x5e, 0x9c, 0xda].map((level): (typeof PACKED)[number] => [
    Buffer.from([0x78, level]),
    (_, at) => at + 2,
  ]),
];

/** What lies packed in these bytes, at any place. */
function* packedIn(bytes: Buffer): Generator<Buffer> {
  for (const [magic, past] of PACKED)
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      const from = past(bytes, at);
      if (from === undefined) continue;
      try {
        yield inflateRawSync(bytes.subarray(from), LENIENT);
      } catch {
        // It only looked like it.
      }
    }
}

function searchWhole(searcher: Searcher, bytes: Buffer, into: Set<Needle>, depth = 0): void {
  searcher.find(bytes, into);
  if (depth >= UNPACK_DEPTH) return;
  for (const inner of packedIn(bytes))
    if (inner.length >= MINIMUM) searchWhole(searcher, inner, into, depth + 1);
}

/** Streams are looked through as they come: a value across two chunks is found, a packed one in a first part too. */
async function searchStream(
  searcher: Searcher,
  source: AsyncIterable<Buffer>,
  into: Set<Needle>,
): Promise<number> {
  let total = 0;
  const kept: Buffer[] = [];
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    total += chunk.length;
    const joined = Buffer.concat([tail, chunk]);
    searcher.find(joined, into);
    tail = Buffer.from(joined.subarray(Math.max(0, joined.length - searcher.longest + 1)));
    if (total <= UNPACK_BYTES) kept.push(chunk);
  }
  searchWhole(searcher, Buffer.concat(kept), into);
  return total;
}

/** Looks everywhere. @throws when a surface held nothing to look at. */
export async function sweep(canaries: readonly Canary[], surfaces: readonly Surface[]): Promise<Swept> {
  const searcher = new Searcher(needlesOf(canaries));
  const sightings: Sighting[] = [];
  const bytes: Record<string, number> = {};
  for (const { name: surface, pieces } of surfaces) {
    bytes[surface] ??= 0;
    for await (const piece of pieces()) {
      const found = new Set<Needle>();
      searcher.find(Buffer.from(piece.name), found);
      if (Buffer.isBuffer(piece.bytes)) {
        searchWhole(searcher, piece.bytes, found);
        bytes[surface] += piece.bytes.length;
      } else bytes[surface] += await searchStream(searcher, piece.bytes, found);
      const said = new Set([...found].map(({ canary, encoding }) => `${canary}\0${encoding}`));
      for (const one of said) {
        const [canary = "", encoding = ""] = one.split("\0");
        sightings.push({ surface, piece: piece.name, canary, encoding });
      }
    }
    if (bytes[surface] === 0) throw new Error(`the surface ${surface} held nothing to look at`);
  }
  return { sightings, bytes };
}

/** One line a sighting, for a test's message. */
export const told = (sightings: readonly Sighting[]): string[] =>
  sightings.map(
    ({ surface, piece, canary, encoding }) => `${surface}: ${piece} shows ${canary} (${encoding})`,
  );
