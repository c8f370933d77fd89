/**
 * A claim as people write it: names of columns, conditions and expressions in Python's syntax. It becomes the typed claim
 * that is stored, hashed and recomputed; what was written is kept nowhere and run nowhere.
 */
import { z } from "zod";
import { GloveboxError, invalidInput } from "../../../vocabulary/index.js";
import {
  type Claim,
  type ClaimStatistic,
  checkExpression,
  type Expr,
  type ExpressionColumns,
  filterFromPython,
  formatValue,
  type Grouping,
  EXPRESSION_LIMITS as LIMITS,
  MEASURES,
  type Measure,
  type MeasureKind,
  parsePython,
  parseValue,
  readClaim,
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

export const writtenClaim = z
  .discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("table"),
      ...common,
      rows: groupings,
      columns: groupings,
      values: values.optional().describe("What agg is of; without it, units are counted"),
      agg: agg.optional(),
      margins: z.boolean().default(false).describe("With totals down, across and of all"),
      missing,
    }),
    z.strictObject({ kind: z.literal("histogram"), ...common, ...bins }),
    z.strictObject({
      kind: z.literal("summary"),
      ...common,
      values,
      by: groupings,
      agg: agg.optional(),
      missing,
    }),
  ])
  .meta({ id: "WrittenClaim", description: "A table, histogram or summary that the node computes itself" });
export type WrittenClaim = z.output<typeof writtenClaim>;
type WrittenGrouping = z.output<typeof grouping>;

const SUMMARY: readonly MeasureKind[] = ["count", "mean", "std", "min", "median", "max"];

/** @throws invalid_input, query_unsupported, each naming the place below `root` */
export function claimFromWritten(
  written: WrittenClaim,
  dataset: string,
  columns: ExpressionColumns,
  root: string,
): Claim {
  const reader = new Reader(columns, root);
  const statistic = reader.statistic(written);
  const where =
    written.where === undefined
      ? {}
      : { where: reader.at("where", () => filterFromPython(written.where!, columns).where) };
  return readClaim({ version: 1, dataset, statistic: { ...statistic, ...where } }, columns);
}

class Reader {
  constructor(
    private readonly columns: ExpressionColumns,
    private readonly root: string,
  ) {}

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
    }
  }

  private expression(written: string, member: string): Expr {
    if (this.columns.has(written)) return { op: "column", name: written };
    return this.at(member, () => checkExpression(parsePython(written), this.columns).expr);
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
