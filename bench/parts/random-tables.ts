/** Random tables of counts with totals, the same for the same seed: for benchmarks and tests of suppression. */
import type { TableCell, TableFacts } from "../../src/privacy/index.js";

export interface RandomTable {
  sizes: readonly number[];
  /** How many of the dimensions go down the rows. */
  down: number;
  margins: boolean | "all";
  /** Share of cells that are empty, and that are small. */
  empty: number;
  small: number;
  /** Small is below this. */
  threshold: number;
  /** Largest count. */
  most: number;
}

/** Numbers from 0 to below 1. */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    // Mulberry32 (public domain, Tommy Ettinger).
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomTable(table: RandomTable, random: Random): TableFacts {
  const { sizes, threshold, most } = table;
  return countsOf(sizes, table.down, table.margins, () => {
    const kind = random();
    if (kind < table.empty) return 0;
    if (kind < table.empty + table.small) return 1 + Math.floor(random() * (threshold - 1));
    return threshold + Math.floor(random() ** 2 * (most - threshold));
  });
}

/** Facts of a table of counts of units, with the totals down, across and of all, or over every combination. */
export function countsOf(
  sizes: readonly number[],
  down: number,
  margins: boolean | "all",
  count: (at: readonly number[]) => number,
): TableFacts {
  const inner = placesOf(sizes);
  const counts = new Map(inner.map((at) => [at.join(" "), count(at)]));
  for (const summed of totalsOf(sizes.length, down, margins)) {
    if (!summed.some(Boolean)) continue;
    const sums = new Map<string, number>();
    for (const at of inner) {
      const key = at.map((l, i) => (summed[i] ? -1 : l)).join(" ");
      sums.set(key, (sums.get(key) ?? 0) + counts.get(at.join(" "))!);
    }
    for (const [key, sum] of sums) counts.set(key, sum);
  }
  const cells = [...counts].map(
    ([key, units]): TableCell => ({
      at: key === "" ? [] : key.split(" ").map(Number),
      measure: 0,
      value: String(units),
      units,
    }),
  );
  return {
    format: 1,
    stated_by: "node",
    filter: null,
    dimensions: sizes.map((n, i) => ({
      name: `d${i}`,
      levels: Array.from({ length: n }, (_, l) => `${"abcd"[i]}${l}`),
    })),
    measures: [{ name: "units", statistic: "units" }],
    cells,
  };
}

/** By total, which dimensions it sums over. */
function totalsOf(dimensions: number, down: number, margins: boolean | "all"): boolean[][] {
  const over = (is: (i: number) => boolean) => Array.from({ length: dimensions }, (_, i) => is(i));
  if (margins === false) return [];
  if (margins === true) return [over((i) => i < down), over((i) => i >= down), over(() => true)];
  return Array.from({ length: 2 ** dimensions - 1 }, (_, bits) => over((i) => (((bits + 1) >> i) & 1) === 1));
}

function placesOf(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (found, size) => found.flatMap((at) => Array.from({ length: size }, (_, l) => [...at, l])),
    [[]],
  );
}
