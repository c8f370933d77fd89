/**
 * The chunks of a PNG, read strictly (ISO/IEC 15948): what the picture needs, and everything else as hidden.
 *
 * Rules: a checksum that is wrong, a chunk out of order, an unknown critical chunk or a length beyond the file
 * refuses the picture. Compressed data is inflated to no more than the picture needs and a bounded surplus.
 */
import { inflateSync } from "node:zlib";
import type { ScanText } from "../canonical.js";
import type { HiddenPiece } from "../rules/hidden-content.js";
import { overLimit } from "../rules/limits.js";
import { cannotRead } from "../rules/unreadable.js";
import { HiddenBytes } from "./hidden-bytes.js";

export const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Surplus of inflated data that is still read, so that it can be searched; more is a bomb. */
const MAX_SURPLUS = 1024 * 1024;
/** Inflated text of all compressed text chunks together that is still read. */
const MAX_TEXT = 8 * 1024 * 1024;

export interface PngHeader {
  width: number;
  height: number;
  depth: number;
  color: number;
  interlaced: boolean;
  /** The chunk's 13 bytes. */
  raw: Buffer;
}

export interface PngContainer {
  header: PngHeader;
  palette?: Buffer;
  transparency?: Buffer;
  /** Filtered scanlines, exactly as many bytes as the header asks for. */
  scanlines: Buffer;
  hidden: HiddenPiece[];
  texts: ScanText[];
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

export function crc32(bytes: Buffer): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC_TABLE[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** Samples a pixel and allowed depths, by colour type. */
const COLORS: Record<number, { samples: number; depths: readonly number[] }> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};

/** Adam7: first column, first row, column step, row step of each pass. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function scanlineBytes(h: PngHeader): number {
  const bits = COLORS[h.color]!.samples * h.depth;
  const area = (width: number, height: number) =>
    width <= 0 || height <= 0 ? 0 : height * (1 + Math.ceil((width * bits) / 8));
  if (!h.interlaced) return area(h.width, h.height);
  return PASSES.reduce(
    (sum, [x, y, dx, dy]) => sum + area(Math.ceil((h.width - x) / dx), Math.ceil((h.height - y) / dy)),
    0,
  );
}

function readHeader(raw: Buffer, maxPixels: number): PngHeader {
  if (raw.length !== 13) throw cannotRead("Not a picture: its header has a wrong length.");
  const header: PngHeader = {
    width: raw.readUInt32BE(0),
    height: raw.readUInt32BE(4),
    depth: raw[8]!,
    color: raw[9]!,
    interlaced: raw[12] === 1,
    raw,
  };
  const legal = COLORS[header.color]?.depths.includes(header.depth) && raw[10] === 0 && raw[11] === 0;
  if (!legal || raw[12]! > 1 || header.width === 0 || header.height === 0)
    throw cannotRead("Not a picture: its header is not valid.");
  if (header.width * header.height > maxPixels) throw overLimit(`More than ${maxPixels} pixels.`);
  return header;
}

interface Chunk {
  type: string;
  data: Buffer;
}

/** The chunks up to and with IEND, and whatever follows. */
function readChunks(bytes: Buffer): { chunks: Chunk[]; tail: Buffer } {
  if (!bytes.subarray(0, 8).equals(PNG_SIGNATURE)) throw cannotRead("Not a picture: no PNG signature.");
  const chunks: Chunk[] = [];
  let at = 8;
  for (;;) {
    if (at + 12 > bytes.length) throw cannotRead("Not a picture: it ends in the middle.");
    const length = bytes.readUInt32BE(at);
    if (at + 12 + length > bytes.length) throw cannotRead("Not a picture: a chunk is longer than the file.");
    const checked = bytes.subarray(at + 4, at + 8 + length);
    if (crc32(checked) !== bytes.readUInt32BE(at + 8 + length))
      throw cannotRead("Not a picture: a checksum is wrong.");
    const type = checked.subarray(0, 4).toString("latin1");
    if (!/^[A-Za-z]{4}$/.test(type)) throw cannotRead("Not a picture: a chunk's name is not valid.");
    chunks.push({ type, data: checked.subarray(4) });
    at += 12 + length;
    if (type === "IEND") return { chunks, tail: bytes.subarray(at) };
  }
}

/** Critical chunks in order: IHDR first, one PLTE before IDAT, IDAT in one run, IEND empty; no others. */
function checkOrder(chunks: readonly Chunk[]): void {
  const critical = chunks.map((c) => c.type).filter((t) => t[0]! < "a" || t === "tRNS");
  const runs = critical.filter((t, i) => t !== "IDAT" || critical[i - 1] !== "IDAT");
  if (!/^IHDR,(?:PLTE,)?(?:tRNS,)?IDAT,IEND$/.test(runs.join(",")) || chunks[0]?.type !== "IHDR")
    throw cannotRead("Not a picture: its chunks are missing, unknown or out of order.");
  const first = chunks.findIndex((c) => c.type === "IDAT");
  const last = chunks.findLastIndex((c) => c.type === "IDAT");
  if (chunks.slice(first, last).some((c) => c.type !== "IDAT"))
    throw cannotRead("Not a picture: its image data is interrupted.");
}

/** The text inside a compressed chunk, as far as the budget goes; it is wanted for the search only. */
function compressedText({ type, data }: Chunk, budget: number): Buffer {
  const start = data.indexOf(0x78, Math.max(0, data.indexOf(0)));
  if ((type !== "zTXt" && type !== "iTXt" && type !== "iCCP") || start < 0 || budget <= 0)
    return Buffer.alloc(0);
  try {
    return inflateSync(data.subarray(start), { maxOutputLength: budget });
  } catch {
    return Buffer.alloc(0);
  }
}

class Hidden extends HiddenBytes {
  readonly inflated: ScanText[] = [];
  private budget = MAX_TEXT;

  addChunk(chunk: Chunk, index: number): void {
    const where = `in the ${chunk.type} chunk ${index}`;
    this.add("metadata", where, chunk.data);
    const text = compressedText(chunk, this.budget);
    this.budget -= text.length;
    if (text.length > 0) this.inflated.push({ name: `hidden text ${where}`, content: text });
  }
}

interface InflateInfo {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

function inflatePixels(compressed: Buffer, needed: number, hidden: Hidden): Buffer {
  let info: InflateInfo;
  try {
    // with `info` zlib also tells how much input it used; its types do not say so
    info = inflateSync(compressed, {
      maxOutputLength: needed + MAX_SURPLUS,
      info: true,
    }) as unknown as InflateInfo;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw overLimit("The picture's data inflates to far more than the picture holds.");
    throw cannotRead("Not a picture: its image data does not inflate.");
  }
  if (info.buffer.length < needed) throw cannotRead("Not a picture: its image data is too short.");
  hidden.add("outside", "after the last line of the picture", info.buffer.subarray(needed));
  hidden.add("outside", "behind the compressed image data", compressed.subarray(info.engine.bytesWritten));
  return info.buffer.subarray(0, needed);
}

export function readPng(bytes: Buffer, maxPixels: number): PngContainer {
  const { chunks, tail } = readChunks(bytes);
  checkOrder(chunks);
  const header = readHeader(chunks[0]!.data, maxPixels);
  const hidden = new Hidden();
  hidden.add("outside", "after the end of the picture", tail);
  const needed = new Set(["IHDR", "PLTE", "tRNS", "IDAT"]);
  chunks.forEach((chunk, i) => {
    if (chunk.type === "IEND") hidden.add("outside", "in the end chunk", chunk.data);
    else if (!needed.has(chunk.type)) hidden.addChunk(chunk, i);
  });
  const compressed = Buffer.concat(chunks.filter((c) => c.type === "IDAT").map((c) => c.data));
  const scanlines = inflatePixels(compressed, scanlineBytes(header), hidden);
  const of = (type: string) => chunks.find((c) => c.type === type)?.data;
  return {
    header,
    palette: of("PLTE"),
    transparency: of("tRNS"),
    scanlines,
    hidden: hidden.pieces,
    texts: [...hidden.texts, ...hidden.inflated],
  };
}
