/**
 * The columns of a Parquet table: raw values by their logical types, rounded and cleaned, and written again.
 *
 * Kept types: truth values, whole numbers of 32 and 64 bits, floats, text, dates, and times of day and date to the
 * second. Decimals become doubles, small and unsigned whole numbers the signed type that holds them. All else (nested,
 * raw bytes, intervals, identifiers as bytes) is refused.
 */
import type { SchemaElement } from "hyparquet";
import { overLimit } from "../../rules/limits.js";
import type { CanonicalValues, Element } from "../array-values.js";
import { canonicalValues, halfToNumber, WIDTH } from "../array-values.js";
import { roundInText } from "../numbers.js";
import type { Removed } from "../unicode.js";
import { addRemoved, cleanText, NOTHING_REMOVED } from "../unicode.js";
import type { RawValue } from "./pages.js";
import { wrongTable } from "./pages.js";

export type ColumnKind = "bool" | "i32" | "i64" | "f32" | "f64" | "text" | "date" | "timestamp";

export interface Column {
  element: SchemaElement;
  /** As the writer takes them. */
  data: (number | bigint | boolean | string | null)[];
  /** As a table shows them. */
  cells: string[];
  changed: number;
  removed: Removed;
}

/** What a raw value stands for, and the kind that it becomes. */
type Reading = [ColumnKind, (raw: NonNullable<RawValue>) => number | bigint | boolean | string];

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function text(raw: NonNullable<RawValue>): string {
  if (!(raw instanceof Uint8Array)) throw wrongTable("a text is no text");
  try {
    return decoder.decode(raw);
  } catch {
    throw wrongTable("a column holds raw bytes");
  }
}

/** A big-endian whole number of any length. */
function bigEndian(raw: NonNullable<RawValue>): bigint {
  if (!(raw instanceof Uint8Array)) return BigInt(raw);
  if (raw.length > 32) throw wrongTable("a decimal number is too long");
  return raw.length === 0
    ? 0n
    : BigInt.asIntN(raw.length * 8, BigInt(`0x${Buffer.from(raw).toString("hex")}`));
}

const PER_SECOND = { MILLIS: 1_000n, MICROS: 1_000_000n, NANOS: 1_000_000_000n } as const;
const floorDivide = (a: bigint, b: bigint) => (a - (((a % b) + b) % b)) / b;
function readingOf(element: SchemaElement): Reading {
  const { type, converted_type: old, logical_type: logical, scale } = element;
  const kind = logical?.type;
  if (old === "DECIMAL" || kind === "DECIMAL") {
    const digits = scale ?? (logical?.type === "DECIMAL" ? logical.scale : 0);
    return ["f64", (raw) => Number(`${bigEndian(raw)}e${-Number(digits)}`)];
  }
  const unit =
    kind === "TIMESTAMP"
      ? logical!.unit
      : old === "TIMESTAMP_MILLIS"
        ? "MILLIS"
        : old === "TIMESTAMP_MICROS"
          ? "MICROS"
          : undefined;
  if (type === "INT64" && unit !== undefined)
    return ["timestamp", (raw) => floorDivide(BigInt(raw as bigint), PER_SECOND[unit])];
  if (type === "INT32" && (old === "DATE" || kind === "DATE")) return ["date", Number];
  if (type === "FIXED_LEN_BYTE_ARRAY" && kind === "FLOAT16") return ["f32", half];
  const plain = plainReading(element);
  if (plain === undefined) throw wrongTable("a column is of a type that is not accepted");
  return plain;
}

const half = (raw: NonNullable<RawValue>) => halfToNumber(Buffer.from(raw as Uint8Array).readUInt16LE(0));

function plainReading({
  type,
  converted_type: old,
  logical_type: logical,
}: SchemaElement): Reading | undefined {
  const kind = logical?.type;
  const whole = kind === "INTEGER" || (kind === undefined && (old === undefined || /^U?INT_/.test(old)));
  const unsigned = old?.startsWith("UINT_") || (logical?.type === "INTEGER" && !logical.isSigned);
  switch (type) {
    case "BOOLEAN":
      return ["bool", Boolean];
    case "FLOAT":
      return ["f32", Number];
    case "DOUBLE":
      return ["f64", Number];
    case "INT32":
      if (!whole) return undefined;
      return unsigned ? ["i64", (raw) => BigInt(Number(raw) >>> 0)] : ["i32", Number];
    case "INT64":
      return whole ? ["i64", (raw) => signed64(BigInt(raw as bigint), unsigned === true)] : undefined;
    case "BYTE_ARRAY": {
      const textual =
        kind === undefined
          ? old === undefined || /^(?:UTF8|ENUM|JSON)$/.test(old)
          : /^(?:STRING|ENUM|JSON)$/.test(kind);
      return textual ? ["text", text] : undefined;
    }
    default:
      return undefined;
  }
}

function signed64(raw: bigint, unsigned: boolean): bigint {
  const value = unsigned ? BigInt.asUintN(64, raw) : raw;
  if (value >= 2n ** 63n) throw wrongTable("a whole number is too large");
  return value;
}

const NUMERIC: Partial<Record<ColumnKind, Element>> = { i32: "i32", i64: "i64", f32: "f32", f64: "f64" };

/** Numbers rounded all at once; nulls stand aside. */
function roundAll(
  kind: "i32" | "i64" | "f32" | "f64",
  present: readonly (number | bigint)[],
  digits: number,
): CanonicalValues {
  const arrays = {
    i32: () => Int32Array.from(present as number[]),
    i64: () => BigInt64Array.from(present as bigint[]),
    f32: () => Float32Array.from(present as number[]),
    f64: () => Float64Array.from(present as number[]),
  };
  return canonicalValues(kind, Buffer.from(arrays[kind]().buffer), digits);
}

function valueAt(kind: "i32" | "i64" | "f32" | "f64", bytes: Buffer, index: number): number | bigint {
  const at = index * WIDTH[kind];
  if (kind === "i32") return bytes.readInt32LE(at);
  if (kind === "i64") return bytes.readBigInt64LE(at);
  return kind === "f32" ? bytes.readFloatLE(at) : bytes.readDoubleLE(at);
}

const DAY = 86_400;
/** Years 1 to 9999. */
const [FIRST_DAY, LAST_DAY] = [-719_162, 2_932_896];

function dateText(days: number): string {
  if (!(days >= FIRST_DAY && days <= LAST_DAY)) throw wrongTable("a date is out of range");
  return new Date(days * DAY * 1_000).toISOString().slice(0, 10);
}

function timeText(seconds: bigint): string {
  const days = Number(floorDivide(seconds, BigInt(DAY)));
  const clock = new Date(Number(seconds - BigInt(days) * BigInt(DAY)) * 1_000).toISOString().slice(11, 19);
  return `${dateText(days)} ${clock}`;
}

const ELEMENTS: Record<ColumnKind, Omit<SchemaElement, "name">> = {
  bool: { type: "BOOLEAN" },
  i32: { type: "INT32" },
  i64: { type: "INT64" },
  f32: { type: "FLOAT" },
  f64: { type: "DOUBLE" },
  text: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  date: { type: "INT32", converted_type: "DATE", logical_type: { type: "DATE" } },
  timestamp: {
    type: "INT64",
    converted_type: "TIMESTAMP_MICROS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
  },
};

export interface ColumnLimits {
  significant_digits: number;
  max_cell_chars: number;
}

export function rebuildColumn(
  element: SchemaElement,
  name: string,
  raw: readonly RawValue[],
  limits: ColumnLimits,
): Column {
  const [kind, read] = readingOf(element);
  const written = { ...ELEMENTS[kind], name, repetition_type: "OPTIONAL" as const };
  const values = raw.map((value) => (value === null ? null : read(value)));
  const column: Column = { element: written, data: [], cells: [], changed: 0, removed: NOTHING_REMOVED };
  if (NUMERIC[kind] !== undefined)
    return fillNumbers(column, kind as "i32", values as (number | bigint | null)[], limits);
  for (const value of values) {
    const [data, cell] = value === null ? [null, ""] : other(kind, value, column, limits);
    column.data.push(data);
    column.cells.push(cell);
  }
  return column;
}

function fillNumbers(
  column: Column,
  kind: "i32" | "i64" | "f32" | "f64",
  values: readonly (number | bigint | null)[],
  limits: ColumnLimits,
): Column {
  const rounded = roundAll(
    kind,
    values.filter((v) => v !== null),
    limits.significant_digits,
  );
  let index = 0;
  for (const value of values) {
    column.data.push(value === null ? null : valueAt(kind, rounded.bytes, index));
    column.cells.push(value === null ? "" : rounded.text(index));
    if (value !== null) index++;
  }
  return { ...column, changed: rounded.changed };
}

function other(
  kind: ColumnKind,
  value: number | bigint | boolean | string,
  column: Column,
  limits: ColumnLimits,
): [number | bigint | boolean | string, string] {
  if (kind === "bool") return [value, String(value)];
  if (kind === "date") return [value, dateText(Number(value))];
  if (kind === "timestamp") return [BigInt(value) * 1_000_000n, timeText(BigInt(value))];
  const cleaned = cleanText(String(value));
  const cut = roundInText(cleaned.text, limits.significant_digits);
  if (cut.text.length > limits.max_cell_chars)
    throw overLimit(`A cell of more than ${limits.max_cell_chars} characters.`);
  column.removed = addRemoved(column.removed, cleaned.removed);
  column.changed += cut.rounded;
  return [cut.text, cut.text];
}
