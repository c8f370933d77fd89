/**
 * What units contribute to a cell, in SQL: each unit's rows are summed first, so that one who has many rows counts as one.
 *
 * Rules: of a sum, mean, standard deviation or variance a unit contributes the sum of its values; of a count of rows, its
 * rows. The answer holds the `top` largest without sign, the total without sign, and whether there are both signs; where
 * each unit has one row, the rows are the contributions and nothing is grouped by units. Decimals beyond what can be
 * summed are left out, as they are of the value itself.
 */
import type { PlannedMeasure, TablePlan } from "./plan.js";

/** Beyond this, a sum of 10^9 decimals could leave the doubles. */
export const SUMMABLE = "1e290";

const SUMMED = new Set(["sum", "mean", "std", "var"]);
const isSummed = ({ measure }: PlannedMeasure): boolean => SUMMED.has(measure.kind);
const isCount = ({ measure }: PlannedMeasure): boolean => measure.kind === "count";

/** Of each measure the first one of the same value: a value is picked once. */
export function sourcesOf(measures: readonly PlannedMeasure[]): number[] {
  const first = new Map<string, number>();
  return measures.map(({ value }, i) => {
    if (value === undefined) return i;
    const key = JSON.stringify(value.expr);
    const source = first.get(key) ?? i;
    first.set(key, source);
    return source;
  });
}

export const decimal = (v: string): string => `CAST(${v} AS DOUBLE)`;
export const summable = (v: string): string =>
  `CASE WHEN abs(${decimal(v)}) < ${SUMMABLE} THEN ${decimal(v)} END`;

/** A contribution as a number of which the sign can be taken off. */
const signed = ({ value }: PlannedMeasure, v: string): string =>
  value?.exact ? `CAST(${v} AS HUGEINT)` : summable(v);
const total = ({ value }: PlannedMeasure, v: string): string => `${value?.exact ? "sum" : "fsum"}(${v})`;

interface Figures {
  top: string;
  total: string;
  mixed: string;
  same: string;
}
const named = (figures: Figures, i: number): string[] =>
  Object.entries(figures).map(([name, sql]) => `${sql} AS ${name}${i}`);

/** Where each unit has one row: the figures of a cell's own aggregate. Rows of units with one row need none. */
export function standingOfRows(plan: TablePlan, top: number): string[] {
  const sources = sourcesOf(plan.measures);
  return plan.measures.flatMap((m, i) => {
    const v = `v${sources[i]}`;
    const units = [`${m.value?.nullable ? `count(${v})` : "count(*)"} AS units${i}`];
    if (!isSummed(m)) return units;
    const size = `abs(${signed(m, v)})`;
    const figures = {
      top: `max(${size}, ${top})`,
      total: total(m, size),
      mixed: `min(${v}) < 0 AND max(${v}) > 0`,
      same: `min(${v}) = max(${v})`,
    };
    return [...units, ...named(figures, i)];
  });
}

/**
 * The figures of each cell from what each of its units contributes.
 * @param groupBy of the cells' own statement, with the unit in each of its sets
 */
export function standingOfUnits(
  plan: TablePlan,
  names: readonly string[],
  bits: string,
  top: number,
  groupBy: string,
): string {
  const sources = sourcesOf(plan.measures);
  const columns = new Map<string, string>([["rows", "count(*)"]]);
  const figures = plan.measures.flatMap((m, i) => {
    const [v, from] = [`v${sources[i]}`, sources[i]!];
    if (m.value !== undefined) columns.set(`n${from}`, `count(${v})`);
    const units = m.value?.nullable ? `count(*) FILTER (WHERE n${from} > 0)` : "count(*)";
    const own = [`${units} AS units${i}`];
    if (isCount(m)) {
      const held = m.value === undefined ? "rows" : `n${from}`;
      return [
        ...own,
        ...named({ top: `max(${held}, ${top})`, total: `sum(${held})`, mixed: "false", same: "NULL" }, i),
      ];
    }
    if (!isSummed(m)) return own;
    columns.set(`sum${from}`, total(m, signed(m, v)));
    columns.set(`low${from}`, `min(${v})`);
    columns.set(`high${from}`, `max(${v})`);
    const size = `abs(sum${from})`;
    const same = `min(low${from}) = max(high${from})`;
    const mixed = `min(sum${from}) < 0 AND max(sum${from}) > 0`;
    return [...own, ...named({ top: `max(${size}, ${top})`, total: total(m, size), mixed, same }, i)];
  });
  const held = [...columns].map(([name, sql]) => `${sql} AS ${name}`);
  const perUnit = `SELECT ${[...names, `${bits} AS bits`, "u", ...held].join(", ")} FROM kept${groupBy}`;
  const keys = [...names, "bits"].join(", ");
  return `SELECT ${[keys, ...figures].join(", ")} FROM (${perUnit}) GROUP BY ${keys}`;
}

/** What the answer shows of a measure: its largest contributions, their total, both signs, one value only. */
export function standingColumns(m: PlannedMeasure, i: number, oneRowPerUnit: boolean): string[] {
  if (isSummed(m) || (isCount(m) && !oneRowPerUnit)) return [`top${i}`, `total${i}`, `mixed${i}`, `same${i}`];
  return ["NULL", "NULL", "NULL", "NULL"];
}
