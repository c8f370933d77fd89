/**
 * Numbers of arrays and models: rounded like decimal text, so that no low-order bit is left to hide in.
 *
 * Canonical form: little-endian; the policy's significant decimal digits, but no more than the type is sure to keep
 * (15 for double, 6 for single, 3 for half, 2 for bfloat16); one NaN, no negative zero; truth values 0 and 1. A whole
 * number that would round beyond its type is cut towards zero instead. Done again, it changes nothing, because a
 * decimal of so few digits comes back from the type unchanged.
 */
import { cannotRead } from "../rules/unreadable.js";

export type Element =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "i64"
  | "u64"
  | "i32"
  | "u32"
  | "i16"
  | "u16"
  | "i8"
  | "u8"
  | "bool";

/** Bytes of one element. */
export const WIDTH: Record<Element, number> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  i64: 8,
  u64: 8,
  i32: 4,
  u32: 4,
  i16: 2,
  u16: 2,
  i8: 1,
  u8: 1,
  bool: 1,
};

/** Decimal digits that survive in a type: the C library's DBL_DIG, FLT_DIG and their like. */
const SURE_DIGITS = { f64: 15, f32: 6, f16: 3, bf16: 2 } as const;

export interface CanonicalValues {
  bytes: Buffer;
  /** Elements that are not what they were: rounded, or another NaN, or a negative zero. */
  changed: number;
  /** The element at this index as decimal text. */
  text(index: number): string;
}

/** The largest values, digit by digit: what would round beyond them is cut instead. */
const LARGEST = { f64: ["1.7976931348623157", 308], f32: ["3.4028234663852886", 38] } as const;

function largest(element: "f64" | "f32", digits: number): number {
  const [mantissa, exponent] = LARGEST[element];
  return Number(`${mantissa.slice(0, digits + 1)}e${exponent}`);
}

/** To so many significant digits; the nearest double to that decimal. Not a number stays so; zero is never negative. */
export function roundFloat(value: number, digits: number): number {
  if (value === 0) return 0;
  if (!Number.isFinite(value)) return value;
  const rounded = Number(value.toPrecision(digits));
  return Number.isFinite(rounded) ? rounded : Math.sign(value) * largest("f64", digits);
}

/** A whole number to so many significant digits, half to even, and towards zero where it would leave [min, max]. */
export function roundWhole(value: number, digits: number, min: number, max: number): number {
  const size = Math.abs(value);
  if (size < 10 ** digits) return value;
  const step = 10 ** (String(size).length - digits);
  const down = size - (size % step);
  const rest = size - down;
  const odd = (down / step) % 2 === 1;
  const up = rest * 2 > step || (rest * 2 === step && odd);
  const rounded = Math.sign(value) * (up ? down + step : down);
  return rounded > max || rounded < min ? Math.sign(value) * down : rounded;
}

export function roundBig(value: bigint, digits: number, min: bigint, max: bigint): bigint {
  const size = value < 0n ? -value : value;
  const step = 10n ** BigInt(size.toString().length - digits);
  const down = size - (size % step);
  const rest = (size - down) * 2n;
  const up = rest > step || (rest === step && (down / step) % 2n === 1n);
  const sign = value < 0n ? -1n : 1n;
  const rounded = sign * (up ? down + step : down);
  return rounded > max || rounded < min ? sign * down : rounded;
}

export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

export function brainToNumber(brain: number): number {
  singleBits[0] = brain << 16;
  return single[0]!;
}

/** The 16-bit patterns in order of their value, from most negative to most positive finite. */
function nearestPattern(value: number, toNumber: (pattern: number) => number, top: number): number {
  const size = Math.abs(value);
  let low = 0;
  let high = top;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (toNumber(middle) <= size) low = middle;
    else high = middle - 1;
  }
  const above = Math.min(low + 1, top);
  const below = size - toNumber(low);
  const over = toNumber(above) - size;
  const pattern = over < below || (over === below && low % 2 === 1) ? above : low;
  return pattern === 0 ? 0 : value < 0 ? pattern | 0x8000 : pattern;
}

interface SmallTable {
  pattern: Uint16Array;
  value: Float64Array;
}
const tables = new Map<string, SmallTable>();

/** For each of the 65,536 patterns of a 16-bit float its canonical pattern and the decimal that it stands for. */
function smallTable(element: "f16" | "bf16", digits: number): SmallTable {
  const key = `${element}/${digits}`;
  const made = tables.get(key);
  if (made !== undefined) return made;
  const half = element === "f16";
  const toNumber = half ? halfToNumber : brainToNumber;
  const [top, nan, infinity] = half ? [0x7bff, 0x7e00, 0x7c00] : [0x7f7f, 0x7fc0, 0x7f80];
  const table = { pattern: new Uint16Array(65_536), value: new Float64Array(65_536) };
  for (let p = 0; p < 65_536; p++) {
    const rounded = roundFloat(toNumber(p), digits);
    table.value[p] = rounded;
    if (Number.isNaN(rounded)) table.pattern[p] = nan;
    else if (!Number.isFinite(rounded)) table.pattern[p] = rounded > 0 ? infinity : infinity | 0x8000;
    else table.pattern[p] = nearestPattern(rounded, toNumber, top);
  }
  tables.set(key, table);
  return table;
}

/** A copy that begins at a multiple of eight, as typed arrays need. */
function aligned(raw: Buffer): ArrayBuffer {
  const out = new ArrayBuffer(raw.length);
  new Uint8Array(out).set(raw);
  return out;
}

const bytesOf = (array: ArrayBufferView<ArrayBuffer>): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

function doubles(raw: Buffer, digits: number): CanonicalValues {
  const bits = aligned(raw);
  const values = new Float64Array(bits);
  const before = new BigUint64Array(aligned(raw));
  const after = new BigUint64Array(bits);
  let changed = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = roundFloat(values[i]!, digits);
    if (Number.isNaN(values[i]!)) after[i] = 0x7ff8_0000_0000_0000n;
    if (after[i] !== before[i]) changed++;
  }
  return { bytes: bytesOf(values), changed, text: (i) => String(values[i]!) };
}

function singles(raw: Buffer, digits: number): CanonicalValues {
  const bits = aligned(raw);
  const values = new Float32Array(bits);
  const before = new Uint32Array(aligned(raw));
  const after = new Uint32Array(bits);
  let changed = 0;
  for (let i = 0; i < values.length; i++) {
    const rounded = roundFloat(values[i]!, digits);
    values[i] = rounded;
    if (Number.isNaN(rounded)) after[i] = 0x7fc0_0000;
    else if (Number.isFinite(rounded) && !Number.isFinite(values[i]!))
      values[i] = Math.sign(rounded) * largest("f32", digits);
    if (after[i] !== before[i]) changed++;
  }
  return { bytes: bytesOf(values), changed, text: (i) => String(roundFloat(values[i]!, digits)) };
}

function small(raw: Buffer, element: "f16" | "bf16", digits: number): CanonicalValues {
  const table = smallTable(element, digits);
  const before = new Uint16Array(aligned(raw));
  const after = before.map((p) => table.pattern[p]!);
  const changed = before.reduce((n, p, i) => (after[i] === p ? n : n + 1), 0);
  return { bytes: bytesOf(after), changed, text: (i) => String(table.value[after[i]!]!) };
}

type SmallWhole = "i32" | "u32" | "i16" | "u16" | "i8" | "u8";
const WHOLE = {
  i32: [Int32Array, -(2 ** 31), 2 ** 31 - 1],
  u32: [Uint32Array, 0, 2 ** 32 - 1],
  i16: [Int16Array, -(2 ** 15), 2 ** 15 - 1],
  u16: [Uint16Array, 0, 2 ** 16 - 1],
  i8: [Int8Array, -128, 127],
  u8: [Uint8Array, 0, 255],
} as const;

function wholes(raw: Buffer, element: SmallWhole, digits: number): CanonicalValues {
  const [View, min, max] = WHOLE[element];
  const values = new View(aligned(raw));
  const limit = 10 ** digits;
  let changed = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < limit && value > -limit) continue;
    const rounded = roundWhole(value, digits, min, max);
    if (rounded !== value) changed++;
    values[i] = rounded;
  }
  return { bytes: bytesOf(values), changed, text: (i) => String(values[i]!) };
}

function longs(raw: Buffer, element: "i64" | "u64", digits: number): CanonicalValues {
  const signed = element === "i64";
  const values = signed ? new BigInt64Array(aligned(raw)) : new BigUint64Array(aligned(raw));
  const [min, max] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  const limit = 10n ** BigInt(digits);
  let changed = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < limit && value > -limit) continue;
    const rounded = roundBig(value, digits, min, max);
    if (rounded !== value) changed++;
    values[i] = rounded;
  }
  return { bytes: bytesOf(values), changed, text: (i) => String(values[i]!) };
}

function truths(raw: Buffer): CanonicalValues {
  const values = Buffer.from(raw.map((b) => (b === 0 ? 0 : 1)));
  const changed = raw.reduce((n, b) => (b > 1 ? n + 1 : n), 0);
  return { bytes: values, changed, text: (i) => String(values[i]!) };
}

/** @param raw little-endian elements @throws a refusal when it is not a whole number of them */
export function canonicalValues(element: Element, raw: Buffer, significant: number): CanonicalValues {
  if (raw.length % WIDTH[element] !== 0) throw cannotRead("Not an array: half an element is left over.");
  switch (element) {
    case "f64":
      return doubles(raw, Math.min(significant, SURE_DIGITS.f64));
    case "f32":
      return singles(raw, Math.min(significant, SURE_DIGITS.f32));
    case "f16":
    case "bf16":
      return small(raw, element, Math.min(significant, SURE_DIGITS[element]));
    case "i64":
    case "u64":
      return longs(raw, element, significant);
    case "bool":
      return truths(raw);
    default:
      return wholes(raw, element, significant);
  }
}
