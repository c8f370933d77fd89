/**
 * Linear regression over domains, from sums of products: one step.
 *
 * The normal equations square the condition of the columns, and the sum of squared residuals is a small difference of large
 * sums; but the sums are whole numbers of 10^−15 of columns within [−1, 1], and all that is worked out of them is exact:
 * a solution in doubles is mended by what it leaves of the whole numbers (iterative refinement), until nothing is left.
 * What remains is each product's own rounding, as far away as a double's. On how few units the model can stand is bounded
 * by sums too (linear-influence.ts). Pure.
 */
import { decimalOf, ModelFailed, solvePositive, toFixed, twoSided } from "../../privacy/index.js";
import { quotient } from "./exact.js";
import type { GlmShape } from "./glm-shape.js";
import { factored } from "./glm-steps.js";
import { cellsOf, patternsOf, type Sums } from "./glm-sums.js";
import { mostOf } from "./linear-influence.js";

/** Decimals of the sums, and of solutions. */
const SUM_DECIMALS = 15;
const DECIMALS = 40;
const ONE = 10n ** BigInt(DECIMALS);
const SUM_ONE = 10n ** BigInt(SUM_DECIMALS);
const MAX_MENDINGS = 40;
/** What is left of a solution when it is mended enough. */
const MENDED = 1e-30;
/** Up to here a bound on leverages says that none is large; beyond, it says nothing. */
const LITTLE = 0.2;
/** Rounding leaves so much of a row's square where nothing is unexplained. */
const EXACT = 1e-13;

/** Symmetric, whole numbers of 10^−15. */
type Matrix = readonly (readonly bigint[])[];

/** What one domain's own model says of its rows (models/fit.ts). @throws ModelFailed */
export function describedLinear(shape: GlmShape, sums: Sums, active: readonly number[], few: number) {
  const size = active.length;
  const { standard, design } = shape;
  const rows = sums.of("rows");
  const information = active.map((j) =>
    active.map((k) => sums.exactly(`information ${Math.max(j, k)} ${Math.min(j, k)}`)),
  );
  const factor = factorOf(
    information,
    active.map((j) => design.columns[j]!.name),
  );
  const score = active.map((j) => sums.exactly(`score ${j}`) * ONE);
  const beta = solved(information, factor, score);
  const squares = leftOver(information, beta, score, sums.exactly("deviance"));
  if (squares <= EXACT * rows) throw new ModelFailed("exact_fit");
  const variance = (squares / (rows - size)) * standard.size ** 2;
  const coefficients = broughtBack(shape, active, { information, factor, beta });
  const figures = figuresOf(shape, sums, size, squares);
  const held = coefficients.map((coefficient) => heldOf(shape, sums, active, coefficient, few));
  const errors = coefficients.map(({ share }) => Math.sqrt(share * variance));
  if ([...coefficients.map((c) => c.value), ...errors].some((value) => !Number.isFinite(value)))
    throw new ModelFailed("not_finite");
  return {
    parameters: size,
    residual_df: sums.units - size,
    coefficients: coefficients.map(({ name, r_name, value }, i) => {
      const statistic = value === 0 ? 0 : value / errors[i]!;
      return {
        name,
        r_name,
        estimate: decimalOf(value),
        std_error: decimalOf(errors[i]!),
        statistic: decimalOf(statistic),
        p_value: decimalOf(twoSided(statistic, rows - size)),
        ...held[i],
      };
    }),
    figures: Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, decimalOf(value)])),
    ...leverageOf(shape, sums, active, { information, factor }),
    influence_at_most: true as const,
    cells: cellsOf(shape, sums),
    ...patternsOf(shape, sums, size),
  };
}

function factorOf(matrix: Matrix, names: readonly string[]): Float64Array {
  const size = matrix.length;
  const doubles = Float64Array.from(matrix.flat(), (sum) => Number(sum) / 10 ** SUM_DECIMALS);
  const { factor, collinear } = factored(doubles, size);
  if (collinear !== undefined) throw new ModelFailed("collinear", [names[collinear]!]);
  return factor!;
}

/** x of A x = b, in whole numbers of 10^−40. @param b of 10^−55 */
export function solved(matrix: Matrix, factor: Float64Array, b: readonly bigint[]): bigint[] {
  const size = matrix.length;
  const x = new Array<bigint>(size).fill(0n);
  for (let turn = 0; turn < MAX_MENDINGS; turn++) {
    const left = b.map((whole, i) => whole - along(matrix[i]!, x));
    const step = solvePositive(
      factor,
      size,
      Float64Array.from(left, (whole) => quotient(whole, ONE * SUM_ONE)),
    );
    if (!step.every(Number.isFinite)) throw new ModelFailed("not_finite");
    step.forEach((d, i) => {
      x[i]! += toFixed(d, DECIMALS, "step");
    });
    if (step.every((d) => Math.abs(d) < MENDED)) return x;
  }
  throw new ModelFailed("not_converged");
}

const along = (row: readonly bigint[], x: readonly bigint[]): bigint =>
  row.reduce((sum, a, k) => sum + a * x[k]!, 0n);

/** yy − 2 b·x + x·A x: what the solution leaves unexplained, exactly. */
function leftOver(matrix: Matrix, x: readonly bigint[], b: readonly bigint[], yy: bigint): number {
  const twice = 2n * b.reduce((sum, whole, i) => sum + whole * x[i]!, 0n);
  const square = x.reduce((sum, value, i) => sum + value * along(matrix[i]!, x), 0n);
  return quotient(yy * ONE * ONE - twice + square, SUM_ONE * ONE * ONE);
}

interface Solution {
  information: Matrix;
  factor: Float64Array;
  beta: readonly bigint[];
}

/** From standardised columns and response to those of the formula, and each one's share of the variance. */
function broughtBack(
  { design, standard }: GlmShape,
  active: readonly number[],
  { information, factor, beta }: Solution,
) {
  return active.map((j, at) => {
    const column = design.columns[j]!;
    const by = active.map((k, other) => {
      if (other === at) return 1 / column.size;
      const { center, size } = design.columns[k]!;
      return j === design.intercept ? -center / size : 0;
    });
    const wholes = by.map((weight) => toFixed(weight, DECIMALS, "weight"));
    const inverse = solved(
      information,
      factor,
      wholes.map((whole) => whole * SUM_ONE),
    );
    const value = quotient(along(wholes, beta), ONE * ONE) * standard.size;
    return {
      name: column.name,
      r_name: column.r_name,
      value: j === design.intercept ? value + standard.center : value,
      /** Its variance is this times the residuals'; v of linear-influence.ts. */
      share: quotient(along(wholes, inverse), ONE * ONE),
      inverse,
    };
  });
}

type Direction = Pick<ReturnType<typeof broughtBack>[number], "share" | "inverse">;

/** The most that one unit holds of a coefficient, and the largest few together. */
function heldOf(
  { influence }: GlmShape,
  sums: Sums,
  active: readonly number[],
  { share, inverse }: Direction,
  few: number,
): { one_unit?: number; few_units?: number } {
  if (influence === undefined) return {};
  const v = new Map(active.map((j, at) => [j, inverse[at]!]));
  const most = mostOf(influence, sums.influence, {
    weights: (j, k) => (v.get(j) ?? 0n) * (v.get(k) ?? 0n),
    one: ONE * ONE,
    size: inverse.reduce((sum, x) => sum + Math.abs(quotient(x, ONE)), 0) ** 2,
    whole: share,
    rows: sums.of("rows"),
  });
  if (most === undefined) return {};
  return { one_unit: Math.min(1, most(1)), few_units: Math.min(1, most(few)) };
}

/** The most that a unit's leverage is, where that is known to be little. */
function leverageOf(
  { influence }: GlmShape,
  sums: Sums,
  active: readonly number[],
  { information, factor }: Omit<Solution, "beta">,
): { max_leverage?: number } {
  if (influence === undefined) return {};
  const places = new Map(active.map((j, at) => [j, at]));
  const inverse = active.map((_, at) =>
    solved(
      information,
      factor,
      active.map((_, other) => (other === at ? ONE * SUM_ONE : 0n)),
    ),
  );
  const most = mostOf(influence, sums.influence, {
    weights(j, k) {
      const [a, b] = [places.get(j), places.get(k)];
      return a === undefined || b === undefined ? 0n : inverse[a]![b]!;
    },
    one: ONE,
    size: inverse.flat().reduce((sum, x) => sum + Math.abs(quotient(x, ONE)), 0),
    whole: 1,
    rows: sums.of("rows"),
  });
  const leverage = most?.(1);
  return leverage === undefined || leverage > LITTLE ? {} : { max_leverage: leverage };
}

function figuresOf(
  { design, standard, statistic }: GlmShape,
  sums: Sums,
  parameters: number,
  squares: number,
): Record<string, number> {
  const n = sums.of("rows");
  const left = squares * standard.size ** 2;
  const figures = {
    residual_sum_of_squares: left,
    scale: left / (n - parameters),
    log_likelihood: (-n / 2) * (Math.log((2 * Math.PI * left) / n) + 1),
  };
  // With an offset a share explained has no one meaning.
  if (statistic.formula.offsets.length > 0) return figures;
  const [y, yy] = [sums.exactly("y"), sums.exactly("deviance")];
  const whole = BigInt(n) * SUM_ONE;
  const total =
    design.intercept === undefined ? quotient(yy, SUM_ONE) : quotient(yy * whole - y * y, SUM_ONE * whole);
  if (total === 0) return figures;
  const unexplained = squares / total;
  const degrees = design.intercept === undefined ? n : n - 1;
  return {
    ...figures,
    r_squared: 1 - unexplained,
    adjusted_r_squared: 1 - (unexplained * degrees) / (n - parameters),
  };
}
