/**
 * What kind of thing an identifier is, which decides how a match is read: a table.
 *
 * - number: digits as people write numbers. Ordinary output is full of them, so a match counts only beyond chance.
 * - code: letters with digits, leading zeros, long digit strings. Ordinary output does not contain them.
 * - word: no digit, or a date. It names its unit, but ordinary text has words and dates too.
 */

export type Kind = "number" | "code" | "word";

/** From here on a digit string is no number that a table would show. */
const LONG_NUMBER = 9;
const DATE = /^\d{4}-\d{2}-\d{2}/;

/** `id` is in lower case. */
export function kindOf(id: string): Kind {
  if (/^[1-9]\d*$|^0$/.test(id)) return id.length >= LONG_NUMBER ? "code" : "number";
  if (DATE.test(id) || !/\d/.test(id)) return "word";
  return "code";
}

/** `f00001` → `a99999`: strings of one shape could stand for one another. */
export function shapeOf(id: string): string {
  return id.replace(/\p{Ll}|\p{Lo}/gu, "a").replace(/\d/g, "9");
}

/** How many strings have this shape. */
export function capacityOf(shape: string): number {
  let capacity = 1;
  for (const c of shape) capacity *= c === "9" ? 10 : c === "a" ? 26 : 1;
  return capacity;
}

/** A code this short is met by accident. */
export const SHORT_CODE = 4;
/** A character that continues a token, as a pattern. */
export const WORD_CHARACTER = "[a-z0-9_\\u00c0-\\u024f]";
const CONTINUES = new RegExp(WORD_CHARACTER);

/** True where the characters around do not continue what is inside: `f00001` in `xf00001` is no token. */
export function isToken(text: string, start: number, end: number): boolean {
  const before = text[start - 1];
  const after = text[end];
  return !(before && CONTINUES.test(before)) && !(after && CONTINUES.test(after));
}
