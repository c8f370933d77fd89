/**
 * The tree that DuckDB's `json_serialize_sql` prints, without loss: every number is kept as its digits, which
 * JavaScript would round, and `Infinity` and `NaN`, which it prints though JSON has none, are kept too.
 */
import { z } from "zod";

const TOKEN = /"(?:[^"\\]|\\.)*"|-?(?:Infinity|NaN|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** A number, as its digits. */
export const digits = z.strictObject({ $digits: z.string() });

/** @throws SyntaxError where the text is no JSON */
export function parseLossless(text: string): unknown {
  return JSON.parse(text.replaceAll(TOKEN, (t) => (t.startsWith('"') ? t : `{"$digits":"${t}"}`)));
}
