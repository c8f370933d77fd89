/**
 * What a domain asks of its own data for covariances: one SELECT of DuckDB, whose answer is one text of whole numbers.
 *
 * Rules: as of tables (question.ts): nothing that a person wrote is in the text but as a bound parameter; values beyond
 * their bounds are counted, which ends the contribution.
 */
import type { ExpressionColumns } from "../../privacy/index.js";
import type { ColumnSpec } from "../collaborations/spec.js";
import type { CovarianceShape } from "./covariance.js";
import { double } from "./fixed.js";
import { beyond, wholeOf } from "./question.js";
import { SPREAD_SUMS, STEPS } from "./spread.js";
import { largestOf } from "./table.js";
import { Writer } from "./writer.js";

/** @param columns as the domain's grant shows them; @param stored the version's name of each */
export function covarianceQuestion(
  { statistic, columns: asked, pairs, twoValued }: CovarianceShape,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): { sql: string; parameters: string[] } {
  const write = new Writer(columns, stored);
  const picked = statistic.values.map((value, i) => `${write.expr(value)} AS v${i}`);
  const where = statistic.where === undefined ? "" : ` WHERE ${write.expr(statistic.where)}`;
  const there = asked.map((_, i) => `v${i} IS NOT NULL`).join(" AND ");
  const whole = asked.flatMap((c, i) => [`${wholeOf(c, i)} AS w${i}`, `${stepOf(c, i)} AS z${i}`]);
  const out = asked.map((c, i) => beyond(c, i)).join(" OR ");
  const perUnit = asked.flatMap((_, i) => [`${sum(`z${i}`)} AS p${i}`, `${sum(`z${i} * z${i}`)} AS q${i}`]);
  const overUnits = asked.map((_, i) => [
    sum(`p${i}`),
    sum(`q${i}`),
    ...SPREAD_SUMS.map(({ of: [a, b] }) => sum(`${name(a, i)} * ${name(b, i)}`)),
  ]);
  const high = (i: number) => `w${i} = ${BigInt(asked[i]!.bounds![1])}`;
  const groups = twoValued.flatMap(({ columns: [i, k] }) =>
    [false, true].flatMap((first) =>
      [false, true].map(
        (second) => `count(DISTINCT u) FILTER ((${high(i)}) = ${first} AND (${high(k)}) = ${second})`,
      ),
    ),
  );
  const ofRows = [
    "count(*) FILTER (b)",
    "count(*)",
    "count(DISTINCT u)",
    ...asked.map((_, i) => sum(`w${i}`)),
    ...pairs.map(([i, k]) => product(asked[i]!, asked[k]!, `w${i}`, `w${k}`)),
  ];
  const sql =
    `WITH picked AS (SELECT ${["__unit AS u", ...picked].join(", ")} FROM data${where}), ` +
    `whole AS (SELECT ${["u", ...whole, `(${out}) AS b`].join(", ")} FROM picked WHERE ${there}), ` +
    `units AS (SELECT ${["count(*) AS c", ...perUnit].join(", ")} FROM whole GROUP BY u) ` +
    `SELECT concat_ws(' ', (SELECT ${text(ofRows)} FROM whole), (SELECT ${text(overUnits.flat())} FROM units)` +
    `${groups.length === 0 ? "" : `, (SELECT ${text(groups)} FROM whole)`})`;
  return { sql, parameters: write.values };
}

const sum = (of: string): string => `coalesce(sum(CAST(${of} AS HUGEINT)), 0)`;
/** In 64 bits where these hold it, which takes a small part of the time. */
function product(a: ColumnSpec, b: ColumnSpec, x: string, y: string): string {
  const type = largestOf(a) * largestOf(b) < 1n << 62n ? "BIGINT" : "HUGEINT";
  return `coalesce(sum(CAST(${x} AS ${type}) * CAST(${y} AS ${type})), 0)`;
}

const text = (numbers: readonly string[]): string => `concat_ws(' ', ${numbers.join(", ")})`;
const name = (figure: "c" | "p" | "q", i: number): string =>
  figure === "c" ? "CAST(c AS HUGEINT)" : `CAST(${figure}${i} AS HUGEINT)`;

/** A value in steps of half its declared range, from its middle. */
function stepOf(column: ColumnSpec, i: number): string {
  const [low, high] = column.bounds!.map(Number) as [number, number];
  const half = (high - low) / 2 || 1;
  const moved = `(CAST(v${i} AS DOUBLE) - ${double((low + high) / 2)}) * ${double(STEPS / half)}`;
  return `CASE WHEN ${beyond(column, i)} THEN 0 ELSE CAST(round(${moved}) AS BIGINT) END`;
}
