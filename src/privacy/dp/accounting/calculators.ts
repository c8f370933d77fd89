/**
 * Calculators for owners: how much noise, how much privacy. They spend nothing and touch no data.
 *
 * Rules: inputs are decimal strings, so that nothing is lost on the way in; answers are decimal text rounded in
 * the direction that never overstates privacy (σ and ε up). Sources stand in the files that compute.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { invalidInput, parseDecimal, rational } from "../../../vocabulary/index.js";
import type { Composed } from "./composition.js";
import { composeSteps } from "./composition.js";
import { zcdpEpsilon } from "./conversion.js";
import type { CurveEpsilon } from "./curves.js";
import { curveEpsilon, repeatCurve, sampledGaussianCurve } from "./curves.js";
import { analyticSigma } from "./gaussian.js";

const less = (a: Rational, b: Rational): boolean => a.num * b.den < b.num * a.den;
const ONE = rational(1n);
const LEAST_DELTA = parseDecimal("1e-300", "delta");

function decimal(text: string, path: string, atMost: string): Rational {
  const value = parseDecimal(text, path);
  if (less(parseDecimal(atMost, path), value)) throw invalidInput(path, `must be at most ${atMost}`);
  return value;
}

function positive(text: string, path: string, from: string, to: string): Rational {
  const value = decimal(text, path, to);
  if (less(value, parseDecimal(from, path))) throw invalidInput(path, `must be at least ${from}`);
  return value;
}

/** δ in [1e-300, 1). */
function failure(text: string, path: string): Rational {
  const value = parseDecimal(text, path);
  if (less(value, LEAST_DELTA) || !less(value, ONE))
    throw invalidInput(path, "must be at least 1e-300 and below 1");
  return value;
}

function whole(value: number, path: string, to: number): bigint {
  if (!Number.isSafeInteger(value) || value < 1 || value > to)
    throw invalidInput(path, `must be a whole number from 1 to ${to}`);
  return BigInt(value);
}

/** The least standard deviation of Gaussian noise for (ε, δ) (Balle and Wang 2018). */
export function gaussianSigma(input: { epsilon: string; delta: string; sensitivity?: string }): {
  sigma: string;
} {
  const epsilon = decimal(input.epsilon, "epsilon", "1000");
  const sensitivity = positive(input.sensitivity ?? "1", "sensitivity", "1e-30", "1e30");
  return { sigma: analyticSigma(epsilon, failure(input.delta, "delta"), sensitivity) };
}

/** The least ε that ρ-zCDP guarantees at δ (Canonne, Kamath and Steinke 2020). */
export function zcdpToEpsilon(input: { rho: string; delta: string }): { epsilon: string } {
  const rho = parseDecimal(input.rho, "rho");
  if (rho.num > 0n) positive(input.rho, "rho", "1e-30", "1e9");
  return { epsilon: zcdpEpsilon(rho, failure(input.delta, "delta")) };
}

/** The optimal composition of `count` equal (ε, δ)-DP steps at a total δ (Kairouz, Oh and Viswanath 2015). */
export function composeOptimal(input: {
  epsilon: string;
  delta: string;
  count: number;
  totalDelta: string;
}): Composed {
  const epsilon = decimal(input.epsilon, "epsilon", "100");
  const [delta, total] = [parseDecimal(input.delta, "delta"), parseDecimal(input.totalDelta, "total_delta")];
  if (!less(delta, ONE)) throw invalidInput("delta", "must be below 1");
  if (!less(total, ONE)) throw invalidInput("total_delta", "must be below 1");
  whole(input.count, "count", 10_000);
  const composed = composeSteps(epsilon, delta, input.count, total);
  if (composed === undefined)
    throw invalidInput("total_delta", "is below 1 − (1 − delta)^count: no epsilon reaches it");
  return composed;
}

/** Training with Poisson-sampled batches and Gaussian noise, by Rényi accounting on orders 1.25 … 512. */
export function sgdEpsilon(input: {
  examples: number;
  batch: number;
  noise: string;
  epochs: number;
  delta: string;
}): CurveEpsilon & { steps: number } {
  const examples = whole(input.examples, "examples", Number.MAX_SAFE_INTEGER);
  const batch = whole(input.batch, "batch", input.examples);
  const epochs = whole(input.epochs, "epochs", 1_000_000);
  const noise = positive(input.noise, "noise", "1e-3", "1e6");
  const steps = (epochs * examples + batch - 1n) / batch;
  const step = sampledGaussianCurve(rational(batch, examples), noise);
  const total = curveEpsilon(repeatCurve(step, steps), failure(input.delta, "delta"))!;
  return { ...total, steps: Number(steps) };
}
