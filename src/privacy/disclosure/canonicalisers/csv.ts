/**
 * Tables: RFC 4180 read strictly and written in one form.
 *
 * Canonical form: UTF-8 without byte-order mark, comma, LF, quotes only where needed, no blank around a cell,
 * numbers as numbers.ts writes them, text inside cells as text.ts treats it. Ragged rows are refused: what does
 * not fit the columns is not a table. Canonicalising it again changes nothing.
 */
import { CsvError, parse } from "csv-parse/sync";
import type { DisclosurePolicy } from "../policy.js";
import { judgeFormulas } from "../rules/formula.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { overLimit } from "../rules/limits.js";
import { judgeMarkup } from "../rules/markup.js";
import { foreignBytes } from "../rules/media-type.js";
import { noteRounding } from "../rules/rounding.js";
import { cannotRead } from "../rules/unreadable.js";
import type { Table } from "../table.js";
import { isJson } from "./json.js";
import { canonicalNumber, roundInText } from "./numbers.js";
import type { Rebuilt } from "./rebuilt.js";
import { decodeUtf8 } from "./text.js";
import { cleanText, trimLines } from "./unicode.js";

const NEEDS_QUOTES = /[",\n]/;

/** Trims a cell, and writes its number or rounds the numbers in its text. Counts what was rounded. */
class Cells {
  rounded = 0;
  constructor(private readonly significant: number) {}
  canonical(raw: string): string {
    const trimmed = raw.includes("\n") ? trimLines(raw).trim() : raw.trim();
    const number = this.number(trimmed);
    if (number !== undefined) return number;
    const { text, rounded } = roundInText(trimmed, this.significant);
    this.rounded += rounded;
    // text that lost digits may have become a number
    return rounded === 0 ? text : (this.number(text) ?? text);
  }

  private number(text: string): string | undefined {
    const number = canonicalNumber(text, this.significant);
    if (number?.rounded) this.rounded++;
    return number?.text;
  }
}

/** csv-parse's reasons, in words without values. */
const REASONS: Record<string, string> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: "a row has more or fewer cells than the header",
  CSV_QUOTE_NOT_CLOSED: "a quoted cell is never closed",
  CSV_INVALID_CLOSING_QUOTE: "text follows a closing quote",
  INVALID_OPENING_QUOTE: "a quote stands inside an unquoted cell",
  CSV_MAX_RECORD_SIZE: "a row is too long",
};

function readError(error: unknown): unknown {
  if (!(error instanceof CsvError)) return error;
  return wrongLine(REASONS[error.code], typeof error.lines === "number" ? error.lines : 0);
}

const wrongLine = (reason: string | undefined, line: number) =>
  cannotRead(`Not a table: ${reason ?? "it does not follow RFC 4180"} (line ${line}).`, { line });

const ragged = (line: number) => wrongLine(REASONS.CSV_RECORD_INCONSISTENT_FIELDS_LENGTH, line);

/** A table without a quote is its lines and commas: several times faster than the general reader, and the same. */
function readPlain(text: string, keep: (record: string[]) => null, rows: string[][]): string[][] {
  let width = -1;
  let line = 0;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const record = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    line++;
    if (record === "") continue;
    const cells = record.split(",");
    if (width >= 0 && cells.length !== width) throw ragged(line);
    width = cells.length;
    keep(cells);
  }
  return rows;
}

function readRows(text: string, cells: Cells, policy: DisclosurePolicy): string[][] {
  const rows: string[][] = [];
  let total = 0;
  const keep = (record: string[]): null => {
    if (record.length > policy.max_csv_columns)
      throw overLimit(`More than ${policy.max_csv_columns} columns.`);
    if (rows.length > policy.max_csv_rows) throw overLimit(`More than ${policy.max_csv_rows} rows.`);
    total += record.length;
    if (total > policy.max_csv_cells) throw overLimit(`More than ${policy.max_csv_cells} cells.`);
    if (record.some((cell) => cell.length > policy.max_cell_chars))
      throw overLimit(`A cell of more than ${policy.max_cell_chars} characters (row ${rows.length + 1}).`);
    rows.push(record.map((cell) => cells.canonical(cell)));
    return null;
  };
  try {
    if (!text.includes('"')) return readPlain(text, keep, rows);
    parse(text, {
      delimiter: ",",
      record_delimiter: "\n",
      skip_empty_lines: true,
      max_record_size: policy.max_output_bytes,
      on_record: keep,
    });
  } catch (error) {
    throw readError(error);
  }
  return rows;
}

function writeCell(cell: string): string {
  return NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function writeRow(row: readonly string[]): string {
  // a lone empty cell would read as an empty line
  if (row.length === 1 && row[0] === "") return '""';
  return row.map(writeCell).join(",");
}

export function writeTable(table: Table): Buffer {
  const lines = [table.header, ...table.rows].map(writeRow);
  return Buffer.from(`${lines.join("\n")}\n`, "utf8");
}

export function rebuildCsv(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const cleaned = cleanText(decodeUtf8(bytes, extension));
  if (isJson(cleaned.text, policy)) throw foreignBytes(extension, "a JSON document");
  const cells = new Cells(policy.significant_digits);
  const [header, ...rows] = readRows(cleaned.text, cells, policy);
  if (header === undefined) throw cannotRead("Not a table: it has no header.");
  const table = { header, rows };
  const canonical = writeTable(table);
  return {
    canonical,
    table,
    findings: [
      ...judgeFormulas(table),
      ...judgeRemoved(cleaned.removed),
      ...judgeMarkup(canonical.toString("utf8")),
      ...noteRounding(cells.rounded, policy.significant_digits),
    ],
    texts: [{ name: "content", content: canonical }],
  };
}
