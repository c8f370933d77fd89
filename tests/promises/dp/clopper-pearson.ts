/**
 * Exact bounds on a probability from counts (Clopper and Pearson 1934), and from two of them a bound on ε from below:
 * what a black-box audit can prove (Jagielski, Ullman, Oprea 2020; Nasr et al. 2021).
 */

/** ln Γ by Lanczos; relative error below 10^−14 for x ≥ 1. */
function lnGamma(x: number): number {
  const g = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const y = x - 1;
  const t = y + 7.5;
  const sum = g.reduce((total, c, i) => (i === 0 ? c : total + c / (y + i)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** The regularised incomplete beta function I_x(a, b), by Lentz's continued fraction. */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaBelow(1 - x, b, a);
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  const tiny = 1e-300;
  const away = (v: number): number => (Math.abs(v) < tiny ? tiny : v);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return (front * h) / a;
}

/** The p at which an increasing function of it reaches `goal`. */
function solved(goal: number, f: (p: number) => number): number {
  let [low, high] = [0, 1];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (f(middle) < goal) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** With probability 1 − missed the true probability is at least this. */
export const atLeast = (hits: number, trials: number, missed: number): number =>
  hits === 0 ? 0 : solved(missed, (p) => betaBelow(p, hits, trials - hits + 1));

/** With probability 1 − missed the true probability is at most this. */
export const atMost = (hits: number, trials: number, missed: number): number =>
  hits === trials ? 1 : solved(1 - missed, (p) => betaBelow(p, hits + 1, trials - hits));

/**
 * ε from below: (ε, δ)-DP says P[S | D] ≤ e^ε·P[S | D′] + δ for the event S, whichever it is; both probabilities are
 * bounded at half of what may be missed.
 */
export function epsilonAtLeast(
  { hits, others, trials }: { hits: number; others: number; trials: number },
  delta: number,
  missed: number,
): number {
  const most = atMost(others, trials, missed / 2);
  const gap = atLeast(hits, trials, missed / 2) - delta;
  return gap <= 0 ? 0 : Math.max(0, Math.log(gap / most));
}
