/** Why a model has no estimate. Never a wrong number in its place. */

export const MODEL_FAILURES = {
  no_rows: ["no row has all values that it reads", "没有任何一行具备所需的全部取值"],
  no_parameters: ["its formula names nothing to estimate", "公式未给出任何待估参数"],
  too_many_parameters: ["it has more coefficients than a model may have", "系数数量超过上限"],
  too_many_levels: ["a factor has more levels than a model may have", "分类变量的水平数超过上限"],
  too_few_rows: ["it has no more rows than coefficients", "行数不多于系数个数"],
  reference_absent: [
    "no row has the reference level that its formula names",
    "没有任何一行为公式指定的参照水平",
  ],
  response_not_binary: ["what it explains is not 0 or 1", "因变量不是 0 或 1"],
  response_not_counts: ["what it explains is not a whole number from zero", "因变量不是非负整数"],
  response_constant: ["what it explains is the same in all rows", "因变量在所有行中相同"],
  exact_fit: ["what it explains follows exactly from the rest", "因变量可由其余变量精确推出"],
  no_events: ["no time ended in the event", "没有任何事件发生"],
  negative_times: ["a time is negative", "存在负的时间"],
  collinear: ["a column is a combination of those before it", "某一列是其前各列的线性组合"],
  separation: [
    "the outcome is told apart exactly, so a coefficient has no finite estimate",
    "结果被完全分开，系数没有有限估计值",
  ],
  not_converged: ["the search for its coefficients did not end", "系数求解未收敛"],
  not_finite: ["its numbers are too large to compute with", "数值过大，无法计算"],
} as const;
export type ModelFailure = keyof typeof MODEL_FAILURES;

/** Ends a fit. Names columns of the design, never a value. */
export class ModelFailed extends Error {
  constructor(
    readonly failure: ModelFailure,
    readonly columns: readonly string[] = [],
  ) {
    super(failure);
  }
}
