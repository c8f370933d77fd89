/**
 * What a claim says: a table, histogram, summary, survival curve or model over the rows of one dataset that a filter
 * keeps. It is declarative, so the node can compute it by itself; every value in it is a checked expression.
 */
import { z } from "zod";
import { canonicalText } from "./canonical.js";
import { type Checked, check, checkCondition } from "./check/check.js";
import type { Columns } from "./columns.js";
import { readDocument } from "./document.js";
import { unsupported, wrong } from "./errors.js";
import { type Expr, exprSchema } from "./expr.js";
import { checkFamily, checkFormula, FAMILIES, formulaSchema, formulaText } from "./formula.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";
import { compareValues, formatValue, parseValue } from "./values.js";

const name = z.string().min(1).max(LIMITS.name_chars);

/** Groups by the values of an expression, or by bins of a number. */
const groupingSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("values"), name, value: exprSchema }),
  z.strictObject({
    kind: z.literal("bins"),
    name,
    value: exprSchema,
    /** Rising, in the value's written form; n edges make n − 1 bins. */
    edges: z.array(z.string().max(64)).min(2).max(LIMITS.edges),
    /** Which end of a bin belongs to it: right as `pandas.cut`, left as `numpy.histogram`. */
    closed: z.enum(["left", "right"]),
    /** Whether the outermost open end belongs to its bin too, as the last of `numpy.histogram`. */
    outer: z.boolean(),
  }),
]);
export type Grouping = z.infer<typeof groupingSchema>;

export const MEASURES = ["count", "units", "sum", "mean", "median", "std", "var", "min", "max"] as const;
export type MeasureKind = (typeof MEASURES)[number];

/** Measures that show the value of one row, which disclosure control must look at. */
export const SHOWS_A_VALUE: readonly MeasureKind[] = ["min", "max", "median"];

/** Rows (of those where a value is, if one is named), distinct units, or a statistic of a number that is there. */
const measureSchema = z.strictObject({ kind: z.enum(MEASURES), name, value: exprSchema.optional() });
export type Measure = z.infer<typeof measureSchema>;

export const TIES = ["efron", "breslow"] as const;
export type Ties = (typeof TIES)[number];

const where = exprSchema.optional();
const groupings = z.array(groupingSchema).max(LIMITS.groupings);
const measures = z.array(measureSchema).min(1).max(LIMITS.measures);
/** Rows without a value to group by are left out, or make a group. */
const missing = z.enum(["drop", "group"]);

/**
 * A safe version: numbers that may not be shown are hidden together with what would tell them, or all counts are rounded
 * to a base. Absent, the statistic is what it was before there were any.
 */
export const protectSchema = z.discriminatedUnion("how", [
  z.strictObject({ how: z.literal("suppress") }),
  z.strictObject({
    how: z.literal("round"),
    base: z.int().min(2).max(LIMITS.rounding_base),
    /** Up or down by chance, so that the mean is right; the same counts of the same units always the same way. */
    random: z.boolean(),
  }),
]);
export type Protect = z.infer<typeof protectSchema>;
const protect = protectSchema.optional();

export const survivalSchema = z.strictObject({
  kind: z.literal("survival"),
  where,
  time: exprSchema,
  event: exprSchema,
  by: groupings,
  missing,
  /** At which times the curve is shown, rising, in written form; round ones unless told. */
  times: z.array(z.string().max(64)).min(1).max(LIMITS.edges).optional(),
});

export const statisticSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("table"),
    where,
    rows: groupings,
    columns: groupings,
    measures,
    /** Totals down, across and of all; or over every combination of the groupings. */
    margins: z.union([z.boolean(), z.literal("all")]),
    missing,
    protect,
  }),
  z.strictObject({ kind: z.literal("histogram"), where, bins: groupingSchema, protect }),
  z.strictObject({ kind: z.literal("summary"), where, by: groupings, measures, missing, protect }),
  survivalSchema,
  z.strictObject({
    kind: z.literal("regression"),
    where,
    family: z.enum(FAMILIES),
    formula: formulaSchema,
    /** How a cox model takes events at one time; Efron's way unless told. */
    ties: z.enum(TIES).optional(),
  }),
]);
export type Statistic = z.infer<typeof statisticSchema>;

export const claimSchema = z.strictObject({
  version: z.literal(1),
  dataset: name,
  statistic: statisticSchema,
});
export type Claim = z.infer<typeof claimSchema>;

const isNumber = ({ type }: Checked): boolean => type === "integer" || type === "decimal";

function number(value: Expr, columns: Columns, root: string): Expr {
  const checked = check(value, columns, root);
  if (!isNumber(checked)) throw wrong(root, `is ${checked.type}, but a number is needed`);
  return checked.expr;
}

function checkGrouping(grouping: Grouping, columns: Columns, root: string): Grouping {
  const { expr, type } = check(grouping.value, columns, `${root}.value`);
  if (grouping.kind === "values") {
    if (type === "decimal")
      throw unsupported(`${root}.value`, "a decimal as groups", "make bins with explicit edges");
    return { ...grouping, value: expr };
  }
  if (type === "boolean" || type === "text") throw wrong(`${root}.value`, `is ${type}, which has no bins`);
  const points = grouping.edges.map((edge, i) => {
    const point = parseValue(type, edge);
    if (point === undefined || point === null) throw wrong(`${root}.edges.${i}`, `must be a ${type}`);
    return point;
  });
  points.forEach((point, i) => {
    const before = points[i - 1];
    if (before !== undefined && compareValues(before, point) >= 0)
      throw wrong(`${root}.edges.${i}`, "must rise");
  });
  return { ...grouping, value: expr, edges: points.map((point) => formatValue(type, point)) };
}

function checkMeasure(measure: Measure, columns: Columns, root: string): Measure {
  const { kind, value } = measure;
  if (kind === "units" && value) throw wrong(`${root}.value`, "units are counted without a value");
  if (kind === "units" || (kind === "count" && !value)) return measure;
  if (!value) throw wrong(`${root}.value`, `${kind} needs a value`);
  if (kind === "count") return { ...measure, value: check(value, columns, `${root}.value`).expr };
  return { ...measure, value: number(value, columns, `${root}.value`) };
}

/** Only counts are rounded: a rounded mean is still of few. */
function checkProtect(protect: Protect | undefined, given: readonly Measure[]): void {
  if (protect?.how !== "round") return;
  const other = given.findIndex(({ kind }) => kind !== "units" && kind !== "count");
  if (other >= 0)
    throw unsupported(`measures.${other}`, "rounding of anything but counts", 'use protect "suppress"');
}

function unique(names: readonly string[], root: string): void {
  const seen = new Set<string>();
  for (const [i, one] of names.entries()) {
    if (seen.has(one)) throw wrong(`${root}.${i}.name`, "this name is taken");
    seen.add(one);
  }
}

const checkEach = <T>(list: readonly T[], root: string, one: (item: T, root: string) => T): T[] =>
  list.map((item, i) => one(item, `${root}.${i}`));

/** A statistic of the right shape, with every expression in it checked and in canonical form. */
export function checkStatistic(given: Statistic, columns: Columns): Statistic {
  const filter = given.where && { where: checkCondition(given.where, columns) };
  const groups = (list: readonly Grouping[], root: string) =>
    checkEach(list, root, (g, place) => checkGrouping(g, columns, place));
  const measured = (list: readonly Measure[]) =>
    checkEach(list, "measures", (m, place) => checkMeasure(m, columns, place));
  switch (given.kind) {
    case "table": {
      const [rows, across] = [groups(given.rows, "rows"), groups(given.columns, "columns")];
      if (given.margins === "all" && rows.length + across.length > LIMITS.all_margins)
        throw unsupported("margins", `all totals of more than ${LIMITS.all_margins} groupings`, "use true");
      unique(
        [...rows, ...across, ...given.measures].map((g) => g.name),
        "names",
      );
      checkProtect(given.protect, given.measures);
      return { ...given, ...filter, rows, columns: across, measures: measured(given.measures) };
    }
    case "histogram": {
      if (given.bins.kind !== "bins") throw wrong("bins", "a histogram needs edges");
      return { ...given, ...filter, bins: checkGrouping(given.bins, columns, "bins") };
    }
    case "summary": {
      unique(
        [...given.by, ...given.measures].map((g) => g.name),
        "names",
      );
      checkProtect(given.protect, given.measures);
      return { ...given, ...filter, by: groups(given.by, "by"), measures: measured(given.measures) };
    }
    case "survival":
      return {
        ...given,
        ...filter,
        time: number(given.time, columns, "time"),
        event: checkEvent(given.event, columns),
        by: groups(given.by, "by"),
        ...(given.times === undefined ? {} : { times: checkTimes(given.times) }),
      };
    case "regression": {
      checkFamily(given.family, given.formula);
      if (given.ties !== undefined && given.family !== "cox") throw wrong("ties", "is for cox alone");
      return { ...given, ...filter, formula: checkFormula(given.formula, columns) };
    }
  }
}

function checkTimes(times: readonly string[]): string[] {
  const points = times.map((text, i) => {
    const point = parseValue("decimal", text) as number | null | undefined;
    if (point === undefined || point === null) throw wrong(`times.${i}`, "must be a number");
    return point;
  });
  points.forEach((point, i) => {
    if (i > 0 && point <= points[i - 1]!) throw wrong(`times.${i}`, "must rise");
  });
  return points.map((point) => formatValue("decimal", point));
}

function checkEvent(event: Expr, columns: Columns): Expr {
  const { expr, type } = check(event, columns, "event");
  if (type === "boolean" || type === "integer") return expr;
  throw wrong("event", `is ${type}, but true or false, or 0 or 1, is needed`);
}

/** A claim that arrives as JSON. @throws invalid_input or query_unsupported naming the place */
export function readClaim(document: unknown, columns: Columns): Claim {
  const claim = readDocument(claimSchema, document, "claim");
  return { ...claim, statistic: checkStatistic(claim.statistic, columns) };
}

/** What is hashed. */
export function claimText(claim: Claim): string {
  const { statistic } = claim;
  if (statistic.kind !== "regression") return canonicalText(claim);
  return canonicalText({ ...claim, statistic: { ...statistic, formula: formulaText(statistic.formula) } });
}

/**
 * The value by which a grouping groups: the expression itself, or the number of its bin from 0, missing outside of
 * all bins. So groups are evaluated and emitted like any expression.
 */
export function groupValue(grouping: Grouping, columns: Columns): Expr {
  if (grouping.kind === "values") return grouping.value;
  const { value, edges, closed, outer } = grouping;
  const { type } = check(value, columns);
  const last = edges.length - 1;
  const below = edges.map((edge, i) => {
    // An edge belongs to the bin on its right where bins are closed on the left.
    const isOuter = outer && i === (closed === "left" ? last : 0);
    const is = (closed === "left") !== isOuter ? "lt" : "le";
    const when: Expr = { op: "compare", is, left: value, right: { op: "literal", type, value: edge } };
    const bin: Expr =
      i === 0 ? { op: "null", type: "integer" } : { op: "literal", type: "integer", value: String(i - 1) };
    return { when, value: bin };
  });
  return { op: "case", whens: below, otherwise: { op: "null", type: "integer" } };
}
