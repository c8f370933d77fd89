/**
 * A zip, read strictly: what its central directory says, and every member's own header and checksum must agree.
 *
 * Rules: stored and deflated members only, no encryption, no second disk, no 64-bit forms; a bounded number of members;
 * members do not overlap; a member gives no byte more than its directory entry says. Names are never used as paths.
 */
import { type FileHandle, open } from "node:fs/promises";
import { PassThrough, pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { invalidInput } from "../../../../vocabulary/index.js";
import { Crc32 } from "./crc32.js";

export interface Member {
  name: string;
  method: number;
  crc: number;
  packed: number;
  bytes: number;
  offset: number;
}

export interface Zip {
  members: ReadonlyMap<string, Member>;
  /** The one file in it, folders and what macOS adds not counted. @throws invalid_input where there is not one. */
  single(): Member;
  read(member: Member): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

const MAX_MEMBERS = 10_000;
const MAX_DIRECTORY = 16 * 1024 * 1024;
const END = 22;
const STORED = 0;
const DEFLATED = 8;
const NO_64 = 0xffffffff;

const damaged = (words: string) => invalidInput("content", `its zip ${words}`);

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  if (bytesRead < length) throw damaged("ends too early");
  return bytes;
}

interface Directory {
  count: number;
  bytes: number;
  offset: number;
}

async function findDirectory(file: FileHandle, size: number): Promise<Directory> {
  const tail = await bytesAt(file, Math.max(0, size - END - 0xffff), Math.min(size, END + 0xffff));
  for (let at = tail.length - END; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50 || tail.readUInt16LE(at + 20) !== tail.length - at - END)
      continue;
    const count = tail.readUInt16LE(at + 10);
    const bytes = tail.readUInt32LE(at + 12);
    const offset = tail.readUInt32LE(at + 16);
    if (tail.readUInt16LE(at + 4) !== 0 || tail.readUInt16LE(at + 8) !== count)
      throw damaged("is in several parts");
    if (count === 0xffff || offset === NO_64 || bytes === NO_64)
      throw damaged("is of the 64-bit form; use gzip");
    if (count > MAX_MEMBERS || bytes > MAX_DIRECTORY) throw damaged(`has more than ${MAX_MEMBERS} members`);
    if (offset + bytes > size) throw damaged("is damaged");
    return { count, bytes, offset };
  }
  throw damaged("ends too early or is damaged");
}

function memberAt(bytes: Buffer, at: number): { member: Member; next: number } {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) throw damaged("is damaged");
  const [nameBytes, extra, comment] = [28, 30, 32].map((i) => bytes.readUInt16LE(at + i)) as [
    number,
    number,
    number,
  ];
  const next = at + 46 + nameBytes + extra + comment;
  if (next > bytes.length) throw damaged("is damaged");
  const flags = bytes.readUInt16LE(at + 8);
  if (flags & 0x2041) throw damaged("is encrypted");
  const member: Member = {
    name: bytes.toString("utf8", at + 46, at + 46 + nameBytes),
    method: bytes.readUInt16LE(at + 10),
    crc: bytes.readUInt32LE(at + 16),
    packed: bytes.readUInt32LE(at + 20),
    bytes: bytes.readUInt32LE(at + 24),
    offset: bytes.readUInt32LE(at + 42),
  };
  if ([member.packed, member.bytes, member.offset].includes(NO_64))
    throw damaged("is of the 64-bit form; use gzip");
  return { member, next };
}

async function readMembers(file: FileHandle, size: number): Promise<Map<string, Member>> {
  const { count, bytes, offset } = await findDirectory(file, size);
  const directory = await bytesAt(file, offset, bytes);
  const members = new Map<string, Member>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const { member, next } = memberAt(directory, at);
    if (members.has(member.name)) throw damaged("has two members of one name");
    members.set(member.name, member);
    at = next;
  }
  // Overlapping members unpack the same bytes many times.
  let end = 0;
  for (const member of [...members.values()].sort((a, b) => a.offset - b.offset)) {
    if (member.offset < end || member.offset + 30 + member.packed > offset)
      throw damaged("has members that overlap");
    end = member.offset + 30 + member.packed;
  }
  return members;
}

export async function openZip(path: string): Promise<Zip> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const members = await readMembers(file, size);
    return {
      members,
      single: () => single(members),
      read: (member) => unpacked(file, member),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function single(members: ReadonlyMap<string, Member>): Member {
  const files = [...members.values()].filter(
    ({ name }) => !name.endsWith("/") && !name.startsWith("__MACOSX/") && !/(^|\/)\.DS_Store$/.test(name),
  );
  if (files.length !== 1) throw damaged(`holds ${files.length} files where one is expected`);
  return files[0]!;
}

async function* rawBytes(file: FileHandle, from: number, length: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < length; at += 256 * 1024)
    yield bytesAt(file, from + at, Math.min(256 * 1024, length - at));
}

async function* unpacked(file: FileHandle, member: Member): AsyncGenerator<Buffer> {
  const head = await bytesAt(file, member.offset, 30);
  if (head.readUInt32LE(0) !== 0x04034b50 || head.readUInt16LE(8) !== member.method)
    throw damaged("is damaged");
  const from = member.offset + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
  const packed = rawBytes(file, from, member.packed);
  const crc = new Crc32();
  let bytes = 0;
  for await (const chunk of method(member.method, packed)) {
    bytes += chunk.length;
    if (bytes > member.bytes) throw damaged("says less of a member than it holds");
    crc.update(chunk);
    yield chunk;
  }
  if (bytes !== member.bytes || crc.value !== member.crc) throw damaged("is damaged");
}

async function* method(code: number, packed: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (code === STORED) return yield* packed;
  if (code !== DEFLATED) throw damaged("is packed in a way that is not known; use deflate");
  const out = new PassThrough();
  pipeline(packed, createInflateRaw(), out, () => undefined);
  try {
    yield* out as AsyncIterable<Buffer>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith("Z_")) throw damaged("is damaged");
    throw error;
  }
}
