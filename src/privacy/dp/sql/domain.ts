/** Which public values an expression can take: from declared categories and bounds, and from the query's own constants. */
import { COLUMN_TYPES, type ColumnType } from "../../../vocabulary/index.js";
import type { Expr } from "../../expression/expr.js";
import { compareValues, formatValue, parseValue } from "../../expression/values.js";
import { declaredBounds, type Fields } from "./bounds.js";
import { QUERY_LIMITS } from "./limits.js";
import type { DeclaredField } from "./model.js";

const FEW = BigInt(QUERY_LIMITS.domain);

/** What the owner declared a column can hold, in the values' written form. */
export function declaredDomain(column: DeclaredField): string[] | undefined {
  if (column.type === "boolean") return ["false", "true"];
  if (column.categories) {
    const parsed = column.categories.map((text) => parseValue(column.type, text));
    const values = parsed.flatMap((v) =>
      v === undefined || v === null ? [] : [formatValue(column.type, v)],
    );
    return values.length === parsed.length ? [...new Set(values)] : undefined;
  }
  const bounds = column.type === "integer" ? declaredBounds(column) : undefined;
  if (!bounds) return undefined;
  const [low, high] = [ceil(bounds[0].num, bounds[0].den), floor(bounds[1].num, bounds[1].den)];
  return wholes(low, high);
}

export const floor = (num: bigint, den: bigint): bigint => (num - (((num % den) + den) % den)) / den;
export const ceil = (num: bigint, den: bigint): bigint => -floor(-num, den);

function wholes(low: bigint, high: bigint): string[] | undefined {
  if (high - low >= FEW) return undefined;
  const values: string[] = [];
  for (let n = low; n <= high; n++) values.push(String(n));
  return values;
}

const PARTS: Record<string, readonly [bigint, bigint]> = {
  quarter: [1n, 4n],
  month: [1n, 12n],
  day: [1n, 31n],
  hour: [0n, 23n],
  minute: [0n, 59n],
  weekday: [1n, 7n],
};

/** Undefined where its values are private. Missing is apart: whether it can be is the type checker's to say. */
export function domainOf(e: Expr, type: ColumnType, fields: Fields): string[] | undefined {
  const found = values(e, fields);
  if (!found) return type === "boolean" ? ["false", "true"] : undefined;
  if (!COLUMN_TYPES.includes(type) || found.size > QUERY_LIMITS.domain) return undefined;
  if (e.op === "column") return [...found];
  return [...found].sort((a, b) => compareValues(parseValue(type, a)!, parseValue(type, b)!));
}

function values(e: Expr, fields: Fields): Set<string> | undefined {
  switch (e.op) {
    case "column": {
      const domain = fields.get(e.name)?.domain;
      return domain && new Set(domain);
    }
    case "literal":
      return new Set([e.value]);
    case "null":
      return new Set();
    case "case":
      return union([...e.whens.map(({ value }) => value), e.otherwise], fields);
    case "coalesce":
      return union(e.args, fields);
    case "date_part": {
      const part = PARTS[e.part];
      return part && new Set(wholes(...part));
    }
    default:
      return undefined;
  }
}

function union(parts: readonly Expr[], fields: Fields): Set<string> | undefined {
  const all = new Set<string>();
  for (const part of parts) {
    const found = values(part, fields);
    if (!found) return undefined;
    for (const value of found) all.add(value);
  }
  return all;
}
