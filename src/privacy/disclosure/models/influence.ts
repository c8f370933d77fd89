/**
 * On how many units a model stands, coefficient by coefficient.
 *
 * A least-squares coefficient is a weighted sum of what is explained; the squares of those weights, which add up to its
 * variance over that of the residuals, say how much of it rests on whom (partial leverage, Velleman and Welsch 1981). A
 * unit's leverage, the sum over its rows, says how far its own outcome is what the model shows of it (Huber 1981: one
 * over it is the number of units behind a fitted value). Of other families it is taken of their last weighted step, of a
 * Cox model of its covariates alone.
 */
import { type RegressionData, rowsByUnit } from "./data.js";
import type { Design } from "./design.js";
import type { Estimate } from "./estimate.js";

export interface Influence {
  /** The largest leverage of one unit. */
  leverage: number;
  /** Of each coefficient, the share of it that its largest unit holds, and its largest `few` units together. */
  largest: { one: number; few: number }[];
}

/** The largest of many numbers, in falling order. */
class Leaders {
  private readonly held: number[] = [];
  constructor(private readonly most: number) {}

  offer(value: number): void {
    const { held, most } = this;
    if (held.length === most && value <= held[most - 1]!) return;
    let at = held.length;
    while (at > 0 && held[at - 1]! < value) at--;
    held.splice(at, 0, value);
    if (held.length > most) held.pop();
  }

  get first(): number {
    return this.held[0] ?? 0;
  }

  get all(): number {
    return this.held.reduceRight((sum, value) => sum + value, 0);
  }
}

/** @param few one less than the threshold: so many units together are too few */
export function influenceOf(
  design: Design,
  data: RegressionData,
  estimate: Estimate,
  few: number,
): Influence {
  const size = design.columns.length;
  const { triangle, first, root } = estimate.weighing;
  const columns = size + first;
  const variance = triangle.inverseDiagonal(columns);
  const [row, x] = [new Float64Array(size), new Float64Array(columns)];
  const [leaders, unit] = [
    Array.from({ length: size }, () => new Leaders(Math.max(1, few))),
    new Float64Array(size),
  ];
  let [leverage, own] = [0, 0];
  const close = () => {
    leverage = Math.max(leverage, own);
    for (let j = 0; j < size; j++) leaders[j]!.offer(unit[j]!);
    unit.fill(0);
    own = 0;
  };
  const order = rowsByUnit(data);
  for (let at = 0; at < order.length; at++) {
    const i = order[at]!;
    if (at > 0 && data.unit[i] !== data.unit[order[at - 1]!]) close();
    design.row(i, row);
    const weight = root(row, i);
    x[0] = 1;
    for (let j = 0; j < size; j++) x[j + first] = row[j]! * weight;
    triangle.solveTransposed(columns, x);
    for (const u of x) own += u * u;
    const a = triangle.solve(columns, x);
    for (let j = 0; j < size; j++) unit[j]! += a[j + first]! ** 2;
  }
  close();
  return {
    leverage,
    largest: leaders.map((l, j) => ({
      one: share(l.first, variance[j + first]!),
      few: few < 1 ? 0 : share(l.all, variance[j + first]!),
    })),
  };
}

const share = (part: number, whole: number): number => Math.min(1, part / whole);
