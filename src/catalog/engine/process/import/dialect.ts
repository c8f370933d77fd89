/** Finds the delimiter of a CSV from its first records: the one that cuts them all into the same number of fields. */

export const DELIMITERS = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof DELIMITERS)[number];
const RECORDS = 200;
const QUOTE = 0x22;
const LF = 0x0a;

/** How many fields each of the first records has when cut at `delimiter`; the last, perhaps cut off, is left out. */
function fieldCounts(head: Buffer, delimiter: number, whole: boolean): number[] {
  const counts: number[] = [];
  let fields = 1;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < head.length && counts.length < RECORDS; i++) {
    const b = head[i]!;
    if (b === QUOTE) quoted = !quoted;
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
export function findDelimiter(head: Buffer, whole: boolean): Delimiter {
  let best: { delimiter: Delimiter; share: number; fields: number } | undefined;
  for (const delimiter of DELIMITERS) {
    const counts = fieldCounts(head, delimiter.charCodeAt(0), whole);
    const fields = counts[0]!;
    if (fields < 2) continue;
    const share = counts.filter((n) => n === fields).length / counts.length;
    if (!best || share > best.share || (share === best.share && fields > best.fields))
      best = { delimiter, share, fields };
  }
  return best?.delimiter ?? ",";
}
