/**
 * One NumPy array (NEP 1, versions 1.0 to 3.0): its header read as the one form that NumPy writes, its data rounded.
 *
 * Rules: numbers, truth values and text only. Objects are pickles, which are programs, and are refused; so are raw
 * bytes, dates and structures. Canonical form: version 1.0, little-endian, elements as array-values.ts says, text
 * as unicode.ts does with its digit runs cut, no wider than its longest. The order of the axes in memory stays.
 */
import { foreignBytes } from "../rules/media-type.js";
import { cannotRead } from "../rules/unreadable.js";
import type { ArrayView } from "./array-text.js";
import type { Element } from "./array-values.js";
import { canonicalValues, WIDTH } from "./array-values.js";
import type { HiddenBytes } from "./hidden-bytes.js";
import { roundInText } from "./numbers.js";
import type { Removed } from "./unicode.js";
import { addRemoved, cleanText } from "./unicode.js";

export interface RebuiltArray {
  header: Buffer;
  data: Buffer;
  view: ArrayView;
  rounded: number;
  removed?: Removed;
}

const MAGIC = Buffer.from("\x93NUMPY", "latin1");
const MAX_HEADER = 4_096;
const MAX_AXES = 32;
const HEADER =
  /^\{'descr': '([<>|=])([a-zA-Z?])(\d{0,6})', 'fortran_order': (True|False), 'shape': \(((?:\d{1,15}(?:, )?)*),?\), \} *\n$/;

/** NumPy's letters for what is accepted; a complex number is two floats. */
const KINDS: Record<string, readonly [Element, number]> = {
  f8: ["f64", 1],
  f4: ["f32", 1],
  f2: ["f16", 1],
  c16: ["f64", 2],
  c8: ["f32", 2],
  i8: ["i64", 1],
  i4: ["i32", 1],
  i2: ["i16", 1],
  i1: ["i8", 1],
  u8: ["u64", 1],
  u4: ["u32", 1],
  u2: ["u16", 1],
  u1: ["u8", 1],
  b1: ["bool", 1],
};

interface NpyHeader {
  big: boolean;
  /** As NumPy says it, without the byte order. */
  kind: string;
  fortran: boolean;
  shape: number[];
  dataAt: number;
}

const wrong = (what: string) => cannotRead(`Not an array: ${what}.`);

function readHeader(bytes: Buffer): NpyHeader {
  if (bytes.length < 10 || !bytes.subarray(0, 6).equals(MAGIC)) throw wrong("no NumPy signature");
  const major = bytes[6]!;
  if (major < 1 || major > 3 || bytes[7] !== 0) throw wrong("a version that is not known");
  const start = major === 1 ? 10 : 12;
  const length =
    major === 1 ? bytes.readUInt16LE(8) : bytes.length < 12 ? MAX_HEADER + 1 : bytes.readUInt32LE(8);
  if (length > MAX_HEADER || start + length > bytes.length) throw wrong("its header is too long");
  const match = HEADER.exec(bytes.subarray(start, start + length).toString("latin1"));
  if (match === null) throw wrong("its header is not as NumPy writes it (structures are not accepted)");
  const [, order, letter, width, fortran, axes = ""] = match;
  if (letter === "O") throw foreignBytes("npz", "a pickle (an array of objects)");
  const shape = axes
    .split(", ")
    .filter((a) => a !== "")
    .map(Number);
  if (shape.length > MAX_AXES) throw wrong("too many axes");
  return {
    big: order === ">",
    kind: letter! + width!,
    fortran: fortran === "True",
    shape,
    dataAt: start + length,
  };
}

/** The number of elements. @throws a refusal where no file could hold so many */
export function elementsOf(shape: readonly number[]): number {
  const count = shape.reduce((product, axis) => product * axis, 1);
  if (!Number.isSafeInteger(count)) throw wrong("its shape is too large");
  return count;
}

function writeHeader(kind: string, { fortran, shape }: NpyHeader): Buffer {
  const order = /^(?:[iub]1)$/.test(kind) ? "|" : "<";
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dict = `{'descr': '${order}${kind}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${axes}), }`;
  // the data begin at a multiple of 64, after one line feed
  const text = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11, " ");
  const head = Buffer.alloc(10);
  MAGIC.copy(head);
  head[6] = 1;
  head.writeUInt16LE(text.length + 1, 8);
  return Buffer.concat([head, Buffer.from(`${text}\n`, "latin1")]);
}

/** Elements of so many bytes, lowest byte first. */
export function littleEndian(raw: Buffer, big: boolean, width: number): Buffer {
  if (!big || width === 1) return raw;
  const out = Buffer.from(raw);
  if (width === 2) return out.swap16();
  return width === 4 ? out.swap32() : out.swap64();
}

/** In memory the axes of a Fortran array run backwards; read so, its elements stand in C order. */
const inMemory = ({ fortran, shape }: NpyHeader) => (fortran ? [...shape].reverse() : shape);

function rebuildNumbers(name: string, header: NpyHeader, raw: Buffer, digits: number): RebuiltArray {
  const [element, parts] = KINDS[header.kind]!;
  const values = canonicalValues(element, littleEndian(raw, header.big, WIDTH[element]), digits);
  const shape = parts === 1 ? inMemory(header) : [...inMemory(header), parts];
  const view = { name, shape, length: raw.length / WIDTH[element], text: values.text, bytes: values.bytes };
  return { header: writeHeader(header.kind, header), data: values.bytes, view, rounded: values.changed };
}

function readString(raw: Buffer): string {
  let text = "";
  for (let at = 0; at < raw.length; at += 4) {
    const code = raw.readUInt32LE(at);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw wrong("its text is not Unicode");
    text += String.fromCodePoint(code);
  }
  return text.replace(/\0+$/, "");
}

function rebuildStrings(
  name: string,
  header: NpyHeader,
  raw: Buffer,
  width: number,
  digits: number,
): RebuiltArray {
  const ordered = littleEndian(raw, header.big, 4);
  let removed: Removed | undefined;
  let rounded = 0;
  const texts: string[] = [];
  for (let at = 0; at < ordered.length; at += width) {
    const cleaned = cleanText(readString(ordered.subarray(at, at + width)));
    const cut = roundInText(cleaned.text, digits);
    removed = removed === undefined ? cleaned.removed : addRemoved(removed, cleaned.removed);
    rounded += cut.rounded;
    texts.push(cut.text);
  }
  const points = texts.map((t) => [...t]);
  const longest = points.reduce((most, p) => Math.max(most, p.length), 1);
  const data = Buffer.alloc(points.length * longest * 4);
  points.forEach((chars, i) => {
    chars.forEach((char, k) => {
      data.writeUInt32LE(char.codePointAt(0)!, (i * longest + k) * 4);
    });
  });
  const view = {
    name,
    shape: inMemory(header),
    length: texts.length,
    text: (i: number) => texts[i]!,
    bytes: Buffer.alloc(0),
  };
  const written = writeHeader(`U${longest}`, header);
  return { header: written, data, view, rounded, ...(removed === undefined ? {} : { removed }) };
}

export function rebuildNpy(name: string, bytes: Buffer, digits: number, hidden: HiddenBytes): RebuiltArray {
  const header = readHeader(bytes);
  const count = elementsOf(header.shape);
  const text = /^U(\d+)$/.exec(header.kind);
  const number = KINDS[header.kind];
  if (text === null && number === undefined)
    throw wrong("its elements are neither numbers, truth values nor text");
  const width = number === undefined ? Number(text![1]) * 4 : WIDTH[number[0]] * number[1];
  const end = header.dataAt + count * width;
  if (end > bytes.length) throw wrong("it is shorter than its shape says");
  if (width === 0 && count > 0) throw wrong("its text has no width");
  hidden.add("outside", "after the end of an array", bytes.subarray(end));
  const raw = bytes.subarray(header.dataAt, end);
  return number === undefined
    ? rebuildStrings(name, header, raw, width, digits)
    : rebuildNumbers(name, header, raw, digits);
}
