/**
 * A query as this room computes it: relations whose every row belongs to one unit, and noisy statistics over the last.
 *
 * Rules: a plan holds public things only (the query, declared metadata), so whatever is decided from it tells nothing.
 * Expressions name columns by `Field.column`, names that this room made; `Field.name` is what the query calls them.
 * `perUnit` bounds how many rows of a relation one unit can have: every sensitivity stands on it.
 */
import type { ColumnType, Rational } from "../../../vocabulary/index.js";
import type { Expr } from "../../expression/expr.js";

/** A column of a dataset as the catalogue declares it. */
export interface DeclaredField {
  name: string;
  type: ColumnType;
  nullable: boolean;
  bounds?: readonly [string, string];
  categories?: readonly string[];
  /** Its place in the version: stored as `c<at>`. */
  at: number;
}

/** A dataset that a query may name. */
export interface DeclaredTable {
  name: string;
  /** The column of units; undefined: each row is one. */
  unit: string | undefined;
  maxRows: number;
  columns: readonly DeclaredField[];
}

export type Bounds = readonly [Rational, Rational];

/** The value of a group as an expression writes it; null is missing. */
export type GroupValue = string | null;

export interface Field {
  name: string;
  column: string;
  type: ColumnType;
  nullable: boolean;
  /** Of numbers; dates as days. */
  bounds?: Bounds;
  /** All values that are public, in order; missing ones apart. */
  domain?: readonly string[];
  isUnit: boolean;
  /** Of which dataset, and under what name: for errors that say what its owner can declare. */
  origin?: { dataset: string; column: string };
}

export const UNIT_MEASURES = ["rows", "present", "sum", "mean", "min", "max"] as const;
export type UnitMeasureKind = (typeof UNIT_MEASURES)[number];
export interface UnitMeasure {
  kind: UnitMeasureKind;
  value?: Scaled | { expr: Expr };
}

export type Relation = { fields: readonly Field[]; perUnit: bigint } & (
  | { kind: "table"; table: number; places: readonly number[] }
  | { kind: "rows"; from: Relation; where?: Expr; values: readonly Expr[] }
  | { kind: "units"; from: Relation; where?: Expr; keys: readonly Expr[]; measures: readonly UnitMeasure[] }
  | { kind: "join"; left: Relation; right: Relation; outer: boolean; on: readonly [string, string] }
);

/** A number on a grid of whole steps of 10^−digits, clamped into [low, high] steps. */
export interface Scaled {
  expr: Expr;
  type: "integer" | "decimal";
  digits: number;
  low: bigint;
  high: bigint;
  nullable: boolean;
}

/** What the engine computes exactly, a whole number a group. */
export type Exact =
  | { kind: "rows" }
  | { kind: "units" }
  | { kind: "present"; value: Expr }
  | { kind: "sum"; value: Scaled }
  /** Σ (v − centre)² */
  | { kind: "squares"; value: Scaled; centre: bigint };

/**
 * One noisy number a group: Σ factor·exact, in whole steps. One row changes it by at most `perRow`; where it counts
 * units, one unit changes it by at most one in each of its groups.
 */
export interface Measurement {
  terms: readonly { exact: number; factor: bigint }[];
  perRow: bigint | "unit";
  /** How much an error of one `perRow` in it weighs, beside 1 for what was asked for. */
  weight: number;
}

/** A quantile: the least grid value with at least `rank` of the rows at or below it, found by halving. */
export interface Bisection {
  value: Scaled;
  /** The rank as num/den. */
  rank: Rational;
  halvings: number;
  /** Steps that one leaf holds. */
  leaf: bigint;
  weight: number;
}

/** What is estimated from measurements (indices into the plan's). */
export type Estimate =
  | { kind: "count"; of: number }
  | { kind: "sum"; of: number; digits: number; value: Scaled }
  | { kind: "mean"; count: number; sum: number; value: Scaled; centre: bigint }
  | {
      kind: "var" | "std";
      count: number;
      sum: number;
      squares: number;
      value: Scaled;
      centre: bigint;
      /** The square from which squares are counted. */
      middle: bigint;
      sample: boolean;
    }
  | { kind: "quantile"; of: number };

export interface Group {
  value: Expr;
  type: ColumnType;
  /** Undefined: its values are private. */
  domain?: readonly GroupValue[];
}

export interface Output {
  name: string;
  type: ColumnType;
  /** Over columns `g<i>` (groups) and `a<i>` (estimates). */
  value: Expr;
}

export interface Plan {
  /** Names of the datasets read, in the order of `Relation.table`. */
  tables: readonly string[];
  relation: Relation;
  groups: readonly Group[];
  /** Some group column has private values, so groups show only above a threshold. */
  hasPrivateGroups: boolean;
  /** The measurement of units by which private groups show. */
  threshold?: number;
  /** At most so many groups hold rows of one unit. */
  groupsPerUnit: bigint;
  exacts: readonly Exact[];
  measurements: readonly Measurement[];
  bisections: readonly Bisection[];
  estimates: readonly Estimate[];
  outputs: readonly Output[];
  having?: Expr;
  order: readonly { value: Expr; descending: boolean; nullsFirst: boolean }[];
  limit?: number;
  offset: number;
}
