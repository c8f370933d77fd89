/**
 * The values that a version holds, as keys: of a text's words those that no column holds need no token, and nearly all are
 * such. Only of versions with few values; of larger ones all words get tokens, and DuckDB finds those that are held.
 */
import type { ColumnSchema } from "../../model.js";
import { stored } from "../duck.js";
import type { ScanData } from "./data.js";
import { KEY_OF, keySql } from "./postings.js";
import type { HeldKeys } from "./tokens.js";

/** Values of all rows and columns, equal ones too. */
export const MOST_HELD = 400_000;

export async function loadHeld(
  { duck, numbered }: ScanData,
  schema: readonly ColumnSchema[],
  digits: number,
): Promise<HeldKeys> {
  const held = { integer: new Set<string>(), decimal: new Set<number>(), text: new Set<string>() };
  for (const [i, { type }] of schema.entries()) {
    const kind = KEY_OF[type];
    const found = await duck.rows(
      `SELECT DISTINCT ${keySql(type, stored(i), digits)} FROM ${numbered} WHERE ${stored(i)} IS NOT NULL`,
    );
    for (const [key] of found) {
      if (kind === "decimal") held.decimal.add(Number(key));
      else held[kind].add(String(key));
    }
  }
  return held;
}
