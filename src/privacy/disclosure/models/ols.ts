/**
 * Ordinary least squares. R of [X y] by orthogonal reflections (triangle.ts), then the corrected seminormal equations: the
 * residuals' own regression, which should be zero, is solved and added (Björck, Numerical Methods for Least Squares
 * Problems, 1996, 6.6.5). Two corrections bring what doubles can hold.
 */
import type { RegressionData } from "./data.js";
import type { Design } from "./design.js";
import { dot, type Estimate } from "./estimate.js";
import { ModelFailed } from "./failure.js";
import { Sum, Sums } from "./sum.js";
import { Triangle } from "./triangle.js";

const CORRECTIONS = 2;
/** Less than this is left of what is explained by rounding alone. */
const EXACT = 1e-22;

export function fitOls(design: Design, data: RegressionData): Estimate {
  const size = design.columns.length;
  const { rows } = data;
  if (rows <= size) throw new ModelFailed("too_few_rows");
  const y = (i: number) => data.response[i]! - (data.offset ? data.offset[i]! : 0);
  const triangle = factored(design, data, y);
  const b = triangle.solve(size);
  let squares = 0;
  for (let turn = 0; turn <= CORRECTIONS; turn++) {
    const left = residuals(design, data, y, b);
    squares = left.squares;
    if (!Number.isFinite(squares)) throw new ModelFailed("not_finite");
    if (turn === CORRECTIONS) break;
    const correction = left.score;
    triangle.solveTransposed(size, correction);
    triangle.solve(size, correction).forEach((d, j) => {
      b[j]! += d;
    });
  }
  if (squares <= EXACT * sizeOf(data, y)) throw new ModelFailed("exact_fit");
  const variance = squares / (rows - size);
  return {
    coefficients: b,
    errors: triangle.inverseDiagonal(size).map((v) => Math.sqrt(variance * v)),
    figures: figuresOf(design, data, squares),
    weighing: { triangle, first: 0, root: () => 1 },
  };
}

function sizeOf({ rows }: RegressionData, y: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += y(i) ** 2;
  return sum;
}

function factored(design: Design, { rows }: RegressionData, y: (i: number) => number): Triangle {
  const size = design.columns.length;
  const triangle = new Triangle(size + 1);
  const row = new Float64Array(size + 1);
  for (let i = 0; i < rows; i++) {
    design.row(i, row);
    row[size] = y(i);
    triangle.add(row);
  }
  triangle.fold();
  requireIndependent(triangle, design);
  return triangle;
}

export function requireIndependent(triangle: Triangle, design: Pick<Design, "columns">): void {
  const at = triangle.collinear(design.columns.length);
  if (at !== undefined) throw new ModelFailed("collinear", [design.columns[at]!.name]);
}

function residuals(design: Design, { rows }: RegressionData, y: (i: number) => number, b: Float64Array) {
  const size = design.columns.length;
  const row = new Float64Array(size);
  const [squares, score] = [new Sum(), new Sums(size)];
  for (let i = 0; i < rows; i++) {
    design.row(i, row);
    const left = y(i) - dot(row, b, size);
    squares.add(left * left);
    for (let j = 0; j < size; j++) if (row[j] !== 0) score.add(j, row[j]! * left);
  }
  return { squares: squares.value, score: score.values() };
}

function figuresOf(design: Design, data: RegressionData, squares: number): Estimate["figures"] {
  const { rows, response, offset } = data;
  const size = design.columns.length;
  const figures = {
    residual_sum_of_squares: squares,
    scale: squares / (rows - size),
    log_likelihood: (-rows / 2) * (Math.log((2 * Math.PI * squares) / rows) + 1),
  };
  // With an offset a share explained has no one meaning.
  if (offset !== undefined) return figures;
  const [sum, total] = [new Sum(), new Sum()];
  for (let i = 0; i < rows; i++) sum.add(response[i]!);
  const center = design.intercept === undefined ? 0 : sum.value / rows;
  for (let i = 0; i < rows; i++) total.add((response[i]! - center) ** 2);
  if (total.value === 0) return figures;
  const unexplained = squares / total.value;
  const degrees = design.intercept === undefined ? rows : rows - 1;
  return {
    ...figures,
    r_squared: 1 - unexplained,
    adjusted_r_squared: 1 - (unexplained * degrees) / (rows - size),
  };
}
