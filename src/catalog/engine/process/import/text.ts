/** A text, whatever its encoding, as records: CSV by the scanner, JSON lines by theirs. */
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
import { RecordFiles } from "./record-files.js";
import { Scanner } from "./scanner.js";
import type { Incoming, Tabular } from "./tabular.js";

/** What turns text into records. */
type Records = Pick<Scanner, "push" | "end" | "header" | "records" | "lines" | "line"> & {
  column: Tabular["column"];
  /** Records that lack the columns of later ones are shorter. */
  ragged?: boolean;
};

type Found = Pick<FileReading, "format" | "delimiter" | "quote" | "header">;

function begin(
  head: Buffer,
  whole: boolean,
  { options, missing, unitColumn }: Reading,
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
  const records = new Scanner({
    delimiter,
    quote: enclosing,
    missing,
    header: header === "present",
    unitColumn,
  });
  return { records, found: { format, delimiter, quote, header } };
}

interface Text {
  records: Records;
  found: Found;
  files: RecordFiles;
}

/** @throws invalid_input for whatever has no usable header and no row. */
export async function readText(source: Bytes, reading: Reading): Promise<Tabular> {
  let text: Text | undefined;
  const decoder = new Decoder(() => text?.records.line ?? 1, reading.options.encoding);
  const take = async (piece: Buffer, last: boolean): Promise<void> => {
    // Lines come whole, and what is decided by the first must see one.
    if (!text && piece.length === 0 && !last) return;
    text ??= begunText(piece, last, reading);
    const before = text.records.records;
    const written = text.records.push(piece);
    if (await text.files.write(written, text.records.records - before))
      reading.follow(incoming(text, reading));
  };
  try {
    let held: Buffer | undefined;
    for await (const piece of source) {
      if (held) await take(decoder.push(held, false), false);
      held = piece;
    }
    await take(decoder.push(held ?? Buffer.alloc(0), true), true);
    await text!.files.write(text!.records.end(), 0);
  } finally {
    await text?.files.close();
  }
  return finished(text!, decoder, reading);
}

function begunText(head: Buffer, whole: boolean, reading: Reading): Text {
  const begun = begin(head, whole, reading);
  return { ...begun, files: new RecordFiles(reading.folder, begun.found.format === "csv") };
}

/** @throws invalid_input for a header that cannot be used */
function incoming({ records, found, files }: Text, reading: Reading): Incoming {
  const header = records.header ?? [];
  assertHeader(header);
  if (found.format === "csv" && !reading.options.header && looksLikeData(header))
    throw invalidInput("line 1", "holds numbers or dates only; say whether it is a header");
  return {
    file: reading.file(found),
    header,
    lines: records.lines,
    parts: files.paths.length,
    ...recordsTable(files.paths, header.length, records.ragged === true),
    native: header.map(() => undefined),
    column: records.column,
  };
}

function finished(text: Text, decoder: Decoder, reading: Reading): Tabular {
  const { records, found } = text;
  const all = incoming(text, reading);
  if (records.records === 0) throw invalidInput("content", "has a header and no rows");
  if (all.header.length === 0) throw invalidInput("content", "has no columns");
  const encoding = decoder.found ?? { name: "utf-8", found_by: "ascii" };
  return { ...all, file: { ...reading.file(found), encoding }, rows: records.records };
}
