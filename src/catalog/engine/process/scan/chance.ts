/** How surprising a number of matches is, and what follows from it. Pure. */
import type { Verdict } from "../../../../vocabulary/index.js";

/** ln Γ(x) for x ≥ 1, by Stirling's series after shifting x above 8. */
function lnGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 8; y++) shift += Math.log(y);
  const inverse = 1 / y;
  const series = inverse * (1 / 12 - inverse * inverse * (1 / 360 - (inverse * inverse) / 1260));
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** P(X ≥ k) for X ~ Poisson(mean); 1 wherever k is not above the mean, for there nothing is surprising. */
export function poissonTail(k: number, mean: number): number {
  if (k <= mean || k <= 0) return 1;
  if (mean <= 0) return 0;
  let term = Math.exp(-mean + k * Math.log(mean) - lnGamma(k + 1));
  let sum = term;
  for (let i = k + 1; term > sum * 1e-12 && i < k + 100_000; i++) {
    term *= mean / i;
    sum += term;
  }
  return Math.min(1, sum);
}

/** ln of n over k. */
export function lnChoose(n: number, k: number): number {
  return lnGamma(n + 1) - lnGamma(k + 1) - lnGamma(n - k + 1);
}

/** Below which probability of a mere coincidence a finding is what. */
export const SURPRISE = { fail: 1e-4, review: 1e-2 } as const;

/** Undefined where coincidence explains it. */
export function verdictOf(
  probability: number,
  limits: { fail: number; review: number } = SURPRISE,
): Verdict | undefined {
  if (probability < limits.fail) return "fail";
  return probability < limits.review ? "review" : undefined;
}
