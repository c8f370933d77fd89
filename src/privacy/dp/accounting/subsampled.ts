/**
 * Rényi divergence of the Gaussian mechanism on a Poisson sample, at any order α > 1.
 *
 * Source: Mironov, Talwar, Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism" (2019), Theorem 4
 * and Corollary 7: τ(α) = ln A / (α − 1) with A = E g(z)^α for z ~ N(0, σ²), g(z) = 1 − q + q·e^((2z−1)/2σ²).
 * As E g = 1, A − 1 = E [g^α − 1 − α(g − 1)], whose integrand is never negative, so small sampling rates lose no
 * digits. The integral is taken by the trapezoidal rule, whose error for an integrand analytic in a strip is
 * bounded far below a double's resolution (derivation.md › Quadrature). The paper's series for fractional orders
 * converges only polynomially and alternates; this converges exponentially and adds positive terms.
 * What is left is rounding of doubles, below 1e-12 relatively; MARGIN covers it many times over.
 */

const MARGIN = 1e-11;
/** −ln of the bound on the rule's error, and on what lies outside its range. */
const ERROR_EXPONENT = 80;
/** Below this noise multiplier the integral would take too many points. */
const LEAST_SIGMA = 0.0999;

/** ln(e^a + e^b). */
function logAdd(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}

/** ln((1 + x)^α − 1 − αx) for x ≥ −1, from x = q(e^u − 1); exact to rounding for small x and for huge u. */
function logExcess(alpha: number, q: number, u: number): number {
  const x = q * Math.expm1(u);
  const ax = alpha * x;
  if (Math.abs(ax) < 0.5) return logSeries(alpha, x);
  const lnG = u > 300 ? Math.log(q) + u : Math.log1p(x);
  const t = alpha * lnG;
  if (t > 700) return t;
  return Math.log(Math.expm1(t) - ax);
}

/** ln Σ_{j≥2} C(α,j) x^j, for |αx| < 1/2. */
function logSeries(alpha: number, x: number): number {
  if (x === 0) return Number.NEGATIVE_INFINITY;
  let term = 1;
  let sum = 0;
  for (let j = 2; j < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); j++) {
    sum += term;
    term *= ((alpha - j) / (j + 1)) * x;
  }
  return Math.log((alpha * (alpha - 1)) / 2) + 2 * Math.log(Math.abs(x)) + Math.log(sum);
}

/** Upper bound on the Rényi divergence of one step; 0 ≤ q ≤ 1, σ > 0 the noise multiplier. */
export function sampledGaussianDivergence(alpha: number, q: number, sigma: number): number {
  if (q === 0) return 0;
  const variance = sigma * sigma;
  // without amplification, which is a bound for any q: at such noise no one asks for digits
  if (q === 1 || sigma < LEAST_SIGMA) return (alpha / (2 * variance)) * (1 + MARGIN);
  const strip = Math.min(Math.PI * variance, 4 * sigma);
  const step = (2 * Math.PI * strip) / (ERROR_EXPONENT + (strip * strip) / (2 * variance));
  const reach = Math.sqrt(2 * ERROR_EXPONENT + (alpha * alpha - alpha) / variance);
  const from = Math.floor((-14 * sigma) / step);
  const to = Math.ceil((alpha + reach * sigma) / step);
  const scale = Math.log(step / (sigma * Math.sqrt(2 * Math.PI)));
  let logSum = Number.NEGATIVE_INFINITY;
  for (let k = from; k <= to; k++) {
    const z = k * step;
    const excess = logExcess(alpha, q, (2 * z - 1) / (2 * variance));
    logSum = logAdd(logSum, scale - (z * z) / (2 * variance) + excess);
  }
  // the errors of rule and range, relative to the parts A, 1 and α of the integrand
  const error = Math.log(4 + 4 * alpha) - ERROR_EXPONENT;
  return (logAdd(0, logAdd(logSum, error)) / (alpha - 1)) * (1 + MARGIN);
}
