/**
 * From a plan to one SELECT of DuckDB over a version's `data`.
 *
 * Rules: nothing that a person wrote is in the text but as a bound parameter: columns go by the version's own names
 * (`c0` …), and only columns in `stored` can be named at all; everything else is a RangeError here, not a column there.
 * No aggregate can fail or depend on the order in which threads meet: decimals are added in the order of their size,
 * and a group with a decimal too large for that has no value. What the answer tells of single units is what the rules
 * need and no more: the largest contributions, and on how many units a shown value stands (contributions.ts, sharers.ts).
 */
import { type Expr, type ExpressionColumns, emitSql, type SqlParameter } from "../../expression/index.js";
import type { DisclosurePolicy } from "../policy.js";
import {
  decimal,
  SUMMABLE,
  sourcesOf,
  standingColumns,
  standingOfRows,
  standingOfUnits,
} from "./contributions.js";
import { marginSets, type PlannedMeasure, type TablePlan } from "./plan.js";
import { renameColumns } from "./rename.js";
import { middlesOf, sharersColumn, sharersOfCells, showsAValue } from "./sharers.js";

/** Beyond this, a sum of squares of 10^9 decimals could leave the doubles. */
const SQUARABLE = "1e145";

/**
 * Its answer has a row for each cell that has rows: the keys of the dimensions, which of them are totals (a bit each, the
 * first dimension the highest), then three values for each measure and eight more for each (answer.ts).
 */
export interface Question {
  sql: string;
  parameters: string[];
}

/** What the rules will want to know, and what the dataset promises. */
export interface Asked {
  /** Each unit has at most one row: what a row holds is what its unit contributes. */
  oneRowPerUnit: boolean;
  /** How many of the largest contributions. */
  top: number;
  /** To how many significant digits a value is shown. */
  digits: number;
  /** Decimals are added in the order of their size; where not, the last digits of a sum may hang on threads (doubt.ts). */
  ordered: boolean;
}

/** What the rules of a policy need. */
export const askedOf = (policy: DisclosurePolicy, oneRowPerUnit: boolean, ordered = true): Asked => ({
  oneRowPerUnit,
  ordered,
  // The p-ratio takes two off.
  top: policy.dominance.reduce((most, { n }) => Math.max(most, n), 2),
  digits: policy.significant_digits,
});

const PLAIN: Asked = { oneRowPerUnit: false, top: 2, digits: 15, ordered: true };

/** @param stored the version's name of each column that may be read */
export function questionOf(
  plan: TablePlan,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
  asked: Asked = PLAIN,
): Question {
  const parameters: SqlParameter[] = [];
  const renamed = renameColumns(columns, stored);
  const write = (expr: Expr): string => {
    const emitted = emitSql(renamed.expr(expr), renamed.columns, { first: parameters.length + 1 });
    parameters.push(...emitted.parameters);
    return emitted.sql;
  };
  const groups = plan.dimensions.map((d, i) => `${write(d.value)} AS g${i}`);
  const sources = sourcesOf(plan.measures);
  const values = plan.measures.flatMap(({ value }, i) =>
    value === undefined || sources[i] !== i ? [] : [`${write(value.expr)} AS v${i}`],
  );
  const where = plan.where === undefined ? "" : ` WHERE ${write(plan.where)}`;
  const rows = `SELECT ${["__unit AS u", ...groups, ...values].join(", ")} FROM data${where}`;
  const sql = `WITH picked AS NOT MATERIALIZED (${rows}), ${statement(plan, asked)}`;
  return { sql, parameters: parameters.map(({ value }) => value) };
}

function statement(plan: TablePlan, asked: Asked): string {
  const names = plan.dimensions.map((_, i) => `g${i}`);
  const sets = marginSets(plan);
  const bits = names.length > 0 ? `GROUPING(${names.join(", ")})` : "0";
  const by = (more: readonly string[]) => groupBy(sets, names, more);
  const parts = new Map([
    ["kept", kept(plan, names)],
    ["cells", cells(plan, names, bits, asked, by([]))],
  ]);
  if (!asked.oneRowPerUnit) parts.set("units", standingOfUnits(plan, names, bits, asked.top, by(["u"])));
  if (showsAValue(plan))
    parts.set("sharing", sharersOfCells(plan, names, sets, asked.digits, asked.oneRowPerUnit));
  const selected = [
    ...names.map((n) => `CAST(cells.${n} AS VARCHAR)`),
    "cells.bits",
    ...plan.measures.flatMap(({ measure }, i) => [
      `units${i}`,
      measure.kind === "units" ? `units${i}` : `value${i}`,
      measure.kind === "mean" ? `divisor${i}` : "NULL",
    ]),
    ...plan.measures.flatMap((m, i) => [...standingColumns(m, i, asked.oneRowPerUnit), sharersColumn(m, i)]),
    ...(plan.drawn ? ["drawn"] : []),
  ];
  const keys = [...names, "bits"];
  const joined = ["units", "sharing"]
    .filter((part) => parts.has(part))
    .map((part) => {
      const same = keys.map((k) => `cells.${k} IS NOT DISTINCT FROM ${part}.${k}`);
      return ` LEFT JOIN ${part} ON ${same.join(" AND ")}`;
    });
  const named = [...parts].map(
    ([name, sql]) => `${name} AS ${name === "kept" ? "NOT MATERIALIZED " : ""}(${sql})`,
  );
  return `${named.join(", ")} SELECT ${selected.join(", ")} FROM cells${joined.join("")}`;
}

function kept(plan: TablePlan, names: readonly string[]): string {
  const all = "SELECT * FROM picked";
  if (plan.missing !== "drop" || names.length === 0) return all;
  return `${all} WHERE ${names.map((n) => `${n} IS NOT NULL`).join(" AND ")}`;
}

/** Values of each cell; where a row is a unit, also its units and what they contribute. */
function cells(
  plan: TablePlan,
  names: readonly string[],
  bits: string,
  asked: Asked,
  groupedBy: string,
): string {
  const sources = sourcesOf(plan.measures);
  const values = plan.measures.flatMap((m, i) => {
    const v = `v${sources[i]}`;
    if (m.measure.kind === "units") return [];
    const value = `${aggregate(m, v, asked.ordered)} AS value${i}`;
    return m.measure.kind === "mean" ? [value, `count(${v}) AS divisor${i}`] : [value];
  });
  const standing = asked.oneRowPerUnit ? standingOfRows(plan, asked.top) : [];
  // The same for the same units, whatever was asked and in whatever order: what rounding by chance draws from.
  const drawn = plan.drawn ? ["CAST(sum(DISTINCT hash(u)) AS VARCHAR) AS drawn"] : [];
  const selected = [...names, `${bits} AS bits`, ...values, ...standing, ...middlesOf(plan), ...drawn];
  return `SELECT ${selected.join(", ")} FROM kept${groupedBy}`;
}

/** @param more what else rows are grouped by, in each of the sets */
function groupBy(
  sets: readonly (readonly number[])[],
  names: readonly string[],
  more: readonly string[],
): string {
  if (names.length + more.length === 0) return "";
  const texts = sets.map((set) => `(${[...set.map((i) => names[i]!), ...more].join(", ")})`);
  return ` GROUP BY GROUPING SETS (${texts.join(", ")})`;
}

/** The value; of a mean, what is to be divided by its rows. */
function aggregate({ measure, value }: PlannedMeasure, v: string, ordered: boolean): string {
  const below = (limit: string, then: string) =>
    `CASE WHEN max(abs(${decimal(v)})) < ${limit} THEN ${then} END`;
  const within = (limit: string) => `CASE WHEN abs(${decimal(v)}) < ${limit} THEN ${decimal(v)} END`;
  const inOrder = (name: string, limit: string) => `${name}(${within(limit)} ORDER BY ${v})`;
  switch (measure.kind) {
    case "units":
      throw new RangeError("units have no value of their own");
    case "count":
      return value === undefined ? "count(*)" : `count(${v})`;
    case "sum":
    case "mean":
      if (value?.exact) return `sum(${v})`;
      return below(SUMMABLE, ordered ? inOrder("fsum", SUMMABLE) : `fsum(${within(SUMMABLE)})`);
    case "median":
      return below(SUMMABLE, `quantile_cont(${within(SUMMABLE)}, 0.5)`);
    case "std":
      return below(SQUARABLE, inOrder("stddev_samp", SQUARABLE));
    case "var":
      return below(SQUARABLE, inOrder("var_samp", SQUARABLE));
    case "min":
    case "max":
      return `${measure.kind}(${v})`;
  }
}
