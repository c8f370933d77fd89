/**
 * Sets of values of one type as half-open spans between cuts. Every type is ordered and every value has a cut
 * before it and one after it, the next value's: 5 is followed by 6, a day by the next, a decimal by the next double,
 * a text by itself with a NUL. So bounds need no mark for open or closed, and a span is empty only if its cuts are one.
 */
import type { ColumnType } from "../../../vocabulary/index.js";
import { MICROS_A_DAY } from "../calendar.js";
import type { Comparison } from "../expr.js";
import { compareValues, INT64_MAX, INT64_MIN, type Value } from "../values.js";

/** After every value. */
const END: unique symbol = Symbol("end");
export type Cut = bigint | number | string | typeof END;
type Point = Exclude<Value, null>;

/** Cuts in strictly rising order: the set begins at the first, ends at the second, begins again at the third. */
export type Spans = readonly Cut[];

export interface ColumnSet {
  spans: Spans;
  /** Whether the missing value belongs to it. */
  missing: boolean;
}

function compareCuts(a: Cut, b: Cut): number {
  if (a === END || b === END) return a === b ? 0 : a === END ? 1 : -1;
  return compareValues(a, b);
}

/** The next double upwards. */
function nextUp(x: number): Cut {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x || 0);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x < 0 ? -1n : 1n));
  const next = bits.getFloat64(0);
  return Number.isFinite(next) ? next || 0 : END;
}

interface Domain {
  low: Cut;
  before: (value: Point) => Cut;
  after: (value: Point) => Cut;
}

const same = (value: Point): Cut => value as Cut;
const nextDay = (value: Point): Cut => (value as number) + 1;

const DOMAINS: Record<ColumnType, Domain> = {
  boolean: {
    low: 0,
    before: (value) => (value ? 1 : 0),
    after: (value) => (value ? END : 1),
  },
  integer: {
    low: INT64_MIN,
    before: same,
    after: (value) => ((value as bigint) < INT64_MAX ? (value as bigint) + 1n : END),
  },
  decimal: {
    low: -Number.MAX_VALUE,
    before: (value) => (value as number) || 0,
    after: (value) => nextUp(value as number),
  },
  text: { low: "", before: same, after: (value) => `${value as string}\0` },
  date: { low: Number.NEGATIVE_INFINITY, before: same, after: nextDay },
  timestamp: { low: INT64_MIN, before: same, after: (value) => (value as bigint) + 1n },
};

const between = (from: Cut, to: Cut): Spans => (compareCuts(from, to) < 0 ? [from, to] : []);

export const everything = (type: ColumnType): Spans => [DOMAINS[type].low, END];

/** The values of which `value is point` holds. */
export function comparing(type: ColumnType, is: Comparison, point: Point): Spans {
  const { low, before, after } = DOMAINS[type];
  switch (is) {
    case "eq":
      return between(before(point), after(point));
    case "ne":
      return unite(between(low, before(point)), between(after(point), END));
    case "lt":
      return between(low, before(point));
    case "le":
      return between(low, after(point));
    case "gt":
      return between(after(point), END);
    case "ge":
      return between(before(point), END);
  }
}

/** From one value up to, and without, another or the end. */
export const from = (type: ColumnType, low: Point, high: Point | undefined): Spans => {
  const { before } = DOMAINS[type];
  return between(before(low), high === undefined ? END : before(high));
};

/** The dates whose midnights lie in a set of timestamps. */
export function datesOf(spans: Spans): Spans {
  const cuts = spans.map((cut, i): Cut => {
    if (typeof cut !== "bigint") return cut;
    if (i === 0 && cut === INT64_MIN) return Number.NEGATIVE_INFINITY;
    return Number(-(-cut / MICROS_A_DAY)) + (cut > 0n && cut % MICROS_A_DAY !== 0n ? 1 : 0);
  });
  const pairs: Cut[] = [];
  for (let i = 0; i < cuts.length; i += 2) pairs.push(...between(cuts[i] as Cut, cuts[i + 1] as Cut));
  return unite(pairs, []);
}

/** Both sets in one sweep: the values at which `keep` says so. */
function combine(a: Spans, b: Spans, keep: (inA: boolean, inB: boolean) => boolean): Spans {
  const cuts: Cut[] = [];
  let [i, j, within] = [0, 0, false];
  while (i < a.length || j < b.length) {
    const [x, y]: [Cut, Cut] = [a[i] ?? END, b[j] ?? END];
    const order = i >= a.length ? 1 : j >= b.length ? -1 : compareCuts(x, y);
    const cut = order <= 0 ? x : y;
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    const now = keep(i % 2 === 1, j % 2 === 1);
    // A set may touch itself where two spans were joined; such a cut is none.
    if (now === within) continue;
    if (cuts.length > 0 && compareCuts(cuts.at(-1) as Cut, cut) === 0) cuts.pop();
    else cuts.push(cut);
    within = now;
  }
  return cuts;
}

export const unite = (a: Spans, b: Spans): Spans => combine(a, b, (x, y) => x || y);

/** Pair by pair, so that long lists cost no more than sorting. */
export function uniteAll(sets: readonly Spans[]): Spans {
  if (sets.length < 2) return sets[0] ?? [];
  const middle = sets.length >> 1;
  return unite(uniteAll(sets.slice(0, middle)), uniteAll(sets.slice(middle)));
}

export const meet = (a: Spans, b: Spans): Spans => combine(a, b, (x, y) => x && y);
export const without = (a: Spans, b: Spans): Spans => combine(a, b, (x, y) => x && !y);

export const meetSets = (a: ColumnSet, b: ColumnSet): ColumnSet => ({
  spans: meet(a.spans, b.spans),
  missing: a.missing && b.missing,
});

export const withoutSet = (a: ColumnSet, b: ColumnSet): ColumnSet => ({
  spans: without(a.spans, b.spans),
  missing: a.missing && !b.missing,
});

export const isEmpty = ({ spans, missing }: ColumnSet): boolean => spans.length === 0 && !missing;

export const isWithin = (a: ColumnSet, b: ColumnSet): boolean => isEmpty(withoutSet(a, b));

/** The texts that begin with a prefix. */
export function beginningWith(prefix: string): Spans {
  const points = [...prefix].map((c) => c.codePointAt(0) as number);
  while (points.at(-1) === 0x10ffff) points.pop();
  const last = points.pop();
  if (last === undefined) return from("text", prefix, undefined);
  // The next character after U+D7FF is U+E000: what lies between is none.
  points.push(last === 0xd7ff ? 0xe000 : last + 1);
  return from("text", prefix, String.fromCodePoint(...points));
}
