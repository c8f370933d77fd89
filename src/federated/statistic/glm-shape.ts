/**
 * What a model over domains is made of: which numbers each step sums, in which order and within which
 * bounds.
 *
 * Rules: the numbers follow from the spec, the formula and the step's coefficients. With |x| ≤ 1 of each standardised
 * column, |η| ≤ Σ|β| + |offset|, which bounds slope, weight and deviance of a row (glm-families.ts), and so every sum of
 * slope·x and weight·x·x. Beside them stand the counts that the rules of disclosure look at: units, those with and without
 * the outcome, and the same of every combination of levels that a term names. Pure.
 */
import { type ClaimStatistic, checkExpression, type Expr } from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import { type CollaborationSpec, spokenColumns } from "../collaborations/spec.js";
import { type SharedDesign, sharedDesign } from "./design.js";
import { type FixedSum, fixedSum, wholeSum } from "./fixed.js";
import {
  COUNT_SUMS,
  type CurveSql,
  leastSquares,
  SHARED_FAMILIES,
  type SharedFamily,
  type SharedFamilyName,
  type Standard,
} from "./glm-families.js";
import { type GlmState, reachOf } from "./glm-steps.js";
import { type InfluenceShape, influenceShape } from "./linear-influence.js";
import { type Range, rangeOf } from "./range.js";

export type Regression = Extract<ClaimStatistic, { kind: "regression" }>;

/** Numbers of one step. */
const MAX_SUMS = 20_000;
/** Combinations of all values that all factors may take: up to here rows of one covariate pattern are counted. */
const MAX_PATTERNS = 500;
const MAX_WHOLE_PATTERNS = 20;

/** Rows that are counted together: by codes of factors, each from 0. */
export interface Crossing {
  /** Of levels in the design, or of its numbers that are whole. */
  by: readonly ({ level: number } | { number: number })[];
  sizes: readonly number[];
}

export interface GlmShape {
  statistic: Regression;
  family: SharedFamily;
  name: SharedFamilyName;
  design: SharedDesign;
  response: Expr;
  y: Range;
  state: GlmState | undefined;
  curve: CurveSql;
  /** Of least squares, how the response stands in its sums. */
  standard: Standard;
  /** Sums over all rows, in order. */
  sums: readonly (FixedSum & { value_sql: string })[];
  /** Counted in units, units with and units without the outcome, after the sums: terms, then patterns. */
  crossings: readonly Crossing[];
  /** Place of the covariate patterns among them. */
  patterns: number | undefined;
  /** Of least squares: what says on how few units it can stand. */
  influence: InfluenceShape | undefined;
}

/** @throws invalid_input naming the place */
export function glmShape(
  spec: CollaborationSpec,
  statistic: Regression,
  name: SharedFamilyName,
  state: GlmState | undefined,
): GlmShape {
  const { formula } = statistic;
  if ("time" in formula.response) throw invalidInput("formula", "explains a time");
  const design = sharedDesign(spec, formula);
  const family = SHARED_FAMILIES[name];
  const response = formula.response.value;
  const y = responseRange(spec, response, name);
  requireState(state, design, family);
  const starts = state === undefined && "start" in family;
  const standard = standardOf(y, design);
  const crossings = [
    ...design.crossings.map(
      (levels): Crossing => ({
        by: levels.map((level) => ({ level })),
        sizes: levels.map((level) => design.levels[level]!.keys.length),
      }),
    ),
  ];
  const patterns = patternsOf(design, spec, formula.offsets.length > 0);
  const shape = {
    statistic,
    family,
    name,
    design,
    response,
    y,
    state,
    curve: name === "ols" ? leastSquares(standard) : starts ? family.start! : family.at,
    standard,
    sums: sumsOf(spec, { family, design, y, state, name, offsets: formula.offsets.length > 0 }),
    crossings: patterns === undefined ? crossings : [...crossings, patterns],
    patterns: patterns === undefined ? undefined : crossings.length,
    influence: name === "ols" ? influenceShape(design) : undefined,
  };
  if (shape.sums.length + 3 * cellsIn(shape.crossings) > MAX_SUMS)
    throw invalidInput("formula", `needs more than ${MAX_SUMS} sums`);
  return shape;
}

export const sizeOf = ({ sizes }: Crossing): number => sizes.reduce((n, size) => n * size, 1);
const cellsIn = (crossings: readonly Crossing[]): number => crossings.reduce((n, c) => n + sizeOf(c), 0);

function responseRange(spec: CollaborationSpec, response: Expr, name: SharedFamilyName): Range {
  const { type } = checkExpression(response, spokenColumns(spec));
  const range = type === "boolean" ? ([0, 1] as const) : rangeOf(response, spec, "formula");
  if (name === "logit" && (type === "decimal" || range[0] < 0 || range[1] > 1))
    throw invalidInput("formula", "what a logit model explains must be declared to be 0 or 1");
  if (name === "poisson" && (type === "decimal" || range[0] < 0))
    throw invalidInput("formula", "what a poisson model explains must be declared as whole numbers from 0");
  return range;
}

/** Less its offset; moved only where a column of ones can take up what it is moved by. */
function standardOf(y: Range, { offset, intercept }: SharedDesign): Standard {
  const [low, high] = [y[0] - offset[1], y[1] - offset[0]];
  const half = (high - low) / 2;
  const largest = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (intercept === undefined || half <= largest * 1e-9) return { center: 0, size: largest };
  return { center: low + half, size: half };
}

function requireState(state: GlmState | undefined, design: SharedDesign, family: SharedFamily): void {
  if (state === undefined) return;
  const fits = [state.beta, state.from].every((b) => b === null || b.length === design.columns.length);
  if (!fits || reachOf(state.beta) > family.reach)
    throw invalidInput("step", "starts from coefficients that no model of this formula has");
}

interface Summed {
  family: SharedFamily;
  name: SharedFamilyName;
  design: SharedDesign;
  y: Range;
  state: GlmState | undefined;
  offsets: boolean;
}

function sumsOf(spec: CollaborationSpec, { family, name, design, y, state, offsets }: Summed) {
  const rows = spec.max_rows;
  const offset = Math.max(...design.offset.map(Math.abs));
  const whole = (name: string, value_sql: string, bound = 1) => ({
    ...wholeSum(name, bound, rows),
    value_sql,
  });
  const fixed = (name: string, value_sql: string, bound: number) => ({
    ...fixedSum(name, bound, rows),
    value_sql,
  });
  const bounds =
    state === undefined && family.startBounds
      ? family.startBounds(y, offset)
      : family.bounds(reachOf(state?.beta ?? []) + offset, y, offset);
  const x = design.columns.map((_, j) => `x${j}`);
  const [most, largest] = [y[1], Math.exp(offset)];
  const { saturated, log_factorial } = COUNT_SUMS;
  return [
    whole("rows", "1"),
    name === "ols" ? fixed("y", "s", 1) : whole("y", "y", Math.max(1, most)),
    ...(name === "poisson"
      ? [
          fixed("saturated", saturated.sql, saturated.bound(most)),
          fixed("log_factorial", log_factorial.sql, log_factorial.bound(most)),
        ]
      : []),
    ...(offsets && name !== "ols"
      ? [fixed("offset", "y * o", most * offset), fixed("exposure", "exp(o)", largest)]
      : []),
    fixed("deviance", "d", bounds.deviance),
    ...x.map((xj, j) => fixed(`score ${j}`, `s * ${xj}`, bounds.slope)),
    ...x.flatMap((xj, j) =>
      x.slice(0, j + 1).map((xk, k) => fixed(`information ${j} ${k}`, `w * ${xj} * ${xk}`, bounds.weight)),
    ),
  ];
}

/** Where all factors take few values, all combinations of them. */
function patternsOf(design: SharedDesign, spec: CollaborationSpec, offsets: boolean): Crossing | undefined {
  if (offsets) return undefined;
  const whole = design.numbers.map(({ value, range: [low, high] }) => {
    const column = value.op === "column" ? spec.columns.find((c) => c.name === value.name) : undefined;
    const size = Math.floor(high) - Math.ceil(low) + 1;
    return column?.type === "integer" && size <= MAX_WHOLE_PATTERNS ? size : undefined;
  });
  if (whole.includes(undefined)) return undefined;
  const crossing: Crossing = {
    by: [...design.levels.map((_, level) => ({ level })), ...design.numbers.map((_, number) => ({ number }))],
    sizes: [...design.levels.map(({ keys }) => keys.length), ...whole.map((size) => size!)],
  };
  return sizeOf(crossing) <= MAX_PATTERNS ? crossing : undefined;
}
