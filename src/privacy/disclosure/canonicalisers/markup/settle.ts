/**
 * A page is written, read again and cleaned again until that changes nothing: what a reader makes of the canonical
 * bytes is then exactly what was cleaned, however the first parse was led astray.
 */
import { cannotRead } from "../../rules/unreadable.js";

const MAX_PASSES = 6;

/** @param pass cleans a text; the first pass's findings are those of the file */
export function settle<T extends { text: string }>(first: string, pass: (text: string) => T): T {
  const result = pass(first);
  let { text } = result;
  for (let i = 0; i < MAX_PASSES; i++) {
    const next = pass(text).text;
    if (next === text) return { ...result, text };
    text = next;
  }
  throw cannotRead("It reads differently each time that it is written.");
}
