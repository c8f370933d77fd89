/**
 * Values of attributes and of styles, read token by token and written in one form.
 *
 * Rules: numbers, units, words, colours, quoted names, a few functions of numbers, and references inside the same
 * document. Anything else, above all an address, gives nothing. Loops over tokens, because a pattern that repeats
 * numbers can be made to backtrack without end.
 */
import { canonicalNumber } from "../numbers.js";

export interface ValueContext {
  /** Digits of a coordinate or size. */
  digits: number;
  /** The new name of an id of this document, or undefined. */
  reference(id: string): string | undefined;
}

const SPACE = /[\s,]*/y;
const NUMBER = /[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?/y;
const UNIT = /(?:px|pt|pc|em|rem|ex|mm|cm|in|deg|rad|%)(?![\w-])/y;
const COLOR = /#[0-9a-fA-F]{3,8}(?![\w-])/y;
const REFERENCE = /url\(\s*(["']?)#([^"'()\s]{1,200})\1\s*\)/y;
const FUNCTION = /(?:rgba?|hsla?|matrix|translate[XY]?|scale[XY]?|rotate|skew[XY])\(/y;
const WORD = /!?-?\p{L}[\p{L}\d-]{0,39}(?![\p{L}\d(:-])/uy;
const QUOTED = /"([\p{L}\d ,.-]{0,80})"|'([\p{L}\d ,.-]{0,80})'/uy;
const MAX_VALUE = 2_000_000;

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

const number = (text: string, digits: number) => canonicalNumber(text, digits)?.text ?? text;

/** One token from `at`: its canonical text and where it ends. */
function token(text: string, at: number, context: ValueContext): [string, number] | undefined {
  const plain = match(NUMBER, text, at);
  if (plain !== null) {
    const end = at + plain[0].length;
    const unit = match(UNIT, text, end)?.[0] ?? "";
    return [number(plain[0], context.digits) + unit, end + unit.length];
  }
  const reference = match(REFERENCE, text, at);
  if (reference !== null) {
    const name = context.reference(reference[2]!);
    return name === undefined ? undefined : [`url(#${name})`, at + reference[0].length];
  }
  const quoted = match(QUOTED, text, at);
  if (quoted !== null) return [`'${(quoted[1] ?? quoted[2]!).trim()}'`, at + quoted[0].length];
  const called = match(FUNCTION, text, at);
  if (called !== null) return call(text, at, called[0], context);
  const word = match(COLOR, text, at) ?? match(WORD, text, at);
  return word === null ? undefined : [word[0], at + word[0].length];
}

function call(text: string, at: number, name: string, context: ValueContext): [string, number] | undefined {
  const close = text.indexOf(")", at);
  if (close < 0) return undefined;
  const inner = text.slice(at + name.length, close);
  const values = cleanValue(inner, context);
  return values === undefined || /[^-+.\d%, e\w]/.test(values) ? undefined : [`${name}${values})`, close + 1];
}

/** The value in its one form, or undefined where any part of it is not accepted. */
export function cleanValue(text: string, context: ValueContext): string | undefined {
  if (text.length > MAX_VALUE) return undefined;
  const parts: string[] = [];
  let at = match(SPACE, text, 0)![0].length;
  while (at < text.length) {
    const next = token(text, at, context);
    if (next === undefined) return undefined;
    const space = match(SPACE, text, next[1])![0];
    parts.push(next[0] + (next[1] + space.length === text.length ? "" : space.includes(",") ? "," : " "));
    at = next[1] + space.length;
  }
  return parts.join("");
}

const COMMAND = /[MmZzLlHhVvCcSsQqTtAa]/y;
const FLAG = /[01]/y;

/** The outline of a path: commands and numbers. An arc's flags may stand without a blank between them. */
export function cleanPath(text: string, digits: number): string | undefined {
  if (text.length > MAX_VALUE) return undefined;
  const parts: string[] = [];
  let command = "";
  let index = 0;
  let at = match(SPACE, text, 0)![0].length;
  while (at < text.length) {
    const letter = match(COMMAND, text, at);
    const flag = (command === "A" || command === "a") && (index % 7 === 3 || index % 7 === 4);
    const value = letter ?? match(flag ? FLAG : NUMBER, text, at);
    if (value === null || (letter === null && command === "")) return undefined;
    at += value[0].length;
    if (letter === null) {
      parts.push((index === 0 ? "" : " ") + number(value[0], digits));
      index++;
    } else {
      parts.push(letter[0]);
      command = letter[0];
      index = 0;
    }
    at += match(SPACE, text, at)![0].length;
  }
  return parts.join("");
}
