/**
 * Newton's steps of a model over domains: from the sums at some coefficients, whether they are the estimate, and where the
 * next step starts if they are not.
 *
 * Rules: all is in the design's standardised columns (design.ts). A step that raises the deviance is halved. The estimate
 * is reached when a full step would lower the deviance by no more than DONE: so the coefficients, which take that step
 * too, are within 10^−8 of a standard error of where they would stay, and standard errors, deviance and likelihood are
 * those at the place where they were summed. What cannot be estimated ends in the words of one domain's own model
 * (ModelFailed), never in a number. Pure.
 */
import { z } from "zod";
import { cholesky, ModelFailed, solvePositive } from "../../privacy/index.js";

export const MAX_NEWTON_STEPS = 25;
const HALVINGS = 12;
/** What a step may still lower the deviance by. */
const DONE = 1e-16;
/** What rounding may raise it by. */
const SLACK = 1e-11;
/** A column of which less than this is left, of its square, when the columns before it are taken out is a combination. */
const COLLINEAR = 1e-12;
/** An honest fit of data that are not told apart seldom leaves this (models/glm.ts). */
const FAR = 15;

const number = z.string().regex(/^-?\d+(\.\d+)?(e[+-]\d+)?$/);
const numbers = z.array(number).max(1_000);

/** What the next step starts from, on the board: doubles as text, one a column of the whole design. */
export const glmState = z.strictObject({
  beta: numbers,
  /** The last coefficients that did not raise the deviance, and it there; null before there are any. */
  from: numbers.nullable(),
  deviance: number.nullable(),
  halvings: z.int().min(0).max(HALVINGS),
});
export type GlmState = z.output<typeof glmState>;

/** Largest |η| that coefficients of columns within [−1, 1] can give. */
export const reachOf = (beta: readonly string[]): number =>
  beta.reduce((sum, b) => sum + Math.abs(Number(b)), 0);

/** Sums at the step's coefficients, of the columns that the model has. */
export interface NewtonSums {
  deviance: number;
  score: Float64Array;
  /** Row by row, symmetric. */
  information: Float64Array;
}

export interface Estimated {
  /** Of the active columns. */
  beta: Float64Array;
  /** Lower factor of the information. */
  factor: Float64Array;
  deviance: number;
}

export interface NewtonInput {
  /** Number of the step, from 1. */
  number: number;
  state: GlmState | undefined;
  /** Places of the active columns among all. */
  active: readonly number[];
  names: readonly string[];
  columns: number;
  reach: number;
  /** The first step is a weighted regression of its own, and no estimate. */
  starting: boolean;
}

/** @throws ModelFailed */
export function newtonStep(
  input: NewtonInput,
  { deviance, score, information }: NewtonSums,
): { estimate: Estimated } | { state: GlmState } {
  const { state, active, columns, starting, reach } = input;
  const failed = () => new ModelFailed(reachOf(state?.beta ?? []) > FAR ? "separation" : "not_converged");
  const before = state?.deviance ?? null;
  if (state?.from && before !== null && deviance > Number(before) + SLACK * (1 + Math.abs(Number(before)))) {
    if (state.halvings >= HALVINGS || input.number >= MAX_NEWTON_STEPS) throw failed();
    return { state: { ...state, beta: halfway(state.beta, state.from), halvings: state.halvings + 1 } };
  }
  const beta = Float64Array.from(active, (j) => Number(state?.beta[j] ?? 0));
  const { factor, collinear } = factored(information, active.length);
  if (collinear !== undefined) {
    if (state === undefined) throw new ModelFailed("collinear", [input.names[collinear]!]);
    throw failed();
  }
  const step = solvePositive(factor, active.length, score);
  const lowers = score.reduce((sum, s, j) => sum + s * step[j]!, 0);
  if (!Number.isFinite(lowers)) throw new ModelFailed("not_finite");
  const next = beta.map((b, j) => b + step[j]!);
  if (!starting && lowers <= DONE) return { estimate: { beta: next, factor, deviance } };
  const all = spread(next, active, columns);
  if (input.number >= MAX_NEWTON_STEPS || reachOf(all) > reach) throw failed();
  return {
    state: {
      beta: all,
      from: starting ? null : (state?.beta ?? all.map(() => "0")),
      deviance: starting ? null : text(deviance),
      halvings: 0,
    },
  };
}

const text = (value: number): string => (value === 0 ? "0" : String(value));

const halfway = (beta: readonly string[], from: readonly string[]): string[] =>
  beta.map((b, j) => text((Number(b) + Number(from[j])) / 2));

/** Of all columns; those that the model has not stay at nothing. */
function spread(beta: Float64Array, active: readonly number[], columns: number): string[] {
  const all = new Array<string>(columns).fill("0");
  active.forEach((j, at) => {
    all[j] = text(beta[at]!);
  });
  return all;
}

/** Lower factor, or the place of the first column that is a combination of those before it. */
export function factored(
  information: Float64Array,
  size: number,
): { factor: Float64Array; collinear: undefined } | { factor: undefined; collinear: number } {
  for (let j = 1; j <= size; j++) {
    const corner = new Float64Array(j * j);
    for (let i = 0; i < j; i++) corner.set(information.subarray(i * size, i * size + j), i * j);
    const factor = cholesky(corner, j);
    const left = factor?.[j * j - 1] ?? 0;
    if (!(left ** 2 > COLLINEAR * corner[j * j - 1]!)) return { factor: undefined, collinear: j - 1 };
    if (j === size) return { factor: factor!, collinear: undefined };
  }
  throw new ModelFailed("no_parameters");
}
