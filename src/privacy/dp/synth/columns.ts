/**
 * Cells of columns, from declared categories and bounds; never from data.
 *
 * Rules: every row is in at most one cell of a column. A value outside its bounds is in the nearest range, one that is
 * no declared category is in none, as in GROUP BY. A column with neither has no cells and is left out.
 */
import { parseValue } from "../../expression/values.js";
import { declaredBounds } from "../sql/bounds.js";
import { declaredDomain } from "../sql/domain.js";
import { toNumber } from "../sql/floats.js";
import type { DeclaredField } from "../sql/model.js";
import { SYNTH_LIMITS, type SynthCell, type SynthColumn } from "./model.js";

/** Up to so many whole numbers are cells of their own. */
const FEW_WHOLE = 20;
const DECIMALS = { least: 2, most: 12 } as const;
const decimalsOf = (text: string): number => /\.(\d+)$/.exec(text)?.[1]?.length ?? 0;

/** Undefined where nothing was declared that cells could follow from. */
export function synthColumn(field: DeclaredField, bins: number): SynthColumn | undefined {
  const cells = valuesOf(field) ?? rangesOf(field, bins);
  if (!cells) return undefined;
  const all: SynthCell[] = field.nullable ? [...cells, { kind: "missing" }] : cells;
  if (all.length > SYNTH_LIMITS.cells) return undefined;
  const { name, type, at } = field;
  const shown = Math.max(DECIMALS.least, ...(field.bounds ?? []).map(decimalsOf));
  return { name, type, at, decimals: Math.min(DECIMALS.most, shown), cells: all };
}

function valuesOf(field: DeclaredField): SynthCell[] | undefined {
  const domain = declaredDomain(field);
  if (!domain || domain.length >= SYNTH_LIMITS.cells) return undefined;
  // Many whole numbers are better cut into ranges, unless the owner listed them.
  const few = field.categories !== undefined || field.type === "boolean" || domain.length <= FEW_WHOLE;
  return few ? domain.map((value) => ({ kind: "value", value })) : undefined;
}

function rangesOf(field: DeclaredField, bins: number): SynthCell[] | undefined {
  const bounds = declaredBounds(field);
  if (!bounds) return undefined;
  const [low, high] = [toNumber(bounds[0]), toNumber(bounds[1])];
  if (!Number.isFinite(low) || !Number.isFinite(high) || low >= high) return undefined;
  const whole = field.type !== "decimal";
  const [from, to] = whole ? [Math.ceil(low), Math.floor(high) + 1] : [low, high];
  const count = whole ? Math.min(bins, to - from) : bins;
  const edge = (k: number) => {
    const at = from + ((to - from) * k) / count;
    return whole ? Math.round(at) : at;
  };
  return Array.from({ length: count }, (_, k) => ({
    kind: "range",
    low: edge(k),
    high: edge(k + 1),
    last: k === count - 1,
  }));
}

/** Days since 1970, or the number itself. */
export function measureOf(column: SynthColumn, text: string): number | undefined {
  if (column.type === "date") {
    const days = parseValue("date", text);
    return typeof days === "number" ? days : undefined;
  }
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}

/** The cell that a value in its written form is in; empty is missing. Undefined: none. */
export function codeOf(column: SynthColumn, text: string): number | undefined {
  const found = column.cells.findIndex((cell) =>
    cell.kind === "missing" ? text === "" : cell.kind === "value" && cell.value === text,
  );
  if (found >= 0) return found;
  const ranges = column.cells.filter((cell) => cell.kind === "range");
  const value = ranges.length > 0 && text !== "" ? measureOf(column, text) : undefined;
  if (value === undefined) return undefined;
  const at = ranges.findIndex(({ high }) => value < high);
  return at < 0 ? ranges.length - 1 : at;
}
