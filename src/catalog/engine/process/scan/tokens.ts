/**
 * A text as the values that may stand in it, and the stretches of it in which a record's values would stand
 * together: a line, or a few values after each other. A value is known by a number (its token), so that texts and
 * data are compared by numbers.
 */

/** Values of one kind are compared by one key. */
export interface Keys {
  /** Whole numbers. */
  integer: Map<string, number>;
  /** Decimals, at the digits that outputs are rounded to. */
  decimal: Map<string, number>;
  /** Texts and dates, in lower case. */
  text: Map<string, number>;
}

/** The keys that some column holds, where they are known before the texts are read. */
export interface HeldKeys {
  integer: ReadonlySet<string>;
  /** At the digits that outputs are rounded to. */
  decimal: ReadonlySet<number>;
  text: ReadonlySet<string>;
}

/** Of a value that no column holds. */
export const NOWHERE = -1;

const WORDS = /[^\s,;|"'()[\]{}<>=:]+/gu;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
/** As all whole numbers are written by programs. */
const SIMPLE = /^[1-9]\d*$/;
const INTEGER = /^-?\d{1,18}(?:\.0+)?$/;
const MAX_TOKENS = 400_000;
const MAX_WINDOW_TOKENS = 4096;
const RUN = 24;
const MAX_TEXT = 128;
/** No line of values that people or programs write is longer. */
const MAX_LINE = 64 * 1024;

export class Tokens {
  readonly keys: Keys = { integer: new Map(), decimal: new Map(), text: new Map() };
  /** True when a text held more different values than are looked for. */
  full = false;
  private next = 0;

  constructor(
    private readonly digits: number,
    private readonly held?: HeldKeys,
  ) {}

  get size(): number {
    return this.next;
  }

  /** Adds the tokens of a word: as a whole number, as a decimal, as a text. */
  addWord(word: string, to: number[]): void {
    if (!mayBeNumber(word) || !NUMBER.test(word)) {
      this.addField(word, to);
      return;
    }
    const dot = word.indexOf(".");
    this.addDecimal(word, dot, to);
    if ((dot < 0 || word.charCodeAt(dot + 1) === 0x30) && INTEGER.test(word)) this.addInteger(word, to);
  }

  /** Adds that of a field which spaces do not divide, such as a place name. */
  addField(text: string, to: number[]): void {
    if (text.length > MAX_TEXT) return;
    const key = text.toLowerCase();
    if (this.held && !this.held.text.has(key)) to.push(NOWHERE);
    else this.add(this.keys.text, key, to);
  }

  private addDecimal(word: string, dot: number, to: number[]): void {
    if (word.length > MAX_TEXT) return;
    const value = Number(word);
    if (this.held && !this.held.decimal.has(this.rounded(value, word, dot))) to.push(NOWHERE);
    else this.add(this.keys.decimal, value.toExponential(this.digits - 1), to);
  }

  /** A number of no more digits than are kept is itself, without writing and reading it again. */
  private rounded(value: number, word: string, dot: number): number {
    const point = dot < 0 ? 0 : dot === 1 && word.charCodeAt(0) === 0x30 ? 2 : 1;
    return word.length - point <= this.digits ? value : Number(value.toExponential(this.digits - 1));
  }

  private addInteger(word: string, to: number[]): void {
    const key = SIMPLE.test(word) ? word : BigInt(word.replace(/\.0+$/, "")).toString();
    if (this.held && !this.held.integer.has(key)) to.push(NOWHERE);
    else this.add(this.keys.integer, key, to);
  }

  private add(map: Map<string, number>, key: string, to: number[]): void {
    const before = map.get(key);
    if (before !== undefined) {
      to.push(before);
      return;
    }
    if (this.next >= MAX_TOKENS) {
      this.full = true;
      return;
    }
    map.set(key, this.next);
    to.push(this.next++);
  }
}

/** What no number begins with is none: most words are told apart by their first character. */
function mayBeNumber(word: string): boolean {
  const first = word.charCodeAt(0);
  return (first >= 0x30 && first <= 0x39) || first === 0x2d || first === 0x2b || first === 0x2e;
}

function lineTokens(tokens: Tokens, line: string): number[] {
  const found: number[] = [];
  for (const word of line.match(WORDS) ?? []) tokens.addWord(word, found);
  // a line without spaces has no fields that are several words
  if (!/\s/.test(line)) return found;
  for (const field of line.split(/[,;|\t"]/)) {
    const text = field.trim();
    if (/\s/.test(text) && text.length <= MAX_TEXT) tokens.addField(text, found);
  }
  return found;
}

/** The tokens of all windows of a text: its lines, and runs of values across lines. */
export function* windowsOf(tokens: Tokens, content: string): Generator<number[]> {
  let run: number[] = [];
  for (const line of content.split(/\r?\n/)) {
    for (let at = 0; at < line.length; at += MAX_LINE) {
      const found = lineTokens(tokens, line.slice(at, at + MAX_LINE));
      for (let i = 0; i < found.length; i += MAX_WINDOW_TOKENS / 2)
        yield found.slice(i, i + MAX_WINDOW_TOKENS);
      if (found.length >= RUN) continue;
      run.push(...found);
      for (; run.length >= RUN; run = run.slice(RUN / 2)) yield run.slice(0, RUN);
    }
  }
  if (run.length > 0) yield run;
}
