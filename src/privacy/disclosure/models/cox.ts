/**
 * Cox's proportional hazards by Newton's method on the partial likelihood, with ties as Efron (1977) or Breslow (1974)
 * takes them. Rows are walked from the longest time down, so that sums over those at risk only ever grow; covariates
 * are centred and scaled, which leaves the likelihood as it is and keeps the information well conditioned.
 *
 * It ends as glm.ts does, and says the same where the likelihood has no maximum.
 */
import { cholesky, inverseDiagonal, solve } from "./cholesky.js";
import type { RegressionData } from "./data.js";
import type { Design } from "./design.js";
import { dot, type Estimate } from "./estimate.js";
import { ModelFailed } from "./failure.js";
import type { RegressionPlan } from "./plan.js";
import { Sum, Sums } from "./sum.js";
import { COLLINEAR, Triangle } from "./triangle.js";

const STEPS = 60;
const HALVINGS = 30;
const STILL = 1e-9;
const FAR = 15;

interface Pass {
  log: number;
  score: Float64Array;
  information: Float64Array;
  eta: Float64Array;
}

/** Sums over rows: of weights, of weighted covariates, and of their products (lower triangle). */
class Moments {
  zero = 0;
  readonly one: Float64Array;
  readonly two: Float64Array;

  constructor(private readonly size: number) {
    this.one = new Float64Array(size);
    this.two = new Float64Array(size * size);
  }

  clear(): void {
    this.zero = 0;
    this.one.fill(0);
    this.two.fill(0);
  }

  add(x: Float64Array, weight: number): void {
    const { size, one, two } = this;
    this.zero += weight;
    for (let j = 0; j < size; j++) {
      const weighted = weight * x[j]!;
      one[j]! += weighted;
      for (let k = 0; k <= j; k++) two[j * size + k]! += weighted * x[k]!;
    }
  }
}

/** Centred and scaled covariates of a row. */
interface Scaled {
  mean: Float64Array;
  spread: Float64Array;
}

class Cox {
  private readonly size: number;
  private readonly order: Int32Array;
  private readonly row: Float64Array;

  constructor(
    private readonly design: Design,
    private readonly data: RegressionData,
    private readonly scaled: Scaled,
    private readonly ties: RegressionPlan["ties"],
  ) {
    const { response: time, rows } = data;
    this.size = design.columns.length;
    this.row = new Float64Array(this.size);
    this.order = new Int32Array(rows).map((_, i) => i).sort((a, b) => time[b]! - time[a]! || a - b);
  }

  private read(i: number): Float64Array {
    const { row, scaled } = this;
    this.design.row(i, row);
    for (let j = 0; j < this.size; j++) row[j] = (row[j]! - scaled.mean[j]!) / scaled.spread[j]!;
    return row;
  }

  pass(b: Float64Array): Pass {
    const { size, order, data } = this;
    const { response: time, event, rows } = data;
    const eta = new Float64Array(rows);
    let top = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < rows; i++) {
      eta[i] = dot(this.read(i), b, size) + (data.offset ? data.offset[i]! : 0);
      top = Math.max(top, eta[i]!);
    }
    const [risk, tied] = [new Moments(size), new Moments(size)];
    const [log, score] = [new Sum(), new Sums(size)];
    const information = new Float64Array(size * size);
    for (let from = 0, to = 0; from < rows; from = to) {
      let events = 0;
      tied.clear();
      for (; to < rows && time[order[to]!] === time[order[from]!]; to++) {
        const i = order[to]!;
        const [x, weight] = [this.read(i), Math.exp(eta[i]! - top)];
        risk.add(x, weight);
        if (event![i] !== 1) continue;
        events++;
        tied.add(x, weight);
        log.add(eta[i]! - top);
        for (let j = 0; j < size; j++) score.add(j, x[j]!);
      }
      if (events > 0) this.take(risk, tied, events, { log, score, information });
    }
    return { log: log.value, score: score.values(), information, eta };
  }

  /** What the events of one time add. With Efron's ties the l-th of d sees l/d of the tied ones gone. */
  private take(
    risk: Moments,
    tied: Moments,
    events: number,
    into: { log: Sum; score: Sums; information: Float64Array },
  ): void {
    const { size } = this;
    // Sums over the d events of 1/s, c/s, 1/s², c/s², c²/s², s being the weight at risk.
    let [one, gone, square, cross, both] = [0, 0, 0, 0, 0];
    for (let l = 0; l < events; l++) {
      const c = this.ties === "efron" ? l / events : 0;
      const inverse = 1 / (risk.zero - c * tied.zero);
      into.log.add(Math.log(inverse));
      one += inverse;
      gone += c * inverse;
      square += inverse * inverse;
      cross += c * inverse * inverse;
      both += c * c * inverse * inverse;
    }
    for (let j = 0; j < size; j++) {
      const [r, t] = [risk.one[j]!, tied.one[j]!];
      into.score.add(j, gone * t - one * r);
      for (let k = 0; k <= j; k++) {
        const [s, u] = [risk.one[k]!, tied.one[k]!];
        const at = j * size + k;
        into.information[at]! +=
          one * risk.two[at]! -
          gone * tied.two[at]! -
          square * r * s +
          cross * (r * u + t * s) -
          both * t * u;
      }
    }
  }

  /** @throws ModelFailed */
  fit(): { b: Float64Array; pass: Pass; none: number; factor: Float64Array } {
    let b = new Float64Array(this.size);
    let pass = this.pass(b);
    const none = pass.log;
    let moved = Number.POSITIVE_INFINITY;
    for (let steps = 0; steps < STEPS; steps++) {
      if (!Number.isFinite(pass.log)) throw new ModelFailed("not_finite");
      const factor = cholesky(pass.information, this.size);
      const far = largest(pass.eta);
      if (factor === undefined || flat(factor, this.size))
        throw new ModelFailed(steps > 0 && far > FAR ? "separation" : "not_converged");
      if (moved <= STILL * Math.max(1, far)) return { b, pass, none, factor };
      const next = this.climb(b, pass, solve(factor, this.size, pass.score));
      moved = largest(next.pass.eta.map((eta, i) => eta - pass.eta[i]!));
      ({ b, pass } = next);
    }
    throw new ModelFailed(largest(pass.eta) > FAR ? "separation" : "not_converged");
  }

  private climb(b: Float64Array, { log }: Pass, step: Float64Array) {
    const slack = 1e-12 * (1 + Math.abs(log));
    let share = 1;
    for (let halvings = 0; halvings < HALVINGS; halvings++, share /= 2) {
      const next = b.map((value, j) => value + share * step[j]!);
      const pass = this.pass(next);
      if (pass.log >= log - slack) return { b: next, pass };
    }
    throw new ModelFailed("not_converged");
  }
}

const largest = (values: Float64Array): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** Of scaled covariates, so that a direction without information is one of no size at all. */
function flat(factor: Float64Array, size: number): boolean {
  const diagonal = Array.from({ length: size }, (_, j) => factor[j * size + j]!);
  return Math.min(...diagonal) < COLLINEAR * Math.max(...diagonal);
}

export function fitCox(design: Design, data: RegressionData, ties: RegressionPlan["ties"]): Estimate {
  requireTimes(data);
  const size = design.columns.length;
  if (data.rows <= size) throw new ModelFailed("too_few_rows");
  const triangle = withBaseline(design, data);
  const scaled = scaleOf(design, data);
  const { b, pass, none, factor } = new Cox(design, data, scaled, ties).fit();
  return {
    coefficients: b.map((value, j) => value / scaled.spread[j]!),
    errors: inverseDiagonal(factor, size).map((v, j) => Math.sqrt(v) / scaled.spread[j]!),
    figures: { log_likelihood: pass.log, null_log_likelihood: none, likelihood_ratio: 2 * (pass.log - none) },
    weighing: { triangle, first: 1, root: () => 1 },
  };
}

function requireTimes({ response, event }: RegressionData): void {
  let events = 0;
  for (const e of event!) {
    if (e !== 0 && e !== 1) throw new ModelFailed("response_not_binary");
    events += e;
  }
  if (response.some((time) => time < 0)) throw new ModelFailed("negative_times");
  if (events === 0) throw new ModelFailed("no_events");
}

/** R of the design behind a column of ones, in whose place the baseline hazard stands. */
function withBaseline(design: Design, { rows }: RegressionData): Triangle {
  const size = design.columns.length;
  const [triangle, row, shifted] = [
    new Triangle(size + 1),
    new Float64Array(size),
    new Float64Array(size + 1),
  ];
  shifted[0] = 1;
  for (let i = 0; i < rows; i++) {
    design.row(i, row);
    shifted.set(row, 1);
    triangle.add(shifted);
  }
  triangle.fold();
  const at = triangle.collinear(size + 1);
  if (at !== undefined) throw new ModelFailed("collinear", [design.columns[at - 1]?.name ?? "Intercept"]);
  return triangle;
}

function scaleOf(design: Design, { rows }: RegressionData): Scaled {
  const size = design.columns.length;
  const [sums, squares, row] = [new Sums(size), new Sums(size), new Float64Array(size)];
  for (let i = 0; i < rows; i++) {
    design.row(i, row);
    for (let j = 0; j < size; j++) sums.add(j, row[j]!);
  }
  const mean = sums.values().map((sum) => sum / rows);
  for (let i = 0; i < rows; i++) {
    design.row(i, row);
    for (let j = 0; j < size; j++) squares.add(j, (row[j]! - mean[j]!) ** 2);
  }
  return { mean, spread: squares.values().map((sum) => Math.sqrt(sum / rows)) };
}
