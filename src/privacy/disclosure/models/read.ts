/** From rows as an engine reads them to facts: levels are put in order, units are numbered, and the plan says the rest. */
import type { ColumnType } from "../../../vocabulary/index.js";
import { compareValues, parseValue } from "../../expression/values.js";
import type { Levels, UnitData } from "./data.js";
import type { ModelFacts } from "./facts.js";
import { ModelFailed } from "./failure.js";
import { type Fitted, fitRegression, withoutEstimate } from "./fit.js";
import { MODEL_LIMITS, type ModelPlan, type RegressionPlan, type SurvivalPlan } from "./plan.js";
import { fitSurvival } from "./survival.js";

/** A column of levels: each row's place in `keys`, which stand in any order. */
export interface LevelsRead {
  codes: Int32Array;
  keys: (string | null)[];
}

export interface ReadRows {
  rows: number;
  /** The unit's ordinal of each row. */
  units: Float64Array;
  /** In the order in which the plan reads them. */
  columns: (Float64Array | LevelsRead)[];
}

/** @returns the facts but for the filter, which who asked knows */
export function computeModel(plan: ModelPlan, read: ReadRows): Fitted<ModelFacts> {
  return plan.kind === "regression" ? regression(plan, read) : survival(plan, read);
}

/** Columns are handed out in order. */
class Columns {
  private next = 0;
  constructor(private readonly read: ReadRows) {}

  number(): Float64Array {
    const column = this.read.columns[this.next++];
    if (!(column instanceof Float64Array)) throw new RangeError("a plan that reads other columns");
    return column;
  }

  levels(type: ColumnType, first: readonly (string | null)[] = []): Levels {
    const column = this.read.columns[this.next++];
    if (column === undefined || column instanceof Float64Array)
      throw new RangeError("a plan that reads other columns");
    return inOrder(column, type, first);
  }
}

function regression(plan: RegressionPlan, read: ReadRows): Fitted<ModelFacts> {
  const columns = new Columns(read);
  const units = unitsOf(read);
  try {
    const response = columns.number();
    const data = {
      ...units,
      response,
      ...(plan.family === "cox" ? { event: columns.number() } : {}),
      ...(plan.offset ? { offset: columns.number() } : {}),
      factors: plan.factors.map((factor) =>
        factor.kind === "numeric"
          ? { kind: "numeric" as const, values: columns.number() }
          : { kind: "categorical" as const, ...columns.levels(factor.type) },
      ),
    };
    return fitRegression(plan, data);
  } catch (error) {
    if (error instanceof ModelFailed) return withoutEstimate(plan, units, error);
    throw error;
  }
}

function survival(plan: SurvivalPlan, read: ReadRows): Fitted<ModelFacts> {
  const columns = new Columns(read);
  const data = {
    ...unitsOf(read),
    time: columns.number(),
    event: columns.number(),
    // Levels that the plan knows come first, and the group of missing values last.
    dimensions: plan.dimensions.map((d) =>
      columns.levels(
        d.type,
        d.levels.flatMap(({ key }) => (key === null ? [] : [key])),
      ),
    ),
  };
  return fitSurvival(plan, data);
}

/** Those that are known, in their order, then those that were found, rising, then the missing one. */
function inOrder({ codes, keys }: LevelsRead, type: ColumnType, first: readonly (string | null)[]): Levels {
  if (keys.length > MODEL_LIMITS.levels) throw new ModelFailed("too_many_levels");
  const known = first.filter((key) => keys.includes(key));
  const found = keys.filter((key) => key !== null && !known.includes(key)) as string[];
  const levels = [...known, ...found.sort(compareKeys(type)), ...(keys.includes(null) ? [null] : [])];
  const place = Int32Array.from(keys, (key) => levels.indexOf(key));
  return { codes: codes.map((code) => place[code]!), levels };
}

const compareKeys = (type: ColumnType) => (a: string, b: string) => {
  const [x, y] = type === "text" ? [a, b] : [parseValue(type, a) ?? a, parseValue(type, b) ?? b];
  return compareValues(x, y);
};

/** Ordinals are dense over a dataset, and mostly rise with its rows; a model sees some of them. */
function unitsOf({ rows, units: ordinals }: ReadRows): UnitData {
  const unit = new Int32Array(rows);
  let rising = true;
  for (let i = 1; i < rows && rising; i++) rising = ordinals[i]! >= ordinals[i - 1]!;
  if (rising) {
    for (let i = 1; i < rows; i++) unit[i] = unit[i - 1]! + (ordinals[i] === ordinals[i - 1] ? 0 : 1);
    return { rows, unit, units: rows === 0 ? 0 : unit[rows - 1]! + 1 };
  }
  const places = new Map<number, number>();
  for (let i = 0; i < rows; i++) {
    const ordinal = ordinals[i]!;
    let place = places.get(ordinal);
    if (place === undefined) {
      place = places.size;
      places.set(ordinal, place);
    }
    unit[i] = place;
  }
  return { rows, unit, units: places.size };
}
