/**
 * How near synthetic records come to the true ones: marginals, and a model trained on one and tested on the other.
 *
 * Never for anyone but the data's owner: these numbers have no noise.
 */
import { pairsOf } from "./model.js";

/** Records by their cells' numbers; undefined: in none. */
export type Coded = readonly (number | undefined)[];

export interface MarginalError {
  /** Places of one or two columns. */
  columns: number[];
  /** Half of Σ |share − true share|: 0 equal, 1 wholly apart. */
  distance: number;
}

const sharesOf = (counts: readonly number[]): number[] => {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((n) => (total === 0 ? 0 : n / total));
};

/** Total variation distance of two lists of counts. */
export function distance(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [sharesOf(a), sharesOf(b)];
  return x.reduce((sum, share, i) => sum + Math.abs(share - y[i]!), 0) / 2;
}

/** Counts of records in the cells of one or two columns. */
export function tally(
  records: readonly Coded[],
  columns: readonly number[],
  sizes: readonly number[],
): number[] {
  const counts = new Array<number>(columns.reduce((n, column) => n * sizes[column]!, 1)).fill(0);
  for (const record of records) {
    let at: number | undefined = 0;
    for (const column of columns) {
      const code: number | undefined = record[column];
      at = code === undefined || at === undefined ? undefined : at * sizes[column]! + code;
    }
    if (at !== undefined) counts[at]!++;
  }
  return counts;
}

/** Of every column and every pair. */
export function marginalErrors(
  records: readonly Coded[],
  sizes: readonly number[],
  truth: { one: readonly (readonly number[])[]; two: readonly (readonly number[])[] },
): MarginalError[] {
  const of = (columns: number[], counts: readonly number[]): MarginalError => ({
    columns,
    distance: distance(tally(records, columns, sizes), counts),
  });
  return [
    ...sizes.map((_, i) => of([i], truth.one[i]!)),
    ...pairsOf(sizes.length).map((pair, i) => of([...pair], truth.two[i]!)),
  ];
}

export interface Trained {
  /** Share of right answers at probability ½. */
  accuracy: number;
  /** Probability that one of the second value scores above one of the first. */
  auc: number;
}

/** Undefined where a side has no record of either value. */
export interface Usefulness {
  synthetic: Trained | undefined;
  real: Trained | undefined;
  /** Share of the more frequent value among the records tested on. */
  majority: number;
  tested: number;
}

/**
 * A logistic model of one column with two values, from the cells of all others: trained on synthetic records, and for
 * comparison on true ones of another half than those that both are tested on.
 */
export function usefulness(
  synthetic: readonly Coded[],
  real: { train: readonly Coded[]; test: readonly Coded[] },
  sizes: readonly number[],
  target: number,
): Usefulness {
  const labelled = (records: readonly Coded[]) => records.filter((r) => r[target] === 0 || r[target] === 1);
  const test = labelled(real.test);
  const positive = test.filter((r) => r[target] === 1).length;
  const measured = (records: readonly Coded[]): Trained | undefined => {
    const labels = new Set(records.map((r) => r[target]));
    if (labels.size < 2 || positive === 0 || positive === test.length) return undefined;
    return tested(logistic(records, sizes, target), test, target);
  };
  return {
    synthetic: measured(labelled(synthetic)),
    real: measured(labelled(real.train)),
    majority: test.length === 0 ? 0 : Math.max(positive, test.length - positive) / test.length,
    tested: test.length,
  };
}

type Score = (record: Coded) => number;

const STEPS = 12;
const CONVERGED = 1e-6;
/** Keeps the model finite where a cell decides the answer alone. */
const RIDGE = 1;

/** Ridge logistic regression on one indicator a cell, by Newton's method; gives the logit of value 1. */
export function logistic(records: readonly Coded[], sizes: readonly number[], target: number): Score {
  const offsets: number[] = [];
  let width = 1;
  sizes.forEach((size, i) => {
    offsets[i] = width;
    if (i !== target) width += size;
  });
  const featuresOf = (record: Coded): number[] => [
    0,
    ...record.flatMap((code, i) => (i === target || code === undefined ? [] : [offsets[i]! + code])),
  ];
  const rows = records.map((record) => ({ on: featuresOf(record), label: record[target]! }));
  const weights = new Float64Array(width);
  const logit = (on: readonly number[]): number => on.reduce((sum, k) => sum + weights[k]!, 0);
  for (let step = 0; step < STEPS; step++) {
    const gradient = Float64Array.from(weights, (w) => -RIDGE * w);
    const hessian = Array.from({ length: width }, (_, i) => {
      const row = new Float64Array(width);
      row[i] = RIDGE;
      return row;
    });
    for (const { on, label } of rows) {
      const p = 1 / (1 + Math.exp(-logit(on)));
      for (const i of on) {
        gradient[i]! += label - p;
        for (const k of on) hessian[i]![k]! += p * (1 - p);
      }
    }
    const move = solved(hessian, gradient);
    move.forEach((x, i) => {
      weights[i]! += x;
    });
    if (move.every((x) => Math.abs(x) < CONVERGED)) break;
  }
  return (record) => logit(featuresOf(record));
}

/** Of a symmetric positive definite system, by Cholesky; both are written over. */
export function solved(matrix: Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  for (let i = 0; i < n; i++) {
    const row = matrix[i]!;
    for (let k = 0; k <= i; k++) {
      let sum = row[k]!;
      for (let j = 0; j < k; j++) sum -= row[j]! * matrix[k]![j]!;
      row[k] = i === k ? Math.sqrt(sum) : sum / matrix[k]![k]!;
    }
  }
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) right[i]! -= matrix[i]![k]! * right[k]!;
    right[i]! /= matrix[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) right[i]! -= matrix[k]![i]! * right[k]!;
    right[i]! /= matrix[i]![i]!;
  }
  return right;
}

function tested(score: Score, test: readonly Coded[], target: number): Trained {
  const scored = test.map((record) => ({ score: score(record), label: record[target]! }));
  const right = scored.filter(({ score, label }) => score > 0 === (label === 1)).length;
  return { accuracy: right / scored.length, auc: aucOf(scored) };
}

/** By ranks, ties shared (Mann–Whitney). */
export function aucOf(scored: readonly { score: number; label: number }[]): number {
  const sorted = [...scored].sort((a, b) => a.score - b.score);
  let ranks = 0;
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to < sorted.length && sorted[to]!.score === sorted[from]!.score) to++;
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) if (sorted[i]!.label === 1) ranks += rank;
    from = to;
  }
  const positive = scored.filter(({ label }) => label === 1).length;
  const negative = scored.length - positive;
  return (ranks - (positive * (positive + 1)) / 2) / (positive * negative);
}
