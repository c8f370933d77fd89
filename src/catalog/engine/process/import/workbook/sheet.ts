/** One sheet as records: rows in order, cells in their columns, blank rows left out. */
import { invalidInput } from "../../../../../vocabulary/index.js";
import { ENGINE_LIMITS } from "../../../model.js";
import { Lines } from "../lines.js";
import type { Missing } from "../missing.js";
import { RecordWriter, tooLong } from "../record-writer.js";
import { type DateShape, dateText } from "./serial.js";
import { damagedWorkbook, type Handler } from "./xml.js";

/** What a sheet's cells refer to. */
export interface Book {
  shared: string[];
  styles: (DateShape | undefined)[];
  from1904: boolean;
}

const MAX_COLUMNS = 16_384;
const MAX_ROW = 1_048_576;

/** `AB12` → 28. */
function columnNumber(reference: string): number {
  let n = 0;
  for (const c of /^[A-Z]{1,3}/.exec(reference)?.[0] ?? "") n = n * 26 + c.charCodeAt(0) - 64;
  if (n === 0 || n > MAX_COLUMNS) throw damagedWorkbook();
  return n;
}

export function columnLetters(n: number): string {
  let letters = "";
  for (let rest = n; rest > 0; rest = Math.floor((rest - 1) / 26))
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  return letters;
}

export class SheetReader implements Handler {
  header: string[] | undefined;
  readonly lines = new Lines("row");
  private readonly writer: RecordWriter;
  private row = 0;
  private column = 0;
  private cells: (string | undefined)[] = [];
  private type = "n";
  private style = 0;
  private value = "";
  private reading: "value" | "text" | undefined;
  private guides = 0;
  private inData = false;

  constructor(
    private readonly book: Book,
    missing: Missing,
    private readonly named: boolean,
  ) {
    this.writer = new RecordWriter(missing, this.lines);
  }

  get records(): number {
    return this.writer.records;
  }
  get columnFacts() {
    return this.writer.column;
  }
  take(): Buffer {
    return this.writer.take();
  }

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === "sheetData") this.inData = true;
    if (!this.inData) return;
    if (name === "row") this.beginRow(attributes.get("r"));
    else if (name === "c") this.beginCell(attributes);
    else if (name === "rPh") this.guides++;
    else if (name === "v") this.reading = "value";
    else if (name === "t" && this.guides === 0) this.reading = "text";
  }

  text(piece: string): void {
    if (!this.reading) return;
    this.value += piece;
    if (this.value.length > ENGINE_LIMITS.cell_bytes) throw this.bad("a cell is too long");
  }

  close(name: string): void {
    if (name === "sheetData") this.inData = false;
    if (!this.inData) return;
    if (name === "v" || name === "t") this.reading = undefined;
    else if (name === "rPh") this.guides--;
    else if (name === "c") this.cells[this.column - 1] = this.cellText();
    else if (name === "row") this.endRow();
  }

  private beginRow(reference: string | undefined): void {
    const row = reference === undefined ? this.row + 1 : Number(reference);
    if (!Number.isInteger(row) || row <= this.row || row > MAX_ROW)
      throw damagedWorkbook("has rows out of order");
    this.row = row;
    this.column = 0;
    this.cells = [];
  }

  private beginCell(attributes: ReadonlyMap<string, string>): void {
    const reference = attributes.get("r");
    const column = reference === undefined ? this.column + 1 : columnNumber(reference);
    if (column <= this.column || column > MAX_COLUMNS) throw damagedWorkbook("has cells out of order");
    this.column = column;
    this.type = attributes.get("t") ?? "n";
    this.style = Number(attributes.get("s") ?? 0);
    this.value = "";
  }

  private cellText(): string | undefined {
    const { type, value } = this;
    if (type === "s") {
      const text = /^\d{1,8}$/.test(value) ? this.book.shared[Number(value)] : undefined;
      if (value !== "" && text === undefined) throw damagedWorkbook("lacks a text that a cell names");
      return this.checked(text);
    }
    if (value === "") return undefined;
    if (type === "b") return value === "1" || value === "true" ? "true" : "false";
    if (type === "e") {
      if (value === "#N/A") return undefined;
      throw this.bad(`column ${columnLetters(this.column)} holds an error of the workbook`);
    }
    if (type === "d") return value.replace("T", " ").replace(/Z$/, "");
    return type === "n" ? this.number(value) : this.checked(value);
  }

  private checked(text: string | undefined): string | undefined {
    if (text === undefined || text === "") return undefined;
    if (tooLong(text)) throw this.bad("a cell is too long");
    if (text.includes("\0")) throw this.bad("a NUL character");
    return text;
  }

  private number(value: string): string {
    if (!/^-?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][-+]?\d{1,4})?$/.test(value)) throw damagedWorkbook();
    const shape = this.book.styles[this.style];
    return (shape && dateText(Number(value), shape, this.book.from1904)) ?? value;
  }

  private endRow(): void {
    let width = this.cells.length;
    while (width > 0 && this.cells[width - 1] === undefined) width--;
    if (width === 0) return;
    const cells = Array.from({ length: width }, (_, i) => this.cells[i]);
    if (this.header) {
      this.record(cells, this.header.length);
      return;
    }
    if (width > ENGINE_LIMITS.columns) throw this.bad(`more than ${ENGINE_LIMITS.columns} columns`);
    this.header = this.named ? cells.map((text) => text ?? "") : cells.map((_, i) => `column_${i + 1}`);
    if (!this.named) this.record(cells, width);
  }

  private record(cells: (string | undefined)[], width: number): void {
    if (cells.length > width)
      throw this.bad(
        `column ${columnLetters(cells.length)} holds a value where the header ends with column ${columnLetters(width)}`,
      );
    while (cells.length < width) cells.push(undefined);
    this.writer.add(cells, this.row);
  }

  private bad(message: string) {
    return invalidInput(`row ${this.row}`, message);
  }
}
