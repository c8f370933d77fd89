/**
 * How the sets of two tables meet, counted over the units. Pure arithmetic over their arrays; the one pass over all units
 * that a comparison costs.
 */
import type { ToldSet } from "./told.js";
import { classCount, type UnitSets } from "./unit-sets.js";

/** A table's sets over its units. */
export interface Spread {
  sets: readonly ToldSet[];
  units: UnitSets;
}

/** Units in class i of the first and class k of the second, class 0 being those in none. */
export interface ClassPairs {
  first: Int32Array;
  second: Int32Array;
  units: Float64Array;
}

/** Beyond so many pairs of classes they are counted in a map. */
const DENSE = 1 << 22;

export function pairsOf(a: UnitSets, b: UnitSets): ClassPairs {
  const width = classCount(b) + 1;
  const size = (classCount(a) + 1) * width;
  return size <= DENSE ? fromDense(denseCounts(a, b, width, size), width) : fromSparse(a, b, width);
}

/**
 * Units by (class of the first · width + class of the second). Units of later versions that an earlier table does not know are
 * in none of its classes.
 */
function denseCounts(a: UnitSets, b: UnitSets, width: number, size: number): Uint32Array {
  const table = new Uint32Array(size);
  const [x, y] = [a.of, b.of];
  const both = Math.min(x.length, y.length);
  for (let u = 0; u < both; u++) table[(x[u] as number) * width + (y[u] as number)]! += 1;
  for (let u = both; u < x.length; u++) table[(x[u] as number) * width]! += 1;
  for (let u = both; u < y.length; u++) table[y[u] as number]! += 1;
  return table;
}

function fromDense(table: Uint32Array, width: number): ClassPairs {
  let n = 0;
  for (let key = 0; key < table.length; key++) if (table[key] !== 0) n++;
  const pairs = room(n);
  for (let key = 0, i = 0; i < n; key++) {
    const units = table[key] as number;
    if (units === 0) continue;
    pairs.first[i] = Math.floor(key / width);
    pairs.second[i] = key % width;
    pairs.units[i++] = units;
  }
  return pairs;
}

function fromSparse(a: UnitSets, b: UnitSets, width: number): ClassPairs {
  const counts = new Map<number, number>();
  const [x, y] = [a.of, b.of];
  for (let u = 0; u < Math.max(x.length, y.length); u++) {
    const key = (x[u] ?? 0) * width + (y[u] ?? 0);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const pairs = room(counts.size);
  let i = 0;
  for (const [key, units] of counts) {
    pairs.first[i] = Math.floor(key / width);
    pairs.second[i] = key % width;
    pairs.units[i++] = units;
  }
  return pairs;
}

const room = (n: number): ClassPairs => ({
  first: new Int32Array(n),
  second: new Int32Array(n),
  units: new Float64Array(n),
});

/** Sets by class of the table's units. */
export type SetsByClass = readonly (readonly number[])[];

export function setsByClass({ sets, units }: Spread): SetsByClass {
  const by: number[][] = Array.from({ length: classCount(units) }, () => []);
  sets.forEach((set, s) => {
    for (let k = 0; k < by.length; k++) if (set.classes[k] === 1) (by[k] as number[]).push(s);
  });
  return by;
}

/** Units that set i of the first and set k of the second have in common, at i · (sets of the second) + k. */
export function commonUnits(
  a: Spread,
  b: Spread,
  pairs: ClassPairs,
  inA: SetsByClass = setsByClass(a),
): Float64Array {
  const inB = setsByClass(b);
  const width = b.sets.length;
  const common = new Float64Array(a.sets.length * width);
  for (let p = 0; p < pairs.units.length; p++) {
    const [i, k] = [pairs.first[p] as number, pairs.second[p] as number];
    if (i === 0 || k === 0) continue;
    const units = pairs.units[p] as number;
    for (const s of inA[i - 1] as number[])
      for (const t of inB[k - 1] as number[]) common[s * width + t]! += units;
  }
  return common;
}

/** How many units were looked at, over many comparisons of two sets. */
export interface Effort {
  spent: number;
}

type Placed = readonly [set: ToldSet, units: UnitSets];

const has = ([set, { of }]: Placed, u: number): boolean => {
  const k = of[u] ?? 0;
  return k !== 0 && set.classes[k - 1] === 1;
};

/** Units that two sets of two tables have in common; undefined once they are more than `most`. */
export function commonUpTo(a: Placed, b: Placed, most: number, effort: Effort): number | undefined {
  const n = Math.min(a[1].of.length, b[1].of.length);
  let common = 0;
  for (let u = 0; u < n; u++) {
    if (!has(a, u) || !has(b, u) || ++common <= most) continue;
    effort.spent += u;
    return undefined;
  }
  effort.spent += n;
  return common;
}

/** Whether each unit of the one is in the other. */
export function liesIn(a: Placed, b: Placed, effort: Effort): boolean {
  const n = a[1].of.length;
  for (let u = 0; u < n; u++) {
    if (!has(a, u) || has(b, u)) continue;
    effort.spent += u;
    return false;
  }
  effort.spent += n;
  return true;
}
