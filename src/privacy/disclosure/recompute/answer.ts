/**
 * From an engine's answer to the facts of a table: every cell of the plan, in order, with its value as it is released.
 *
 * Rules: the cells are those of all levels with each other, whether or not a row falls into them: a cell without rows
 * states zero, and has no value beside its counts. Values are rounded here, once, to the policy's digits, from exact
 * numbers where the data are whole. The order of cells depends on the plan and the levels alone.
 */
import { GloveboxError } from "../../../vocabulary/index.js";
import { filterText, parseValue } from "../../expression/index.js";
import { compareValues } from "../../expression/values.js";
import { canonicalNumber, formatDecimal, parseNumber, roundDecimal } from "../canonicalisers/numbers.js";
import type { Statistic, TableCell, TableFacts } from "../facts.js";
import { TABLE_FACTS_FORMAT, TOTAL } from "../facts.js";
import type { DisclosurePolicy } from "../policy.js";
import { MAX_FACT_CELLS } from "../table-facts.js";
import { STANDING_COLUMNS } from "./contributions.js";
import {
  type Level,
  type PlannedDimension,
  type PlannedMeasure,
  type TablePlan,
  unreserved,
} from "./plan.js";

type Value = string | number | boolean | null;
/** The last values of a row hold lists of contributions (question.ts). */
export type AnswerRow = readonly (Value | readonly Value[])[];

type Stated = Omit<TableCell, "at" | "measure">;

/** @throws too_large when the table has more rows, columns or cells than the policy lets out */
export function factsOf(plan: TablePlan, answer: readonly AnswerRow[], policy: DisclosurePolicy): TableFacts {
  const levels = plan.dimensions.map((d, i) => levelsOf(d, i, plan, answer));
  refuseTooLarge(plan, levels, policy);
  const places = levels.map((list) => new Map(list.map(({ key }, place) => [key, place])));
  const stated = new Map<string, AnswerRow>();
  for (const row of answer) stated.set(placeOf(plan, row, places).join(" "), row);
  const cells: TableCell[] = [];
  for (const at of cellPlaces(
    plan,
    levels.map((l) => l.length),
  )) {
    const row = stated.get(at.join(" "));
    plan.measures.forEach((m, measure) => {
      const stated = statedBy(row, plan, m, measure, policy.significant_digits);
      const drawn = plan.drawn ? { drawn: String(row?.[row.length - 1] ?? "") } : {};
      cells.push({ at, measure, ...stated, ...standingOf(row, plan, measure), ...drawn });
    });
  }
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "node",
    filter: filterText({
      version: 1,
      where: plan.where ?? { op: "literal", type: "boolean", value: "true" },
    }),
    dimensions: plan.dimensions.map(({ name }, i) => ({ name, levels: levels[i]!.map((l) => l.label) })),
    measures: plan.measures.map(({ measure }) => ({
      name: measure.name,
      statistic: STATISTIC_OF[measure.kind],
      ...(measure.value?.op === "column" ? { of: measure.value.name } : {}),
    })),
    cells,
  };
}

export const STATISTIC_OF: Record<PlannedMeasure["measure"]["kind"], Statistic> = {
  units: "units",
  count: "count",
  sum: "sum",
  mean: "mean",
  median: "median",
  std: "std",
  var: "var",
  min: "min",
  max: "max",
};

/** Which dimensions a row sums over: the first dimension has the highest bit. */
const isTotal = (row: AnswerRow, plan: TablePlan, i: number): boolean =>
  ((Number(row[plan.dimensions.length]) >> (plan.dimensions.length - 1 - i)) & 1) === 1;

const keyAt = (row: AnswerRow, i: number): string | null => (row[i] === null ? null : String(row[i]));

function placeOf(
  plan: TablePlan,
  row: AnswerRow,
  places: readonly ReadonlyMap<string | null, number>[],
): number[] {
  return places.map((known, i) => (isTotal(row, plan, i) ? TOTAL : known.get(keyAt(row, i))!));
}

/** The levels that the plan knows, then those that were found: before the group of missing values, in rising order. */
function levelsOf(
  dimension: PlannedDimension,
  i: number,
  plan: TablePlan,
  answer: readonly AnswerRow[],
): Level[] {
  const known = new Set(dimension.levels.map(({ key }) => key));
  const found = new Set<string>();
  let missing = false;
  for (const row of answer) {
    if (isTotal(row, plan, i)) continue;
    const key = keyAt(row, i);
    if (key === null) missing = true;
    else if (!known.has(key)) found.add(key);
  }
  // A schema that says it cannot be: never dropped in silence.
  if (missing && !known.has(null))
    throw new GloveboxError("internal", { detail: "a value is missing where the schema allows none" });
  const rising = [...found].sort((a, b) => compareKeys(dimension, a, b));
  const shown = rising.map((key) => unreserved({ key, label: key }));
  const last = dimension.levels.filter(({ key }) => key === null);
  return [...dimension.levels.filter(({ key }) => key !== null), ...shown, ...last];
}

function compareKeys({ type }: PlannedDimension, a: string, b: string): number {
  const [x, y] = type === "text" ? [a, b] : [parseValue(type, a) ?? a, parseValue(type, b) ?? b];
  return compareValues(x, y);
}

function refuseTooLarge(plan: TablePlan, levels: readonly Level[][], policy: DisclosurePolicy): void {
  const [margin, own] = [plan.margins === true ? 1 : 0, plan.margins === "all" ? 1 : 0];
  const size = (lists: readonly Level[][]) => lists.reduce((n, list) => n * (list.length + own), 1);
  const longest = (lists: readonly Level[][]) =>
    lists.reduce((sum, list) => sum + list.reduce((most, l) => Math.max(most, l.label.length), 0), 0);
  const [down, across] = [levels.slice(0, plan.down), levels.slice(plan.down)];
  const rows = size(down) + margin;
  const columns = plan.down + (size(across) + margin) * plan.measures.length;
  const over =
    rows > policy.max_csv_rows ||
    columns > policy.max_csv_columns ||
    rows * columns > Math.min(policy.max_csv_cells, MAX_FACT_CELLS) ||
    rows * longest(down) + columns * longest(across) > policy.max_output_bytes;
  if (over) throw new GloveboxError("too_large", { detail: "the table is larger than what is let out" });
}

/** Row by row as the table is read; totals last. */
export function* cellPlaces(
  { down, margins }: Pick<TablePlan, "down" | "margins">,
  sizes: readonly number[],
): Generator<number[]> {
  for (const row of placesOf(sizes.slice(0, down), margins))
    for (const column of placesOf(sizes.slice(down), margins)) yield [...row, ...column];
}

/**
 * All combinations of levels, the last dimension moving first; then, with margins, the total. With all margins each
 * dimension has its total as its last level.
 */
export function* placesOf(sizes: readonly number[], margins: TablePlan["margins"]): Generator<number[]> {
  if (sizes.length === 0) return void (yield []);
  const levels = margins === "all" ? sizes.map((n) => n + 1) : sizes;
  const at = sizes.map(() => 0);
  const some = levels.every((n) => n > 0);
  while (some) {
    yield margins === "all" ? at.map((level, i) => (level === sizes[i] ? TOTAL : level)) : [...at];
    let i = sizes.length - 1;
    while (i >= 0 && ++at[i]! === levels[i]!) at[i--] = 0;
    if (i < 0) break;
  }
  if (margins === true) yield sizes.map(() => TOTAL);
}

function statedBy(
  row: AnswerRow | undefined,
  plan: TablePlan,
  { measure }: PlannedMeasure,
  i: number,
  digits: number,
): Stated {
  const counts = measure.kind === "units" || measure.kind === "count";
  if (row === undefined) return { value: counts ? "0" : null, units: 0 };
  const [units, value, divisor] = row.slice(plan.dimensions.length + 1 + 3 * i) as [Value, Value, Value];
  return { value: numberText(value, divisor, digits), units: Number(units) };
}

/** Decimal contributions keep so many digits: those that do not hang on the order of adding. They are compared, not read. */
const CONTRIBUTION_DIGITS = 12;

/** The node's own figures behind a cell, where it asked for them. */
function standingOf(row: AnswerRow | undefined, plan: TablePlan, i: number): Partial<TableCell> {
  const size = STANDING_COLUMNS + 1;
  const from = plan.dimensions.length + 1 + 3 * plan.measures.length + size * i;
  const [top, low, total, lows, same, nonzero, rarer, sharers] = row?.slice(from, from + size) ?? [];
  const count = (value: unknown) => (value === null || value === undefined ? undefined : Number(value));
  const held = contributions(listOf(top), listOf(low), (total ?? null) as Value, (lows ?? null) as Value);
  return {
    ...held,
    ...(same === true ? { same: true } : {}),
    ...defined({ nonzero: count(nonzero), rarer: count(rarer), sharers: count(sharers) }),
  };
}

const defined = (figures: Record<"nonzero" | "rarer" | "sharers", number | undefined>) =>
  Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== undefined));

const listOf = (value: unknown): Value[] => (Array.isArray(value) ? (value as Value[]) : []);

/** @param top the largest, of either sign @param low those below zero, lowest first @param lows what these come to */
function contributions(
  top: readonly Value[],
  low: readonly Value[],
  total: Value,
  lows: Value,
): Pick<TableCell, "top" | "total" | "negative"> {
  const most = Math.max(top.length, low.length);
  if (most === 0 || total === null) return {};
  const above = top.flatMap((value) => textOf(value) ?? []).filter((text) => !text.startsWith("-"));
  const below = low.flatMap((value) => textOf(value) ?? []).map((text) => text.replace(/^-/, ""));
  const sizes = [...above, ...below].sort((a, b) => Number(b) - Number(a)).slice(0, most);
  const both = below.length > 0 && Number(above[0] ?? 0) > 0;
  return {
    top: sizes,
    total: (textOf(both ? withoutSign(total, lows) : total) ?? "0").replace(/^-/, ""),
    ...(both ? { negative: true } : {}),
  };
}

/** Of both signs: what is below zero counts as its opposite. */
function withoutSign(total: Value, lows: Value): Value {
  if (typeof total === "string" && typeof lows === "string") return String(BigInt(total) - 2n * BigInt(lows));
  return Number(total) - 2 * Number(lows);
}

/** Whole numbers, which come as text, as they are. */
function textOf(value: Value): string | undefined {
  if (value === null) return undefined;
  if (typeof value === "string" && /^-?\d+$/.test(value)) return value;
  return canonicalNumber(String(value), CONTRIBUTION_DIGITS)?.text;
}

export function numberText(value: Value, divisor: Value, digits: number): string | null {
  if (value === null) return null;
  if (divisor !== null) {
    if (Number(divisor) === 0) return null;
    if (typeof value === "string" && /^-?\d+$/.test(value))
      return quotientText(BigInt(value), BigInt(divisor as string), digits);
    return canonicalNumber(String(Number(value) / Number(divisor)), digits)?.text ?? null;
  }
  return canonicalNumber(String(value), digits)?.text ?? null;
}

/**
 * a / b as a decimal of so many digits, rounded once, half to even. Five digits more are divided out, and a last one
 * says whether anything remained, so that what only looks like a tie is none.
 */
export function quotientText(a: bigint, b: bigint, digits: number): string {
  const [n, d] = [a < 0n ? -a : a, b];
  const lacking = Math.max(0, digits + 5 + String(d).length - String(n).length);
  const scaled = n * 10n ** BigInt(lacking);
  const sticky = scaled % d === 0n ? "0" : "1";
  const written = parseNumber(`${a < 0n ? "-" : ""}${scaled / d}${sticky}e-${lacking + 1}`);
  if (written === undefined) throw new RangeError("not a quotient");
  return formatDecimal(roundDecimal(written, digits));
}
