/**
 * JSON lines: a flat object a line. Its keys are columns, in the order in which they first appear; a key that a line
 * does not have, and null, are missing values. Numbers keep their digits: they are never made floats on the way.
 *
 * Rules: parsed here and not by JSON.parse, which would round numbers and let the last of two equal keys win. Nested
 * values, equal keys and anything after the object are refused, naming the line and never a value.
 */
import { invalidInput } from "../../../../vocabulary/index.js";
import { columnName, ENGINE_LIMITS } from "../../model.js";
import { Lines } from "./lines.js";
import type { Missing } from "./missing.js";
import { RecordWriter, tooLong } from "./record-writer.js";

const LF = 0x0a;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r]*/y;

export class JsonLines {
  readonly lines = new Lines();
  line = 1;
  /** Lines that lack columns which appeared later are written shorter. */
  ragged = false;
  private readonly columns = new Map<string, number>();
  private readonly writer: RecordWriter;
  private text = "";
  private at = 0;

  constructor(missing: Missing) {
    this.writer = new RecordWriter(missing, this.lines);
  }

  get header(): string[] {
    return [...this.columns.keys()];
  }
  get records(): number {
    return this.writer.records;
  }
  get column() {
    return this.writer.column;
  }

  /** Whole lines, in valid UTF-8; the last of the file may lack its end. */
  push(text: Buffer): Buffer {
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf(LF, from);
      const to = end < 0 ? text.length : end;
      if (to - from > ENGINE_LIMITS.line_bytes) throw this.bad("the line is too long");
      this.record(text.toString("utf8", from, to));
      if (end >= 0) this.line++;
      from = to + 1;
    }
    return this.writer.take();
  }

  end(): Buffer {
    if (this.records === 0) throw invalidInput("content", "is empty: it needs at least one row");
    return this.writer.take();
  }

  private record(line: string): void {
    this.text = line;
    this.at = 0;
    this.space();
    if (this.at === line.length) return;
    const fields: (string | undefined)[] = new Array(this.columns.size);
    this.object(fields);
    this.space();
    if (this.at < line.length) throw this.bad("text after the object");
    this.writer.add(fields, this.line);
  }

  private object(fields: (string | undefined)[]): void {
    this.expect("{", "is not an object of JSON");
    const seen = new Set<number>();
    this.space();
    if (this.text[this.at] === "}") {
      this.at++;
      return;
    }
    for (;;) {
      this.space();
      const column = this.columnOf(this.string());
      if (seen.has(column)) throw this.bad("has one key twice");
      seen.add(column);
      this.space();
      this.expect(":", "is not valid JSON");
      this.space();
      fields[column] = this.value();
      this.space();
      if (this.text[this.at] === "}") break;
      this.expect(",", "is not valid JSON");
    }
    this.at++;
  }

  private columnOf(name: string): number {
    const known = this.columns.get(name);
    if (known !== undefined) return known;
    if (this.columns.size >= ENGINE_LIMITS.columns)
      throw this.bad(`more than ${ENGINE_LIMITS.columns} columns`);
    if (name.trim() === "") throw this.bad("has an empty key");
    const parsed = columnName.safeParse(name);
    if (!parsed.success) throw this.bad(`a key: ${parsed.error.issues[0]!.message}`);
    this.columns.set(name, this.columns.size);
    if (this.records > 0) this.ragged = true;
    return this.columns.size - 1;
  }

  private value(): string | undefined {
    const c = this.text[this.at];
    if (c === '"') {
      const text = this.string();
      if (tooLong(text)) throw this.bad("a cell is too long");
      return text;
    }
    if (c === "{" || c === "[") throw this.bad("holds an object or a list within the object");
    const word = this.match(WORD);
    if (word) return word === "null" ? undefined : word;
    const number = this.match(NUMBER);
    if (!number || /[0-9A-Za-z.+-]/.test(this.text[this.at] ?? "")) throw this.bad("is not valid JSON");
    return number;
  }

  /** A string, its escapes resolved. */
  private string(): string {
    const { text } = this;
    if (text[this.at] !== '"') throw this.bad("is not valid JSON");
    let end = this.at + 1;
    let plain = true;
    for (; ; end++) {
      const code = text.charCodeAt(end);
      if (Number.isNaN(code)) throw this.bad("a string is not closed");
      if (code === 0x22) break;
      if (code < 0x20) throw this.bad("a control character in a string");
      if (code === 0x5c) {
        plain = false;
        end++;
      }
    }
    const raw = text.slice(this.at, end + 1);
    this.at = end + 1;
    return plain ? raw.slice(1, -1) : this.unescaped(raw);
  }

  private unescaped(raw: string): string {
    let text: string;
    try {
      text = JSON.parse(raw) as string;
    } catch {
      throw this.bad("is not valid JSON");
    }
    if (text.includes("\0")) throw this.bad("a NUL character");
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text))
      throw this.bad("half a character");
    return text;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private space(): void {
    this.match(SPACE);
  }

  private expect(character: string, otherwise: string): void {
    if (this.text[this.at] !== character) throw this.bad(otherwise);
    this.at++;
  }

  private bad(message: string) {
    return invalidInput(`line ${this.line}`, message);
  }
}
