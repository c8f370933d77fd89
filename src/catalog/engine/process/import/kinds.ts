/** What content is, by its first bytes: a table. */
import { invalidInput } from "../../../../vocabulary/index.js";
import type { ContentFormat } from "../../model.js";

export type Kind = "text" | "gzip" | "zip" | "parquet";

const KNOWN: readonly { magic: string; kind: Kind }[] = [
  { magic: "\x1f\x8b", kind: "gzip" },
  { magic: "PK\x03\x04", kind: "zip" },
  { magic: "PAR1", kind: "parquet" },
];

/** What is sent by mistake, and what to do about it. */
const OTHERS: readonly { magic: string; words: string }[] = [
  {
    magic: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    words: "is a workbook of the old form (.xls) or a protected one; save it as .xlsx",
  },
  { magic: "PK\x05\x06", words: "is an empty zip" },
  { magic: "PK\x07\x08", words: "is a zip in several parts" },
  { magic: "BZh", words: "is compressed with bzip2; use gzip or zip" },
  { magic: "\xfd7zXZ\0", words: "is compressed with xz; use gzip or zip" },
  { magic: "\x28\xb5\x2f\xfd", words: "is compressed with zstd; use gzip or zip" },
  { magic: "7z\xbc\xaf\x27\x1c", words: "is a 7z archive; use gzip or zip" },
  { magic: "Rar!\x1a\x07", words: "is a rar archive; use gzip or zip" },
  { magic: "PARE", words: "is an encrypted Parquet; write it without encryption" },
  { magic: "ARROW1", words: "is an Arrow file; write it as Parquet" },
  { magic: "ORC", words: "is an ORC file; write it as Parquet" },
  { magic: "Obj\x01", words: "is an Avro file; write it as Parquet" },
  { magic: "SQLite format 3\0", words: "is a database; export the table as CSV" },
  { magic: "%PDF-", words: "is a PDF" },
  { magic: "\x89PNG", words: "is an image" },
  { magic: "\xff\xfe\0\0", words: "is UTF-32; save it as UTF-8" },
  { magic: "\0\0\xfe\xff", words: "is UTF-32; save it as UTF-8" },
  { magic: "\x7fELF", words: "is a program" },
];

/** @throws invalid_input for what is recognised as something else. */
export function kindOf(head: Buffer): Kind {
  const begins = (magic: string) => head.subarray(0, magic.length).toString("latin1") === magic;
  const other = OTHERS.find(({ magic }) => begins(magic));
  // A text may begin with the letters of a short mark.
  if (other && (other.magic.length > 3 || head.includes(0))) throw invalidInput("content", other.words);
  return KNOWN.find(({ magic }) => begins(magic))?.kind ?? "text";
}

/** Whether a text is CSV or JSON lines; `head` is its beginning as UTF-8. */
export function textFormat(head: string): ContentFormat {
  const text = head.trimStart();
  if (/^\{\s*("|\})/.test(text)) return "jsonl";
  if (/^\[\s*(\{|\[|\])/.test(text))
    throw invalidInput("content", "is a JSON array; write one object a line");
  if (/^<(\?xml|!doctype|html)/i.test(text)) throw invalidInput("content", "is XML or HTML");
  return "csv";
}
