/**
 * Measures with noise: which numbers of a cell each is made of, and what it says with what standard error.
 *
 * Rules: a mean is of values around the middle of their bounds, so that its noise is that of half their width. Counts are
 * shown as they come, below zero too: cut ones would be wrong on average. What is shown follows from noisy numbers and
 * public ones alone, with no digits but those that the noise leaves. Errors are of the noise, by linear terms. Pure.
 */
import { canonicalNumber, type Expr, type Measure } from "../../../privacy/index.js";
import { invalidInput } from "../../../vocabulary/index.js";
import type { CollaborationSpec, ColumnSpec } from "../../collaborations/spec.js";
import { COARSEST, type Grid, gridOf, inOwnUnit, middleOf, type Shape } from "./grid.js";

/** Distinct units, rows (of a column: with a value), or a sum of steps. */
export type NoisyPart =
  | { kind: "units" }
  | { kind: "rows"; column?: ColumnSpec }
  | { kind: "sum"; grid: Grid };

export interface NoisyMeasure {
  measure: Measure;
  /** Indices into parts. */
  parts: readonly number[];
}

/** Of one cell: its noisy numbers, and the standard deviation of their noise. */
export interface NoisyNumbers {
  numbers: readonly bigint[];
  deviations: readonly number[];
}

/** A figure and its standard error, as text; null where there is none. */
export interface Shown {
  value: string | null;
  error: string | null;
}

const PARTS: Partial<Record<Measure["kind"], readonly ("units" | "rows" | Shape)[]>> = {
  units: ["units"],
  count: ["rows"],
  sum: ["value"],
  mean: ["rows", "centred"],
  var: ["rows", "centred", "squared"],
  std: ["rows", "centred", "squared"],
};

/** @param room steps that one row may be. @throws invalid_input */
export function noisyMeasures(
  spec: CollaborationSpec,
  wanted: readonly Measure[],
  room: bigint,
): { parts: NoisyPart[]; measures: NoisyMeasure[] } {
  const parts: NoisyPart[] = [];
  const names: string[] = [];
  const add = (kind: "units" | "rows" | Shape, column: ColumnSpec | undefined): number => {
    const name = `${kind} ${column?.name ?? ""}`;
    const known = names.indexOf(name);
    if (known !== -1) return known;
    names.push(name);
    return parts.push(partOf(kind, column, room)) - 1;
  };
  const measures = wanted.map((measure): NoisyMeasure => {
    const kinds = PARTS[measure.kind];
    if (kinds === undefined)
      throw invalidInput("statistic.measures", `${measure.kind} is no sum over domains`);
    const column = measure.value === undefined ? undefined : columnNamed(spec, measure.value);
    return { measure, parts: kinds.map((kind) => add(kind, kind === "units" ? undefined : column)) };
  });
  return { parts, measures };
}

function partOf(kind: "units" | "rows" | Shape, column: ColumnSpec | undefined, room: bigint): NoisyPart {
  if (kind === "units") return { kind };
  if (kind === "rows") return { kind, ...(column === undefined ? {} : { column }) };
  if (column === undefined) throw invalidInput("statistic.measures", "only a column can be summed");
  return { kind: "sum", grid: gridOf(column, kind, room) };
}

/** Only columns are counted or summed: theirs are the declared bounds. */
function columnNamed(spec: CollaborationSpec, value: Expr): ColumnSpec {
  const column = value.op === "column" ? spec.columns.find((c) => c.name === value.name) : undefined;
  if (column === undefined)
    throw invalidInput("statistic.measures", "only a column can be counted or summed");
  return column;
}

/** The most that one row adds to a part, in steps. */
export const mostOfRow = (part: NoisyPart): bigint => (part.kind === "sum" ? part.grid.most : COARSEST);

/** What an engine has counted or summed, in steps. */
export const inSteps = (part: NoisyPart, found: bigint): bigint =>
  part.kind === "sum" ? found : COARSEST * found;

export function shownMeasure(
  { measure, parts: at }: NoisyMeasure,
  parts: readonly NoisyPart[],
  { numbers, deviations }: NoisyNumbers,
): Shown {
  const of = (i: number) => {
    const part = parts[at[i]!]!;
    const unit = (steps: number) =>
      part.kind === "sum" ? inOwnUnit(part.grid, steps) : steps / Number(COARSEST);
    return { part, value: unit(Number(numbers[at[i]!]!)), error: unit(deviations[at[i]!]!) };
  };
  const [first] = [of(0)];
  switch (measure.kind) {
    case "units":
    case "count":
      return { value: whole(numbers[at[0]!]!), error: legible(first.error, first.error) };
    case "sum":
      return { value: legible(first.value, first.error), error: legible(first.error, first.error) };
    case "mean":
      return meanOf(first, of(1));
    default:
      return spreadOf(measure.kind === "std", first, of(1), of(2));
  }
}

/** A count of steps as whole people or rows, the nearest; halves up. */
const whole = (steps: bigint): string => {
  const twice = 2n * steps + COARSEST;
  const rest = ((twice % (2n * COARSEST)) + 2n * COARSEST) % (2n * COARSEST);
  return String((twice - rest) / (2n * COARSEST));
};

interface Figure {
  part: NoisyPart;
  value: number;
  error: number;
}

const NONE: Shown = { value: null, error: null };

function meanOf(n: Figure, s: Figure): Shown {
  if (n.value <= 0 || s.part.kind !== "sum") return NONE;
  const { grid } = s.part;
  const ratio = s.value / n.value;
  const error = Math.sqrt(s.error ** 2 + (ratio * n.error) ** 2) / n.value;
  const [low, high] = [grid.low, grid.high].map((end) => Number(end - grid.middle) / 10 ** grid.decimals);
  const mean = middleOf(grid) + Math.min(high!, Math.max(low!, ratio));
  return { value: legible(mean, error), error: legible(error, error) };
}

function spreadOf(root: boolean, n: Figure, s: Figure, q: Figure): Shown {
  if (n.value <= 1) return NONE;
  const mean = s.value / n.value;
  const variance = Math.max(0, (q.value - s.value * mean) / (n.value - 1));
  const error =
    Math.sqrt(q.error ** 2 + (2 * mean * s.error) ** 2 + ((mean ** 2 - variance) * n.error) ** 2) / n.value;
  if (!root) return { value: legible(variance, error), error: legible(error, error) };
  const deviation = Math.sqrt(variance);
  // error/2σ where the variance is known well, and finite where it is not.
  const of = Math.sqrt(variance + error) - deviation;
  return { value: legible(deviation, of), error: legible(of, of) };
}

/** To a hundredth of its error: further digits are noise. */
function legible(value: number, error: number): string | null {
  if (!Number.isFinite(value) || !Number.isFinite(error)) return null;
  const place = (x: number): number => (x === 0 ? 0 : Number(x.toExponential().split("e")[1]));
  const digits = value === 0 ? 1 : place(value) - place(error) + 3;
  if (digits < 1) return "0";
  return canonicalNumber(String(value), Math.min(12, digits))?.text ?? null;
}
