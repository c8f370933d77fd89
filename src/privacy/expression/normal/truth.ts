/**
 * Where a condition is true and where it is false, as regions; elsewhere it is missing. Comparisons of a column with
 * literals, lists, prefixes, years, whether it is missing, and all that joins them, are taken apart. Any other
 * condition becomes a dimension of its own: what holds however it turns out holds.
 */
import type { ColumnType } from "../../../vocabulary/index.js";
import { daysOf, MICROS_A_DAY } from "../calendar.js";
import { canonicalText } from "../canonical.js";
import { OPPOSITE } from "../check/compare.js";
import type { Columns } from "../columns.js";
import type { Comparison, Expr, Literal } from "../expr.js";
import { patternParts } from "../pattern.js";
import { parseValue, type Value } from "../values.js";
import { ALL, NONE, type Region, Regions } from "./regions.js";
import {
  beginningWith,
  type ColumnSet,
  comparing,
  datesOf,
  everything,
  from,
  type Spans,
  uniteAll,
  without,
} from "./spans.js";

export interface Truth {
  yes: Region;
  no: Region;
}

type Compare = Extract<Expr, { op: "compare" }>;

const pointOf = (literal: Literal): Exclude<Value, null> => {
  const value = parseValue(literal.type, literal.value);
  if (value === undefined || value === null) throw new RangeError("not a checked expression");
  return value;
};

const YEARS = [1, 9999] as const;
const newYear = (year: number, type: ColumnType): number | bigint => {
  const days = daysOf({ year, month: 1, day: 1 });
  return type === "date" ? days : BigInt(days) * MICROS_A_DAY;
};

/** The dates or timestamps of which `year is n` holds. */
function inYears(type: ColumnType, is: Comparison, year: number): Spans | undefined {
  if (year < YEARS[0] || year >= YEARS[1]) return undefined;
  const [start, end] = [newYear(year, type), newYear(year + 1, type)];
  switch (is) {
    case "eq":
      return from(type, start, end);
    case "ne":
      return without(everything(type), from(type, start, end));
    case "lt":
      return comparing(type, "lt", start);
    case "le":
      return comparing(type, "lt", end);
    case "gt":
      return comparing(type, "ge", end);
    case "ge":
      return comparing(type, "ge", start);
  }
}

/** Of a text, or of a beginning; other patterns are left whole. */
function likePattern(pattern: string): Spans | undefined {
  const parts = patternParts(pattern) ?? [];
  const [first] = parts;
  const prefix = typeof first === "object" ? first.text : "";
  const rest = typeof first === "object" ? parts.slice(1) : parts;
  if (rest.length === 0) return comparing("text", "eq", prefix);
  return rest.every((part) => part === "any") ? beginningWith(prefix) : undefined;
}

export class Truths {
  readonly regions = new Regions((dimension) => this.whole(dimension));

  constructor(private readonly columns: Columns) {}

  /** Dimensions of columns begin with `column`, others with `condition`, or `certain` where they cannot be missing. */
  static isColumn(dimension: string): boolean {
    return dimension.startsWith("column ");
  }

  private whole(dimension: string): ColumnSet {
    if (!Truths.isColumn(dimension)) {
      return { spans: everything("boolean"), missing: dimension.startsWith("condition ") };
    }
    const column = this.columns.get(dimension.slice("column ".length));
    if (!column) throw new RangeError("not a checked expression");
    return { spans: everything(column.type), missing: column.nullable };
  }

  of(e: Expr): Truth {
    switch (e.op) {
      case "literal":
        return e.value === "true" ? { yes: ALL, no: NONE } : { yes: NONE, no: ALL };
      case "null":
        return { yes: NONE, no: NONE };
      case "not": {
        const { yes, no } = this.of(e.value);
        return { yes: no, no: yes };
      }
      case "and":
      case "or":
        return this.connective(
          e.op,
          e.args.map((arg) => this.of(arg)),
        );
      case "coalesce":
        return e.args.map((arg) => this.of(arg)).reduceRight((rest, first) => this.orElse(first, rest));
      case "case":
        return this.choice(e);
      default:
        return this.atom(e);
    }
  }

  private connective(op: "and" | "or", [first, ...rest]: Truth[]): Truth {
    return rest.reduce(
      (a, b) =>
        op === "and"
          ? { yes: this.regions.meet(a.yes, b.yes), no: this.regions.unite(a.no, b.no) }
          : { yes: this.regions.unite(a.yes, b.yes), no: this.regions.meet(a.no, b.no) },
      first as Truth,
    );
  }

  private orElse(first: Truth, rest: Truth): Truth {
    const missing = this.regions.without(this.regions.without(ALL, first.yes), first.no);
    return {
      yes: this.regions.unite(first.yes, this.regions.meet(missing, rest.yes)),
      no: this.regions.unite(first.no, this.regions.meet(missing, rest.no)),
    };
  }

  private choice({ whens, otherwise }: Extract<Expr, { op: "case" }>): Truth {
    let left: Region = ALL;
    let [yes, no]: [Region, Region] = [NONE, NONE];
    const add = (where: Region, value: Truth): void => {
      yes = this.regions.unite(yes, this.regions.meet(where, value.yes));
      no = this.regions.unite(no, this.regions.meet(where, value.no));
    };
    for (const { when, value } of whens) {
      const taken = this.of(when).yes;
      add(this.regions.meet(left, taken), this.of(value));
      left = this.regions.without(left, taken);
    }
    add(left, this.of(otherwise));
    return { yes, no };
  }

  private atom(e: Expr): Truth {
    if (e.op === "column") return this.present(e.name, comparing("boolean", "eq", true));
    if (e.op === "is_null" && e.value.op === "column") {
      const dimension = `column ${e.value.name}`;
      const { spans } = this.whole(dimension);
      return {
        yes: this.regions.of(dimension, { spans: [], missing: true }),
        no: this.regions.of(dimension, { spans, missing: false }),
      };
    }
    const spans = this.spansOf(e);
    return spans ? this.present(spans.column, spans.spans) : this.opaque(e);
  }

  /** True on these values, false on the others, missing where the column is. */
  private present(name: string, spans: Spans): Truth {
    const dimension = `column ${name}`;
    const others = without(this.whole(dimension).spans, spans);
    return {
      yes: this.regions.of(dimension, { spans, missing: false }),
      no: this.regions.of(dimension, { spans: others, missing: false }),
    };
  }

  private spansOf(e: Expr): { column: string; spans: Spans } | undefined {
    if (e.op === "compare") return this.comparison(e);
    if (e.op === "in" && e.value.op === "column") {
      const type = this.columns.get(e.value.name)?.type;
      if (!type) return undefined;
      const points = e.options.map((o) => comparing(type, "eq", pointOf(o as Literal)));
      return { column: e.value.name, spans: uniteAll(points) };
    }
    if (e.op !== "like" || e.value.op !== "column") return undefined;
    const spans = likePattern(e.pattern);
    return spans && { column: e.value.name, spans };
  }

  private comparison({ is, left, right }: Compare): { column: string; spans: Spans } | undefined {
    if (right.op !== "literal") return undefined;
    if (left.op === "column") return { column: left.name, spans: comparing(right.type, is, pointOf(right)) };
    if (left.op === "widen" && left.to === "timestamp" && left.value.op === "column")
      return { column: left.value.name, spans: datesOf(comparing("timestamp", is, pointOf(right))) };
    if (left.op !== "date_part" || left.part !== "year" || left.value.op !== "column") return undefined;
    const type = this.columns.get(left.value.name)?.type;
    const spans = type && inYears(type, is, Number(right.value));
    return spans && { column: left.value.name, spans };
  }

  /** Of a condition and its opposite one is the dimension. */
  private opaque(e: Expr): Truth {
    const isTurned = e.op === "compare" && ["ne", "lt", "gt"].includes(e.is);
    const one: Expr = e.op === "compare" && isTurned ? { ...e, is: OPPOSITE[e.is] } : e;
    const dimension = `${one.op === "is_null" ? "certain" : "condition"} ${canonicalText(one)}`;
    const yes = this.regions.of(dimension, { spans: comparing("boolean", "eq", true), missing: false });
    const no = this.regions.of(dimension, { spans: comparing("boolean", "eq", false), missing: false });
    return isTurned ? { yes: no, no: yes } : { yes, no };
  }
}
