/**
 * Patterns of `like`: `%` is any text, `_` any one character (code point), `\` takes the next one literally.
 * A pattern is always a literal, and stored with `\` before `%`, `_` and `\` only.
 */
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";
import { isText } from "./values.js";

export type PatternPart = "any" | "one" | { text: string };

/** The characters and wildcards of a stored pattern, or undefined where it is none. */
export function patternParts(pattern: string): PatternPart[] | undefined {
  const parts: PatternPart[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    let c = characters[i] as string;
    if (c === "%" || c === "_") {
      parts.push(c === "%" ? "any" : "one");
      continue;
    }
    if (c === "\\") {
      c = characters[++i] ?? "";
      if (!["%", "_", "\\"].includes(c)) return undefined;
    }
    const last = parts.at(-1);
    if (typeof last === "object") last.text += c;
    else parts.push({ text: c });
  }
  return parts;
}

export const isPattern = (pattern: string): boolean =>
  pattern.length <= LIMITS.pattern_chars && isText(pattern) && patternParts(pattern) !== undefined;

/** The text, taken literally in a pattern. */
export const literalPattern = (text: string): string => text.replaceAll(/[%_\\]/g, "\\$&");

/** A pattern of another escape character, or of none, as stored; undefined where an escape has nothing after it. */
export function storedPattern(pattern: string, escaper: string | undefined): string | undefined {
  let stored = "";
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] as string;
    if (c === escaper) {
      const next = characters[++i];
      if (next === undefined) return undefined;
      stored += literalPattern(next);
    } else {
      stored += c === "\\" ? "\\\\" : c;
    }
  }
  return stored;
}

/** Greedy matching with one point of return: linear in text × pattern. */
export function matches(text: string, pattern: string): boolean {
  const wanted = (patternParts(pattern) ?? []).flatMap((part): (string | 0 | 1)[] =>
    part === "any" ? [0] : part === "one" ? [1] : [...part.text],
  );
  const given = [...text];
  let [i, j, star, mark] = [0, 0, -1, 0];
  while (i < given.length) {
    const want = wanted[j];
    if (want === 0) {
      [star, mark] = [j++, i];
    } else if (want === 1 || (want !== undefined && want === given[i])) {
      i++;
      j++;
    } else if (star >= 0) {
      j = star + 1;
      i = ++mark;
    } else {
      return false;
    }
  }
  while (wanted[j] === 0) j++;
  return j === wanted.length;
}
