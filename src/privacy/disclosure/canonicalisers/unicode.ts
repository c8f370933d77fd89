/**
 * Text without what a reader cannot see: one form per visible string.
 *
 * Rules: afterwards the text is NFC, has no control character but newline and tab, no escape sequence, no
 * bidirectional or zero-width mark, no private-use or non-character, no exotic space or digit, and lines end in
 * LF alone. What was removed is counted by kind, because hiding is a sign of smuggling.
 */

export interface Removed {
  /** Terminal escape sequences, in characters. */
  escapes: number;
  controls: number;
  /** Marks that reorder what is read. */
  bidi: number;
  /** Zero-width, variation, tag, private-use and similar characters. */
  invisible: number;
}

export interface Cleaned {
  text: string;
  removed: Removed;
}

const PLAIN = /^[\n\t\x20-\x7e]*$/;
// CSI, OSC/DCS/PM/APC/SOS up to their terminator, and two-character escapes
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escape sequences begin with ESC
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g;
const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const INVISIBLE =
  /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\u2800\ufdd0-\ufdef]|[\ufffe\uffff]|[\u{1fffe}\u{1ffff}\u{2fffe}\u{2ffff}\u{3fffe}\u{3ffff}\u{4fffe}\u{4ffff}\u{5fffe}\u{5ffff}\u{6fffe}\u{6ffff}\u{7fffe}\u{7ffff}\u{8fffe}\u{8ffff}\u{9fffe}\u{9ffff}\u{afffe}\u{affff}\u{bfffe}\u{bffff}\u{cfffe}\u{cffff}\u{dfffe}\u{dffff}\u{efffe}\u{effff}]/gu;
/** Every space but the ordinary one and the ideographic one, which Chinese text uses for layout. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f]/g;
const DIGITS = /(?![0-9])\p{Nd}/gu;

/** More marks on one letter than any script needs: they are unreadable, and their ordering takes quadratic time. */
const PILED_MARKS = /(\p{M}{30})\p{M}+/gu;

const IS_DIGIT = /\p{Nd}/u;

/** The value of a decimal digit of any script: digits stand in runs of ten from zero. */
function digitValue(char: string): string {
  const cp = char.codePointAt(0)!;
  let start = cp;
  while (IS_DIGIT.test(String.fromCodePoint(start - 1))) start--;
  return String((cp - start) % 10);
}

function strip(text: string, pattern: RegExp): [string, number] {
  const out = text.replace(pattern, "");
  return [out, text.length - out.length];
}

export const NOTHING_REMOVED: Removed = { escapes: 0, controls: 0, bidi: 0, invisible: 0 };

export function cleanText(text: string): Cleaned {
  if (PLAIN.test(text)) return { text, removed: NOTHING_REMOVED };
  let t = text;
  const removed = { ...NOTHING_REMOVED };
  [t, removed.escapes] = strip(t, ESCAPES);
  t = t.replace(LINE_ENDS, "\n");
  [t, removed.controls] = strip(t, CONTROLS);
  [t, removed.bidi] = strip(t, BIDI);
  [t, removed.invisible] = strip(t, INVISIBLE);
  const unpiled = t.replace(PILED_MARKS, "$1");
  removed.invisible += t.length - unpiled.length;
  t = unpiled.replace(SPACES, " ").replace(DIGITS, digitValue).normalize("NFC");
  // a mark may come apart into two
  return { text: t.replace(PILED_MARKS, "$1"), removed };
}

export function addRemoved(a: Removed, b: Removed): Removed {
  return {
    escapes: a.escapes + b.escapes,
    controls: a.controls + b.controls,
    bidi: a.bidi + b.bidi,
    invisible: a.invisible + b.invisible,
  };
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 0x3000;
}

/** One line or cell without blanks at its end. A loop, because a pattern is quadratic on a long run of blanks. */
export function trimLineEnd(line: string): string {
  let end = line.length;
  while (end > 0 && isBlank(line.charCodeAt(end - 1))) end--;
  return end === line.length ? line : line.slice(0, end);
}

/** Blanks at the ends of lines and empty lines at the end of the text go. */
export function trimLines(text: string): string {
  const lines = text.split("\n").map(trimLineEnd);
  let end = lines.length;
  while (end > 0 && lines[end - 1] === "") end--;
  return lines.slice(0, end).join("\n");
}
