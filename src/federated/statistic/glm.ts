/**
 * Regressions over domains: each step's sums are opened, and a step is taken, until the estimate is that of the pooled rows.
 * Linear ones need one step (linear.ts).
 *
 * Rules: levels that have no rows in any domain are left out, as they are of one domain's own model. Coefficients and
 * errors are brought back from the standardised columns at the end, once. What one domain's own model knows of single
 * units (influence, covariate patterns that are not few) sums do not say: the facts leave it open, and the rules have
 * people look (rules/model-influence.ts, saturated-model.ts). Pure.
 */
import {
  decimalOf,
  filterOf,
  formulaLabel,
  judgeModel,
  MODEL_LIMITS,
  ModelFailed,
  type RegressionFacts,
  solvePositive,
  twoSided,
} from "../../privacy/index.js";
import { invalidInput } from "../../vocabulary/index.js";
import { type CollaborationSpec, spokenPolicy } from "../collaborations/spec.js";
import { SHARED_FAMILIES, type SharedFamilyName } from "./glm-families.js";
import { glmQuestion } from "./glm-question.js";
import { type GlmShape, glmShape, type Regression, sizeOf } from "./glm-shape.js";
import { type Estimated, type GlmState, glmState, newtonStep } from "./glm-steps.js";
import { activeOf, cellsOf, contributionOf, patternsOf, Sums, slotsOf } from "./glm-sums.js";
import { describedLinear } from "./linear.js";
import type { Asked, SharedOutcome, SharedStatistic } from "./shared.js";

export const isSharedGlm = ({ family }: Regression): boolean => family in SHARED_FAMILIES;

/** @param t plaintext modulus of the sums. @throws invalid_input naming the place */
export function sharedGlm(
  spec: CollaborationSpec,
  statistic: Regression,
  step: Asked["step"],
  t: bigint,
): SharedStatistic {
  const shape = glmShape(spec, statistic, statistic.family as SharedFamilyName, stateOf(step));
  return {
    slots: slotsOf(spec, shape, t),
    maxRows: 2 + shape.crossings.reduce((n, crossing) => n + sizeOf(crossing), 0),
    question: (columns, stored) => glmQuestion(shape, columns, stored),
    contribution: (answer) => contributionOf(shape, answer),
    outcome: (sums) => outcomeOf(spec, shape, step?.number ?? 1, sums),
  };
}

function stateOf(step: Asked["step"]): GlmState | undefined {
  if (step === undefined) return undefined;
  const parsed = glmState.safeParse(step.state);
  if (!parsed.success) throw invalidInput("step", "is no step of a model");
  return parsed.data;
}

function outcomeOf(
  spec: CollaborationSpec,
  shape: GlmShape,
  number: number,
  all: readonly bigint[],
): SharedOutcome {
  const sums = new Sums(shape, all);
  const result = (facts: RegressionFacts): SharedOutcome => ({
    kind: "result",
    canonical: judgeModel(facts, spokenPolicy(spec)),
  });
  try {
    const active = activeOf(shape, sums);
    if (shape.name === "ols")
      return result({ ...begun(spec, shape, sums), ...describedLinear(shape, sums, active, fewOf(spec)) });
    const names = active.map((j) => shape.design.columns[j]!.name);
    const next = newtonStep(
      {
        number,
        state: shape.state,
        active,
        names,
        columns: shape.design.columns.length,
        reach: shape.family.reach,
        starting: shape.state === undefined && shape.family.start !== undefined,
      },
      newtonSums(sums, active),
    );
    if ("state" in next) return { kind: "step", state: next.state };
    return result({ ...begun(spec, shape, sums), ...described(shape, sums, active, next.estimate) });
  } catch (error) {
    if (!(error instanceof ModelFailed)) throw error;
    const { failure, columns } = error;
    return result({
      ...begun(spec, shape, sums),
      failure,
      ...(columns.length > 0 ? { columns: [...columns] } : {}),
      parameters: 0,
      residual_df: 0,
      coefficients: [],
      figures: {},
      cells: [],
    });
  }
}

function newtonSums(sums: Sums, active: readonly number[]) {
  const size = active.length;
  const information = new Float64Array(size * size);
  active.forEach((j, a) => {
    active.forEach((k, b) => {
      information[a * size + b] = sums.of(`information ${Math.max(j, k)} ${Math.min(j, k)}`);
    });
  });
  return {
    deviance: sums.of("deviance"),
    score: Float64Array.from(active, (j) => sums.of(`score ${j}`)),
    information,
  };
}

const fewOf = ({ threshold }: CollaborationSpec): number => Math.min(threshold - 1, MODEL_LIMITS.few);

const begun = (spec: CollaborationSpec, { statistic }: GlmShape, sums: Sums) => ({
  format: 1 as const,
  stated_by: "node" as const,
  kind: "regression" as const,
  filter: filterOf(statistic),
  family: statistic.family,
  formula: formulaLabel(statistic.formula),
  rows: sums.of("rows"),
  units: sums.units,
  few: fewOf(spec),
  ...(statistic.family === "ols" ? {} : { events: { with: sums.with, without: sums.without } }),
});

function described(shape: GlmShape, sums: Sums, active: readonly number[], estimate: Estimated) {
  const figures = figuresOf(shape, sums, active.length, estimate.deviance);
  const coefficients = broughtBack(shape, active, estimate);
  const all = [...coefficients.flatMap(({ value, error }) => [value, error]), ...Object.values(figures)];
  if (all.some((value) => !Number.isFinite(value))) throw new ModelFailed("not_finite");
  return {
    parameters: active.length,
    residual_df: sums.units - active.length,
    coefficients: coefficients.map(({ value, error, name, r_name }) => {
      const statistic = value === 0 ? 0 : value / error;
      return {
        name,
        r_name,
        estimate: decimalOf(value),
        std_error: decimalOf(error),
        statistic: decimalOf(statistic),
        p_value: decimalOf(twoSided(statistic)),
      };
    }),
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, decimalOf(value)])),
    cells: cellsOf(shape, sums),
    ...patternsOf(shape, sums, active.length),
  };
}

/** β of x from that of (x − center) / size; the intercept takes up what columns were moved by. */
function broughtBack({ design }: GlmShape, active: readonly number[], { beta, factor }: Estimated) {
  const size = active.length;
  return active.map((j, at) => {
    const column = design.columns[j]!;
    const by = new Float64Array(size);
    by[at] = 1 / column.size;
    if (j === design.intercept)
      active.forEach((k, other) => {
        const { center, size: width } = design.columns[k]!;
        if (k !== j) by[other] = -center / width;
      });
    const along = solvePositive(factor, size, by);
    const dot = (a: Float64Array) => by.reduce((sum, x, i) => sum + x * a[i]!, 0);
    return { name: column.name, r_name: column.r_name, value: dot(beta), error: Math.sqrt(dot(along)) };
  });
}

function figuresOf(
  { name, design, statistic }: GlmShape,
  sums: Sums,
  parameters: number,
  deviance: number,
): Record<string, number> {
  const [n, y] = [sums.of("rows"), sums.of("y")];
  const constant = name === "poisson" ? sums.of("log_factorial") : 0;
  const saturated = name === "poisson" ? sums.of("saturated") - constant : 0;
  const log = saturated - deviance / 2;
  const figures = { log_likelihood: log, deviance, aic: 2 * parameters - 2 * log };
  const offsets = statistic.formula.offsets.length > 0;
  // A constant beside offsets has a closed form for counts alone.
  if (design.intercept === undefined || (offsets && name === "logit")) return figures;
  const none =
    name === "logit"
      ? y * Math.log(y / n) + (n - y) * Math.log1p(-y / n)
      : y * Math.log(y / (offsets ? sums.of("exposure") : n)) +
        (offsets ? sums.of("offset") : 0) -
        y -
        constant;
  return {
    ...figures,
    null_log_likelihood: none,
    null_deviance: 2 * (saturated - none),
    pseudo_r_squared: 1 - log / none,
  };
}
