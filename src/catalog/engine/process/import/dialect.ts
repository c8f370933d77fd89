/** How a CSV is written, found from its first records: the delimiter that cuts them all alike, and the quote. */
import { CSV_DELIMITERS } from "../../model.js";

export type Delimiter = (typeof CSV_DELIMITERS)[number];
export type Quote = '"' | "'";
const RECORDS = 200;
const LF = 0x0a;

/** How many fields each of the first records has when cut at `delimiter`; the last, perhaps cut off, is left out. */
function fieldCounts(head: Buffer, delimiter: number, quote: number, whole: boolean): number[] {
  const counts: number[] = [];
  let fields = 1;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < head.length && counts.length < RECORDS; i++) {
    const b = head[i]!;
    if (b === quote) quoted = !quoted;
    else if (quoted) continue;
    else if (b === delimiter) fields++;
    else if (b === LF) {
      if (i > start && !(i === start + 1 && head[start] === 0x0d)) counts.push(fields);
      fields = 1;
      start = i + 1;
    }
  }
  if (whole && start < head.length && counts.length < RECORDS) counts.push(fields);
  return counts.length > 0 ? counts : [fields];
}

/** `head` is the file's beginning after any mark; `whole` says that it is all of it. A comma where nothing tells. */
export function findDelimiter(head: Buffer, whole: boolean, quote: Quote | undefined = '"'): Delimiter {
  const enclosing = quote === undefined ? -1 : quote.charCodeAt(0);
  let best: { delimiter: Delimiter; share: number; fields: number } | undefined;
  for (const delimiter of CSV_DELIMITERS) {
    const counts = fieldCounts(head, delimiter.charCodeAt(0), enclosing, whole);
    const fields = counts[0]!;
    if (fields < 2) continue;
    const share = counts.filter((n) => n === fields).length / counts.length;
    if (!best || share > best.share || (share === best.share && fields > best.fields))
      best = { delimiter, share, fields };
  }
  return best?.delimiter ?? ",";
}

/** An apostrophe where it encloses every field of the first line; else the quotation mark. */
export function findQuote(head: Buffer): Quote {
  const end = head.indexOf(LF);
  const line = head.subarray(0, end < 0 ? head.length : end).toString("utf8");
  return /^'[^'"\r\n]*'(?:[,;\t|]'[^'"\r\n]*')*\r?$/.test(line) ? "'" : '"';
}

const DATA = /^\s*(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?)\s*$/;

/** True where a first line can hardly be the names of columns: nothing but numbers and dates. */
export function looksLikeData(header: readonly string[]): boolean {
  return header.length > 0 && header.every((name) => DATA.test(name));
}
