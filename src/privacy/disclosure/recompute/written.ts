/**
 * A claim as people write it: names of columns, conditions, expressions and formulas in the syntax of Python or of R. It
 * becomes the typed claim that is stored, hashed and recomputed; what was written is kept nowhere and run nowhere.
 */
import { z } from "zod";
import { GloveboxError, invalidInput } from "../../../vocabulary/index.js";
import {
  type Claim,
  type ClaimStatistic,
  checkExpression,
  type Expr,
  type ExpressionColumns,
  FAMILIES,
  type Filter,
  type Formula,
  filterFromPython,
  filterFromR,
  formatValue,
  formulaFromPython,
  formulaFromR,
  type Grouping,
  EXPRESSION_LIMITS as LIMITS,
  MEASURES,
  type Measure,
  type MeasureKind,
  parsePython,
  parseR,
  parseValue,
  readClaim,
  TIES,
  type WrittenExpression,
} from "../../expression/index.js";

const text = z.string().min(1).max(LIMITS.text_chars);
const name = z.string().min(1).max(LIMITS.name_chars);
const edge = z.union([z.number(), z.string().max(64)]);
const condition = text.describe("A condition in Python's syntax, such as age >= 60 and sex == 'F'");

const bins = {
  value: text.describe("A column, or an expression in Python's syntax"),
  edges: z.array(edge).min(2).max(LIMITS.edges).describe("Rising; n edges make n - 1 bins"),
  closed: z.enum(["left", "right"]).default("left").describe("Which end of a bin belongs to it"),
  name: name.optional(),
};
const grouping = z.union([
  text.describe("A column, or an expression in Python's syntax"),
  z.strictObject(bins),
]);
const groupings = z.array(grouping).max(LIMITS.groupings).default([]);
const agg = z.union([z.enum(MEASURES), z.array(z.enum(MEASURES)).min(1).max(MEASURES.length)]);
const values = z.union([text, z.array(text).min(1).max(LIMITS.measures)]);
const missing = z
  .enum(["drop", "group"])
  .default("drop")
  .describe("Rows without a value to group by: left out, or a group of their own");
const common = { dataset: name.optional(), where: condition.optional() };

export const writtenProtect = z
  .discriminatedUnion("how", [
    z.strictObject({ how: z.literal("suppress") }),
    z.strictObject({
      how: z.literal("round"),
      base: z.int().min(2).max(LIMITS.rounding_base).default(5),
      random: z.boolean().default(false).describe("Up or down by chance, right on average"),
    }),
  ])
  .meta({
    id: "Protect",
    description:
      "A safe version: cells that may not be shown are hidden with what would tell them, or counts are rounded",
  });
const protect = writtenProtect.optional();

export const writtenSurvival = z.strictObject({
  kind: z.literal("survival"),
  ...common,
  time: text.describe("A number: how long each row was observed"),
  event: text.describe("Whether it ended in the event: true or false, or 0 or 1"),
  by: groupings,
  missing,
  times: z
    .array(edge)
    .min(1)
    .max(LIMITS.edges)
    .optional()
    .describe("At which times the curve shows, rising; round ones unless told"),
});

export const writtenClaim = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("table"),
      ...common,
      rows: groupings,
      columns: groupings,
      values: values.optional().describe("What agg is of; without it, units are counted"),
      agg: agg.optional(),
      margins: z
        .union([z.boolean(), z.literal("all")])
        .default(false)
        .describe("With totals down, across and of all; all: over every combination of groupings too"),
      missing,
      protect,
    }),
    z.strictObject({ kind: z.literal("histogram"), ...common, ...bins, protect }),
    z.strictObject({
      kind: z.literal("summary"),
      ...common,
      values,
      by: groupings,
      agg: agg.optional(),
      missing,
      protect,
    }),
    writtenSurvival,
    z.strictObject({
      kind: z.literal("regression"),
      ...common,
      family: z.enum(FAMILIES),
      formula: text.describe("As patsy and R write it: death ~ age + C(sex); Surv(time, event) ~ … for cox"),
      ties: z.enum(TIES).optional().describe("How a cox model takes events at one time: efron unless told"),
    }),
  ])
  .meta({
    id: "WrittenClaim",
    description: "A table, histogram, summary, survival curve or model that the node computes itself",
  });
export type WrittenClaim = z.output<typeof writtenClaim>;
type WrittenGrouping = z.output<typeof grouping>;

/** The language that a claim's conditions, expressions and formulas are written in. */
export const CLAIM_SYNTAXES = ["python", "r"] as const;
export type ClaimSyntax = (typeof CLAIM_SYNTAXES)[number];

interface Syntax {
  expression(text: string): WrittenExpression;
  filter(text: string, columns: ExpressionColumns): Filter;
  formula(text: string, columns: ExpressionColumns): Formula;
}

const SYNTAX: Record<ClaimSyntax, Syntax> = {
  python: { expression: parsePython, filter: filterFromPython, formula: formulaFromPython },
  r: { expression: parseR, filter: filterFromR, formula: formulaFromR },
};

const SUMMARY: readonly MeasureKind[] = ["count", "mean", "std", "min", "median", "max"];

/** @throws invalid_input, query_unsupported, each naming the place below `root` */
export function claimFromWritten(
  written: WrittenClaim,
  dataset: string,
  columns: ExpressionColumns,
  root: string,
  syntax: ClaimSyntax = "python",
): Claim {
  const reader = new Reader(columns, root, SYNTAX[syntax]);
  const statistic = { ...reader.statistic(written), ...protectOf(written) };
  const { where: condition } = written;
  const where = condition === undefined ? {} : { where: reader.filter(condition) };
  return readClaim({ version: 1, dataset, statistic: { ...statistic, ...where } }, columns);
}

const protectOf = (written: WrittenClaim) =>
  "protect" in written && written.protect !== undefined ? { protect: written.protect } : {};

class Reader {
  constructor(
    private readonly columns: ExpressionColumns,
    private readonly root: string,
    private readonly syntax: Syntax,
  ) {}

  filter(written: string): Expr {
    return this.at("where", () => this.syntax.filter(written, this.columns).where);
  }

  /** Errors of what was written name the member that it stands in. */
  at<T>(member: string, read: () => T): T {
    return inside(`${this.root}.${member}`, read);
  }

  statistic(w: WrittenClaim): ClaimStatistic {
    switch (w.kind) {
      case "table":
        return {
          kind: "table",
          rows: this.groupings(w.rows, "rows"),
          columns: this.groupings(w.columns, "columns"),
          measures: this.measures(w.values, w.agg, undefined),
          margins: w.margins,
          missing: w.missing,
        };
      case "histogram":
        return { kind: "histogram", bins: this.grouping({ ...w }, "value") };
      case "summary":
        return {
          kind: "summary",
          by: this.groupings(w.by, "by"),
          measures: this.measures(w.values, w.agg, SUMMARY),
          missing: w.missing,
        };
      case "survival":
        return {
          kind: "survival",
          time: this.expression(w.time, "time"),
          event: this.expression(w.event, "event"),
          by: this.groupings(w.by, "by"),
          missing: w.missing,
          ...(w.times === undefined ? {} : { times: w.times.map(String) }),
        };
      case "regression": {
        const formula = this.at("formula", () => this.syntax.formula(w.formula, this.columns));
        return {
          kind: "regression",
          family: w.family,
          formula,
          ...(w.ties === undefined ? {} : { ties: w.ties }),
        };
      }
    }
  }

  private expression(written: string, member: string): Expr {
    if (this.columns.has(written)) return { op: "column", name: written };
    return this.at(member, () => checkExpression(this.syntax.expression(written), this.columns).expr);
  }

  private groupings(list: readonly WrittenGrouping[], member: string): Grouping[] {
    return list.map((one, i) => this.grouping(one, `${member}.${i}`));
  }

  private grouping(written: WrittenGrouping, member: string): Grouping {
    if (typeof written === "string")
      return { kind: "values", name: nameOf(written), value: this.expression(written, member) };
    const value = this.expression(written.value, member);
    const { type } = checkExpression(value, this.columns);
    const edges = written.edges.map((given, i) => {
      const parsed = parseValue(type, String(given));
      if (parsed === undefined || parsed === null)
        throw invalidInput(`${this.root}.edges.${i}`, `must be a ${type}`);
      return formatValue(type, parsed);
    });
    return {
      kind: "bins",
      name: written.name ?? nameOf(written.value),
      value,
      edges,
      closed: written.closed,
      outer: true,
    };
  }

  private measures(
    written: string | readonly string[] | undefined,
    agg: MeasureKind | readonly MeasureKind[] | undefined,
    usual: readonly MeasureKind[] | undefined,
  ): Measure[] {
    const kinds = agg === undefined ? usual : typeof agg === "string" ? [agg] : agg;
    if (written === undefined) return this.counts(kinds ?? ["units"]);
    if (kinds === undefined) throw invalidInput(`${this.root}.agg`, "say what is made of the values");
    const values = typeof written === "string" ? [written] : written;
    const measures = values.flatMap((value, i) => {
      const expr = this.expression(value, `values.${i}`);
      return kinds.map((kind): Measure => {
        if (kind === "units") return { kind, name: "units" };
        return { kind, name: `${kind} ${nameOf(value)}`.slice(0, LIMITS.name_chars), value: expr };
      });
    });
    return measures.filter((m, i) => measures.findIndex((other) => other.name === m.name) === i);
  }

  private counts(kinds: readonly MeasureKind[]): Measure[] {
    return kinds.map((kind) => {
      if (kind !== "units" && kind !== "count")
        throw invalidInput(`${this.root}.values`, `say of what the ${kind} is`);
      return { kind, name: kind === "units" ? "units" : "rows" };
    });
  }
}

const nameOf = (written: string): string => written.trim().slice(0, LIMITS.name_chars);

/** What goes wrong in `read` is said with the place that it was read from. */
export function inside<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GloveboxError) || error.params.errors === undefined) throw error;
    const errors = error.params.errors.map(({ path, message }) => ({ path: `${place}: ${path}`, message }));
    const [first] = errors;
    throw new GloveboxError(error.code, {
      ...error.params,
      errors,
      ...(first === undefined ? {} : { detail: `${first.path}: ${first.message}` }),
    });
  }
}
