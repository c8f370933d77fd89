/** A text, whatever its encoding, as records: CSV by the scanner, JSON lines by theirs. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { invalidInput } from "../../../../vocabulary/index.js";
import type { FileReading } from "../../model.js";
import { recordsTable } from "./csv-records.js";
import { findDelimiter, findQuote, looksLikeData } from "./dialect.js";
import { Decoder, SAMPLE_BYTES } from "./encoding.js";
import { assertHeader } from "./header.js";
import { JsonLines } from "./json-lines.js";
import { textFormat } from "./kinds.js";
import type { Bytes } from "./pieces.js";
import type { Reading } from "./read.js";
import { Scanner } from "./scanner.js";
import type { Tabular } from "./tabular.js";

/** What turns text into records. */
type Records = Pick<Scanner, "push" | "end" | "header" | "records" | "lines" | "column" | "line"> & {
  /** Records that lack the columns of later ones are shorter. */
  ragged?: boolean;
};

type Found = Pick<FileReading, "format" | "delimiter" | "quote" | "header">;

function begin(
  head: Buffer,
  whole: boolean,
  { options, missing }: Reading,
): { records: Records; found: Found } {
  const format = options.format ?? textFormat(head.subarray(0, 4096).toString("utf8"));
  if (format === "jsonl") return { records: new JsonLines(missing), found: { format } };
  if (format !== "csv") throw invalidInput("content", `is text and not ${format}`);
  const sample = head.subarray(0, SAMPLE_BYTES);
  const quote = options.quote ?? findQuote(sample);
  const enclosing = quote === "none" ? undefined : quote;
  const delimiter =
    options.delimiter ?? findDelimiter(sample, whole && head.length <= SAMPLE_BYTES, enclosing);
  const header = options.header ?? "present";
  const records = new Scanner({ delimiter, quote: enclosing, missing, header: header === "present" });
  return { records, found: { format, delimiter, quote, header } };
}

/** @throws invalid_input for whatever has no usable header and no row. */
export async function readText(source: Bytes, reading: Reading): Promise<Tabular> {
  const path = join(reading.folder, "records.csv");
  const file = await open(path, "wx", 0o600);
  let begun: ReturnType<typeof begin> | undefined;
  let decoder: Decoder;
  let first: Buffer | undefined;
  const take = async (text: Buffer, last: boolean): Promise<void> => {
    // Lines come whole, and what is decided by the first must see one.
    if (!begun && text.length === 0 && !last) return;
    begun ??= begin(text, last, reading);
    await file.writeFile(begun.records.push(text));
  };
  try {
    decoder = new Decoder(() => begun?.records.line ?? 1, reading.options.encoding);
    for await (const piece of source) {
      if (first) await take(decoder.push(first, false), false);
      first = piece;
    }
    await take(decoder.push(first ?? Buffer.alloc(0), true), true);
    await file.writeFile(begun!.records.end());
  } finally {
    await file.close();
  }
  return finished(path, begun!, decoder, reading);
}

function finished(
  path: string,
  begun: ReturnType<typeof begin>,
  decoder: Decoder,
  reading: Reading,
): Tabular {
  const { records, found } = begun;
  const header = records.header ?? [];
  assertHeader(header);
  if (found.format === "csv" && !reading.options.header && looksLikeData(header))
    throw invalidInput("line 1", "holds numbers or dates only; say whether it is a header");
  if (records.records === 0) throw invalidInput("content", "has a header and no rows");
  if (header.length === 0) throw invalidInput("content", "has no columns");
  return {
    file: {
      ...reading.file(found),
      encoding: decoder.found ?? { name: "utf-8", found_by: "ascii" },
    },
    header,
    rows: records.records,
    lines: records.lines,
    table: recordsTable(path, header.length, records.ragged === true),
    native: header.map(() => undefined),
    column: records.column,
  };
}
