/**
 * Zip in one canonical form: entries stored, in order of their names, one after another from the first byte; no
 * extra field, comment, data descriptor, encryption, zip64, time or gap. Pure.
 * Reading refuses every other form: what was read is written again, and must be the same bytes.
 */
import { concat, sameBytes, utf8 } from "../ledger/index.js";

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
/** Made on Unix, so that the attributes below are a file mode. */
const MADE_BY = (3 << 8) | VERSION;
const UTF8_NAMES = 0x0800;
/** 1980-01-01 00:00, the first that the format can say. */
const DOS_DATE = 0x0021;
const REGULAR_FILE = 0o100644 * 0x10000;
const MAX_ENTRIES = 1000;
export const MAX_ZIP_BYTES = 2 ** 31 - 1;

export interface ZipEntry {
  name: string;
  crc: number;
  size: number;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c >>> 0;
});

/** CRC-32; hand on what it returned for the bytes before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let c = ~before >>> 0;
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ CRC_TABLE[(c ^ bytes[i]!) & 0xff]!;
  return ~c >>> 0;
}

/** Little-endian fields of two and four bytes. */
function record(fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array {
  const out = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return out;
}

const common = ({ crc, size }: ZipEntry, nameBytes: number) =>
  [
    [2, VERSION],
    [2, UTF8_NAMES],
    [2, 0],
    [2, 0],
    [2, DOS_DATE],
    [4, crc],
    [4, size],
    [4, size],
    [2, nameBytes],
    [2, 0],
  ] as const;

export function localHeader(entry: ZipEntry): Uint8Array {
  const name = utf8(entry.name);
  return concat(record([[4, LOCAL], ...common(entry, name.length)]), name);
}

function centralHeader(entry: ZipEntry, offset: number): Uint8Array {
  const name = utf8(entry.name);
  const fields = record([
    [4, CENTRAL],
    [2, MADE_BY],
    ...common(entry, name.length),
    [2, 0],
    [2, 0],
    [2, 0],
    [4, REGULAR_FILE],
    [4, offset],
  ]);
  return concat(fields, name);
}

/** The directory and the end record that follow the entries. */
export function directory(entries: readonly ZipEntry[]): { central: Uint8Array; end: Uint8Array } {
  let offset = 0;
  const headers: Uint8Array[] = [];
  for (const entry of entries) {
    headers.push(centralHeader(entry, offset));
    offset += localHeader(entry).length + entry.size;
  }
  const central = concat(...headers);
  const end = record([
    [4, END],
    [2, 0],
    [2, 0],
    [2, entries.length],
    [2, entries.length],
    [4, central.length],
    [4, offset],
    [2, 0],
  ]);
  return { central, end };
}

export const inZipOrder = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

export interface ZipProblem {
  where: string;
  what: string;
}
export type ZipContent = { files: Map<string, Uint8Array> } | { problem: ZipProblem };

const problem = (where: string, what: string): { problem: ZipProblem } => ({ problem: { where, what } });

/** The files of a canonical zip, or the first place where it is not one. */
export function readZip(bytes: Uint8Array): ZipContent {
  if (bytes.length > MAX_ZIP_BYTES) return problem("zip", "is larger than any bundle");
  const entries: ZipEntry[] = [];
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (startsWith(bytes, at, LOCAL)) {
    const read = readEntry(bytes, at);
    if ("problem" in read) return read;
    const { entry, content, next } = read;
    const before = entries.at(-1);
    if (before && inZipOrder(before, entry) >= 0)
      return problem(`zip header of ${entry.name}`, "is not in the order of names");
    if (entries.length >= MAX_ENTRIES) return problem("zip", "has more files than any bundle");
    entries.push(entry);
    files.set(entry.name, content);
    at = next;
  }
  return checkDirectory(bytes, at, entries) ?? { files };
}

function startsWith(bytes: Uint8Array, at: number, signature: number): boolean {
  return (
    at + 4 <= bytes.length && new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true) === signature
  );
}

const LOCAL_BYTES = 30;

function readEntry(
  bytes: Uint8Array,
  at: number,
): { entry: ZipEntry; content: Uint8Array; next: number } | { problem: ZipProblem } {
  const where = `zip header at byte ${at}`;
  if (at + LOCAL_BYTES > bytes.length) return problem(where, "is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const size = view.getUint32(22, true);
  const nameEnd = at + LOCAL_BYTES + view.getUint16(26, true);
  const next = nameEnd + size;
  if (next > bytes.length) return problem(where, "states more bytes than there are");
  const name = decode(bytes.subarray(at + LOCAL_BYTES, nameEnd));
  if (name === undefined) return problem(where, "has a name that is not UTF-8");
  const content = bytes.subarray(nameEnd, next);
  const entry = { name, crc: crc32(content), size };
  if (view.getUint32(14, true) !== entry.crc) return problem(name, "is not the content that was packed");
  if (!sameBytes(bytes.subarray(at, nameEnd), localHeader(entry)))
    return problem(`zip header of ${name}`, "is not in canonical form");
  return { entry, content, next };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function checkDirectory(
  bytes: Uint8Array,
  at: number,
  entries: readonly ZipEntry[],
): { problem: ZipProblem } | undefined {
  const { central, end } = directory(entries);
  if (!sameBytes(bytes.subarray(at, at + central.length), central))
    return problem("zip directory", "is not that of the files before it, or other bytes are in its place");
  const rest = bytes.subarray(at + central.length);
  if (!sameBytes(rest.subarray(0, end.length), end))
    return problem("zip end record", "is not that of the directory before it");
  return rest.length > end.length ? problem("zip", "something follows its end") : undefined;
}
