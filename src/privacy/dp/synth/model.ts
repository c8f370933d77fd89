/** What synthetic data are made from: columns cut into public cells, and counts over them. */
import type { ColumnType, Rational } from "../../../vocabulary/index.js";

/**
 * One cell of a column. `value`: that value; `range`: from low to below high, or to high itself in a column's last
 * range, in whole numbers, decimals or days; `missing`: no value.
 */
export type SynthCell =
  | { kind: "value"; value: string }
  | { kind: "range"; low: number; high: number; last: boolean }
  | { kind: "missing" };

/** A column whose cells follow from what its owner declared, and from nothing else. */
export interface SynthColumn {
  name: string;
  type: ColumnType;
  /** Place in the version's Parquet: `c<at>`. */
  at: number;
  /** Digits after the point of what is made up within a range. */
  decimals: number;
  cells: readonly SynthCell[];
}

/** Two columns, by their places in the list; first < second. */
export type Pair = readonly [first: number, second: number];

/** Counts of rows: of each column its cells; of each pair, in the order of `pairsOf`, first · cells(second) + second. */
export interface Marginals {
  one: readonly (readonly bigint[])[];
  two: readonly (readonly bigint[])[];
}

/** The noise, and what it costs: from public things only. */
export interface SynthPricing {
  /** All of it: ρ of zCDP. */
  rho: Rational;
  /** Variance of the noise of each count of one column. */
  oneVariance: Rational;
  /** Of each count of a pair; undefined with one column. */
  twoVariance: Rational | undefined;
  /** The rate of each choice of a pair, P ∝ e^(rate·score); undefined where the tree is fixed. */
  rate: Rational | undefined;
}

export const SYNTH_LIMITS = {
  columns: 24,
  /** Cells of a column, the missing one included. */
  cells: 64,
  bins: { least: 2, most: 48, unlessSaid: 16 },
  rows: 100_000,
  /** Bytes of the records as CSV. */
  csv_bytes: 24 * 1024 * 1024,
} as const;

export const pairsOf = (columns: number): Pair[] =>
  Array.from({ length: columns }, (_, i) => i).flatMap((i) =>
    Array.from({ length: columns - i - 1 }, (_, k): Pair => [i, i + k + 1]),
  );
