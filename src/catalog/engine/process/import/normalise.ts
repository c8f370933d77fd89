/**
 * A stream of CSV bytes becomes a file that holds the same records in the one form that DuckDB is given.
 * Rules: UTF-8 only, with or without its mark; nothing is held but the first 64 KiB and a piece at a time.
 */
import { isUtf8 } from "node:buffer";
import { open } from "node:fs/promises";
import { GloveboxError, invalidInput } from "../../../../vocabulary/index.js";
import { columnName } from "../../model.js";
import { type Delimiter, findDelimiter } from "./dialect.js";
import type { Lines } from "./lines.js";
import { Scanner } from "./scanner.js";

export interface Normalised {
  header: string[];
  records: number;
  lines: Lines;
  delimiter: Delimiter;
}

const HEAD_BYTES = 64 * 1024;
const LF = 0x0a;

/** How many bytes at the end begin a character that is not complete yet. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const b = bytes[bytes.length - back]!;
    if (b < 0x80) return 0;
    if (b >= 0xc0) return back < (b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

/** Passes whole characters on and refuses what is not UTF-8, naming the line. */
class Utf8 {
  private carry = Buffer.alloc(0);
  private line = 1;

  push(chunk: Buffer, last: boolean): Buffer {
    const bytes = this.carry.length > 0 ? Buffer.concat([this.carry, chunk]) : chunk;
    const cut = last ? bytes.length : bytes.length - unfinished(bytes);
    const whole = bytes.subarray(0, cut);
    if (!isUtf8(whole)) throw this.refusal(whole);
    this.carry = Buffer.from(bytes.subarray(cut));
    for (let i = whole.indexOf(LF); i >= 0; i = whole.indexOf(LF, i + 1)) this.line++;
    return whole;
  }

  private refusal(bytes: Buffer): GloveboxError {
    let line = this.line;
    let from = 0;
    for (
      let to = bytes.indexOf(LF);
      to >= 0 && isUtf8(bytes.subarray(from, to));
      to = bytes.indexOf(LF, from)
    ) {
      line++;
      from = to + 1;
    }
    return invalidInput(`line ${line}`, "is not valid UTF-8");
  }
}

function withoutMark(head: Buffer): Buffer {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return head.subarray(3);
  const utf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (utf16) throw invalidInput("content", "is UTF-16; save it as UTF-8");
  return head;
}

/** Column names are kept as they are; only what cannot be told apart or shown is refused. */
function assertHeader(header: string[]): void {
  const seen = new Map<string, number>();
  header.forEach((name, i) => {
    const place = `column ${i + 1}`;
    if (name.trim() === "") throw invalidInput(place, "has an empty header");
    const parsed = columnName.safeParse(name);
    if (!parsed.success) throw invalidInput(place, `its header: ${parsed.error.issues[0]!.message}`);
    const before = seen.get(name);
    if (before !== undefined) throw invalidInput(place, `has the same header as column ${before}`);
    seen.set(name, i + 1);
  });
}

/** Pieces of at least `size` bytes first, then as they come. */
async function* headFirst(source: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let head: Buffer[] | undefined = [];
  let bytes = 0;
  for await (const chunk of source) {
    if (!head) {
      yield chunk;
      continue;
    }
    head.push(chunk);
    bytes += chunk.length;
    if (bytes < size) continue;
    yield Buffer.concat(head);
    head = undefined;
  }
  if (head) yield Buffer.concat(head);
}

/**
 * @throws invalid_input for whatever is not a CSV with a usable header and a row; too_large past `maxBytes`.
 */
export async function normalise(
  source: AsyncIterable<Buffer>,
  path: string,
  maxBytes: number,
): Promise<Normalised> {
  const file = await open(path, "wx", 0o600);
  try {
    const utf8 = new Utf8();
    let scanner: Scanner | undefined;
    let delimiter: Delimiter = ",";
    let bytes = 0;
    for await (const piece of headFirst(source, HEAD_BYTES)) {
      bytes += piece.length;
      if (bytes > maxBytes)
        throw new GloveboxError("too_large", { detail: `content: more than ${maxBytes} bytes` });
      const text = utf8.push(scanner ? piece : withoutMark(piece), false);
      if (!scanner) {
        delimiter = findDelimiter(text.subarray(0, HEAD_BYTES), text.length < HEAD_BYTES);
        scanner = new Scanner(delimiter);
      }
      await file.writeFile(scanner.push(text));
    }
    utf8.push(Buffer.alloc(0), true);
    const last = scanner ?? new Scanner(delimiter);
    await file.writeFile(last.end());
    return finished(last, delimiter);
  } finally {
    await file.close();
  }
}

function finished(scanner: Scanner, delimiter: Delimiter): Normalised {
  const header = scanner.header ?? [];
  assertHeader(header);
  if (scanner.records === 0) throw invalidInput("content", "has a header and no rows");
  return { header, records: scanner.records, lines: scanner.lines, delimiter };
}
