/**
 * Between which numbers a value must lie, from the bounds that the spec declares of the columns it reads.
 *
 * Rules: a range holds for every row whose columns are within their bounds, and for no more than arithmetic can show: it
 * may be wider than need be, never narrower (each step is widened by more than a double's rounding). What has no range
 * cannot be summed over domains. Pure.
 */
import type { Expr } from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import type { CollaborationSpec } from "../collaborations/spec.js";

/** Least and greatest. */
export type Range = readonly [number, number];

const ROUNDING = 1e-14;

const PARTS: Readonly<Record<string, Range>> = {
  quarter: [1, 4],
  month: [1, 12],
  day: [1, 31],
  weekday: [1, 7],
  hour: [0, 23],
  minute: [0, 59],
};

const wider = ([low, high]: Range): Range => [
  low - Math.abs(low) * ROUNDING,
  high + Math.abs(high) * ROUNDING,
];

const spanned = (ends: readonly number[]): Range => wider([Math.min(...ends), Math.max(...ends)]);

const products = (a: Range, b: Range, of: (x: number, y: number) => number): Range =>
  spanned([of(a[0], b[0]), of(a[0], b[1]), of(a[1], b[0]), of(a[1], b[1])]);

export const productRange = (a: Range, b: Range): Range => products(a, b, (x, y) => x * y);

const union = (ranges: readonly Range[]): Range => [
  Math.min(...ranges.map(([low]) => low)),
  Math.max(...ranges.map(([, high]) => high)),
];

/** Of a number, or of true and false as 1 and 0. @throws invalid_input at `root` where it has none */
export function rangeOf(value: Expr, spec: Pick<CollaborationSpec, "columns">, root: string): Range {
  const range = ranged(value, spec.columns, root);
  if (range.every(Number.isFinite) && range[0] <= range[1]) return range;
  throw invalidInput(root, "has values without end");
}

function ranged(e: Expr, columns: CollaborationSpec["columns"], root: string): Range {
  const of = (inner: Expr): Range => ranged(inner, columns, root);
  switch (e.op) {
    case "column":
      return columnRange(e.name, columns, root);
    case "literal":
      if (e.type === "integer" || e.type === "decimal") return wider([Number(e.value), Number(e.value)]);
      if (e.type === "boolean") return [0, 1];
      throw invalidInput(root, "is no number");
    case "widen":
      return of(e.value);
    case "add":
      return products(of(e.left), of(e.right), (x, y) => x + y);
    case "subtract":
      return products(of(e.left), of(e.right), (x, y) => x - y);
    case "multiply":
      return productRange(of(e.left), of(e.right));
    case "divide": {
      const by = of(e.right);
      if (by[0] <= 0 && by[1] >= 0) throw invalidInput(root, "divides by what may be zero");
      return products(of(e.left), by, (x, y) => x / y);
    }
    case "case":
      return union([...e.whens.map(({ value }) => of(value)), of(e.otherwise)]);
    case "coalesce":
      return union(e.args.map(of));
    case "date_part":
      if (PARTS[e.part] !== undefined) return PARTS[e.part]!;
      throw invalidInput(root, `has a ${e.part}, which has no bounds`);
    case "compare":
    case "in":
    case "like":
    case "is_null":
    case "not":
    case "and":
    case "or":
      return [0, 1];
    default:
      return ofOne(e, of, root);
  }
}

function ofOne(e: Expr, of: (inner: Expr) => Range, root: string): Range {
  switch (e.op) {
    case "negate": {
      const [low, high] = of(e.value);
      return [-high, -low];
    }
    case "absolute": {
      const [low, high] = of(e.value);
      return low >= 0 ? [low, high] : high <= 0 ? [-high, -low] : [0, Math.max(-low, high)];
    }
    // Outside of their domain a value is missing (emit.ts).
    case "sqrt":
      return spanned(of(e.value).map((x) => Math.sqrt(Math.max(0, x))));
    case "exp":
      return spanned(of(e.value).map(Math.exp));
    case "ln": {
      const [low, high] = of(e.value);
      if (low <= 0) throw invalidInput(root, "is the logarithm of what may be zero");
      return spanned([Math.log(low), Math.log(high)]);
    }
    default:
      throw invalidInput(root, "has no bounds that the spec declares");
  }
}

function columnRange(name: string, columns: CollaborationSpec["columns"], root: string): Range {
  const column = columns.find((c) => c.name === name);
  if (column?.type === "boolean") return [0, 1];
  if (column?.bounds === undefined) throw invalidInput(root, `${name} has no declared bounds`);
  return [Number(column.bounds[0]), Number(column.bounds[1])];
}
