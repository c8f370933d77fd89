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

export interface Window {
  text: number;
  encoding: string;
  tokens: number[];
}

const WORDS = /[^\s,;|"'()[\]{}<>=:]+/gu;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
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

  constructor(private readonly digits: number) {}

  get size(): number {
    return this.next;
  }

  /** Adds the tokens of a word: as a whole number, as a decimal, as a text. */
  addWord(word: string, to: number[]): void {
    if (!NUMBER.test(word)) {
      this.add(this.keys.text, word.toLowerCase(), to);
      return;
    }
    this.add(this.keys.decimal, Number(word).toExponential(this.digits - 1), to);
    if (INTEGER.test(word)) this.add(this.keys.integer, BigInt(word.replace(/\.0+$/, "")).toString(), to);
  }

  /** Adds that of a field which spaces do not divide, such as a place name. */
  addField(text: string, to: number[]): void {
    this.add(this.keys.text, text.toLowerCase(), to);
  }

  private add(map: Map<string, number>, key: string, to: number[]): void {
    if (key.length > MAX_TEXT) return;
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

/** All windows of a text: its lines, and runs of values across lines. */
export function* windowsOf(
  tokens: Tokens,
  text: number,
  encoding: string,
  content: string,
): Generator<Window> {
  let run: number[] = [];
  for (const line of content.split(/\r?\n/)) {
    for (let at = 0; at < line.length; at += MAX_LINE) {
      const found = lineTokens(tokens, line.slice(at, at + MAX_LINE));
      for (let i = 0; i < found.length; i += MAX_WINDOW_TOKENS / 2)
        yield { text, encoding, tokens: found.slice(i, i + MAX_WINDOW_TOKENS) };
      if (found.length >= RUN) continue;
      run.push(...found);
      for (; run.length >= RUN; run = run.slice(RUN / 2)) yield { text, encoding, tokens: run.slice(0, RUN) };
    }
  }
  if (run.length > 0) yield { text, encoding, tokens: run };
}
