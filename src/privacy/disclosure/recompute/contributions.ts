/**
 * What units contribute to a cell, in SQL: each unit's rows are summed first, so that one who has many rows counts as one.
 *
 * Rules: of a sum, mean, standard deviation or variance a unit contributes the sum of its values; of a count of rows, its
 * rows. The answer holds the `top` largest on either side of zero, and what each side comes to; where each unit has one row, the rows are the contributions and nothing is grouped by units. Decimals beyond what can be
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

/** A row's part of a contribution. */
const signed = ({ value }: PlannedMeasure, v: string): string =>
  value?.exact ? `CAST(${v} AS HUGEINT)` : summable(v);
const total = ({ value }: PlannedMeasure, v: string): string => `${value?.exact ? "sum" : "fsum"}(${v})`;

/**
 * By name, of measure `i`: the largest contributions above zero or at it, the largest below zero, what they come to together
 * and the latter alone; whether all rows have one value; how many units contribute at all; and, of a whole number with two
 * neighbouring values (0 and 1, 1 and 2), how many rows have the rarer one, which its mean would tell.
 */
const FIGURES = ["top", "low", "total", "lows", "same", "nonzero", "rarer"] as const;
type Figures = Record<(typeof FIGURES)[number], string>;
const named = (figures: Partial<Figures>, i: number): string[] =>
  Object.entries(figures).map(([name, sql]) => `${sql} AS ${name}${i}`);

/** Largest first; of those below zero the lowest first, which are few or none as a rule. */
const largest = (v: string, top: number) => ({
  top: `max(${v}, ${top})`,
  low: `min(${v}, ${top}) FILTER (WHERE ${v} < 0)`,
});

const nonzero = (v: string): string => `count(*) FILTER (WHERE ${v} <> 0)`;

/** Of so many rows with values from `low` to `high` that come to `total`. */
const rarer = (low: string, high: string, total: string, rows: string): string => {
  const upper = `(${total} - ${low} * ${rows})`;
  return `CASE WHEN ${high} - ${low} = 1 THEN least(${upper}, ${rows} - ${upper}) END`;
};

/** Where each unit has one row: the figures of a cell's own aggregate. */
export function standingOfRows(plan: TablePlan, top: number): string[] {
  const sources = sourcesOf(plan.measures);
  return plan.measures.flatMap((m, i) => {
    const v = `v${sources[i]}`;
    const units = [`${m.value?.nullable ? `count(${v})` : "count(*)"} AS units${i}`];
    if (!isSummed(m)) return units;
    const one = m.value?.exact ? v : summable(v);
    const lows = `${total(m, one)} FILTER (WHERE ${v} < 0)`;
    return [
      ...units,
      ...named({ ...largest(one, top), total: total(m, one), lows, nonzero: nonzero(v) }, i),
      `min(${v}) AS least${i}`,
    ];
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
        ...named(
          {
            ...largest(held, top),
            total: `sum(${held})`,
            lows: "NULL",
            same: "NULL",
            nonzero: "NULL",
            rarer: "NULL",
          },
          i,
        ),
      ];
    }
    if (!isSummed(m)) return own;
    columns.set(`sum${from}`, total(m, signed(m, v)));
    columns.set(`first${from}`, `min(${v})`);
    columns.set(`last${from}`, `max(${v})`);
    const one = `sum${from}`;
    const figures = {
      ...largest(one, top),
      total: total(m, one),
      lows: `${total(m, one)} FILTER (WHERE ${one} < 0)`,
      same: `min(first${from}) = max(last${from})`,
      nonzero: nonzero(one),
      rarer: m.value?.exact
        ? rarer(`min(first${from})`, `max(last${from})`, `sum(${one})`, `sum(n${from})`)
        : "NULL",
    };
    return [...own, ...named(figures, i)];
  });
  const held = [...columns].map(([name, sql]) => `${sql} AS ${name}`);
  const perUnit = `SELECT ${[...names, `${bits} AS bits`, "u", ...held].join(", ")} FROM kept${groupBy}`;
  const keys = [...names, "bits"].join(", ");
  return `SELECT ${[keys, ...figures].join(", ")} FROM (${perUnit}) GROUP BY ${keys}`;
}

/** What the answer shows of a measure, in the order of FIGURES. */
export function standingColumns(m: PlannedMeasure, i: number, oneRowPerUnit: boolean): string[] {
  if (!isSummed(m) && (!isCount(m) || oneRowPerUnit)) return FIGURES.map(() => "NULL");
  if (!oneRowPerUnit) return FIGURES.map((name) => `${name}${i}`);
  // The lowest value stays in the engine.
  const same = `least${i} = top${i}[1]`;
  const few = m.value?.exact ? rarer(`least${i}`, `top${i}[1]`, `total${i}`, `units${i}`) : "NULL";
  return FIGURES.map((name) => (name === "same" ? same : name === "rarer" ? few : `${name}${i}`));
}
export const STANDING_COLUMNS = FIGURES.length;
