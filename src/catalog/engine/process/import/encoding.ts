/**
 * The encoding of a text, and its bytes as UTF-8.
 *
 * How it is found, in this order: what was declared; a mark; zero bytes as only UTF-16 has them; and then by the first
 * piece that is not ASCII: UTF-8 where it is valid, GB18030 (which holds GBK) where it is valid and seven in ten of
 * its characters are common ones. What is neither is refused, and so is every later byte that breaks what was found:
 * a file is of one encoding. A refusal names the line.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { type GloveboxError, invalidInput } from "../../../../vocabulary/index.js";
import { ENGINE_LIMITS, type FileReading, type TextEncoding } from "../../model.js";

const LF = 0x0a;
const NONE = Buffer.alloc(0);
/** What is looked at to find an encoding. */
export const SAMPLE_BYTES = 64 * 1024;

export type Found = NonNullable<FileReading["encoding"]>;

const WORDS: Record<TextEncoding, string> = {
  "utf-8": "valid UTF-8",
  gb18030: "valid GB18030",
  "utf-16le": "valid UTF-16",
  "utf-16be": "valid UTF-16",
};

const MARKS: readonly { bytes: readonly number[]; name: TextEncoding }[] = [
  { bytes: [0xef, 0xbb, 0xbf], name: "utf-8" },
  { bytes: [0xff, 0xfe], name: "utf-16le" },
  { bytes: [0xfe, 0xff], name: "utf-16be" },
];

function markOf(head: Buffer): { name: TextEncoding; length: number } | undefined {
  const mark = MARKS.find(({ bytes }) => bytes.every((b, i) => head[i] === b));
  return mark && { name: mark.name, length: mark.bytes.length };
}

function utf16Text(bytes: Buffer, bigEndian: boolean): string {
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  return (bigEndian ? Buffer.from(even).swap16() : even).toString("utf16le");
}

/** UTF-16 without a mark: zero bytes on one side of the pairs, and lines without a zero character once read so. */
function utf16Of(sample: Buffer): "utf-16le" | "utf-16be" | undefined {
  const zeros = [0, 0];
  for (let i = sample.indexOf(0); i >= 0; i = sample.indexOf(0, i + 1)) zeros[i % 2]!++;
  if (zeros[0] === zeros[1]) return undefined;
  const name = zeros[1]! > zeros[0]! ? "utf-16le" : "utf-16be";
  const text = utf16Text(sample, name === "utf-16be");
  // Of the bytes that would end a line in ASCII, most must do so here.
  const ends = text.split("\n").length - 1;
  return !text.includes("\0") && sample.filter((b) => b === LF).length <= 1.5 * ends ? name : undefined;
}

/** Of the two-byte characters, how many are of the common ones: level 1 of GB 2312, its punctuation, its digits. */
function commonShare(bytes: Buffer): { characters: number; common: number } {
  let characters = 0;
  let common = 0;
  for (let i = 0; i < bytes.length; i++) {
    const lead = bytes[i]!;
    if (lead < 0x81) continue;
    const trail = bytes[i + 1];
    if (trail === undefined) break;
    characters++;
    if (trail >= 0xa1 && ((lead >= 0xb0 && lead <= 0xd7) || (lead >= 0xa1 && lead <= 0xa3))) common++;
    // Four bytes where the second is a digit.
    i += trail >= 0x30 && trail <= 0x39 ? 3 : 1;
  }
  return { characters, common };
}

/** What a line of UTF-8 holds that is meant so: by chance GB18030 reads as this only where a character is rare. */
const CHINESE_ONLY = /^(?:\p{ASCII}|[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])*$/u;

const gb18030 = (bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder("gb18030", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** `sample` ends where a line ends, or with the text. Where it is of two encodings, its first lines decide. */
function decide(sample: Buffer): Found | undefined {
  const found = decideAll(sample);
  if (found) return found;
  let at = 0;
  for (let end = 0; at < sample.length; at = end) {
    end = sample.indexOf(LF, at) + 1 || sample.length;
    if (!isAscii(sample.subarray(at, end))) return decideAll(sample.subarray(at, end));
  }
  return undefined;
}

function decideAll(sample: Buffer): Found | undefined {
  if (isUtf8(sample)) return { name: "utf-8", found_by: "valid" };
  const { characters, common } = commonShare(sample);
  if (common * 10 < characters * 7 || gb18030(sample) === undefined) return undefined;
  return { name: "gb18030", found_by: "statistics", characters, common };
}

const DECODERS: Record<TextEncoding, (bytes: Buffer) => Buffer | undefined> = {
  "utf-8": (bytes) => (isUtf8(bytes) ? bytes : undefined),
  gb18030: (bytes) => {
    const text = gb18030(bytes);
    return text === undefined ? undefined : Buffer.from(text);
  },
  "utf-16le": (bytes) => fromUtf16(bytes, false),
  "utf-16be": (bytes) => fromUtf16(bytes, true),
};

function fromUtf16(bytes: Buffer, bigEndian: boolean): Buffer | undefined {
  const text = utf16Text(bytes, bigEndian);
  // `isWellFormed` is younger than the library that the compiler knows.
  const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
  return bytes.length % 2 === 1 || lone ? undefined : Buffer.from(text);
}

/** Where the last line of `bytes` ends: its whole lines are before. */
function endOfLines(bytes: Buffer, name: TextEncoding): number {
  if (name === "utf-8" || name === "gb18030") return bytes.lastIndexOf(LF) + 1;
  const pair = name === "utf-16le" ? Buffer.from([LF, 0]) : Buffer.from([0, LF]);
  let at = bytes.lastIndexOf(pair);
  while (at > 0 && at % 2 === 1) at = bytes.lastIndexOf(pair, at - 1);
  return at < 0 || at % 2 === 1 ? 0 : at + 2;
}

/** Gives whole lines on as UTF-8. A line longer than the limit is refused before it is held. */
export class Decoder {
  found: Found | undefined;
  private carry = NONE;
  private begun = false;

  /** `line` is the number of the line that begins where the last text given on ended. */
  constructor(
    private readonly line: () => number,
    private readonly declared?: TextEncoding,
  ) {}

  push(chunk: Buffer, last: boolean): Buffer {
    const bytes = this.carry.length > 0 ? Buffer.concat([this.carry, chunk]) : chunk;
    const text = this.begun ? bytes : this.begin(bytes);
    const name = this.found?.name ?? "utf-8";
    const cut = last ? text.length : endOfLines(text, name);
    if (text.length - cut > 2 * ENGINE_LIMITS.line_bytes)
      throw invalidInput(`line ${this.line() + this.ends(text.subarray(0, cut))}`, "the line is too long");
    const whole = text.subarray(0, cut);
    this.carry = Buffer.from(text.subarray(cut));
    return this.decode(whole);
  }

  private begin(bytes: Buffer): Buffer {
    this.begun = true;
    const mark = markOf(bytes);
    if (this.declared) {
      this.found = { name: this.declared, found_by: "declared" };
      return mark?.name === this.declared ? bytes.subarray(mark.length) : bytes;
    }
    if (mark) {
      this.found = { name: mark.name, found_by: "mark" };
      return bytes.subarray(mark.length);
    }
    const utf16 = utf16Of(bytes.subarray(0, SAMPLE_BYTES));
    if (utf16) this.found = { name: utf16, found_by: "zero_bytes" };
    return bytes;
  }

  private decode(whole: Buffer): Buffer {
    if (!this.found) {
      if (isAscii(whole)) return whole;
      this.found = decide(whole);
      if (!this.found) throw this.refusal(whole, isAscii, "neither valid UTF-8 nor GB18030");
    }
    if (this.found.found_by === "statistics") this.assertNoUtf8(whole);
    const decode = DECODERS[this.found.name];
    const text = decode(whole);
    if (!text)
      throw this.refusal(whole, (line) => decode(line) !== undefined, `not ${WORDS[this.found.name]}`);
    return text;
  }

  /** A line of Chinese in UTF-8 is valid GB18030 too, and would become other characters. */
  private assertNoUtf8(whole: Buffer): void {
    for (let at = 0, line = this.line(); at < whole.length; line++) {
      const end = whole.indexOf(LF, at) + 1 || whole.length;
      const bytes = whole.subarray(at, end);
      if (!isAscii(bytes) && isUtf8(bytes) && CHINESE_ONLY.test(bytes.toString("utf8")))
        throw invalidInput(`line ${line}`, "is UTF-8 where the lines before are GB18030");
      at = end;
    }
  }

  private ends(bytes: Buffer): number {
    let count = 0;
    for (
      let at = this.firstEnd(bytes);
      at > 0 && at <= bytes.length;
      at += this.firstEnd(bytes.subarray(at))
    ) {
      count++;
      if (at === bytes.length) break;
    }
    return count;
  }

  private refusal(bytes: Buffer, fine: (line: Buffer) => boolean, words: string): GloveboxError {
    let line = this.line();
    let rest = bytes;
    for (;;) {
      const end = this.firstEnd(rest);
      if (end === rest.length || !fine(rest.subarray(0, end)))
        return invalidInput(`line ${line}`, `is ${words}`);
      line++;
      rest = rest.subarray(end);
    }
  }

  /** How many bytes the first line has, its end included. */
  private firstEnd(bytes: Buffer): number {
    const name = this.found?.name ?? "utf-8";
    if (!name.startsWith("utf-16")) return bytes.indexOf(LF) + 1 || bytes.length;
    const [first, second] = name === "utf-16le" ? [LF, 0] : [0, LF];
    for (let i = 0; i + 1 < bytes.length; i += 2)
      if (bytes[i] === first && bytes[i + 1] === second) return i + 2;
    return bytes.length;
  }
}
