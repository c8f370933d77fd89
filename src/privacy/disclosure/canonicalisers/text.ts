/**
 * Plain text, logs and Markdown: valid UTF-8 without anything a reader cannot see.
 *
 * Canonical form: unicode.ts, then numbers cut to the policy's digits, lines ended by LF without blanks at their
 * end, one LF at the end of a text that is not empty. Canonicalising it again changes nothing.
 */
import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeRemoved } from "../rules/invisible-text.js";
import { overLimit } from "../rules/limits.js";
import { judgeMarkup } from "../rules/markup.js";
import { foreignBytes } from "../rules/media-type.js";
import { noteRounding } from "../rules/rounding.js";
import { cannotRead } from "../rules/unreadable.js";
import { roundInText } from "./numbers.js";
import type { Rebuilt } from "./rebuilt.js";
import type { Cleaned } from "./unicode.js";
import { cleanText, trimLines } from "./unicode.js";

/** No number that a person reads is longer; a longer one would exhaust what reads it. */
const MAX_NUMBER_CHARS = 65_536;

const isDigit = (byte: number | undefined) =>
  byte !== undefined && ((byte >= 48 && byte <= 57) || byte === 46);

/** A run as long as that holds one of the bytes at these steps, so only those are looked at first. */
function refuseEndlessNumbers(bytes: Buffer): void {
  const step = MAX_NUMBER_CHARS / 2;
  for (let at = step; at < bytes.length; at += step) {
    if (!isDigit(bytes[at])) continue;
    let [start, end] = [at, at];
    while (isDigit(bytes[start - 1])) start--;
    while (isDigit(bytes[end + 1])) end++;
    if (end - start + 1 > MAX_NUMBER_CHARS)
      throw overLimit(`A number of more than ${MAX_NUMBER_CHARS} characters.`);
  }
}

/** The bytes as text. A leading byte-order mark goes; invalid UTF-8 and NUL are refused, by the format they show. */
export function decodeUtf8(bytes: Buffer, extension: string): string {
  const format = foreignFormat(bytes);
  if (format !== undefined) throw foreignBytes(extension, format);
  const nul = bytes.indexOf(0);
  if (nul >= 0) throw cannotRead(`Not text: a NUL byte at offset ${nul}.`);
  refuseEndlessNumbers(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw cannotRead("Not text: the bytes are not valid UTF-8.");
  }
}

export function rebuildText(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const cleaned: Cleaned = cleanText(decodeUtf8(bytes, extension));
  const { text, rounded } = roundInText(cleaned.text, policy.significant_digits);
  const lines = trimLines(text);
  const canonical = Buffer.from(lines === "" ? "" : `${lines}\n`, "utf8");
  return {
    canonical,
    findings: [
      ...judgeRemoved(cleaned.removed),
      ...judgeMarkup(lines),
      ...noteRounding(rounded, policy.significant_digits),
    ],
    texts: [{ name: "content", content: canonical }],
  };
}
