/**
 * What a claim asks for, in the one shape that the node recomputes: cells over dimensions, each with its measures.
 *
 * Rules: the distinct units of each cell are always among the measures, so that whoever judges the table sees on how
 * many it stands. Which levels a dimension shows is fixed here where it can be without the data: declared categories
 * all of them in the owner's order, bins all of them, true and false both; other values show where the rows that the
 * filter keeps have them, in rising order. A group of missing values shows, as the last one, wherever the schema
 * allows missing values and the claim asks for it.
 */
import type { ColumnType } from "../../../vocabulary/index.js";
import { invalidInput } from "../../../vocabulary/index.js";
import type { Expr } from "../../expression/index.js";
import {
  type ClaimStatistic,
  checkExpression as check,
  type ExpressionColumns,
  formatValue,
  type Grouping,
  groupValue,
  type Measure,
  parseValue,
} from "../../expression/index.js";

export interface Level {
  /** As the engine writes the value; null is the group of missing values. */
  key: string | null;
  label: string;
}

export interface PlannedDimension {
  name: string;
  value: Expr;
  type: ColumnType;
  /** Known without the data; further ones follow as they are found. */
  levels: readonly Level[];
}

export interface PlannedMeasure {
  measure: Measure;
  /** Of a measure with a value. */
  value?: { expr: Expr; exact: boolean; nullable: boolean };
}

export interface TablePlan {
  where: Expr | undefined;
  /** First those down the rows, then those across. */
  dimensions: readonly PlannedDimension[];
  /** How many of them go down the rows. */
  down: number;
  measures: readonly PlannedMeasure[];
  /** Totals down, across and of all; or of every combination of dimensions. */
  margins: boolean | "all";
  missing: "drop" | "group";
  /** Whether each cell brings what its rounding is drawn from. */
  drawn: boolean;
}

/**
 * Which dimensions the cells stand apart by, as indexes: the table itself first; with margins also its totals down, across
 * and of all, or those over every combination of its dimensions.
 */
export function marginSets({
  dimensions,
  down,
  margins,
}: Pick<TablePlan, "dimensions" | "down" | "margins">): number[][] {
  const all = dimensions.map((_, i) => i);
  if (margins === false) return [all];
  if (margins === "all")
    return Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((i) => ((bits >> i) & 1) === 0));
  const sets = [all, all.slice(0, down), all.slice(down), []];
  return sets.filter((set, i) => sets.findIndex((s) => s.join() === set.join()) === i);
}

export const RECOMPUTED_KINDS = ["table", "histogram", "summary"] as const;
export type RecomputedStatistic = Extract<ClaimStatistic, { kind: (typeof RECOMPUTED_KINDS)[number] }>;

export const MISSING_LABEL = "(missing)";
export const TOTAL_LABEL = "Total";
const UNITS: Measure = { kind: "units", name: "units" };

/** @throws invalid_input for a kind that this version does not recompute */
export function requireRecomputed(statistic: ClaimStatistic, root: string): RecomputedStatistic {
  const kinds: readonly string[] = RECOMPUTED_KINDS;
  if (kinds.includes(statistic.kind)) return statistic as RecomputedStatistic;
  throw invalidInput(
    `${root}.kind`,
    `${statistic.kind} is not recomputed by this version; it recomputes ${kinds.join(", ")}`,
  );
}

/** The same statistic with the units of each cell among its measures, as the first of them. */
export function withUnits(statistic: RecomputedStatistic): RecomputedStatistic {
  if (statistic.kind === "histogram" || statistic.measures.some((m) => m.kind === "units")) return statistic;
  const names = [
    ...statistic.measures.map((m) => m.name),
    ...groupingsOf(statistic).dimensions.map((g) => g.name),
  ];
  let name = UNITS.name;
  while (names.includes(name)) name = `${name} (distinct)`;
  return { ...statistic, measures: [{ ...UNITS, name }, ...statistic.measures] };
}

function groupingsOf(s: RecomputedStatistic): { dimensions: Grouping[]; down: number } {
  switch (s.kind) {
    case "table":
      return { dimensions: [...s.rows, ...s.columns], down: s.rows.length };
    case "histogram":
      return { dimensions: [s.bins], down: 1 };
    case "summary":
      return { dimensions: s.by, down: s.by.length };
  }
}

/** Which of a claim's groupings go down the rows. */
export const layoutOf = (statistic: ClaimStatistic): { down: number } => ({
  down: groupingsOf(requireRecomputed(statistic, "statistic")).down,
});

/** Of a checked statistic. */
export function planTable(statistic: RecomputedStatistic, columns: ExpressionColumns): TablePlan {
  const { dimensions, down } = groupingsOf(statistic);
  const missing = statistic.kind === "histogram" ? "drop" : statistic.missing;
  const measures = statistic.kind === "histogram" ? [UNITS] : statistic.measures;
  return {
    where: statistic.where,
    dimensions: dimensions.map((g) => dimensionOf(g, columns, missing)),
    down,
    measures: measures.map((measure) => measureOf(measure, columns)),
    margins: statistic.kind === "table" ? statistic.margins : false,
    missing,
    drawn: statistic.protect?.how === "round" && statistic.protect.random,
  };
}

function dimensionOf(
  grouping: Grouping,
  columns: ExpressionColumns,
  missing: TablePlan["missing"],
): PlannedDimension {
  const value = groupValue(grouping, columns);
  const { type, nullable } = check(value, columns);
  const known = grouping.kind === "bins" ? binLevels(grouping) : declaredLevels(value, type, columns);
  const absent = missing === "group" && nullable ? [{ key: null, label: MISSING_LABEL }] : [];
  return { name: grouping.name, value, type, levels: [...known.map(unreserved), ...absent] };
}

/** A value that reads like one of the node's own labels is quoted. */
const RESERVED = new Set([MISSING_LABEL, TOTAL_LABEL, ""]);
export const unreserved = (level: Level): Level =>
  RESERVED.has(level.label) ? { ...level, label: `'${level.label}'` } : level;

function binLevels({ edges, closed, outer }: Extract<Grouping, { kind: "bins" }>): Level[] {
  return edges.slice(1).map((high, i) => {
    const first = i === 0 && outer && closed === "right";
    const last = i === edges.length - 2 && outer && closed === "left";
    const opens = closed === "left" || first ? "[" : "(";
    const closes = closed === "right" || last ? "]" : ")";
    return { key: String(i), label: `${opens}${edges[i]}, ${high}${closes}` };
  });
}

function declaredLevels(value: Expr, type: ColumnType, columns: ExpressionColumns): Level[] {
  if (type === "boolean") return ["false", "true"].map((key) => ({ key, label: key }));
  const categories = value.op === "column" ? columns.get(value.name)?.categories : undefined;
  const keys = (categories ?? []).map((text) => {
    const parsed = type === "text" ? text : parseValue(type, text);
    return parsed === undefined || parsed === null ? text : formatValue(type, parsed);
  });
  return [...new Set(keys)].map((key) => ({ key, label: key }));
}

function measureOf(measure: Measure, columns: ExpressionColumns): PlannedMeasure {
  if (measure.value === undefined) return { measure };
  const { expr, type, nullable } = check(measure.value, columns);
  // A whole column is summed exactly; arithmetic over columns may leave 64 bits and is summed as decimals.
  return { measure, value: { expr, exact: type === "integer" && expr.op === "column", nullable } };
}
