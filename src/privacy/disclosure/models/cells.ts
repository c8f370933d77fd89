/**
 * Which groups of units a model tells apart: the combinations of levels that a term names, reference levels included, and
 * where the model is nothing but the means of a few groups, those groups.
 */
import { type RegressionData, rowsByUnit } from "./data.js";
import type { Design } from "./design.js";
import { ModelFailed } from "./failure.js";
import { MODEL_LIMITS, type RegressionPlan } from "./plan.js";

export interface Group {
  /** Distinct units. */
  units: number;
  /** Of a yes-or-no outcome, a count or an event: distinct units with it and without it. */
  with: number;
  without: number;
}

export interface CellGroup extends Group {
  term: string;
  level: string;
}

/** Counts distinct units by group; rows come unit by unit. */
class Counter {
  private readonly last: Int32Array[];
  readonly groups: Group[];

  constructor(size: number) {
    this.last = [0, 1, 2].map(() => new Int32Array(size).fill(-1));
    this.groups = Array.from({ length: size }, () => ({ units: 0, with: 0, without: 0 }));
  }

  add(group: number, unit: number, outcome: number): void {
    const counts = this.groups[group]!;
    const seen = (place: number): boolean => {
      const before = this.last[place]![group] === unit;
      this.last[place]![group] = unit;
      return before;
    };
    if (!seen(0)) counts.units++;
    if (outcome > 0) {
      if (!seen(1)) counts.with++;
    } else if (!seen(2)) counts.without++;
  }
}

const outcomeOf = (data: RegressionData, i: number): number => (data.event ?? data.response)[i]!;

/** Of all units of the model. */
export function wholeOf(data: RegressionData): Group {
  const counter = new Counter(1);
  for (const i of rowsByUnit(data)) counter.add(0, data.unit[i]!, outcomeOf(data, i));
  return counter.groups[0]!;
}

/** Of each term that names levels, every combination of them that there is. */
export function cellsOf(plan: RegressionPlan, data: RegressionData): CellGroup[] {
  const order = rowsByUnit(data);
  const cells: CellGroup[] = [];
  for (const term of plan.terms) {
    const named = term.flatMap((factor) => {
      const of = data.factors[factor]!;
      return of.kind === "categorical" ? [{ ...of, label: plan.factors[factor]!.label }] : [];
    });
    if (named.length === 0) continue;
    const size = named.reduce((n, { levels }) => n * levels.length, 1);
    if (cells.length + size > MODEL_LIMITS.cells) throw new ModelFailed("too_many_levels");
    const counter = new Counter(size);
    for (const i of order) {
      const place = named.reduce((at, { codes, levels }) => at * levels.length + codes[i]!, 0);
      counter.add(place, data.unit[i]!, outcomeOf(data, i));
    }
    const labels = named.reduce(
      (left, { levels }) => left.flatMap((a) => levels.map((b) => [...a, String(b)])),
      [[]] as string[][],
    );
    counter.groups.forEach((group, at) => {
      if (group.units === 0) return;
      cells.push({ term: named.map((f) => f.label).join(":"), level: labels[at]!.join(" / "), ...group });
    });
  }
  return cells;
}

/**
 * The groups of rows with the same covariates, where there are no more of them than coefficients: then the model shows
 * nothing but what a table of these groups shows. Undefined where there are more.
 */
export function patternsOf(design: Design, data: RegressionData): Group[] | undefined {
  const size = design.columns.length;
  const row = new Float64Array(size);
  const places = new Map<string, number>();
  const counter = new Counter(size);
  for (const i of rowsByUnit(data)) {
    design.row(i, row);
    const key = row.join(" ") + (data.offset ? ` ${data.offset[i]}` : "");
    let place = places.get(key);
    if (place === undefined) {
      if (places.size === size) return undefined;
      place = places.size;
      places.set(key, place);
    }
    counter.add(place, data.unit[i]!, outcomeOf(data, i));
  }
  return counter.groups.slice(0, places.size);
}
