/** What a fit gives: coefficients in the order of the design, and figures of the whole. */
import type { Triangle } from "./triangle.js";

/** By what an estimate weighs the rows. */
export interface Weighing {
  /** R of the weighted design, which stands in its columns from `first` on. */
  triangle: Triangle;
  /** 1 where a column of ones stands before the design's own. */
  first: 0 | 1;
  /** Root of a row's weight. */
  root(row: Float64Array, i: number): number;
}

export interface Estimate {
  coefficients: Float64Array;
  errors: Float64Array;
  /** Of a probit by expected instead of observed information, which is what R shows. */
  expectedErrors?: Float64Array;
  figures: { [name: string]: number };
  weighing: Weighing;
}

export function dot(a: Float64Array, b: Float64Array, size: number): number {
  let sum = 0;
  for (let j = 0; j < size; j++) sum += a[j]! * b[j]!;
  return sum;
}
