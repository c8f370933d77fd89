/**
 * Composition of noise by its privacy-loss distribution, for owners' reports: tighter than curves, not for charging.
 */
import type { Rational } from "../../../../vocabulary/index.js";
import { invalidInput, parseDecimal, rational } from "../../../../vocabulary/index.js";
import { rationalOf } from "../conversion.js";
import { decimalUp } from "../decimal.js";
import { Composition } from "./compose.js";
import { discreteGaussianLoss, discreteLaplaceLoss, gaussianLoss, type Loss, laplaceLoss } from "./loss.js";

export const NOISE_MECHANISMS = ["gaussian", "laplace", "discrete-gaussian", "discrete-laplace"] as const;
export type NoiseMechanism = (typeof NOISE_MECHANISMS)[number];

export interface NoiseSteps {
  mechanism: NoiseMechanism;
  /** σ of Gaussian noise. */
  sigma?: string | undefined;
  /** b of Laplace noise. */
  scale?: string | undefined;
  /** ℓ2 for Gaussian, ℓ1 for Laplace noise; a whole number for discrete noise. 1 when not said. */
  sensitivity?: string | undefined;
  /** Equal steps, chosen adaptively. */
  count: number;
  totalDelta: string;
}

const MOST_COUNT = 100_000;
/** Δ/σ or Δ/b. */
const [LEAST_RATIO, MOST_RATIO] = ["1e-5", "30"];
/** Points of discrete noise that are looked at one by one. */
const MOST_SCALE = 10_000;
const less = (a: Rational, b: Rational): boolean => a.num * b.den < b.num * a.den;

/** The nearest double of a ratio, made larger by far less than the margins and more than it was off. */
function doubleAbove(r: Rational): number {
  const shift = BigInt(Math.max(0, r.den.toString(2).length - r.num.toString(2).length + 64));
  return (Number((r.num << shift) / r.den) / 2 ** Number(shift)) * (1 + 2 ** -50);
}

interface Parameters {
  name: "sigma" | "scale";
  noise: Rational;
  sensitivity: Rational;
}

function parametersOf(steps: NoiseSteps): Parameters {
  const name = steps.mechanism.endsWith("gaussian") ? "sigma" : "scale";
  const [given, other] = name === "sigma" ? [steps.sigma, steps.scale] : [steps.scale, steps.sigma];
  if (given === undefined) throw invalidInput(name, `must be said for ${steps.mechanism} noise`);
  if (other !== undefined)
    throw invalidInput(name === "sigma" ? "scale" : "sigma", `is none of ${steps.mechanism} noise`);
  const noise = parseDecimal(given, name);
  const sensitivity = parseDecimal(steps.sensitivity ?? "1", "sensitivity");
  if (noise.num === 0n) throw invalidInput(name, "must be above 0");
  const ratio = rational(sensitivity.num * noise.den, sensitivity.den * noise.num);
  if (less(ratio, parseDecimal(LEAST_RATIO, name)) || less(parseDecimal(MOST_RATIO, name), ratio))
    throw invalidInput(
      name,
      `must be such that sensitivity / ${name} is from ${LEAST_RATIO} to ${MOST_RATIO}`,
    );
  return { name, noise, sensitivity };
}

function lossOf({ mechanism }: NoiseSteps, { name, noise, sensitivity }: Parameters): Loss {
  const ratio = doubleAbove(rational(sensitivity.num * noise.den, sensitivity.den * noise.num));
  if (mechanism === "gaussian") return gaussianLoss(ratio);
  if (mechanism === "laplace") return laplaceLoss(ratio);
  if (sensitivity.den !== 1n) throw invalidInput("sensitivity", "must be a whole number for discrete noise");
  const spread = doubleAbove(noise);
  if (spread > MOST_SCALE || Number(sensitivity.num) > MOST_SCALE)
    throw invalidInput(name, `and sensitivity must be at most ${MOST_SCALE} for discrete noise`);
  const delta = Number(sensitivity.num);
  return mechanism === "discrete-gaussian"
    ? discreteGaussianLoss(spread, delta)
    : discreteLaplaceLoss(spread, delta);
}

/** The least ε that the steps together have at the total δ, from above: pessimistic, within some millionths. */
export function composeNoise(steps: NoiseSteps): { epsilon: string } {
  if (!Number.isSafeInteger(steps.count) || steps.count < 1 || steps.count > MOST_COUNT)
    throw invalidInput("count", `must be a whole number from 1 to ${MOST_COUNT}`);
  const delta = parseDecimal(steps.totalDelta, "total_delta");
  if (less(delta, parseDecimal("1e-30", "total_delta")) || !less(delta, rational(1n)))
    throw invalidInput("total_delta", "must be at least 1e-30 and below 1");
  const parameters = parametersOf(steps);
  // a little below, where ε is larger
  const target = doubleAbove(delta) * (1 - 2 ** -48);
  const found = new Composition(lossOf(steps, parameters), steps.count, target).epsilonAt(target);
  const pure = pureBound(steps, parameters);
  if (found === undefined && pure === undefined)
    throw invalidInput("total_delta", "is too small for this noise and so many steps");
  const exact = found === undefined ? undefined : rationalOf(found * (1 + 2 ** -40));
  const best = exact === undefined || (pure !== undefined && less(pure, exact)) ? pure! : exact;
  return { epsilon: decimalUp(best.num, best.den) };
}

/** Laplace noise has a bounded loss, which so many steps add up to at most. */
function pureBound(steps: NoiseSteps, { noise, sensitivity, name }: Parameters): Rational | undefined {
  if (name === "sigma") return undefined;
  return rational(BigInt(steps.count) * sensitivity.num * noise.den, sensitivity.den * noise.num);
}
