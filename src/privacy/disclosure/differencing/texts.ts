/**
 * Canonical texts of documents that nobody changes any more (claims of told tables, and parts of them), each written once:
 * a table is compared with thousands, and its text with theirs.
 */
import { canonicalText } from "../../expression/index.js";

const known = new WeakMap<object, string>();

export function textOf(document: object): string {
  const before = known.get(document);
  if (before !== undefined) return before;
  const text = canonicalText(document);
  known.set(document, text);
  return text;
}
