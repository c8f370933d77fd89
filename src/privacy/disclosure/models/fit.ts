/** From rows to facts: the one entry of an engine. Pure; a model without an estimate is a fact too. */

import { cellsOf, patternsOf, wholeOf } from "./cells.js";
import { fitCox } from "./cox.js";
import type { RegressionData, UnitData } from "./data.js";
import { type Design, designOf, held } from "./design.js";
import type { Estimate } from "./estimate.js";
import { decimalOf, type RegressionFacts } from "./facts.js";
import { ModelFailed } from "./failure.js";
import { fitGlm } from "./glm.js";
import { influenceOf } from "./influence.js";
import { fitOls } from "./ols.js";
import { MODEL_LIMITS, type RegressionPlan } from "./plan.js";
import { twoSided } from "./special.js";

/** What a fit says; who asked knows the filter. */
export type Fitted<Facts> = Facts extends unknown ? Omit<Facts, "filter"> : never;

export function fitRegression(plan: RegressionPlan, data: RegressionData): Fitted<RegressionFacts> {
  try {
    if (data.rows === 0) throw new ModelFailed("no_rows");
    const sketched = designOf(plan, data);
    if (data.rows * (sketched.columns.length + 1) ** 2 > MODEL_LIMITS.pass)
      throw new ModelFailed("too_many_parameters");
    const cells = cellsOf(plan, data);
    const design = held(sketched, data.rows);
    const estimate = estimateOf(plan, design, data);
    return {
      ...begun(plan, data),
      ...described(plan, design, data, estimate),
      cells,
      ...outcome(plan, data),
    };
  } catch (error) {
    if (!(error instanceof ModelFailed)) throw error;
    return withoutEstimate(plan, data, error);
  }
}

/** So many units are too few. */
const fewOf = ({ threshold }: RegressionPlan): number => Math.min(threshold - 1, MODEL_LIMITS.few);

const begun = (plan: RegressionPlan, { rows, units }: UnitData) => ({
  format: 1 as const,
  stated_by: "node" as const,
  kind: "regression" as const,
  family: plan.family,
  ...(plan.family === "cox" ? { ties: plan.ties } : {}),
  formula: plan.formula,
  rows,
  units,
  few: fewOf(plan),
});

export const withoutEstimate = (
  plan: RegressionPlan,
  data: UnitData,
  { failure, columns }: ModelFailed,
): Fitted<RegressionFacts> => ({
  ...begun(plan, data),
  failure,
  ...(columns.length > 0 ? { columns: [...columns] } : {}),
  parameters: 0,
  residual_df: 0,
  coefficients: [],
  figures: {},
  max_leverage: 0,
  cells: [],
});

function outcome({ family }: RegressionPlan, data: RegressionData) {
  if (family === "ols") return {};
  const whole = wholeOf(data);
  return { events: { with: whole.with, without: whole.without } };
}

function estimateOf(plan: RegressionPlan, design: Design, data: RegressionData): Estimate {
  if (plan.family === "ols") return fitOls(design, data);
  if (plan.family === "cox") return fitCox(design, data, plan.ties);
  return fitGlm(plan.family, design, data);
}

function described(plan: RegressionPlan, design: Design, data: RegressionData, estimate: Estimate) {
  const { coefficients: b, errors, expectedErrors, figures } = estimate;
  const size = design.columns.length;
  const all = [...b, ...errors, ...(expectedErrors ?? []), ...Object.values(figures)];
  if (all.some((value) => !Number.isFinite(value))) throw new ModelFailed("not_finite");
  const influence = influenceOf(design, data, estimate, fewOf(plan));
  const patterns = patternsOf(design, data);
  const degrees = plan.family === "ols" ? data.rows - size : undefined;
  return {
    parameters: size,
    residual_df: data.units - size,
    coefficients: design.columns.map((column, j) => {
      const statistic = b[j] === 0 ? 0 : b[j]! / errors[j]!;
      return {
        ...column,
        estimate: decimalOf(b[j]!),
        std_error: decimalOf(errors[j]!),
        ...(expectedErrors ? { expected_std_error: decimalOf(expectedErrors[j]!) } : {}),
        statistic: decimalOf(statistic),
        p_value: decimalOf(Number.isFinite(statistic) ? twoSided(statistic, degrees) : 0),
        one_unit: influence.largest[j]!.one,
        few_units: influence.largest[j]!.few,
      };
    }),
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, decimalOf(value)])),
    max_leverage: influence.leverage,
    ...(patterns ? { patterns } : {}),
  };
}
