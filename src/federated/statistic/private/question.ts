/**
 * What a domain asks of its own data for a table with noise: one SELECT of DuckDB.
 *
 * Rules: of each unit so many rows count as the spec says, and no more, whatever the unit has. Which ones is decided by a
 * hash under a salt that the domain alone knows: no unit can order or write its rows so that a chosen one is taken. Values
 * are clamped (grid.ts), and rows of levels that the spec does not declare are in no cell: nothing that one unit has makes the
 * SELECT fail or its answer grow. Nothing that a person wrote is in the text but as a bound parameter.
 */
import type { ExpressionColumns, TablePlan } from "../../../privacy/index.js";
import { Writer } from "../writer.js";
import { stepsOf } from "./grid.js";
import type { NoisyPart } from "./measures.js";

export interface NoisyShape {
  dimensions: TablePlan["dimensions"];
  where: TablePlan["where"];
  /** Which dimensions each kind of row of the table runs over. */
  sets: readonly (readonly number[])[];
  parts: readonly NoisyPart[];
  rowsPerUnit: number;
}

/** Its answer has a row for each cell with rows: keys, which dimensions are totals, 0, and a number for each part. */
export function noisyQuestion(
  shape: NoisyShape,
  columns: ExpressionColumns,
  stored: ReadonlyMap<string, string>,
  salt: string,
): { sql: string; parameters: string[] } {
  const { dimensions, parts } = shape;
  const writer = new Writer(columns, stored);
  const read = columnsRead(parts);
  const groups = dimensions.map((_, i) => `g${i}`);
  const values = read.map((_, i) => `v${i}`);
  const picked = [
    "__unit AS u",
    ...dimensions.map((d, i) => `${writer.expr(d.value)} AS ${groups[i]}`),
    ...read.map((name, i) => `${writer.expr({ op: "column", name })} AS ${values[i]}`),
  ];
  const where = shape.where === undefined ? "" : ` WHERE ${writer.expr(shape.where)}`;
  const declared = dimensions.map((d, i) => isDeclared(d, groups[i]!, writer));
  const texts = [...groups, ...values].map((name) => `coalesce(CAST(${name} AS VARCHAR), '')`);
  const lot = `md5(concat_ws(chr(31), ${[`CAST(${writer.parameter(salt)} AS VARCHAR)`, ...texts].join(", ")}))`;
  const order = [lot, ...groups, ...values].join(", ");
  const steps = parts.map((part, i) => `${stepped(part, read)} AS s${i}`);
  const names = groups.join(", ");
  const selected = [
    ...groups.map((name) => `CAST(${name} AS VARCHAR)`),
    groups.length > 0 ? `GROUPING(${names})` : "0",
    "0",
    ...parts.map((part, i) => `CAST(${part.kind === "units" ? "count(DISTINCT u)" : summed(i)} AS VARCHAR)`),
  ];
  const sets = shape.sets.map((set) => `(${set.map((i) => groups[i]).join(", ")})`);
  const by = groups.length > 0 ? ` GROUP BY GROUPING SETS (${sets.join(", ")})` : "";
  const sql =
    `WITH picked AS (SELECT ${picked.join(", ")} FROM data${where}), ` +
    `declared AS (SELECT * FROM picked${declared.length > 0 ? ` WHERE ${declared.join(" AND ")}` : ""}), ` +
    `bounded AS (SELECT * FROM declared QUALIFY row_number() OVER (PARTITION BY u ORDER BY ${order}) <= ${shape.rowsPerUnit}), ` +
    `steps AS (SELECT ${["u", ...groups, ...steps].join(", ")} FROM bounded) ` +
    `SELECT ${selected.join(", ")} FROM steps${by}`;
  return { sql, parameters: writer.values };
}

const summed = (i: number): string => `coalesce(sum(CAST(s${i} AS HUGEINT)), 0)`;

/** By name, each once. */
const columnsRead = (parts: readonly NoisyPart[]): string[] => [
  ...new Set(
    parts.flatMap((part) =>
      part.kind === "sum" ? [part.grid.column.name] : part.kind === "rows" ? (part.column?.name ?? []) : [],
    ),
  ),
];

function isDeclared({ levels }: TablePlan["dimensions"][number], g: string, writer: Writer): string {
  const keys = levels.flatMap(({ key }) =>
    key === null ? [] : [`CAST(${writer.parameter(key)} AS VARCHAR)`],
  );
  const known = keys.length === 0 ? "FALSE" : `CAST(${g} AS VARCHAR) IN (${keys.join(", ")})`;
  return levels.some(({ key }) => key === null) ? `(${g} IS NULL OR ${known})` : `coalesce(${known}, FALSE)`;
}

function stepped(part: NoisyPart, read: readonly string[]): string {
  if (part.kind === "units") return "0";
  if (part.kind === "sum") return stepsOf(part.grid, `v${read.indexOf(part.grid.column.name)}`);
  return part.column === undefined
    ? "1"
    : `CASE WHEN v${read.indexOf(part.column.name)} IS NULL THEN 0 ELSE 1 END`;
}
