/** ETags are the row's revision in quotes; If-Match takes one of them. */
import { invalidInput } from "../vocabulary/index.js";

export const etagOf = (rev: number): string => `"${rev}"`;

const ETAG = /^"(\d{1,15})"$/;

/** @returns the revision; undefined when the header is absent or `*` (what is there must exist anyway). */
export function parseIfMatch(header: string | undefined): number | undefined {
  if (header === undefined || header.trim() === "*") return undefined;
  const m = ETAG.exec(header.trim());
  if (!m) throw invalidInput("If-Match", 'must be one ETag as it was received, such as "3"');
  return Number(m[1]);
}
