/**
 * From a plan to one SELECT of DuckDB over a version's `data`.
 *
 * Rules: nothing that a person wrote is in the text but as a bound parameter: columns go by the version's own names
 * (`c0` …), and only columns in `stored` can be named at all; everything else is a RangeError here, not a column there.
 * No aggregate can fail or depend on the order in which threads meet: decimals are added in the order of their size,
 * and a group with a decimal too large for that has no value.
 */
import { type Expr, type ExpressionColumns, emitSql, type SqlParameter } from "../../expression/index.js";
import type { PlannedMeasure, TablePlan } from "./plan.js";
import { renameColumns } from "./rename.js";

/** Beyond these, a sum (or a sum of squares) of 10^9 decimals could leave the doubles. */
const SUMMABLE = "1e290";
const SQUARABLE = "1e145";

/**
 * Its answer has a row for each cell that has rows: the keys of the dimensions, which of them are totals (a bit each, the
 * first dimension the highest), then three values for each measure.
 */
export interface Question {
  sql: string;
  parameters: string[];
}

interface Writer {
  write(expr: Expr): string;
}

/** @param stored the version's name of each column that may be read */
export function questionOf(
  plan: TablePlan,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): Question {
  const parameters: SqlParameter[] = [];
  const renamed = renameColumns(columns, stored);
  const writer: Writer = {
    write(expr) {
      const emitted = emitSql(renamed.expr(expr), renamed.columns, {
        first: parameters.length + 1,
      });
      parameters.push(...emitted.parameters);
      return emitted.sql;
    },
  };
  const groups = plan.dimensions.map((d, i) => `${writer.write(d.value)} AS g${i}`);
  const values = plan.measures.flatMap((m, i) => valueColumns(m, i, writer));
  const where = plan.where === undefined ? "" : ` WHERE ${writer.write(plan.where)}`;
  const rows = `SELECT ${["__unit AS u", ...groups, ...values].join(", ")} FROM data${where}`;
  const names = plan.dimensions.map((_, i) => `g${i}`);
  const kept =
    plan.missing === "drop" && names.length > 0
      ? ` WHERE ${names.map((n) => `${n} IS NOT NULL`).join(" AND ")}`
      : "";
  const selected = [
    ...names.map((n) => `CAST(${n} AS VARCHAR)`),
    names.length > 0 ? `GROUPING(${names.join(", ")})` : "0",
    ...plan.measures.flatMap(aggregates),
  ];
  const sql = `WITH picked AS (${rows}) SELECT ${selected.join(", ")} FROM picked${kept}${groupBy(plan, names)}`;
  return { sql, parameters: parameters.map(({ value }) => value) };
}

const valueColumns = ({ value }: PlannedMeasure, i: number, writer: Writer): string[] =>
  value === undefined ? [] : [`${writer.write(value.expr)} AS v${i}`];

/** The whole table; with margins also the totals down, across, and of all. */
function groupBy({ margins, down }: TablePlan, names: readonly string[]): string {
  if (names.length === 0) return "";
  const sets = margins ? [names, names.slice(0, down), names.slice(down), []] : [names];
  const texts = new Set(sets.map((set) => `(${set.join(", ")})`));
  return ` GROUP BY GROUPING SETS (${[...texts].join(", ")})`;
}

/** Units that contribute, the value, and what it is divided by (null where it is divided by nothing). */
function aggregates({ measure, value }: PlannedMeasure, i: number): [string, string, string] {
  const v = `v${i}`;
  const units = value?.nullable ? `count(DISTINCT u) FILTER (WHERE ${v} IS NOT NULL)` : "count(DISTINCT u)";
  const d = `CAST(${v} AS DOUBLE)`;
  const below = (limit: string, then: string) => `CASE WHEN max(abs(${d})) < ${limit} THEN ${then} END`;
  const within = (limit: string) => `CASE WHEN abs(${d}) < ${limit} THEN ${d} END`;
  const inOrder = (name: string, limit: string) => `${name}(${within(limit)} ORDER BY ${v})`;
  const total = value?.exact ? `sum(${v})` : below(SUMMABLE, inOrder("fsum", SUMMABLE));
  switch (measure.kind) {
    case "units":
      return [units, units, "NULL"];
    case "count":
      return [units, value === undefined ? "count(*)" : `count(${v})`, "NULL"];
    case "sum":
      return [units, total, "NULL"];
    case "mean":
      return [units, total, `count(${v})`];
    case "median":
      return [units, below(SUMMABLE, `quantile_cont(${within(SUMMABLE)}, 0.5)`), "NULL"];
    case "std":
      return [units, below(SQUARABLE, inOrder("stddev_samp", SQUARABLE)), "NULL"];
    case "var":
      return [units, below(SQUARABLE, inOrder("var_samp", SQUARABLE)), "NULL"];
    case "min":
    case "max":
      return [units, `${measure.kind}(${v})`, "NULL"];
  }
}
