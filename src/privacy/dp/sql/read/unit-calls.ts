/** Aggregates inside a subquery that groups by the unit: exact, for they concern one unit, whose rows are bounded. */
import type { UnitMeasureKind } from "../model.js";

export const UNIT_CALLS: Record<string, UnitMeasureKind> = {
  count_star: "rows",
  count: "present",
  sum: "sum",
  avg: "mean",
  mean: "mean",
  min: "min",
  max: "max",
};

export const isUnitCall = (node: Record<string, unknown>): boolean =>
  node.class === "FUNCTION" &&
  typeof node.function_name === "string" &&
  Object.hasOwn(UNIT_CALLS, node.function_name);
