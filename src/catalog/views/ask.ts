/**
 * Questions over what a grant's View shows of a version, answered by an engine: aggregates, never rows, and that is the
 * caller's to hold, which alone knows what may be told.
 *
 * Rules: a question is written over the columns that the View shows as they are, by the version's own names; of dropped
 * and masked ones it is not told that they exist. A rehearsal's question goes to the synthetic twin, which is made
 * without opening the version.
 */

import type { JobMode } from "../../vocabulary/index.js";
import type { ColumnSchema, Queried, ViewSpec } from "../engine/index.js";
import type { GrantRow } from "../grants/rows.js";

export interface AskedView {
  grant: GrantRow;
  versionId: string;
}

/** By the owner's name of a column, the version's own name. */
export type StoredNames = ReadonlyMap<string, string>;

export interface AskRequest extends AskedView {
  mode: JobMode;
  question(stored: StoredNames): { sql: string; parameters: string[] };
  maxRows: number;
}

export type Answer = Queried;

/** A model or curves over what a View shows: what to read, and the privacy room's plan of what becomes of it. */
export interface FitViewRequest extends AskedView {
  mode: JobMode;
  question(stored: StoredNames): {
    sql: string;
    parameters: string[];
    reads: ("number" | "level")[];
    plan: { [key: string]: unknown };
  };
}

/** Columns as they are, in the version's order. */
export function shownAsTheyAre(columns: readonly ColumnSchema[], spec: ViewSpec): ColumnSchema[] {
  const shown = new Set(spec.columns.filter((c) => c.treatment === "as_is").map((c) => c.name));
  return columns.filter((c) => shown.has(c.name));
}

export function storedNames(columns: readonly { name: string }[], spec: ViewSpec): StoredNames {
  const shown = new Set(spec.columns.filter((c) => c.treatment === "as_is").map((c) => c.name));
  return new Map(
    columns.flatMap(({ name }, i) => (shown.has(name) ? [[name, `c${i}`] as [string, string]] : [])),
  );
}
