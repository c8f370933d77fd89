/**
 * What a text may hide: the text itself and what base64, hex, character codes and compression in it decode to,
 * in any nesting up to a depth.
 *
 * Rules: the work is bounded whatever the text holds; where the bound cuts something off, the budget remembers it,
 * so that what was not looked into becomes a finding and not a silence. Nothing is executed or unpacked to files.
 */
import { isUtf8 } from "node:buffer";
import { Charset } from "./charset.js";
import { gunzipPrefix } from "./inflate.js";

export interface Variant {
  /** All that was decoded; pieces are divided by line feeds. */
  text: string;
  /** Only the pieces that read as text. */
  readable: string;
  /** `exact`, or how it was hidden: `base64`, `base64+gzip` … */
  encoding: string;
}

export const DECODE_LIMITS = {
  depth: 3,
  /** Decoded bytes over all texts of a scan. */
  bytes: 192 * 1024 * 1024,
  /** Of one compressed stream. */
  inflated: 16 * 1024 * 1024,
  /** Compressed streams over all texts of a scan. */
  streams: 256,
} as const;

export class DecodeBudget {
  bytes: number = DECODE_LIMITS.bytes;
  streams: number = DECODE_LIMITS.streams;
  /** How many places could not be looked into. */
  skipped = 0;

  take(bytes: number): boolean {
    if (bytes > this.bytes) {
      this.skipped++;
      return false;
    }
    this.bytes -= bytes;
    return true;
  }
}

const toText = (bytes: Buffer): string => (isUtf8(bytes) ? bytes.toString("utf8") : bytes.toString("latin1"));

/** Fewer bytes than this are printable by accident. */
const SHORTEST_READABLE = 12;

/** Text of any script, with no more than a little that is odd. */
function isReadable(bytes: Buffer): boolean {
  const ascii = !bytes.some((b) => b >= 0x80);
  if (ascii && bytes.length < SHORTEST_READABLE) return false;
  let odd = 0;
  for (const b of bytes) if ((b < 0x20 && b !== 0x0a && b !== 0x0d && b !== 0x09) || b === 0x7f) odd++;
  return odd * 20 <= bytes.length && (ascii || isUtf8(bytes));
}

/** Collects decoded pieces into one variant. */
class Pieces {
  readonly all: string[] = [];
  readonly readable: string[] = [];
  readonly bytes: Buffer[] = [];
  constructor(private readonly budget: DecodeBudget) {}

  add(bytes: Buffer): void {
    if (bytes.length < 3 || !this.budget.take(bytes.length)) return;
    // A NUL between letters is UTF-16.
    const text = toText(bytes).replaceAll("\0", "");
    this.all.push(text);
    if (isReadable(bytes) || (bytes.includes(0) && isReadable(bytes.filter((b) => b !== 0) as Buffer)))
      this.readable.push(text);
    if (mayBeCompressed(bytes)) this.bytes.push(bytes);
  }

  variant(encoding: string): Variant {
    return { text: this.all.join("\n"), readable: this.readable.join("\n"), encoding };
  }
}

const BASE64 = new Charset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-");
const BASE64_RUN = 8;
const HEX = new Charset("0123456789ABCDEFabcdef");
const HEX_RUN = 6;
// Repetitions are bounded: a longer one would overflow the matcher's stack.
const HEX_PAIRS = /(?:(?:\\x|%|0x)?[0-9A-Fa-f]{2}(?:, ?|[ :-])?){6,200000}/g;
const CODES = /(?:\b\d{2,3}\b[\s,;]{1,3}){5,200000}\d{2,3}\b/g;

/** One variant for each way that the runs' beginning may be off. */
function shifted(
  runs: string[],
  offsets: number,
  decode: (run: string) => Buffer,
  encoding: string,
  budget: DecodeBudget,
) {
  const found: { variant: Variant; bytes: Buffer[] }[] = [];
  for (let offset = 0; offset < offsets; offset++) {
    const pieces = new Pieces(budget);
    for (const run of runs) pieces.add(decode(run.slice(offset)));
    found.push({ variant: pieces.variant(encoding), bytes: pieces.bytes });
  }
  return found;
}

/** Lines of base64 that follow each other are also one, as mail and `base64` write it. */
function joinedLines(text: string): string[] {
  const found: string[] = [];
  let run: string[] = [];
  for (const line of [...text.split(/\r?\n|\\n/), ""]) {
    const trimmed = line.trim().replace(/={1,2}$/, "");
    if (trimmed.length >= 4 && BASE64.holds(trimmed)) run.push(trimmed);
    else {
      if (run.length > 1) found.push(run.join(""));
      run = [];
    }
  }
  return found;
}

function base64Runs(text: string): string[] {
  return [...BASE64.runs(text, BASE64_RUN), ...joinedLines(text)];
}

function hexRuns(text: string): string[] {
  const pairs = (text.match(HEX_PAIRS) ?? []).map((run) => run.replace(/\\x|0x|[^0-9A-Fa-f]/g, ""));
  return [...HEX.runs(text, HEX_RUN), ...pairs];
}

const evenHex = (run: string): Buffer => Buffer.from(run.slice(0, run.length & ~1), "hex");
const fromCodes = (run: string): Buffer =>
  Buffer.from((run.match(/\d+/g) ?? []).map(Number).filter((code) => code < 256));

const isGzip = (b: Buffer, i: number): boolean => b[i] === 0x1f && b[i + 1] === 0x8b && b[i + 2] === 0x08;
const isZlib = (b: Buffer, i: number): boolean =>
  b[i] === 0x78 && ((b[i]! << 8) | (b[i + 1] ?? 0)) % 31 === 0;
const isArchive = (b: Buffer): boolean =>
  b.subarray(0, 3).toString("latin1") === "BZh" ||
  b.subarray(0, 4).toString("hex") === "504b0304" ||
  b.subarray(0, 6).toString("hex") === "fd377a585a00" ||
  b.subarray(0, 4).toString("hex") === "28b52ffd";

function mayBeCompressed(bytes: Buffer): boolean {
  if (bytes.length < 8) return false;
  if (isArchive(bytes)) return true;
  for (let i = bytes.indexOf(0x1f); i >= 0; i = bytes.indexOf(0x1f, i + 1)) if (isGzip(bytes, i)) return true;
  return isZlib(bytes, 0);
}

/** What the compressed streams in these bytes hold; archives that cannot be read here count as skipped. */
function inflate(bytes: Buffer, budget: DecodeBudget): Buffer[] {
  if (isArchive(bytes)) budget.skipped++;
  const starts = isZlib(bytes, 0) ? [0] : [];
  for (let i = bytes.indexOf(0x1f); i >= 0; i = bytes.indexOf(0x1f, i + 1))
    if (isGzip(bytes, i)) starts.push(i);
  const found: Buffer[] = [];
  for (const start of starts) {
    if (budget.streams <= 0) {
      budget.skipped++;
      break;
    }
    budget.streams--;
    const { data, cut } = gunzipPrefix(bytes.subarray(start), DECODE_LIMITS.inflated);
    if (cut) budget.skipped++;
    if (data.length > 0) found.push(data);
  }
  return found;
}

const chain = (encoding: string, next: string): string =>
  encoding === "exact" ? next : `${encoding}+${next}`;

/** Everything a text decodes to, itself first. `bytes` is the text as it came. */
export function* variants(bytes: Buffer, budget: DecodeBudget): Generator<Variant> {
  const text = toText(bytes);
  yield { text, readable: text, encoding: "exact" };
  const raw = mayBeCompressed(bytes) ? [bytes] : [];
  yield* within({ text, readable: text, encoding: "exact" }, raw, budget, 0);
}

function* within(
  from: Variant,
  compressed: Buffer[],
  budget: DecodeBudget,
  depth: number,
): Generator<Variant> {
  const { text, encoding } = from;
  const found = [
    ...shifted(
      base64Runs(text),
      4,
      (run) => Buffer.from(run, "base64url"),
      chain(encoding, "base64"),
      budget,
    ),
    ...shifted(hexRuns(text), 2, evenHex, chain(encoding, "hex"), budget),
    ...shifted(text.match(CODES) ?? [], 1, fromCodes, chain(encoding, "codes"), budget),
  ];
  const unpacked = new Pieces(budget);
  for (const bytes of compressed) for (const data of inflate(bytes, budget)) unpacked.add(data);
  found.push({ variant: unpacked.variant(chain(encoding, "gzip")), bytes: unpacked.bytes });
  for (const { variant, bytes } of found) {
    if (variant.text.length === 0) continue;
    yield variant;
    // What decoded to noise is not decoded again, but for compressed data in it.
    const next = { ...variant, text: variant.readable };
    if (depth + 1 < DECODE_LIMITS.depth) yield* within(next, bytes, budget, depth + 1);
    else budget.skipped += bytes.length;
  }
}
