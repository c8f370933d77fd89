/**
 * Reads a CSV as RFC 4180 has it, byte by byte, and writes it again so that DuckDB can read it in one way only:
 * no header, no mark, LF between records, no blank lines, and before each record its number (from 0).
 *
 * Rules: every departure is refused here, naming its line and never a value: wrong number of fields, a quote where
 * none may stand, a quote never closed, a NUL, a stray carriage return, a cell or line too long. DuckDB never sees
 * a file that this scanner did not accept.
 */
import { invalidInput } from "../../../../vocabulary/index.js";
import { ENGINE_LIMITS } from "../../model.js";
import { Lines } from "./lines.js";

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;

/** A record of nothing but a line feed becomes its number (at most 10 digits), a delimiter and a line feed. */
const GROWTH = 13;

enum State {
  /** Before the first byte of a field. */
  start,
  plain,
  quoted,
  /** After a quote inside a quoted field: its end, or the first half of a doubled quote. */
  closing,
  /** After a CR that a LF must follow. */
  newline,
}

/** Cuts one record into its fields, quotes removed. It has been accepted by the scanner. */
export function splitRecord(record: string, delimiter: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (record[at] === '"') {
      let end = at + 1;
      while (record[end] !== '"' || record[end + 1] === '"') end += record[end] === '"' ? 2 : 1;
      fields.push(record.slice(at + 1, end).replaceAll('""', '"'));
      at = end + 1;
    } else {
      const end = record.indexOf(delimiter, at);
      fields.push(end < 0 ? record.slice(at) : record.slice(at, end));
      if (end < 0) return fields;
      at = end;
    }
    if (at >= record.length) return fields;
    at++;
  }
}

export class Scanner {
  readonly lines = new Lines();
  /** The header's fields, once its record has been read. */
  header: string[] | undefined;
  records = 0;
  private state = State.start;
  private line = 1;
  private recordLine = 1;
  private fields = 0;
  private fieldBytes = 0;
  private recordBytes = 0;
  private readonly headerBytes: number[] = [];
  private readonly separator: number;
  private readonly stops = new Uint8Array(256);
  private out = Buffer.alloc(0);
  private length = 0;

  constructor(private readonly delimiter: string) {
    this.separator = delimiter.charCodeAt(0);
    for (const b of [this.separator, LF, CR, QUOTE, NUL]) this.stops[b] = 1;
  }

  /** What these bytes, valid UTF-8, become; to be used before the next call. @throws invalid_input naming the line. */
  push(chunk: Buffer): Buffer {
    const most = chunk.length * GROWTH + 64;
    if (this.out.length < most) this.out = Buffer.allocUnsafe(most);
    this.length = 0;
    for (let i = 0; i < chunk.length; i++) {
      if (this.state === State.plain) i = this.run(chunk, i);
      if (i < chunk.length) this.step(chunk[i]!);
    }
    this.checkLengths();
    return this.out.subarray(0, this.length);
  }

  /** The end of the input. */
  end(): Buffer {
    if (this.out.length < 64) this.out = Buffer.allocUnsafe(64);
    this.length = 0;
    if (this.state === State.quoted)
      throw this.bad("a quote is opened here and never closed", this.recordLine);
    if (this.state === State.newline) throw this.bad("a carriage return without a line feed");
    if (this.recordBytes > 0) this.endRecord();
    if (!this.header) throw invalidInput("content", "is empty: it needs a header and at least one row");
    return this.out.subarray(0, this.length);
  }

  /** Plain bytes up to the next that means something. */
  private run(chunk: Buffer, from: number): number {
    const { stops } = this;
    let i = from;
    if (this.header) {
      const { out } = this;
      let o = this.length;
      while (i < chunk.length && stops[chunk[i]!] === 0) out[o++] = chunk[i++]!;
      this.length = o;
    } else {
      while (i < chunk.length && stops[chunk[i]!] === 0) this.headerBytes.push(chunk[i++]!);
    }
    this.fieldBytes += i - from;
    this.recordBytes += i - from;
    return i;
  }

  private step(b: number): void {
    if (b === NUL) throw this.bad("a NUL character");
    switch (this.state) {
      case State.newline:
        if (b !== LF) throw this.bad("a carriage return without a line feed");
        this.endLine();
        return;
      case State.quoted:
        if (b === LF) this.line++;
        this.emit(b);
        if (b === QUOTE) this.state = State.closing;
        return;
      case State.closing:
        if (b === QUOTE) {
          this.emit(b);
          this.state = State.quoted;
          return;
        }
        this.boundary(b, "text after a closing quote");
        return;
      default:
        if (b === QUOTE) {
          if (this.state === State.plain) throw this.bad("a quote inside a field that is not quoted");
          this.emit(b);
          this.state = State.quoted;
          return;
        }
        this.boundary(b, undefined);
    }
  }

  /** A byte that ends a field, or begins or continues a plain one. */
  private boundary(b: number, otherwise: string | undefined): void {
    if (b === this.separator) {
      this.emit(b);
      this.endField();
      this.state = State.start;
    } else if (b === LF) this.endLine();
    else if (b === CR) this.state = State.newline;
    else {
      if (otherwise) throw this.bad(otherwise);
      this.emit(b);
      this.state = State.plain;
    }
  }

  private emit(b: number): void {
    if (!this.header) this.headerBytes.push(b);
    else {
      if (this.recordBytes === 0) this.number();
      this.out[this.length++] = b;
    }
    this.fieldBytes++;
    this.recordBytes++;
  }

  /** The record's number and a delimiter, written before its first byte. */
  private number(): void {
    this.length += this.out.write(`${this.records}${this.delimiter}`, this.length, "latin1");
  }

  private endField(): void {
    if (this.fieldBytes > ENGINE_LIMITS.cell_bytes) throw this.bad("a cell is too long");
    this.fields++;
    this.fieldBytes = 0;
  }

  private endLine(): void {
    const blank = this.recordBytes === 0;
    const single = this.header?.length === 1;
    if (!blank || single) this.endRecord();
    this.line++;
    this.recordLine = this.line;
    this.state = State.start;
  }

  private endRecord(): void {
    this.endField();
    if (this.recordBytes > ENGINE_LIMITS.line_bytes) throw this.bad("the line is too long", this.recordLine);
    if (!this.header) {
      if (this.fields > ENGINE_LIMITS.columns)
        throw this.bad(`more than ${ENGINE_LIMITS.columns} columns`, this.recordLine);
      this.header = splitRecord(Buffer.from(this.headerBytes).toString("utf8"), this.delimiter);
    } else {
      this.assertWidth(this.header.length);
      if (this.recordBytes === 0) this.number();
      this.out[this.length++] = LF;
      this.lines.note(this.records++, this.recordLine);
    }
    this.fields = 0;
    this.recordBytes = 0;
  }

  private assertWidth(wanted: number): void {
    if (this.fields === wanted) return;
    const has = `${this.fields} ${this.fields === 1 ? "field" : "fields"}`;
    throw this.bad(`has ${has} where the header has ${wanted}`, this.recordLine);
  }

  /** A line that never ends is refused before it is read whole. */
  private checkLengths(): void {
    if (this.fieldBytes > ENGINE_LIMITS.cell_bytes)
      throw this.bad("a cell is too long, or a quote is never closed", this.recordLine);
    if (this.recordBytes > ENGINE_LIMITS.line_bytes) throw this.bad("the line is too long", this.recordLine);
    if (!this.header && this.fields > ENGINE_LIMITS.columns)
      throw this.bad(`more than ${ENGINE_LIMITS.columns} columns`);
  }

  private bad(message: string, line = this.line) {
    return invalidInput(`line ${line}`, message);
  }
}
