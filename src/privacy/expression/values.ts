/**
 * Values and their one written form. In memory: integer is a bigint, decimal a finite number, date a number of
 * days, timestamp a bigint of microseconds, missing is null. NaN and infinities are no values: they are missing.
 */
import type { ColumnType } from "../../vocabulary/index.js";
import { civilOf, dayOf, daysOf, MICROS_A_DAY, timeOfDay } from "./calendar.js";
import { EXPRESSION_LIMITS as LIMITS } from "./limits.js";

export type Value = boolean | bigint | number | string | null;

export const INT64_MIN = -(2n ** 63n);
export const INT64_MAX = 2n ** 63n - 1n;

const INTEGER = /^[+-]?\d{1,64}$/;
const DECIMAL = /^[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,4})?$/;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?$/;

function parseDate(text: string): number | undefined {
  const [, y, m, d] = DATE.exec(text) ?? [];
  const civil = { year: Number(y), month: Number(m), day: Number(d) };
  if (y === undefined || civil.year < 1 || civil.month < 1 || civil.month > 12) return undefined;
  const days = daysOf(civil);
  return civil.day >= 1 && civilOf(days).month === civil.month ? days : undefined;
}

function parseTimestamp(text: string): bigint | undefined {
  const [, date, hour = "0", minute = "0", second = "0", fraction = ""] = TIMESTAMP.exec(text) ?? [];
  const days = date === undefined ? undefined : parseDate(date);
  if (days === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  const seconds = (BigInt(hour) * 60n + BigInt(minute)) * 60n + BigInt(second);
  return BigInt(days) * MICROS_A_DAY + seconds * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
}

const withinInt64 = (n: bigint): bigint | undefined => (n < INT64_MIN || n > INT64_MAX ? undefined : n);

function parseDecimal(text: string): number | undefined {
  const n = DECIMAL.test(text) ? Number(text) : Number.NaN;
  // A zero has no sign here: the two compare as equal everywhere.
  return Number.isFinite(n) ? n || 0 : undefined;
}

/** Well-formed, without NUL, not overlong. */
export const isText = (text: string): boolean =>
  text.length <= LIMITS.literal_chars && !text.includes("\0") && !/\p{Surrogate}/u.test(text);

const PARSERS: Record<ColumnType, (text: string) => Value | undefined> = {
  boolean: (text) => (text === "true" ? true : text === "false" ? false : undefined),
  integer: (text) => (INTEGER.test(text) ? withinInt64(BigInt(text)) : undefined),
  decimal: parseDecimal,
  text: (text) => (isText(text) ? text : undefined),
  date: parseDate,
  timestamp: parseTimestamp,
};

/** The value that a text stands for, or undefined where it is none of the type. */
export const parseValue = (type: ColumnType, text: string): Value | undefined => PARSERS[type](text);

const two = (n: number | bigint): string => String(n).padStart(2, "0");

function formatDate(days: number): string {
  const { year, month, day } = civilOf(days);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
}

function formatTimestamp(micros: bigint): string {
  const time = timeOfDay(micros);
  const seconds = time / 1_000_000n;
  const fraction = String(time % 1_000_000n)
    .padStart(6, "0")
    .replace(/0+$/, "");
  const clock = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return `${formatDate(dayOf(micros))} ${clock}${fraction === "" ? "" : `.${fraction}`}`;
}

/** The one text of a value: what a literal holds, and what `parseValue` reads back. */
export function formatValue(type: ColumnType, value: Exclude<Value, null>): string {
  if (type === "date") return formatDate(value as number);
  if (type === "timestamp") return formatTimestamp(value as bigint);
  return Object.is(value, -0) ? "0" : String(value);
}

/** Texts compare by code point, which is also the order of their UTF-8 bytes. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    const [high, low] = [x >= 0xd800 && x < 0xe000, y >= 0xd800 && y < 0xe000];
    return high === low ? x - y : high ? 1 : -1;
  }
  return a.length - b.length;
}

/** Negative, zero or positive; both of one type. */
export function compareValues(a: Exclude<Value, null>, b: Exclude<Value, null>): number {
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a row holds, with what is no value taken as missing. */
export const present = (value: Value | undefined): Value =>
  value === undefined || (typeof value === "number" && !Number.isFinite(value)) ? null : value;
