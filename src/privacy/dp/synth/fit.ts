/**
 * From noisy counts to one distribution: a tree of pairs, whose tables agree on the columns they share. Floats and
 * post-processing: nothing here sees an exact count.
 *
 * A column's counts are the average of all that measured them, by precision, made a distribution. A pair's table is
 * drawn towards independence by as much as its noise exceeds what it shows, and then fitted to its columns' counts
 * (iterative proportional fitting). On a tree these tables are a junction tree: P = Π pairs / Π inner columns.
 */
import type { Pair } from "./model.js";

export type Counts = Float64Array;

export interface MeasuredPair {
  pair: Pair;
  noisy: Counts;
}

/** Shares that sum to one; a pair's by first · cells(second) + second. */
export interface TreeModel {
  /** Estimated rows. */
  total: number;
  columns: readonly Counts[];
  edges: readonly { pair: Pair; shares: Counts }[];
}

const sumOf = (list: Iterable<number>): number => {
  let sum = 0;
  for (const x of list) sum += x;
  return sum;
};

/** The nearest list without negatives that sums to `total` > 0 (Duchi et al. 2008). */
export function toSimplex(list: Counts, total: number): Counts {
  const sorted = Float64Array.from(list).sort().reverse();
  let [sum, shift] = [0, 0];
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i]!;
    const candidate = (sum - total) / (i + 1);
    if (sorted[i]! - candidate > 0) shift = candidate;
  }
  return list.map((x) => Math.max(0, x - shift));
}

/** Sums of a pair's table over its other column. */
export function projected(table: Counts, sizes: readonly [number, number], side: 0 | 1): Counts {
  const result = new Float64Array(sizes[side]);
  table.forEach((x, at) => {
    result[side === 0 ? Math.floor(at / sizes[1]) : at % sizes[1]]! += x;
  });
  return result;
}

const outer = (a: Counts, b: Counts, total: number): Counts => {
  const result = new Float64Array(a.length * b.length);
  a.forEach((x, i) => {
    b.forEach((y, k) => {
      result[i * b.length + k] = (x * y) / total;
    });
  });
  return result;
};

interface Weighed {
  counts: Counts;
  variance: number;
}

/** By precision, cell by cell. */
function averaged(list: readonly Weighed[]): Counts {
  const precision = sumOf(list.map(({ variance }) => 1 / variance));
  const result = new Float64Array(list[0]!.counts.length);
  for (const { counts, variance } of list)
    counts.forEach((x, i) => {
      result[i]! += x / variance / precision;
    });
  return result;
}

/** Rows, at least one: the sums of all tables by precision. */
function estimatedTotal(list: readonly Weighed[]): number {
  const sums = list.map(({ counts, variance }) => ({
    counts: Float64Array.of(sumOf(counts)),
    variance: variance * counts.length,
  }));
  return Math.max(1, averaged(sums)[0]!);
}

/** Columns on their own: what pairs are scored against. */
export function independent(one: readonly Counts[], variance: number): TreeModel {
  const total = estimatedTotal(one.map((counts) => ({ counts, variance })));
  const columns = one.map((counts) => shares(toSimplex(counts, total)));
  return { total, columns, edges: [] };
}

/** Expected counts of a pair of independent columns, whole and not below zero. */
export function expectedPair({ total, columns }: TreeModel, [first, second]: Pair): bigint[] {
  const table = outer(columns[first]!, columns[second]!, 1);
  return Array.from(table, (share) => BigInt(Math.round(share * total)));
}

const shares = (counts: Counts): Counts => {
  const total = sumOf(counts);
  return counts.map((x) => x / total);
};

const ROUNDS = 300;
const CLOSE = 1e-10;
/** Part of independence that stays in each pair, so that fitting always ends. */
const FLOOR = 1e-6;

/** Brings a table to these sums; alternating, until the first stays as it is. */
export function fitted(table: Counts, first: Counts, second: Counts): Counts {
  const now = table.slice();
  const width = second.length;
  const below = new Float64Array(width);
  for (let round = 0; round < ROUNDS; round++) {
    let off = 0;
    below.fill(0);
    for (let i = 0; i < first.length; i++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += now[i * width + k]!;
      off = Math.max(off, Math.abs(sum - first[i]!));
      const scale = sum > 0 ? first[i]! / sum : 0;
      for (let k = 0; k < width; k++) {
        const at = i * width + k;
        now[at] = now[at]! * scale;
        below[k] = below[k]! + now[at]!;
      }
    }
    if (round > 0 && off < CLOSE) break;
    for (let at = 0; at < now.length; at++) {
      const sum = below[at % width]!;
      now[at] = sum > 0 ? (now[at]! * second[at % width]!) / sum : 0;
    }
  }
  return now;
}

/** How much of what differs from independence is kept: 0 where it is no more than noise. */
export function kept(difference: Counts, variance: number): number {
  const noise = difference.length * variance;
  const signal = Math.max(0, sumOf(difference.map((x) => x * x)) - noise);
  return signal / (signal + noise);
}

export function fitTree(
  one: readonly Counts[],
  oneVariance: number,
  two: readonly MeasuredPair[],
  twoVariance: number,
): TreeModel {
  const sizesOf = ([first, second]: Pair): [number, number] => [one[first]!.length, one[second]!.length];
  const all: Weighed[] = [
    ...one.map((counts) => ({ counts, variance: oneVariance })),
    ...two.map(({ noisy }) => ({ counts: noisy, variance: twoVariance })),
  ];
  const total = estimatedTotal(all);
  const columns = one.map((counts, i) => {
    const through = two
      .filter(({ pair }) => pair.includes(i))
      .map(({ pair, noisy }): Weighed => {
        const side = pair[0] === i ? 0 : 1;
        const sizes = sizesOf(pair);
        return { counts: projected(noisy, sizes, side), variance: twoVariance * sizes[side === 0 ? 1 : 0] };
      });
    return shares(toSimplex(averaged([{ counts, variance: oneVariance }, ...through]), total));
  });
  const edges = two.map(({ pair, noisy }) => ({
    pair,
    shares: pairShares(noisy, columns[pair[0]]!, columns[pair[1]]!, total, twoVariance),
  }));
  return { total, columns, edges };
}

function pairShares(noisy: Counts, first: Counts, second: Counts, total: number, variance: number): Counts {
  const alone = outer(first, second, 1);
  const difference = noisy.map((x, i) => x - total * alone[i]!);
  const part = kept(difference, variance);
  const drawn = toSimplex(
    difference.map((x, i) => total * alone[i]! + part * x),
    total,
  );
  const table = drawn.map((x, i) => (1 - FLOOR) * (x / total) + FLOOR * alone[i]!);
  return fitted(table, first, second);
}
