/**
 * The bytes by which a planted value shows: as it is, in part, and in every encoding that a surface may use.
 *
 * Rules: every needle is long enough that chance does not make it (see MINIMUM), and never shorter than that many
 * bytes. What a surface packs (gzip, zlib, zip) is unpacked by the sweep, not spelled out here.
 */
import { createHash } from "node:crypto";

export type CanaryKind = "text" | "identifier" | "integer" | "decimal";

/** A value that stands in one row of the data and nowhere else in the world. */
export interface Canary {
  name: string;
  kind: CanaryKind;
  /** As it is written in a CSV file. */
  value: string;
}

export interface Needle {
  canary: string;
  encoding: string;
  bytes: Buffer;
}

/** Six bytes that are not text come up by chance once in 2^48 places. */
export const MINIMUM = 6;
/** So much of a text or a number is taken for all of it: errors quote beginnings, middles and ends. */
const PART = { letters: 8, digits: 10, han: 3, rounded: 8 };

type Spelling = [encoding: string, bytes: Buffer];

const utf8 = (text: string): Buffer => Buffer.from(text, "utf8");
const utf16be = (text: string): Buffer => Buffer.from(text, "utf16le").swap16();
const hasHan = (text: string): boolean => /\p{Script=Han}/u.test(text);

/** Two-byte characters of GBK, by what they mean. Node reads this encoding and does not write it. */
let gbk: Map<string, Buffer> | undefined;
function gbkTable(): Map<string, Buffer> {
  if (gbk) return gbk;
  gbk = new Map();
  const decoder = new TextDecoder("gb18030");
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      const bytes = Buffer.from([lead, trail]);
      const text = decoder.decode(bytes);
      if ([...text].length === 1 && !gbk.has(text)) gbk.set(text, bytes);
    }
  }
  return gbk;
}
export const toGbk = (text: string): Buffer =>
  Buffer.concat([...text].map((c) => (c.charCodeAt(0) < 0x80 ? utf8(c) : (gbkTable().get(c) ?? utf8(c)))));

const eachUnit = (text: string, spell: (unit: number) => string): string =>
  Array.from({ length: text.length }, (_, i) => spell(text.charCodeAt(i))).join("");
const eachByte = (bytes: Buffer, spell: (byte: number) => string): string => [...bytes].map(spell).join("");
const hex = (n: number, width: number): string => n.toString(16).padStart(width, "0");

/** What stays the same of base64 whatever stands before and after: three alignments, without the mixed ends. */
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = before === 0 ? 0 : before + 1;
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return text.slice(first, whole);
  });
}

function windows(text: string): string[] {
  const units = [...text];
  const size = hasHan(text) ? PART.han : /^\d+$/.test(text) ? PART.digits : PART.letters;
  if (units.length <= size) return [text];
  return units.slice(size - 1).map((_, i) => units.slice(i, i + size).join(""));
}

function escapes(text: string): Spelling[] {
  const both = (name: string, spelled: string): Spelling[] => [
    [name, utf8(spelled)],
    [name, utf8(spelled.replace(/(?<=\\[ux]|%)[0-9a-f]+/g, (digits) => digits.toUpperCase()))],
  ];
  const bytes = utf8(text);
  const foreign = (spell: (unit: number) => string) =>
    eachUnit(text, (unit) => (unit < 0x80 ? String.fromCharCode(unit) : spell(unit)));
  return [
    ...both(
      "\\u of all",
      eachUnit(text, (unit) => `\\u${hex(unit, 4)}`),
    ),
    ...both(
      "percent of all",
      eachByte(bytes, (byte) => `%${hex(byte, 2)}`),
    ),
    ...both(
      "\\x of all",
      eachByte(bytes, (byte) => `\\x${hex(byte, 2)}`),
    ),
    ["octal of all", utf8(eachByte(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`))],
    ["HTML of all", utf8(eachUnit(text, (unit) => `&#${unit};`))],
    ["HTML hex of all", utf8(eachUnit(text, (unit) => `&#x${hex(unit, 1)};`))],
    ["list of bytes", utf8([...bytes].join(","))],
    ...(hasHan(text)
      ? [
          ...both(
            "\\u",
            foreign((unit) => `\\u${hex(unit, 4)}`),
          ),
          ["percent", utf8(encodeURIComponent(text))] as Spelling,
          ["HTML", utf8(foreign((unit) => `&#${unit};`))] as Spelling,
          [
            "octal",
            utf8(eachByte(bytes, (b) => (b < 0x80 ? String.fromCharCode(b) : `\\${b.toString(8)}`))),
          ] as Spelling,
        ]
      : []),
  ];
}

function textSpellings(text: string): Spelling[] {
  const bytes = utf8(text);
  const parts = windows(text);
  return [
    ...parts.map((part): Spelling => ["as it is", utf8(part)]),
    ...parts.map((part): Spelling => ["upper case", utf8(part.toUpperCase())]),
    ...parts.map((part): Spelling => ["lower case", utf8(part.toLowerCase())]),
    ["reversed", utf8([...text].reverse().join(""))],
    ["UTF-16", Buffer.from(text, "utf16le")],
    ["UTF-16", utf16be(text)],
    ...(hasHan(text) ? [["GBK", toGbk(text)] as Spelling] : []),
    ["UTF-8 read as Latin-1", utf8(bytes.toString("latin1"))],
    ["hex", utf8(bytes.toString("hex"))],
    ["hex", utf8(bytes.toString("hex").toUpperCase())],
    ...base64Cores(bytes).map((core): Spelling => ["base64", utf8(core)]),
    ...base64Cores(bytes).map(
      (core): Spelling => ["base64url", utf8(core.replaceAll("+", "-").replaceAll("/", "_"))],
    ),
    ...escapes(text),
    ...hashes(bytes),
  ];
}

/** A hash without a salt says a value to whoever can guess it. */
function hashes(bytes: Buffer): Spelling[] {
  return (["sha256", "sha1", "md5"] as const).flatMap((name): Spelling[] => {
    const digest = createHash(name).update(bytes).digest();
    return [
      [`${name}, hex`, utf8(digest.toString("hex"))],
      [`${name}, base64`, utf8(digest.toString("base64").replace(/=+$/, ""))],
      [`${name}, bytes`, digest],
    ];
  });
}

/** The digits of a number with the point at every place: whatever power of ten it was scaled by. */
function scaled(digits: string): Spelling[] {
  const rounded = digits.slice(0, PART.rounded);
  return Array.from(
    { length: PART.rounded },
    (_, at): Spelling => ["scaled", utf8(`${rounded.slice(0, at)}.${rounded.slice(at)}`)],
  );
}

function numberSpellings(value: string): Spelling[] {
  const digits = value.replace(/\D/g, "").replace(/^0+/, "");
  const [whole = "", fraction] = value.split(".");
  const number = Buffer.alloc(8);
  number.writeDoubleLE(Number(value));
  const spellings: Spelling[] = [
    ...scaled(digits),
    ["double", number],
    ["double", Buffer.from(number).reverse()],
    [
      "full-width digits",
      utf8(
        [...value].map((c) => (c === "." ? "．" : String.fromCharCode(c.charCodeAt(0) + 0xfee0))).join(""),
      ),
    ],
  ];
  if (digits.length >= PART.digits) spellings.push(["digits", utf8(digits.slice(0, PART.digits))]);
  for (const separator of [",", " ", "_", "'", "\u202f"]) {
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, separator);
    if (grouped !== whole && whole.length >= PART.rounded) spellings.push(["grouped", utf8(grouped)]);
  }
  if (fraction === undefined) {
    const integer = Buffer.alloc(8);
    integer.writeBigInt64LE(BigInt(value));
    spellings.push(["64 bits", integer], ["64 bits", Buffer.from(integer).reverse()]);
    spellings.push(["hexadecimal", utf8(BigInt(value).toString(16))]);
  }
  return spellings;
}

/** Everything to look for; each sequence of bytes once. */
export function needlesOf(canaries: readonly Canary[]): Needle[] {
  const found = new Map<string, Needle>();
  for (const { name, kind, value } of canaries) {
    const numeric = kind === "integer" || kind === "decimal";
    for (const [encoding, bytes] of [...textSpellings(value), ...(numeric ? numberSpellings(value) : [])]) {
      const key = bytes.toString("latin1");
      if (bytes.length >= MINIMUM && !found.has(key)) found.set(key, { canary: name, encoding, bytes });
    }
  }
  return [...found.values()];
}
