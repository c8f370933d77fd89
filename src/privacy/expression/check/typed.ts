/** Typed operands, and how several of them come to one type. */
import type { ColumnType } from "../../../vocabulary/index.js";
import type { Expr, Surface } from "../expr.js";
import { formatValue, parseValue } from "../values.js";
import type { Range } from "./range.js";

/** A node of one kind of operation. */
export type Node<K extends Surface["op"]> = Extract<Surface, { op: K }>;

export interface Typed {
  expr: Expr;
  type: ColumnType;
  nullable: boolean;
  /** Of an integer. */
  range?: Range;
  /** A text that was written as a bare literal, so it may stand for a date as well. */
  bare?: boolean;
  /** A null that was written bare, so it takes the type of its neighbours. */
  untyped?: boolean;
}

/** Why an operand cannot have a type: the rest of a sentence, for the error. */
export class Misfit {
  constructor(readonly why: string) {}
}

const EXAMPLES: Partial<Record<ColumnType, string>> = {
  date: "2024-01-31",
  timestamp: "2024-01-31 08:30:00",
};

/** The operand as the other type, where that loses nothing. */
export function convert(operand: Typed, type: ColumnType): Expr | Misfit {
  const { expr } = operand;
  if (operand.type === type) return expr;
  if (expr.op === "null" && operand.untyped) return { op: "null", type };
  const wider = type === "decimal" || type === "timestamp" ? type : undefined;
  if (expr.op === "literal" && (operand.bare || wider)) return convertLiteral(expr.value, operand, type);
  if (wider === "decimal" && operand.type === "integer") return { op: "widen", to: wider, value: expr };
  if (wider === "timestamp" && operand.type === "date") return { op: "widen", to: wider, value: expr };
  return new Misfit(`is ${operand.type}, but ${type} is needed`);
}

function convertLiteral(written: string, operand: Typed, type: ColumnType): Expr | Misfit {
  const from = operand.type;
  const allowed =
    (operand.bare && (type === "date" || type === "timestamp")) ||
    (from === "integer" && type === "decimal") ||
    (from === "date" && type === "timestamp");
  if (!allowed) return new Misfit(`is ${from}, but ${type} is needed`);
  const value = parseValue(type, written);
  if (value === undefined || value === null) {
    return new Misfit(`must be written as a ${type}, such as '${EXAMPLES[type] ?? "1.5"}'`);
  }
  return { op: "literal", type, value: formatValue(type, value) };
}

/** The narrowest type that all can have without loss. */
export function commonType(operands: readonly Typed[]): ColumnType | undefined {
  const firm = operands.filter(({ bare, untyped }) => !bare && !untyped);
  const types = new Set(
    (firm.length > 0 ? firm : operands.filter(({ untyped }) => !untyped)).map((o) => o.type),
  );
  if (types.size === 2) {
    if (types.has("integer") && types.has("decimal")) return "decimal";
    if (types.has("date") && types.has("timestamp")) return "timestamp";
    return undefined;
  }
  return types.size === 1 ? [...types][0] : undefined;
}
