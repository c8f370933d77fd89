/**
 * Reads a CSV as RFC 4180 has it, byte by byte, and writes it again so that DuckDB can read it in one way only:
 * no header, no mark, commas, LF between records, no blank lines, quotes only where needed, missing values empty, and
 * before each record its number (from 0). On the way it learns what `ColumnFacts` holds.
 *
 * Rules: every departure is refused here, naming its line and never a value: wrong number of fields, a quote where
 * none may stand, a quote never closed, a NUL, a stray carriage return, a cell or line too long. DuckDB never sees
 * a file that this scanner did not accept. `push` is the import's inner loop, written for speed: most records go
 * through `simpleRecords`, all others through `step`, and the two share their state, which is why this file is long.
 */
import { invalidInput } from "../../../../vocabulary/index.js";
import { ENGINE_LIMITS } from "../../model.js";
import { ColumnFacts, FORM, FORMS, formOf, Rising } from "./facts.js";
import { Lines } from "./lines.js";
import type { Missing } from "./missing.js";
import type { Tabular } from "./tabular.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;

/** A record of nothing but a line feed becomes its number (at most 10 digits), a comma and a line feed. */
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

/** What a byte is to the scanner, beside text. */
const STOP = 64;
const MEANS = { separator: 1, lf: 2, cr: 3, quote: 4, nul: 5, written: 6 } as const;

export interface ScannerOptions {
  delimiter: string;
  /** The character that encloses a field; none where a quote is a character like any other. */
  quote: string | undefined;
  missing: Missing;
  /** False where the first record is data already. */
  header: boolean;
  /** The column that names each record's unit, of which it is learnt whether its texts rise. */
  unitColumn?: string;
}

export class Scanner {
  readonly lines = new Lines();
  /** The header's fields, or invented names, once the first record has been read. */
  header: string[] | undefined;
  records = 0;
  facts = new ColumnFacts(0);
  /** For each byte its form (facts.ts), or `STOP` and what it means. */
  private readonly kinds = new Uint8Array(FORMS);
  private readonly missing: Missing;
  private unit = -1;
  private readonly rising = new Rising();
  /** Columns of a record whose value is missing. */
  private readonly gone: number[] = [];
  private state = State.start;
  /** The line that is being read. */
  line = 1;
  private recordLine = 1;
  private fields = 0;
  private fieldForm = 0;
  /** Bytes of the record read so far: zero on a line that is blank. */
  private recordBytes = 0;
  private out = Buffer.alloc(0);
  /** Up to where `out` holds whole records, where the open field begins in it, and where it ends. */
  private whole = 0;
  private fieldAt = 0;
  private length = 0;
  /** A field has begun. */
  private open = false;
  /** The open field holds what can stand in quotes only. */
  private special = false;
  private readonly number: number[] = [0x30];
  private readonly first: string[] = [];

  constructor(private readonly options: ScannerOptions) {
    this.missing = options.missing;
    const means = (character: string, meaning: number): void => {
      this.kinds[character.charCodeAt(0)] = STOP + meaning;
    };
    means("\n", MEANS.lf);
    means("\r", MEANS.cr);
    means("\0", MEANS.nul);
    // What means nothing here but something in the file that is written.
    means(",", MEANS.written);
    means('"', MEANS.written);
    means(options.delimiter, MEANS.separator);
    if (options.quote !== undefined) means(options.quote, MEANS.quote);
  }

  column: Tabular["column"] = (i) => ({
    missing: this.facts.missing[i]!,
    whole: this.facts.isWhole(i),
    numeric: this.facts.isNumeric(i),
    rising: i === this.unit && this.rising.holds,
  });

  /** The whole records that these bytes, valid UTF-8, complete; to be used before the next call. */
  push(chunk: Buffer): Buffer {
    this.makeRoom(chunk.length * GROWTH + 64);
    for (let i = 0; i < chunk.length; i++) {
      if (this.fields === 0 && this.recordBytes === 0 && !this.open && this.header)
        i = this.simpleRecords(chunk, i, this.header.length);
      if (this.state === State.start || this.state === State.plain || this.state === State.quoted)
        i = this.run(chunk, i);
      if (i < chunk.length) this.step(chunk[i]!);
    }
    this.checkLengths();
    return this.out.subarray(0, this.whole);
  }

  /**
   * Whole records from `at` on, as long as they are what most are: no quote but around a whole field, nothing in it
   * that must stay quoted, the right number of fields. @returns where the first other one begins, which `step` reads.
   */
  private simpleRecords(chunk: Buffer, at: number, width: number): number {
    const { out, kinds, missing, unit } = this;
    const { begins } = missing;
    const { forms } = this.facts;
    const end = chunk.length;
    for (let record = at; ; ) {
      const before = this.length;
      this.writeNumber();
      let o = this.length - 1;
      let p = record;
      let gone = 0;
      let column = 0;
      let kind = 0;
      let unitFrom = 0;
      let unitTo = 0;
      for (; column < width && p < end; column++) {
        out[o++] = COMMA;
        const from = o;
        let form = 0;
        const enclosed = kinds[chunk[p]!] === STOP + MEANS.quote;
        if (enclosed) p++;
        for (; p < end; p++) {
          const b = chunk[p]!;
          kind = kinds[b]!;
          if (kind >= STOP) break;
          out[o++] = b;
          form |= kind;
        }
        if (enclosed) {
          if (kind !== STOP + MEANS.quote) {
            kind = 0;
            break;
          }
          kind = ++p < end ? kinds[chunk[p]!]! : 0;
        }
        if (o === from || (begins[out[from]!] === 1 && missing.has(out, from, o))) {
          o = from;
          this.gone[gone++] = column;
        } else if (forms[column]! < FORM.other)
          forms[column]! |= form >= FORM.other ? form : formOf(out, from, o, form);
        if (column === unit) {
          unitFrom = from;
          unitTo = o;
        }
        p++;
        if (kind !== STOP + MEANS.separator) break;
      }
      if (kind === STOP + MEANS.cr && chunk[p] === LF) {
        p++;
        kind = STOP + MEANS.lf;
      }
      // Not such a record, or not all of it is here; what was written of it is written anew.
      if (
        kind !== STOP + MEANS.lf ||
        column !== width - 1 ||
        p - record < 2 ||
        p - record > ENGINE_LIMITS.cell_bytes
      ) {
        this.length = before;
        return record;
      }
      for (let i = 0; i < gone; i++) this.facts.missing[this.gone[i]!]!++;
      if (unit >= 0) this.rising.note(out, unitFrom, unitTo);
      this.length = o;
      this.finishRecord();
      this.line++;
      this.recordLine = this.line;
      record = p;
      if (record >= end) return end;
    }
  }

  /** Bytes of the open field, or of one that begins, up to the next that means something. */
  private run(chunk: Buffer, from: number): number {
    const { kinds } = this;
    let i = from;
    if (i >= chunk.length || kinds[chunk[i]!]! >= STOP) return i;
    if (!this.open) this.beginField();
    if (this.state === State.start) this.state = State.plain;
    const { out } = this;
    let o = this.length;
    let form = this.fieldForm;
    for (; i < chunk.length; i++) {
      const b = chunk[i]!;
      const kind = kinds[b]!;
      if (kind >= STOP) break;
      out[o++] = b;
      form |= kind;
    }
    this.length = o;
    this.fieldForm = form;
    this.recordBytes += i - from;
    return i;
  }

  /** The end of the input. */
  end(): Buffer {
    this.makeRoom(64);
    if (this.state === State.quoted)
      throw this.bad("a quote is opened here and never closed", this.recordLine);
    if (this.state === State.newline) throw this.bad("a carriage return without a line feed");
    if (this.recordBytes > 0) this.endRecord();
    if (!this.header) throw invalidInput("content", "is empty: it needs a header and at least one row");
    return this.out.subarray(0, this.whole);
  }

  /** Takes what was given out away, keeps the record that is open. */
  private makeRoom(more: number): void {
    const kept = this.length - this.whole;
    const needed = kept + more;
    const to = this.out.length < needed ? Buffer.allocUnsafe(needed) : this.out;
    this.out.copy(to, 0, this.whole, this.length);
    this.fieldAt -= this.whole;
    this.out = to;
    this.whole = 0;
    this.length = kept;
  }

  private step(b: number): void {
    const meaning = this.kinds[b]! - STOP;
    if (meaning === MEANS.nul) throw this.bad("a NUL character");
    switch (this.state) {
      case State.newline:
        if (b !== LF) throw this.bad("a carriage return without a line feed");
        this.endLine();
        return;
      case State.quoted:
        this.recordBytes++;
        if (meaning === MEANS.quote) this.state = State.closing;
        else this.writeSpecial(b);
        return;
      case State.closing:
        if (meaning === MEANS.quote) {
          this.recordBytes++;
          this.writeSpecial(b);
          this.state = State.quoted;
          return;
        }
        this.boundary(b, meaning, "text after a closing quote");
        return;
      default:
        if (meaning !== MEANS.quote) {
          this.boundary(b, meaning, undefined);
          return;
        }
        if (this.state === State.plain) throw this.bad("a quote inside a field that is not quoted");
        this.beginField();
        this.recordBytes++;
        this.state = State.quoted;
    }
  }

  /** A byte that ends a field, or begins or continues a plain one. */
  private boundary(b: number, meaning: number, otherwise: string | undefined): void {
    if (meaning === MEANS.separator) {
      this.recordBytes++;
      this.endField();
      this.state = State.start;
    } else if (meaning === MEANS.lf) this.endLine();
    else if (meaning === MEANS.cr) this.state = State.newline;
    else {
      if (otherwise) throw this.bad(otherwise);
      if (!this.open) this.beginField();
      this.recordBytes++;
      this.writeSpecial(b);
      this.state = State.plain;
    }
  }

  /** A byte of the field's text that can be written in quotes only. */
  private writeSpecial(b: number): void {
    if (b === LF) this.line++;
    this.out[this.length++] = b;
    if (b === QUOTE) this.out[this.length++] = b;
    this.fieldForm = FORM.other;
    this.special = true;
  }

  private beginField(): void {
    if (this.fields === 0) this.writeNumber();
    else this.out[this.length++] = COMMA;
    this.fieldAt = this.length;
    this.fieldForm = 0;
    this.special = false;
    this.open = true;
  }

  private writeNumber(): void {
    const { number, out } = this;
    for (let i = 0; i < number.length; i++) out[this.length++] = number[i]!;
    out[this.length++] = COMMA;
  }

  private endField(): void {
    if (!this.open) this.beginField();
    this.open = false;
    const length = this.length - this.fieldAt;
    if (length > ENGINE_LIMITS.cell_bytes) throw this.bad("a cell is too long");
    const column = this.fields++;
    if (!this.header) this.first.push(this.fieldText());
    if (length > 0 && this.missing.has(this.out, this.fieldAt, this.length)) this.length = this.fieldAt;
    else {
      if (column === this.unit) this.rising.note(this.out, this.fieldAt, this.length);
      if (this.special) this.enclose();
    }
    if (column >= this.facts.forms.length) return;
    if (length === 0 || this.length === this.fieldAt) this.facts.missing[column]!++;
    else this.facts.forms[column]! |= formOf(this.out, this.fieldAt, this.length, this.fieldForm);
  }

  private fieldText(): string {
    const text = this.out.toString("utf8", this.fieldAt, this.length);
    return this.special ? text.replaceAll('""', '"') : text;
  }

  private enclose(): void {
    this.out.copyWithin(this.fieldAt + 1, this.fieldAt, this.length);
    this.out[this.fieldAt] = QUOTE;
    this.length++;
    this.out[this.length++] = QUOTE;
  }

  private endLine(): void {
    if (this.recordBytes > 0 || this.header?.length === 1) this.endRecord();
    this.line++;
    this.recordLine = this.line;
    this.state = State.start;
  }

  private endRecord(): void {
    this.endField();
    if (this.recordBytes > ENGINE_LIMITS.line_bytes) throw this.bad("the line is too long", this.recordLine);
    if (this.header) this.keepRecord(this.header.length);
    else this.firstRecord();
    this.fields = 0;
    this.recordBytes = 0;
  }

  private keepRecord(wanted: number): void {
    if (this.fields !== wanted) {
      const has = `${this.fields} ${this.fields === 1 ? "field" : "fields"}`;
      throw this.bad(`has ${has} where the header has ${wanted}`, this.recordLine);
    }
    this.finishRecord();
  }

  private finishRecord(): void {
    this.out[this.length++] = LF;
    this.whole = this.length;
    this.lines.note(this.records++, this.recordLine);
    const { number } = this;
    let digit = number.length - 1;
    while (digit >= 0 && number[digit] === 0x39) number[digit--] = 0x30;
    if (digit >= 0) number[digit]!++;
    else number.unshift(0x31);
  }

  private firstRecord(): void {
    if (this.fields > ENGINE_LIMITS.columns)
      throw this.bad(`more than ${ENGINE_LIMITS.columns} columns`, this.recordLine);
    this.facts = new ColumnFacts(this.fields);
    if (this.options.header) {
      this.header = this.first;
      this.length = this.whole;
      this.unit = this.header.indexOf(this.options.unitColumn ?? "");
      return;
    }
    this.header = this.first.map((_, i) => `column_${i + 1}`);
    // Its fields went by before there were columns to learn of: nothing is taken for granted of them.
    this.facts.forms.fill(FORM.other);
    this.first.forEach((text, i) => {
      if (text === "" || this.missing.is(text)) this.facts.missing[i]!++;
    });
    this.keepRecord(this.fields);
  }

  /** A line that never ends is refused before it is read whole. */
  private checkLengths(): void {
    if (this.open && this.length - this.fieldAt > ENGINE_LIMITS.cell_bytes)
      throw this.bad("a cell is too long, or a quote is never closed", this.recordLine);
    if (this.recordBytes > ENGINE_LIMITS.line_bytes) throw this.bad("the line is too long", this.recordLine);
    if (!this.header && this.fields > ENGINE_LIMITS.columns)
      throw this.bad(`more than ${ENGINE_LIMITS.columns} columns`);
  }

  private bad(message: string, line = this.line) {
    return invalidInput(`line ${line}`, message);
  }
}
