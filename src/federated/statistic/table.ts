/**
 * A table over all domains: which numbers each domain contributes, and what their sums say.
 *
 * Rules: cells, their order and the bounds of every number follow from the spec and the claim alone: each dimension must
 * have all its levels declared (categories, bins, true and false), and what is summed must have declared bounds. A domain
 * whose rows fall outside of them contributes nothing instead of something else. Sums are of whole numbers and exact;
 * means and variances are divided out of them once, at the end. Pure.
 */
import {
  type ClaimStatistic,
  cellPlaces,
  checkStatistic,
  type DisclosurePolicy,
  type Expr,
  type Field,
  filterText,
  judgeFacts,
  layoutOf,
  type Measure,
  marginSets,
  planTable,
  quotientText,
  requireRecomputed,
  type SlotLayout,
  STATISTIC_OF,
  slotLayout,
  TABLE_FACTS_FORMAT,
  type TableCell,
  type TableFacts,
  type TablePlan,
  TOTAL,
  toFixed,
  withUnits,
} from "../../privacy/index.js";
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import {
  type CollaborationSpec,
  type ColumnSpec,
  spokenColumns,
  spokenPolicy,
} from "../collaborations/spec.js";
import { tableQuestion } from "./question.js";
import type { AnswerRow, SharedStatistic } from "./shared.js";

/** Numbers of one table, over all its cells. */
export const MAX_NUMBERS = 20_000;
const DEFAULT_DECIMALS = 6;

/** Sums that a measure is made of. */
const PARTS = {
  units: ["units"],
  count: ["count"],
  sum: ["count", "sum"],
  mean: ["count", "sum"],
  var: ["count", "sum", "squares"],
  std: ["count", "sum", "squares"],
} as const;
export type PartKind = "units" | "count" | "sum" | "squares";

/** One number of each cell. */
export interface Part {
  kind: PartKind;
  /** Whose numbers; absent: rows, or units. */
  column?: ColumnSpec;
}

interface SharedMeasure {
  measure: Measure;
  /** Indices into parts, by kind. */
  parts: Partial<Record<PartKind, number>>;
}

/** What a table's question and contribution are made from. */
export interface TableShape {
  dimensions: TablePlan["dimensions"];
  where: Expr | undefined;
  missing: TablePlan["missing"];
  /** Which dimensions each kind of row of the table runs over. */
  sets: readonly (readonly number[])[];
  measures: readonly SharedMeasure[];
  parts: readonly Part[];
  /** Cells in order: a level for each dimension, or TOTAL. */
  places: readonly number[][];
  layout: { down: number };
  policy: DisclosurePolicy;
}

/** Decimals to which a column's values are rounded before they are summed. */
export const decimalsOf = ({ type, decimals }: ColumnSpec): number =>
  type === "integer" ? 0 : (decimals ?? DEFAULT_DECIMALS);

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function sharedTable(spec: CollaborationSpec, given: ClaimStatistic, t: bigint): SharedStatistic {
  const { shape, slots } = tableShape(spec, given, t);
  return {
    slots,
    maxRows: shape.places.length + 1,
    question: (columns, stored) => tableQuestion(shape, columns, stored),
    contribution: (answer) => cellsOf(shape, answer),
    outcome: (sums) => ({
      kind: "result",
      canonical: judgeFacts(sharedFacts(shape, sums), shape.layout, shape.policy),
    }),
  };
}

function tableShape(
  spec: CollaborationSpec,
  given: ClaimStatistic,
  t: bigint,
): { shape: TableShape; slots: SlotLayout } {
  const columns = spokenColumns(spec);
  const statistic = withUnits(requireRecomputed(checkStatistic(given, columns), "statistic"));
  const wanted: readonly Measure[] =
    statistic.kind === "histogram" ? [{ kind: "units", name: "units" }] : statistic.measures;
  const plan = planTable(statistic, columns);
  const { parts, measures } = partsOf(spec, wanted);
  const places = placesIn(plan, sizesOf(plan));
  if (places.length * parts.length > MAX_NUMBERS)
    throw invalidInput("statistic", `has more than ${MAX_NUMBERS} numbers`);
  const fields = places.flatMap((_, cell) => parts.map((part) => fieldOf(spec, part, cell)));
  const shape = {
    dimensions: plan.dimensions,
    where: plan.where,
    missing: plan.missing,
    sets: marginSets(plan),
    measures,
    parts,
    places,
    layout: layoutOf(statistic),
    policy: spokenPolicy(spec),
  };
  return { shape, slots: slotLayout(fields, spec.participants.length, t) };
}

/** Counted while they are listed: a question can ask for more than there is memory for. @throws invalid_input */
export function placesIn(plan: TablePlan, sizes: readonly number[]): number[][] {
  const places: number[][] = [];
  for (const at of cellPlaces(plan, sizes)) {
    if (places.length === MAX_NUMBERS)
      throw invalidInput("statistic", `has more than ${MAX_NUMBERS} numbers`);
    places.push(at);
  }
  return places;
}

/** How many levels each dimension has. @throws invalid_input for one whose levels are not all declared */
export const sizesOf = (plan: TablePlan): number[] =>
  plan.dimensions.map(({ name, levels }, i) => {
    if (levels.length === 0)
      throw invalidInput(`dimensions.${i}`, `${name} needs declared categories, or bins`);
    return levels.length;
  });

function partsOf(spec: CollaborationSpec, wanted: readonly Measure[]) {
  const parts: Part[] = [];
  const add = (kind: PartKind, column: ColumnSpec | undefined): number => {
    const there = parts.findIndex((part) => part.kind === kind && part.column === column);
    return there === -1 ? parts.push({ kind, ...(column === undefined ? {} : { column }) }) - 1 : there;
  };
  const measures = wanted.map((measure): SharedMeasure => {
    const kinds: readonly PartKind[] | undefined = PARTS[measure.kind as keyof typeof PARTS];
    if (kinds === undefined)
      throw invalidInput("statistic.measures", `${measure.kind} is no sum over domains`);
    const column = measure.value === undefined ? undefined : columnNamed(spec, measure.value);
    return { measure, parts: Object.fromEntries(kinds.map((kind) => [kind, add(kind, column)])) };
  });
  return { parts, measures };
}

/** Only columns are summed: theirs are the declared bounds. */
function columnNamed(spec: CollaborationSpec, value: Expr): ColumnSpec {
  const column = value.op === "column" ? spec.columns.find((c) => c.name === value.name) : undefined;
  if (column === undefined)
    throw invalidInput("statistic.measures", "only a column can be counted or summed");
  return column;
}

function fieldOf(spec: CollaborationSpec, { kind, column }: Part, cell: number): Field {
  const name = `${cell}.${kind}`;
  const rows = BigInt(spec.max_rows);
  if (kind === "units" || kind === "count" || column === undefined) return { name, scale: 0, bound: rows };
  const largest = largestOf(column);
  const squared = kind === "squares";
  const scale = decimalsOf(column) * (squared ? 2 : 1);
  return { name, scale, bound: rows * (squared ? largest * largest : largest) };
}

/** The largest absolute value that a column may have, as a whole number of its decimals. @throws invalid_input */
export function largestOf(column: ColumnSpec): bigint {
  const { name, bounds } = column;
  if (bounds === undefined) throw invalidInput("statistic.measures", `${name} has no declared bounds`);
  const ends = bounds.map((bound) => scaledText(bound, decimalsOf(column)));
  const largest = ends.reduce((most, end) => (end > most ? end : most), 0n);
  if (largest >= 1n << 48n) throw invalidInput("columns", `${name} has bounds too wide for its decimals`);
  return largest;
}

/** |a decimal| as a whole number of 10^−scale, rounded up. */
function scaledText(text: string, scale: number): bigint {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const digits = BigInt(whole + fraction.slice(0, scale).padEnd(scale, "0"));
  return digits + (/[1-9]/.test(fraction.slice(scale)) ? 1n : 0n);
}

/**
 * A domain's own numbers, one a field, from its engine's answer: for each cell that has rows its keys, which dimensions
 * are totals, how many values lie out of bounds, and a number a part (question.ts).
 * @throws state_conflict when rows fall outside of what the spec declares
 */
export function cellsOf(
  table: Pick<TableShape, "dimensions" | "places"> & { parts: readonly unknown[] },
  answer: readonly AnswerRow[],
): bigint[] {
  const { dimensions, parts } = table;
  const size = dimensions.length;
  const levels = dimensions.map((d) => new Map(d.levels.map(({ key }, place) => [key, place])));
  const cells = new Map(table.places.map((at, cell) => [at.join(" "), cell]));
  const numbers = new Array<bigint>(table.places.length * parts.length).fill(0n);
  for (const row of answer) {
    const bits = Number(row[size]);
    const at = levels.map((known, i) =>
      ((bits >> (size - 1 - i)) & 1) === 1 ? TOTAL : known.get(row[i] === null ? null : String(row[i])),
    );
    const cell = at.includes(undefined) ? undefined : cells.get(at.join(" "));
    if (cell === undefined) throw outside("levels that the spec does not declare");
    if (Number(row[size + 1]) > 0) throw outside("values beyond the bounds that the spec declares");
    for (const [i] of parts.entries())
      numbers[cell * parts.length + i] = BigInt((row[size + 2 + i] ?? 0) as string | number);
  }
  return numbers;
}

const outside = (what: string) => new GloveboxError("state_conflict", { detail: `the data have ${what}` });

/** What the sums over all domains say, in the form in which any table is judged and rendered. */
function sharedFacts(table: TableShape, sums: readonly bigint[]): TableFacts {
  const { dimensions, where, measures, policy } = table;
  const cells: TableCell[] = [];
  table.places.forEach((at, cell) => {
    const sum = (i: number | undefined): bigint =>
      i === undefined ? 0n : sums[cell * table.parts.length + i]!;
    const units = Number(sum(measures.find((m) => m.measure.kind === "units")?.parts.units));
    measures.forEach((m, measure) => {
      cells.push({ at, measure, value: shownValue(m, table.parts, sum, policy.significant_digits), units });
    });
  });
  return {
    format: TABLE_FACTS_FORMAT,
    stated_by: "node",
    filter: filterText({ version: 1, where: where ?? { op: "literal", type: "boolean", value: "true" } }),
    dimensions: dimensions.map(({ name, levels }) => ({ name, levels: levels.map((l) => l.label) })),
    measures: measures.map(({ measure }) => ({
      name: measure.name,
      statistic: STATISTIC_OF[measure.kind],
      ...(measure.value?.op === "column" ? { of: measure.value.name } : {}),
    })),
    cells,
  };
}

function shownValue(
  { measure, parts: at }: SharedMeasure,
  parts: readonly Part[],
  sum: (part: number | undefined) => bigint,
  digits: number,
): string | null {
  const column = at.sum === undefined ? undefined : parts[at.sum]!.column;
  const scale = column === undefined ? 0 : decimalsOf(column);
  const [n, total, squares] = [sum(at.count), sum(at.sum), sum(at.squares)];
  const one = 10n ** BigInt(scale);
  switch (measure.kind) {
    case "units":
      return String(sum(at.units));
    case "count":
      return String(n);
    case "sum":
      return n === 0n ? null : quotientText(total, one, digits);
    case "mean":
      return n === 0n ? null : quotientText(total, n * one, digits);
    case "var":
      return n < 2n ? null : quotientText(n * squares - total * total, n * (n - 1n) * one * one, digits);
    default: {
      if (n < 2n) return null;
      const variance = Number(n * squares - total * total) / (Number(n * (n - 1n)) * Number(one * one));
      return significantText(Math.sqrt(Math.max(0, variance)), digits);
    }
  }
}

/** A double to so many significant digits, without an exponent. */
const significantText = (value: number, digits: number): string =>
  quotientText(toFixed(value, 15, "std"), 10n ** 15n, digits);
