/**
 * Zip archives as NumPy writes them, read strictly (APPNOTE 6.3.10, without encryption and spanning).
 *
 * Rules: the central directory decides what the members are, each must agree with its local header, no two share a
 * byte, and whatever is no member is hidden content: prefixes, gaps, slack behind a compressed stream, comments,
 * extra fields, tails. Members inflate to no more than the caller allows in all.
 */
import { inflateRawSync } from "node:zlib";
import type { ScanText } from "../canonical.js";
import type { HiddenPiece } from "../rules/hidden-content.js";
import { overLimit } from "../rules/limits.js";
import { cannotRead } from "../rules/unreadable.js";
import { HiddenBytes } from "./hidden-bytes.js";
import { crc32 } from "./png-container.js";

export interface ZipMember {
  name: string;
  content: Buffer;
}

export interface ZipContent {
  members: ZipMember[];
  hidden: HiddenPiece[];
  texts: ScanText[];
}

const MAX_MEMBERS = 4_096;
const ZIP64_EXTRA = 0x0001;
const SENTINEL: number = 0xffffffff;

interface Entry {
  name: string;
  method: number;
  crc: number;
  packed: number;
  size: number;
  at: number;
}

interface Inflated {
  buffer: Buffer;
  engine: { bytesWritten: number };
}

const wrong = (what: string) => cannotRead(`Not an archive of arrays: ${what}.`);

/** Where the end record begins: its comment must reach exactly to the end of the file. */
function findEnd(bytes: Buffer): number {
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 0xffff); at--) {
    if (bytes.readUInt32LE(at) === 0x06054b50 && at + 22 + bytes.readUInt16LE(at + 20) === bytes.length)
      return at;
  }
  throw wrong("it has no end record, or something follows it");
}

class ZipReader {
  private readonly hidden = new HiddenBytes();
  private readonly used: [number, number][] = [];
  private left: number;

  constructor(
    private readonly bytes: Buffer,
    maxBytes: number,
  ) {
    this.left = maxBytes;
  }

  read(): ZipContent {
    const end = findEnd(this.bytes);
    this.hidden.add("metadata", "in the archive's comment", this.bytes.subarray(end + 22));
    this.used.push([end, this.bytes.length]);
    const entries = this.directory(end);
    if (new Set(entries.map((e) => e.name)).size !== entries.length) throw wrong("two members have one name");
    const members = entries.map((entry) => ({ name: entry.name, content: this.member(entry) }));
    this.gaps();
    return { members, hidden: this.hidden.pieces, texts: this.hidden.texts };
  }

  private directory(end: number): Entry[] {
    const count = this.bytes.readUInt16LE(end + 10);
    const whole = this.bytes.readUInt32LE(end + 4) === 0 && this.bytes.readUInt16LE(end + 8) === count;
    if (!whole || count > MAX_MEMBERS) throw wrong("its end record is not valid");
    let at = this.bytes.readUInt32LE(end + 16);
    const start = at;
    const entries: Entry[] = [];
    for (let i = 0; i < count; i++) {
      if (at + 46 > end || this.bytes.readUInt32LE(at) !== 0x02014b50)
        throw wrong("its directory is not valid");
      const [name, extra, comment] = [28, 30, 32].map((o) => this.bytes.readUInt16LE(at + o)) as [
        number,
        number,
        number,
      ];
      const next = at + 46 + name + extra + comment;
      if (next > end) throw wrong("its directory is not valid");
      entries.push(this.entry(at, this.bytes.subarray(at + 46, at + 46 + name)));
      const rest = this.bytes.subarray(at + 46 + name, next);
      this.hidden.add("metadata", "in a member's comment or extra field", rest);
      at = next;
    }
    if (at - start !== this.bytes.readUInt32LE(end + 12)) throw wrong("its directory has a wrong length");
    this.used.push([start, at]);
    return entries;
  }

  private entry(at: number, name: Buffer): Entry {
    const u32 = (offset: number) => this.bytes.readUInt32LE(at + offset);
    const flags = this.bytes.readUInt16LE(at + 8);
    // 0x0002 and 0x0004 say how hard a member was compressed, 0x0800 that its name is UTF-8
    if ((flags & ~0x0806) !== 0) throw wrong("a member is encrypted or streamed");
    return {
      name: name.toString("latin1"),
      method: this.bytes.readUInt16LE(at + 10),
      crc: u32(16),
      packed: u32(20),
      size: u32(24),
      at: u32(42),
    };
  }

  private member(entry: Entry): Buffer {
    const { bytes } = this;
    const { at } = entry;
    if (at + 30 > bytes.length || bytes.readUInt32LE(at) !== 0x04034b50)
      throw wrong("a member has no header");
    const nameEnd = at + 30 + bytes.readUInt16LE(at + 26);
    const start = nameEnd + bytes.readUInt16LE(at + 28);
    const end = start + entry.packed;
    if (end > bytes.length) throw wrong("a member is longer than the file");
    this.checkLocal(entry, bytes.subarray(at, nameEnd), bytes.subarray(nameEnd, start));
    this.used.push([at, end]);
    const packed = bytes.subarray(start, end);
    if (entry.size > this.left) throw overLimit("The members inflate to more than a file may hold.");
    this.left -= entry.size;
    const content = entry.method === 0 ? packed : this.inflate(entry, packed);
    if (content.length !== entry.size || crc32(content) !== entry.crc)
      throw wrong("a member's checksum or length is wrong");
    return content;
  }

  private checkLocal(entry: Entry, header: Buffer, extra: Buffer): void {
    const stated = [header.readUInt32LE(18), header.readUInt32LE(22)];
    const zip64 =
      extra.length === 20 && extra.readUInt16LE(0) === ZIP64_EXTRA && extra.readUInt16LE(2) === 16;
    const long = zip64 ? [Number(extra.readBigUInt64LE(12)), Number(extra.readBigUInt64LE(4))] : stated;
    if (!zip64) this.hidden.add("metadata", "in an extra field", extra);
    // NumPy writes the long sizes for short members too
    const sizes = stated.map((s, i) => (s === SENTINEL ? long[i] : s));
    const same =
      header.subarray(30).toString("latin1") === entry.name &&
      header.readUInt16LE(8) === entry.method &&
      header.readUInt32LE(14) === entry.crc &&
      sizes[0] === entry.packed &&
      sizes[1] === entry.size &&
      long[0] === entry.packed &&
      long[1] === entry.size;
    if (!same) throw wrong("a member is described in two ways");
  }

  private inflate({ method, size }: Entry, packed: Buffer): Buffer {
    if (method !== 8) throw wrong("a member is compressed in a way that is not accepted");
    let info: Inflated;
    try {
      // with `info` zlib also tells how much input it used; its types do not say so
      info = inflateRawSync(packed, {
        maxOutputLength: Math.max(1, size),
        info: true,
      }) as unknown as Inflated;
    } catch {
      throw wrong("a member does not inflate to its length");
    }
    this.hidden.add("outside", "behind a compressed member", packed.subarray(info.engine.bytesWritten));
    return info.buffer;
  }

  /** What no record covers. @throws a refusal when two cover the same byte */
  private gaps(): void {
    let at = 0;
    for (const [start, end] of this.used.sort((a, b) => a[0] - b[0])) {
      if (start < at) throw wrong("two members share bytes");
      this.hidden.add("outside", "between the members", this.bytes.subarray(at, start));
      at = end;
    }
  }
}

export function readZip(bytes: Buffer, maxBytes: number): ZipContent {
  return new ZipReader(bytes, maxBytes).read();
}

function header(name: Buffer, content: Buffer, at: number | undefined): Buffer {
  const central = at !== undefined;
  const out = Buffer.alloc((central ? 46 : 30) + name.length);
  out.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
  const o = central ? 6 : 4;
  if (central) out.writeUInt16LE(20, 4);
  out.writeUInt16LE(20, o);
  // 1 January 1980, the first day that the format knows
  out.writeUInt16LE(0x21, o + 8);
  out.writeUInt32LE(crc32(content), o + 10);
  out.writeUInt32LE(content.length, o + 14);
  out.writeUInt32LE(content.length, o + 18);
  out.writeUInt16LE(name.length, o + 22);
  if (central) out.writeUInt32LE(at, 42);
  name.copy(out, central ? 46 : 30);
  return out;
}

/** Stored, in the order given, without dates, attributes or comments. Names are ASCII. */
export function writeZip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content } of members) {
    const bytes = Buffer.from(name, "latin1");
    directory.push(header(bytes, content, at));
    const local = header(bytes, content, undefined);
    parts.push(local, content);
    at += local.length + content.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
}
