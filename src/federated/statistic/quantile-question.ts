/**
 * What a domain asks of its own data for a step of quantiles: one SELECT of DuckDB, whose answer is a row for each count.
 *
 * Rules: as of tables (question.ts): nothing that a person wrote is in the text but as a bound parameter; values beyond
 * their bounds and groups that are not declared are counted, which ends the contribution.
 */
import type { ExpressionColumns } from "../../privacy/index.js";
import type { QuantileShape } from "./quantile.js";
import { beyond, wholeOf } from "./question.js";
import { Writer } from "./writer.js";

/** @param columns as the domain's grant shows them; @param stored the version's name of each */
export function quantileQuestion(
  { statistic, column, dimensions, groups, least, ranges }: QuantileShape,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): { sql: string; parameters: string[] } {
  const write = new Writer(columns, stored);
  const keys = dimensions.map((_, i) => `g${i}`);
  const picked = [
    "__unit AS u",
    `${write.expr(statistic.value)} AS v0`,
    ...dimensions.map(({ value }, i) => `${write.text(value)} AS g${i}`),
  ];
  const where = statistic.where === undefined ? "" : ` WHERE ${write.expr(statistic.where)}`;
  const there = ["v0", ...(statistic.missing === "drop" ? keys : [])];
  const bound = (key: string | null) =>
    key === null ? "CAST(NULL AS VARCHAR)" : `CAST(${write.parameter(key)} AS VARCHAR)`;
  const listed = groups.map((levels, q) => {
    const own = levels.map((level, i) => bound(dimensions[i]!.levels[level]!.key));
    return `(${[q, ...own].join(", ")})`;
  });
  const same = keys.map((key, i) => `k${i} IS NOT DISTINCT FROM ${key}`);
  const asked = ranges.map(({ group, low, bits, depth }, r) => {
    const whole = [low, low + (1n << BigInt(bits)), BigInt(bits - depth)];
    return `(${[r, group, ...whole.map((n) => `CAST(${n} AS BIGINT)`), depth].join(", ")})`;
  });
  const depths = Array.from({ length: Math.max(...ranges.map((r) => r.depth)) + 1 }, (_, j) => `(${j})`);
  const sql =
    `WITH picked AS (SELECT ${picked.join(", ")} FROM data${where}), ` +
    `whole AS (SELECT ${["u", ...keys].join(", ")}, CAST(${wholeOf(column, 0)} AS BIGINT) - CAST(${least} AS BIGINT) AS w, ` +
    `${beyond(column, 0)} AS b FROM picked WHERE ${there.map((name) => `${name} IS NOT NULL`).join(" AND ")}), ` +
    `groups(${["q", ...keys.map((_, i) => `k${i}`)].join(", ")}) AS (VALUES ${listed.join(", ")}), ` +
    `placed AS MATERIALIZED (SELECT u, w, b, q FROM whole LEFT JOIN groups ON ${same.length === 0 ? "TRUE" : same.join(" AND ")}), ` +
    `ranges(r, q, low, over, shift, depth) AS (VALUES ${asked.join(", ")}), ` +
    `levels(j) AS (VALUES ${depths.join(", ")}), ` +
    "met AS MATERIALIZED (SELECT r, u, depth, CASE WHEN w >= low THEN (w - low) >> shift END AS leaf " +
    "FROM placed JOIN ranges USING (q) WHERE w < over) " +
    "SELECT 'beyond', 0, 0, count(*) FILTER (b OR q IS NULL), 0 FROM placed " +
    "UNION ALL SELECT 'group', q, 0, count(*), count(DISTINCT u) FROM placed WHERE q IS NOT NULL GROUP BY q " +
    "UNION ALL SELECT 'below', r, 0, count(*), 0 FROM met WHERE leaf IS NULL GROUP BY r " +
    "UNION ALL SELECT 'node', r, (CAST(1 AS BIGINT) << j) + (leaf >> (depth - j)) AS node, count(*), count(DISTINCT u) " +
    "FROM met JOIN levels ON j <= depth WHERE leaf IS NOT NULL GROUP BY r, node";
  return { sql, parameters: write.values };
}
