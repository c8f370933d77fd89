/**
 * The design matrix of a model over domains: its columns follow from the spec and the formula alone.
 *
 * Rules: a factor's levels are those that the spec declares (categories; true and false; whole numbers within narrow
 * bounds), in rising order as one domain's own model has them, and every number has a range (range.ts). Which of the
 * levels have rows is known from sums only: columns of the others are left out then, and where the reference has none
 * the lowest that has takes its place, so that the model is the one of the pooled rows. Each column x stands in the sums
 * as (x − center) / size, within [−1, 1]. Pure.
 */
import {
  checkExpression,
  codeTerms,
  compareValues,
  type Expr,
  type ExpressionColumns,
  type Factor,
  type Formula,
  parseValue,
  valueLabel,
} from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import { type CollaborationSpec, spokenColumns } from "../collaborations/spec.js";
import { productRange, type Range, rangeOf } from "./range.js";

/** Columns of one model: sums go with their square. */
export const MAX_PARAMETERS = 100;
/** Levels of a whole number that is taken as categories. */
const MAX_WHOLE_LEVELS = 100;

export interface DesignNumber {
  value: Expr;
  range: Range;
}

export interface DesignLevels {
  value: Expr;
  label: string;
  /** As the engine writes them, rising. */
  keys: readonly string[];
  /** Place of the reference that the formula names. */
  reference?: number;
}

/** A product of numbers, where all of the levels are these. */
export interface DesignColumn {
  /** As patsy writes it, and as R does. */
  name: string;
  r_name: string;
  /** Places in `numbers`. */
  numbers: readonly number[];
  /** Place in `levels`, of the level among its keys, and whether its factor stands with all of its levels. */
  levels: readonly { factor: number; level: number; full: boolean }[];
  center: number;
  size: number;
}

export interface SharedDesign {
  columns: readonly DesignColumn[];
  /** Place of the column of ones. */
  intercept: number | undefined;
  numbers: readonly DesignNumber[];
  levels: readonly DesignLevels[];
  /** Of each term that names levels: the places in `levels`. */
  crossings: readonly (readonly number[])[];
  /** Range of the sum of the offsets. */
  offset: Range;
}

/** One factor of the formula. */
interface Placed {
  /** In the order in which the formula names them. */
  id: number;
  kind: Factor["kind"];
  /** In `numbers`, or in `levels`. */
  place: number;
  label: string;
}

/** @throws invalid_input naming the place */
export function sharedDesign(spec: CollaborationSpec, formula: Formula): SharedDesign {
  const known = spokenColumns(spec);
  const factors = new Map<string, Placed>();
  const numbers: DesignNumber[] = [];
  const levels: DesignLevels[] = [];
  const place = (factor: Factor): Placed => {
    const { kind, value } = factor;
    const at =
      kind === "numeric"
        ? numbers.push({ value, range: rangeOf(value, spec, "formula") })
        : levels.push(levelsOf(factor, spec, known));
    return { id: factors.size, kind, label: valueLabel(value), place: at - 1 };
  };
  const placed = (factor: Factor): Placed => {
    const key = JSON.stringify(factor);
    const one = factors.get(key) ?? place(factor);
    factors.set(key, one);
    return one;
  };
  const terms = formula.terms.map((term) => term.map(placed));
  return {
    columns: columnsOf(formula.intercept ? [[], ...terms] : terms, [...factors.values()], numbers, levels),
    intercept: formula.intercept ? 0 : undefined,
    numbers,
    levels,
    crossings: terms.flatMap((term) => {
      const named = term.flatMap((f) => (f.kind === "categorical" ? [f.place] : []));
      return named.length === 0 ? [] : [named];
    }),
    offset: formula.offsets
      .map((offset) => rangeOf(offset, spec, "offsets"))
      .reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]),
  };
}

function levelsOf(
  factor: Extract<Factor, { kind: "categorical" }>,
  spec: CollaborationSpec,
  known: ExpressionColumns,
): DesignLevels {
  const { value } = factor;
  const { type } = checkExpression(value, known);
  const label = valueLabel(value);
  const keys = keysOf(value, type === "integer", spec, label);
  const read = (key: string) => (type === "text" ? key : (parseValue(type, key) ?? key));
  keys.sort((a, b) => compareValues(read(a), read(b)));
  if (factor.reference?.op !== "literal") return { value, label, keys };
  const reference = keys.indexOf(factor.reference.value);
  if (reference < 0)
    throw invalidInput("formula", `${label} has no such reference among its declared levels`);
  return { value, label, keys, reference };
}

function keysOf(value: Expr, whole: boolean, spec: CollaborationSpec, label: string): string[] {
  const column = value.op === "column" ? spec.columns.find((c) => c.name === value.name) : undefined;
  if (column?.categories !== undefined) return [...column.categories];
  if (!whole && (column === undefined || column.type === "boolean")) {
    if (isCondition(value) || column?.type === "boolean") return ["false", "true"];
  }
  if (whole) {
    const [low, high] = rangeOf(value, spec, "formula").map(Math.round) as [number, number];
    if (high - low < MAX_WHOLE_LEVELS)
      return Array.from({ length: high - low + 1 }, (_, i) => String(low + i));
  }
  throw invalidInput("formula", `${label} needs declared categories`);
}

const CONDITIONS: ReadonlySet<Expr["op"]> = new Set(["compare", "in", "like", "is_null", "not", "and", "or"]);
const isCondition = ({ op }: Expr): boolean => CONDITIONS.has(op);

type Named = Pick<DesignColumn, "name" | "r_name" | "numbers" | "levels">;

function columnsOf(
  terms: readonly (readonly Placed[])[],
  factors: readonly Placed[],
  numbers: readonly DesignNumber[],
  levels: readonly DesignLevels[],
): DesignColumn[] {
  const coded = codeTerms(
    terms.map((term) => term.map(({ id }) => id)),
    (id) => factors[id]!.kind === "numeric",
  );
  const listed = terms.flatMap((term, i) =>
    coded[i]!.flatMap((subterm) =>
      namesOf(term, levels, ({ id }) => subterm.find((s) => s.factor === id)?.full),
    ),
  );
  if (listed.length === 0) throw invalidInput("formula", "names nothing to estimate");
  if (listed.length > MAX_PARAMETERS)
    throw invalidInput("formula", `has more than ${MAX_PARAMETERS} coefficients`);
  const centered = terms.some((term) => term.length === 0);
  return listed.map((column) => ({ ...column, ...standardOf(column, centered, numbers) }));
}

/** A column is moved only where a column of ones can take up what it is moved by. */
function standardOf(
  { numbers: places, levels }: Named,
  centered: boolean,
  numbers: readonly DesignNumber[],
): { center: number; size: number } {
  if (places.length === 0) return { center: 0, size: 1 };
  const [low, high] = places.map((place) => numbers[place]!.range).reduce(productRange);
  const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const half = (high - low) / 2;
  if (!centered || levels.length > 0 || half <= largest * 1e-9) return { center: 0, size: largest };
  return { center: low + half, size: half };
}

/** @param full undefined: the factor's levels are not in this part of the term */
function namesOf(
  term: readonly Placed[],
  levels: readonly DesignLevels[],
  full: (factor: Placed) => boolean | undefined,
): Named[] {
  let columns: Named[] = [{ name: "", r_name: "", numbers: [], levels: [] }];
  const joined = (a: string, b: string) => (a === "" ? b : `${a}:${b}`);
  for (const factor of term) {
    const { kind, place, label } = factor;
    if (kind === "numeric") {
      columns = columns.map((c) => ({
        ...c,
        name: joined(c.name, label),
        r_name: joined(c.r_name, label),
        numbers: [...c.numbers, place],
      }));
      continue;
    }
    const all = full(factor);
    if (all === undefined) continue;
    const { keys, reference } = levels[place]!;
    const shown = keys
      .map((key, level) => ({ key, level }))
      .filter(({ level }) => all || level !== (reference ?? 0));
    columns = columns.flatMap((c) =>
      shown.map(({ key, level }) => ({
        name: joined(c.name, `${label}[${all ? "" : "T."}${key}]`),
        r_name: joined(c.r_name, `${label}${key}`),
        numbers: c.numbers,
        levels: [...c.levels, { factor: place, level, full: all }],
      })),
    );
  }
  return columns.map((c) => (c.name === "" ? { ...c, name: "Intercept", r_name: "(Intercept)" } : c));
}

/**
 * Which columns the model of the pooled rows has. @param present of each factor's levels, whether it has rows.
 * @returns places in `columns`; undefined where a reference that the formula names has no rows
 */
export function activeColumns(
  { columns, levels }: SharedDesign,
  present: readonly (readonly boolean[])[],
): number[] | undefined {
  const references = levels.map(({ reference }, i) => reference ?? present[i]!.indexOf(true));
  if (references.some((level, i) => level < 0 || !present[i]![level])) return undefined;
  return columns.flatMap((column, place) =>
    column.levels.every(
      ({ factor, level, full }) => present[factor]![level] && (full || level !== references[factor]),
    )
      ? [place]
      : [],
  );
}
