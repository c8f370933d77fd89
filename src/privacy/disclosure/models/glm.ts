/**
 * Logit, probit and Poisson by Newton's method: each step is a weighted least-squares problem, solved from the triangular
 * factor of the weighted design (triangle.ts). A step that lowers the likelihood is halved.
 *
 * It ends when no row's linear predictor moves any more. Where one still does after many steps its coefficients have no
 * finite estimate: rows are told apart exactly (Albert and Anderson 1984), and the model says so instead of a number.
 */
import type { RegressionData } from "./data.js";
import type { Design } from "./design.js";
import { dot, type Estimate } from "./estimate.js";
import { ModelFailed } from "./failure.js";
import { type Curve, GLM_FAMILIES, type GlmFamily, type GlmFamilyName } from "./families.js";
import { requireIndependent } from "./ols.js";
import { Sum } from "./sum.js";
import { Triangle } from "./triangle.js";

const STEPS = 60;
const HALVINGS = 30;
const STILL = 1e-9;
/** An honest fit of data that are not told apart seldom leaves this, and never in one direction without end. */
const FAR = 15;

/** One look at all rows at `b`. */
interface Pass {
  log: number;
  triangle: Triangle;
  step: Float64Array;
  /** How far the linear predictor moved since `from`, at most, and its largest size. */
  moved: number;
  far: number;
}

class Glm {
  private readonly size: number;
  private readonly row: Float64Array;
  private readonly curve: Curve = { log: 0, slope: 0, curvature: 0, expected: 0 };

  constructor(
    private readonly family: GlmFamily,
    private readonly design: Pick<Design, "columns" | "row">,
    private readonly data: RegressionData,
  ) {
    this.size = design.columns.length;
    this.row = new Float64Array(this.size + 1);
  }

  private offset(i: number): number {
    return this.data.offset ? this.data.offset[i]! : 0;
  }

  /** The first coefficients: of the regression of where each y would like its predictor. */
  start(): { b: Float64Array; triangle: Triangle } {
    const { size, row, curve, data, family } = this;
    const triangle = new Triangle(size + 1);
    for (let i = 0; i < data.rows; i++) {
      const y = data.response[i]!;
      const eta = family.start(y);
      family.at(y, eta, curve);
      this.design.row(i, row);
      row[size] = eta - this.offset(i) + curve.slope / curve.expected;
      triangle.add(row, Math.sqrt(curve.expected));
    }
    triangle.fold();
    requireIndependent(triangle, this.design);
    return { b: triangle.solve(size), triangle };
  }

  pass(b: Float64Array, from?: Float64Array): Pass {
    const { size, row, curve, data, family } = this;
    const [log, triangle] = [new Sum(), new Triangle(size + 1)];
    const change = from ? b.map((value, j) => value - from[j]!) : undefined;
    let [moved, far] = [change ? 0 : Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < data.rows; i++) {
      this.design.row(i, row);
      const eta = dot(row, b, size) + this.offset(i);
      if (change) moved = Math.max(moved, Math.abs(dot(row, change, size)));
      far = Math.max(far, Math.abs(eta));
      family.at(data.response[i]!, eta, curve);
      log.add(curve.log);
      const root = Math.sqrt(curve.curvature);
      row[size] = root > 0 ? curve.slope / curve.curvature : 0;
      triangle.add(row, root);
    }
    triangle.fold();
    return { log: log.value, triangle, step: triangle.solve(size), moved, far };
  }

  /** @throws ModelFailed */
  fit(): { b: Float64Array; pass: Pass } {
    let { b } = this.start();
    let pass = this.pass(b);
    for (let steps = 0; steps < STEPS; steps++) {
      if (!Number.isFinite(pass.log)) throw new ModelFailed("not_finite");
      if (pass.moved <= STILL * Math.max(1, pass.far)) return { b, pass };
      if (pass.triangle.collinear(this.size) !== undefined || pass.step.some((d) => !Number.isFinite(d)))
        throw new ModelFailed(pass.far > FAR ? "separation" : "not_converged");
      ({ b, pass } = this.climb(b, pass));
    }
    throw new ModelFailed(pass.far > FAR ? "separation" : "not_converged");
  }

  /** A step that does not lower the likelihood by more than rounding does. */
  private climb(b: Float64Array, { log, step }: Pass): { b: Float64Array; pass: Pass } {
    const slack = 1e-12 * (1 + Math.abs(log));
    let share = 1;
    for (let halvings = 0; halvings < HALVINGS; halvings++, share /= 2) {
      const next = b.map((value, j) => value + share * step[j]!);
      const pass = this.pass(next, b);
      if (pass.log >= log - slack) return { b: next, pass };
    }
    throw new ModelFailed("not_converged");
  }

  /** R of the design weighted by expected information at `b`. */
  expected(b: Float64Array): Triangle {
    const { size, row, curve, data, family } = this;
    const triangle = new Triangle(size);
    for (let i = 0; i < data.rows; i++) {
      this.design.row(i, row);
      family.at(data.response[i]!, dot(row, b, size) + this.offset(i), curve);
      triangle.add(row, Math.sqrt(curve.expected));
    }
    triangle.fold();
    return triangle;
  }

  root(b: Float64Array) {
    const { curve, data, family, size } = this;
    return (row: Float64Array, i: number): number => {
      family.at(data.response[i]!, dot(row, b, size) + this.offset(i), curve);
      return Math.sqrt(curve.curvature);
    };
  }
}

export function fitGlm(name: GlmFamilyName, design: Design, data: RegressionData): Estimate {
  const family: GlmFamily = GLM_FAMILIES[name];
  requireResponse(family, data);
  const size = design.columns.length;
  if (data.rows <= size) throw new ModelFailed("too_few_rows");
  const glm = new Glm(family, design, data);
  const { b, pass } = glm.fit();
  const errors = (triangle: Triangle) => triangle.inverseDiagonal(size).map(Math.sqrt);
  return {
    coefficients: b,
    errors: errors(pass.triangle),
    ...(name === "probit" ? { expectedErrors: errors(glm.expected(b)) } : {}),
    figures: figuresOf(family, design, data, pass.log),
    weighing: { triangle: pass.triangle, first: 0, root: glm.root(b) },
  };
}

function requireResponse({ valid, failure }: GlmFamily, { response }: RegressionData): void {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const y of response) {
    if (!valid(y)) throw new ModelFailed(failure);
    least = Math.min(least, y);
    most = Math.max(most, y);
  }
  if (failure === "response_not_binary" && least === most) throw new ModelFailed("response_constant");
  if (most === 0) throw new ModelFailed("response_constant");
}

function figuresOf(
  family: GlmFamily,
  design: Design,
  data: RegressionData,
  log: number,
): Estimate["figures"] {
  const saturated = new Sum();
  for (const y of data.response) saturated.add(family.saturated(y));
  const deviance = family.deviance(log, saturated.value);
  if (design.intercept === undefined) return { log_likelihood: log, deviance };
  const constant = {
    columns: [design.columns[design.intercept]!],
    row: (_: number, out: Float64Array) => out.fill(1),
  };
  const none = new Glm(family, constant, data).fit().pass.log;
  return {
    log_likelihood: log,
    deviance,
    null_log_likelihood: none,
    null_deviance: family.deviance(none, saturated.value),
    pseudo_r_squared: 1 - log / none,
  };
}
