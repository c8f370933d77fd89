/**
 * The types a column of text can have, narrowest first: a table. A value fits a type only where nothing is lost
 * by reading it so: `007`, `+5` and whole numbers beyond 64 bits stay text.
 */
import type { ColumnType } from "../../../../vocabulary/index.js";

export interface TypeRule {
  type: ColumnType;
  /** DuckDB's name for it. */
  sql: string;
  /** True where the text `c`, not null, fits. */
  fits: (c: string) => string;
  /** The value; null where it does not fit. */
  value: (c: string) => string;
  /** What a refusal calls it. */
  words: string;
}

const NUMBER = String.raw`-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?`;
const TIMESTAMP = String.raw`[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?`;

/** A number as pandas and R write it; `NaN` among numbers is a missing one. */
const decimalFits = (c: string): string =>
  `(${c} = 'NaN' OR (regexp_full_match(${c}, '${NUMBER}') AND isfinite(try_cast(${c} AS DOUBLE))
    AND (contains(${c}, '.') OR contains(lower(${c}), 'e') OR try_cast(${c} AS BIGINT) IS NOT NULL)))`;

export const TYPE_RULES: readonly TypeRule[] = [
  {
    type: "boolean",
    sql: "BOOLEAN",
    fits: (c) => `lower(${c}) IN ('true', 'false')`,
    value: (c) => `CASE lower(${c}) WHEN 'true' THEN true WHEN 'false' THEN false END`,
    words: "true or false",
  },
  {
    type: "integer",
    sql: "BIGINT",
    fits: (c) => `coalesce(CAST(try_cast(${c} AS BIGINT) AS VARCHAR) = ${c}, false)`,
    value: (c) => `try_cast(${c} AS BIGINT)`,
    words: "a whole number of at most 64 bits",
  },
  {
    type: "decimal",
    sql: "DOUBLE",
    fits: decimalFits,
    value: (c) => `try_cast(nullif(${c}, 'NaN') AS DOUBLE)`,
    words: "a finite decimal number",
  },
  {
    type: "date",
    sql: "DATE",
    fits: (c) => `coalesce(CAST(try_cast(${c} AS DATE) AS VARCHAR) = ${c}, false)`,
    value: (c) => `try_cast(${c} AS DATE)`,
    words: "a date (YYYY-MM-DD)",
  },
  {
    type: "timestamp",
    sql: "TIMESTAMP",
    fits: (c) => `(regexp_full_match(${c}, '${TIMESTAMP}') AND try_cast(${c} AS TIMESTAMP) IS NOT NULL)`,
    value: (c) => `try_cast(${c} AS TIMESTAMP)`,
    words: "a time (YYYY-MM-DD hh:mm[:ss])",
  },
  { type: "text", sql: "VARCHAR", fits: () => "true", value: (c) => c, words: "text" },
];

export function ruleOf(type: ColumnType): TypeRule {
  return TYPE_RULES.find((rule) => rule.type === type)!;
}

/** Types whose text is the same however it was written, so that equal values are equal texts. */
export const CANONICAL_TYPES: readonly ColumnType[] = ["integer", "date", "text"];
