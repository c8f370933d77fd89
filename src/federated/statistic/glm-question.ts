/**
 * What a domain asks of its own data for a step of a model: one SELECT of DuckDB, whose answer is a row with the sums over
 * all rows, and one for each combination of levels that has rows.
 *
 * Rules: nothing that a person wrote is in the text but as a bound parameter; columns go by the version's own names, and
 * coefficients are bound. Rows beyond what the spec declares are counted, which ends the contribution (glm.ts).
 */
import type { ExpressionColumns } from "../../privacy/index.js";
import type { DesignColumn, DesignNumber } from "./design.js";
import { double } from "./fixed.js";
import type { Crossing, GlmShape } from "./glm-shape.js";
import { influenceSql } from "./linear-influence.js";
import { Writer } from "./writer.js";

/** @param columns as the domain's grant shows them; @param stored the version's name of each */
export function glmQuestion(
  shape: GlmShape,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
): { sql: string; parameters: string[] } {
  const { design, statistic } = shape;
  const write = new Writer(columns, stored);
  const { offsets } = statistic.formula;
  const picked = [
    "__unit AS u",
    `${write.number(shape.response)} AS y`,
    `${offsets.length === 0 ? double(0) : offsets.map((o) => write.number(o)).join(" + ")} AS o`,
    ...design.numbers.map(({ value }, i) => `${write.number(value)} AS n${i}`),
    ...design.levels.map(({ value }, i) => `${write.text(value)} AS l${i}`),
  ];
  const read = ["y", "o", ...design.numbers.map((_, i) => `n${i}`), ...design.levels.map((_, i) => `l${i}`)];
  const where = statistic.where === undefined ? "" : ` WHERE ${write.expr(statistic.where)}`;
  const coded = design.levels.map(({ keys }, i) => {
    const list = keys.map((key) => `CAST(${write.parameter(key)} AS VARCHAR)`).join(", ");
    return `coalesce(list_position([${list}], l${i}), 0) - 1 AS c${i}`;
  });
  const standard = design.columns.map((column, j) => `${standardised(column)} AS x${j}`);
  const eta = [
    "o",
    ...(shape.state?.beta ?? []).map((b, j) => `CAST(${write.parameter(b)} AS DOUBLE) * x${j}`),
  ];
  const { slope, weight, deviance } = shape.curve;
  const sql =
    `WITH picked AS (SELECT ${picked.join(", ")} FROM data${where}), ` +
    `coded AS (SELECT ${["*", ...coded].join(", ")} FROM picked ` +
    `WHERE ${read.map((name) => `${name} IS NOT NULL`).join(" AND ")}), ` +
    `judged AS MATERIALIZED (SELECT *, (${beyond(shape)}) AS beyond FROM coded), ` +
    "kept AS (SELECT * FROM judged WHERE NOT beyond), " +
    `design AS (SELECT ${["u", "y", "o", ...standard].join(", ")} FROM kept), ` +
    `reached AS (SELECT *, ${eta.join(" + ")} AS eta FROM design), ` +
    `curve AS (SELECT *, ${slope} AS s, ${weight} AS w, ${deviance} AS d FROM reached) ` +
    [
      `SELECT 'all', ${wholeText(shape)} FROM curve`,
      ...shape.crossings.map((c, i) => countsOf(c, i, shape)),
      ...(shape.influence === undefined ? [] : [influenceSql(shape.influence)]),
    ].join(" UNION ALL ");
  return { sql, parameters: write.values };
}

function standardised({ numbers, levels, center, size }: DesignColumn): string {
  const product = numbers.map((n) => `n${n}`).join(" * ");
  const moved = center === 0 ? product : `(${product} - ${double(center)})`;
  const value = numbers.length === 0 ? double(1) : `${moved} / ${double(size)}`;
  if (levels.length === 0) return value;
  const here = levels.map(({ factor, level }) => `c${factor} = ${level}`).join(" AND ");
  return `CASE WHEN ${here} THEN ${value} ELSE 0e0 END`;
}

/** Whether a row has a value that the spec does not declare. */
const beyond = ({ design, y, name }: GlmShape): string =>
  [
    `y < ${double(y[0])} OR y > ${double(y[1])}${name === "ols" ? "" : " OR y <> round(y)"}`,
    `o < ${double(design.offset[0])} OR o > ${double(design.offset[1])}`,
    ...design.numbers.map(outside),
    ...design.levels.map((_, i) => `c${i} < 0`),
  ].join(" OR ");

/** Whole numbers with spaces between: rows beyond what is declared, units, with, without, of many patterns, sums. */
function wholeText({ design, sums }: GlmShape): string {
  const covariates = [...design.numbers.map((_, i) => `n${i}`), ...design.levels.map((_, i) => `c${i}`), "o"];
  const most = design.columns.length;
  const patterns = `SELECT DISTINCT ${covariates.join(", ")} FROM kept LIMIT ${most + 1}`;
  const numbers = [
    "(SELECT count(*) FROM judged WHERE beyond)",
    ...COUNTS,
    `(SELECT CAST(count(*) > ${most} AS INTEGER) FROM (${patterns}))`,
    ...sums.map(({ sql, value_sql }) => sql(value_sql)),
  ];
  return `concat_ws(' ', ${numbers.join(", ")})`;
}

const outside = ({ range: [low, high] }: DesignNumber, i: number): string =>
  `n${i} < ${double(low)} OR n${i} > ${double(high)}`;

const COUNTS = [
  "count(DISTINCT u)",
  "count(DISTINCT u) FILTER (y > 0)",
  "count(DISTINCT u) FILTER (y <= 0)",
] as const;

function countsOf({ by }: Crossing, place: number, { design }: GlmShape): string {
  const codes = by.map((factor) =>
    "level" in factor
      ? `c${factor.level}`
      : `CAST(n${factor.number} - ${double(Math.ceil(design.numbers[factor.number]!.range[0]))} AS BIGINT)`,
  );
  const key = `concat_ws(' ', '${place}'${codes.map((code) => `, ${code}`).join("")})`;
  const grouped = codes.length === 0 ? "" : ` GROUP BY ${codes.join(", ")}`;
  return `SELECT ${key}, concat_ws(' ', ${COUNTS.join(", ")}) FROM kept${grouped}`;
}
