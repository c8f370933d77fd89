/**
 * Parquet files of one form as one: their row groups one after the other, none read or written anew. Only for files
 * that this process's DuckDB has written from one SELECT's columns.
 *
 * Rules: the footer is parsed whole and written whole (thrift-compact.ts); every place that it names is moved with the
 * bytes it names; what is not understood ends the join.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { decodeStruct, encodeStruct, type Struct, type Value } from "./thrift-compact.js";

const MAGIC = Buffer.from("PAR1");
/** The footer's length and the mark after it. */
const TAIL = 8;
const PIECE = 1024 * 1024;

/** Fields of the footer that are used here, by the numbers that the format gives them. */
const FILE = { schema: 2, rows: 3, groups: 4 };
const GROUP = { columns: 1, offset: 5, ordinal: 7 };
const CHUNK = { path: 1, offset: 2, metadata: 3, offsetIndex: 4, columnIndex: 6 };
const METADATA = { data: 9, index: 10, dictionary: 11, bloom: 14 };

interface Parsed {
  footer: Struct;
  /** Where the footer begins: all before it are row groups, and the mark. */
  end: number;
}

async function exactly(file: FileHandle, length: number, at: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, at);
  if (bytesRead !== length) throw new Error("engine: a Parquet was cut short");
  return bytes;
}

async function parse(file: FileHandle): Promise<Parsed> {
  const { size } = await file.stat();
  const tail = await exactly(file, TAIL, size - TAIL);
  const length = tail.readUInt32LE(0);
  if (!tail.subarray(4).equals(MAGIC) || length > size - TAIL - MAGIC.length)
    throw new Error("engine: not a Parquet");
  const end = size - TAIL - length;
  return { footer: decodeStruct(await exactly(file, length, end)), end };
}

function numberAt(struct: Struct, id: number): number {
  const value = struct.get(id)?.value;
  if (typeof value !== "number") throw new Error("engine: a Parquet footer without a number it must have");
  return value;
}

function structsAt(struct: Struct, id: number): Struct[] {
  const value = struct.get(id)?.value;
  if (!Array.isArray(value) || !value.every((entry: Value) => entry instanceof Map))
    throw new Error("engine: a Parquet footer without a list it must have");
  return value as Struct[];
}

function move(struct: Struct, ids: readonly number[], by: number): void {
  for (const id of ids) {
    const field = struct.get(id);
    // Zero says in some of them that there is no such place.
    if (typeof field?.value === "number" && field.value > 0) field.value += by;
  }
}

function moveGroup(group: Struct, by: number, ordinal: number): void {
  move(group, [GROUP.offset], by);
  const numbered = group.get(GROUP.ordinal);
  if (numbered) numbered.value = ordinal;
  for (const chunk of structsAt(group, GROUP.columns)) {
    if (chunk.has(CHUNK.path)) throw new Error("engine: a Parquet of several files");
    move(chunk, [CHUNK.offset, CHUNK.offsetIndex, CHUNK.columnIndex], by);
    const metadata = chunk.get(CHUNK.metadata)?.value;
    if (!(metadata instanceof Map)) throw new Error("engine: a Parquet column without metadata");
    move(metadata, [METADATA.data, METADATA.index, METADATA.dictionary, METADATA.bloom], by);
  }
}

async function append(to: FileHandle, at: number, from: FileHandle, end: number): Promise<void> {
  const piece = Buffer.allocUnsafe(PIECE);
  for (let read = MAGIC.length, write = at; read < end; ) {
    const { bytesRead } = await from.read(piece, 0, Math.min(PIECE, end - read), read);
    if (bytesRead === 0) throw new Error("engine: a Parquet was cut short");
    await to.write(piece, 0, bytesRead, write);
    read += bytesRead;
    write += bytesRead;
  }
}

/** Adds the row groups of the file at `path` to what `to` holds up to `whole.end`, and removes that file. */
async function add(to: FileHandle, whole: Parsed, path: string): Promise<void> {
  const from = await open(path, "r");
  try {
    const { footer, end } = await parse(from);
    const groups = structsAt(whole.footer, FILE.groups);
    const more = structsAt(footer, FILE.groups);
    if (structsAt(footer, FILE.schema).length !== structsAt(whole.footer, FILE.schema).length)
      throw new Error("engine: Parquet files of different columns");
    more.forEach((group, i) => {
      moveGroup(group, whole.end - MAGIC.length, groups.length + i);
    });
    await append(to, whole.end, from, end);
    whole.end += end - MAGIC.length;
    for (const group of more) groups.push(group);
    whole.footer.get(FILE.rows)!.value = numberAt(whole.footer, FILE.rows) + numberAt(footer, FILE.rows);
  } finally {
    await from.close();
  }
  await rm(path);
}

/** @returns the path of the first, which now holds the rows of all; the others are gone. */
export async function joinParquet(paths: readonly string[]): Promise<string> {
  const [first, ...others] = paths;
  if (first === undefined) throw new Error("engine: no Parquet to join");
  if (others.length === 0) return first;
  const file = await open(first, "r+");
  try {
    const whole = await parse(file);
    await file.truncate(whole.end);
    for (const path of others) await add(file, whole, path);
    const footer = encodeStruct(whole.footer);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    await file.write(Buffer.concat([footer, length, MAGIC]), 0, footer.length + TAIL, whole.end);
  } finally {
    await file.close();
  }
  return first;
}
