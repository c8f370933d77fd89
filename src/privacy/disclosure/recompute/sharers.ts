/**
 * On how many units a value that is shown as it stands in the data rests: a minimum, a maximum, a median.
 *
 * Method: two values are shared where both are shown by the same digits, that is where they round to the same number at
 * the policy's significant digits. A value that lies on the border of two such numbers is shared by nobody, so that the
 * count never depends on which way a tie goes. A median between two values rests on the fewer of their sharers.
 * Source: Griffiths et al., Handbook on Statistical Disclosure Control for Outputs (2019), on percentiles and extremes.
 */
import { decimal, sourcesOf, summable } from "./contributions.js";
import type { PlannedMeasure, TablePlan } from "./plan.js";

const isExtreme = ({ measure }: PlannedMeasure): boolean => measure.kind === "min" || measure.kind === "max";
const isMedian = ({ measure }: PlannedMeasure): boolean => measure.kind === "median";
const showsOne = (m: PlannedMeasure): boolean => isExtreme(m) || isMedian(m);

export const showsAValue = ({ measures }: TablePlan): boolean => measures.some(showsOne);

/** Half a step, less what the arithmetic of doubles could be wrong by. */
const HALF = "0.4999999";

/** The number that a value is shown as; missing where two would do. Of a double. */
function shown(v: string, digits: number): string {
  const places = `CAST(${digits - 1} - floor(log10(abs(${v}))) AS INTEGER)`;
  const near = `round(${v}, ${places})`;
  const clear = `abs(${v} - ${near}) * pow(10, ${places}) < ${HALF}`;
  return `CASE WHEN ${v} = 0 THEN 0 WHEN ${clear} THEN ${near} END`;
}

/** The values behind a median, of which the cells need to know as well. */
export function middlesOf(plan: TablePlan): string[] {
  const sources = sourcesOf(plan.measures);
  return plan.measures.flatMap((m, i) => {
    if (!isMedian(m)) return [];
    const v = summable(`v${sources[i]}`);
    return [`quantile_disc(${v}, 0.5) AS lower${i}`, `-quantile_disc(-(${v}), 0.5) AS upper${i}`];
  });
}

/** Each cell's sharers, from its rows looked at again beside what is shown of it. @param sets of the cells, by index */
export function sharersOfCells(
  plan: TablePlan,
  names: readonly string[],
  sets: readonly (readonly number[])[],
  digits: number,
  oneRowPerUnit: boolean,
): string {
  const sources = sourcesOf(plan.measures);
  const count = (when: string) =>
    `${oneRowPerUnit ? "count(*)" : "count(DISTINCT u)"} FILTER (WHERE ${when})`;
  const figures = plan.measures.flatMap((m, i) => {
    if (!showsOne(m)) return [];
    const like = (value: string) => count(`w${sources[i]} = ${shown(decimal(value), digits)}`);
    const sharers = isExtreme(m)
      ? like(`cells.value${i}`)
      : `least(${like(`cells.lower${i}`)}, ${like(`cells.upper${i}`)})`;
    return [`${sharers} AS sharers${i}`];
  });
  const used = new Set(plan.measures.flatMap((m, i) => (showsOne(m) ? [sources[i]!] : [])));
  const values = [...used].map((j) => `${shown(decimal(`v${j}`), digits)} AS w${j}`);
  const rows = `SELECT ${["u", ...names, ...values].join(", ")} FROM kept`;
  const keys = [...names.map((n) => `cells.${n}`), "cells.bits"].join(", ");
  const ofSet = (set: readonly number[]) => {
    const bits = names.reduce((sum, _, i) => sum * 2 + (set.includes(i) ? 0 : 1), 0);
    const same = set.map((i) => ` AND valued.${names[i]} IS NOT DISTINCT FROM cells.${names[i]}`).join("");
    return `SELECT ${[keys, ...figures].join(", ")} FROM (${rows}) AS valued JOIN cells ON cells.bits = ${bits}${same} GROUP BY ${keys}`;
  };
  return sets.map(ofSet).join(" UNION ALL ");
}

export const sharersColumn = (m: PlannedMeasure, i: number): string => (showsOne(m) ? `sharers${i}` : "NULL");
