/** Quantiles as a table: of each group the units, and of each fraction between which values it lies. Pure. */
import {
  type DisclosurePolicy,
  filterText,
  quotientText,
  TABLE_FACTS_FORMAT,
  type TableCell,
  type TableFacts,
} from "../../privacy/index.js";
import { EVERYTHING, UNITS } from "./compared.js";
import type { QuantileShape } from "./quantile.js";
import { decimalsOf } from "./table.js";

/** Fractions have four decimals. */
const ONE = 10_000n;

/** The ranks beside a quantile, from 0, and how far it lies from the lower to the upper, of ten thousand. */
export function toldFraction(at: string, rows: number): { lower: number; upper: number; beyond: bigint } {
  const place = BigInt(Math.max(0, rows - 1)) * BigInt(Math.round(Number(at) * Number(ONE)));
  const [lower, beyond] = [place / ONE, place % ONE];
  return { lower: Number(lower), upper: Number(lower) + (beyond === 0n ? 0 : 1), beyond };
}

/** Where a rank lies, in whole numbers of the column's decimals, and the units there. */
export interface Shown {
  from: bigint;
  to: bigint;
  units: number;
}

/** @param shown for each group and fraction, of the lower rank and the upper */
export function quantileFacts(
  { statistic, column, dimensions, groups }: QuantileShape,
  found: { rows: readonly number[]; units: readonly number[]; shown: readonly Shown[] },
  { significant_digits, threshold }: DisclosurePolicy,
): TableFacts {
  const { at } = statistic;
  const scale = 10n ** BigInt(decimalsOf(column));
  const cells = groups.flatMap((levels, q): TableCell[] => {
    const units = found.units[q]!;
    const place = (measure: number) => ({ at: [...levels], measure, units });
    const ends = at.flatMap((fraction, a): TableCell[] => {
      const { beyond } = toldFraction(fraction, found.rows[q]!);
      const [low, high] = found.shown.slice(2 * (q * at.length + a)) as [Shown, Shown];
      // Of a group of few there is nothing to show, and the threshold refuses its count.
      if (units < threshold) return [1, 2].map((end) => ({ ...place(2 * a + end), value: null }));
      const between = (x: bigint, y: bigint): string =>
        quotientText((ONE - beyond) * x + beyond * y, ONE * scale, significant_digits);
      const sharers = Math.min(low.units, high.units);
      return [
        { ...place(2 * a + 1), value: between(low.from, high.from), sharers },
        { ...place(2 * a + 2), value: between(low.to, high.to), sharers },
      ];
    });
    return [{ ...place(0), value: String(units) }, ...ends];
  });
  const end = (name: string) => ({ name, statistic: "percentile" as const, of: column.name });
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "node",
    filter: filterText({ version: 1, where: statistic.where ?? EVERYTHING }),
    dimensions: dimensions.map(({ name, levels }) => ({ name, levels: levels.map(({ label }) => label) })),
    measures: [
      { name: UNITS.name, statistic: "units" },
      ...at.flatMap((fraction) => [end(`${fraction} from`), end(`${fraction} to`)]),
    ],
    cells,
  };
}
