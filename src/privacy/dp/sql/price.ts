/**
 * What a plan costs at (ε, δ), and the noise that this buys: from public things only. Derivation: derivation.md.
 *
 * Rules: the noise of each measurement follows from its sensitivity and its share; the cost is the curve of what is
 * drawn, no more and no less. Floats choose shares and the law; whatever they choose, the cost is computed from it.
 */
import { invalidInput, parseDecimal, type Rational, rational, ZERO } from "../../../vocabulary/index.js";
import { zcdpRho } from "../accounting/conversion.js";
import { addCurves, failureCurve, pureCurve, type RenyiCurve, zcdpCurve } from "../accounting/curves.js";
import { LOOKED_AT_FROM } from "./emit.js";
import { below, over, times, toNumber } from "./floats.js";
import type { Bisection, Measurement, Plan } from "./model.js";
import { halfWidth, type Law, tailBound } from "./noise-law.js";

export interface Terms {
  epsilon: Rational;
  /** Zero: none was given. */
  delta: Rational;
}

export interface Pricing {
  /** One a measurement, then one a bisection (of each of its halvings). */
  laws: readonly Law[];
  kind: Law["kind"];
  cost: RenyiCurve;
  /** A group shows where its noisy units are at least so many. */
  threshold?: bigint;
}

const LIMITS = { epsilon: [rational(1n, 1_000_000n), rational(100n)], delta: rational(1n, 10n) } as const;
const LEAST_DELTA = rational(1n, 10n ** 60n);
const PARTS = 1_000_000n;

const compare = (a: Rational, b: Rational): number => {
  const d = a.num * b.den - b.num * a.den;
  return d < 0n ? -1 : d > 0n ? 1 : 0;
};

/** @throws invalid_input */
export function termsOf(epsilon: string, delta: string | undefined): Terms {
  const e = parseDecimal(epsilon, "epsilon");
  if (compare(e, LIMITS.epsilon[0]) < 0 || compare(e, LIMITS.epsilon[1]) > 0)
    throw invalidInput("epsilon", "must be between 0.000001 and 100");
  const d = delta === undefined ? ZERO : parseDecimal(delta, "delta");
  if (d.num > 0n && (compare(d, LEAST_DELTA) < 0 || compare(d, LIMITS.delta) > 0))
    throw invalidInput("delta", "must be 0, or between 1e-60 and 0.1");
  return { epsilon: e, delta: d };
}

/** How much one unit can change a measurement's numbers over all groups, in ℓ1, and in ℓ2 squared. */
export interface Sensitivity {
  l1: bigint;
  l2squared: bigint;
  /** Of one row: what errors are compared with. */
  step: bigint;
  weight: number;
  /** How often it is drawn, one after the other. */
  times: bigint;
}

function ofMeasurement({ perRow, weight }: Measurement, plan: Plan): Sensitivity {
  const rows = plan.relation.perUnit;
  // A unit is counted once in each of its groups; its rows may all lie in one group.
  if (perRow === "unit")
    return { l1: plan.groupsPerUnit, l2squared: plan.groupsPerUnit, step: 1n, weight, times: 1n };
  const most = rows * perRow;
  return { l1: most, l2squared: most * most, step: perRow, weight, times: 1n };
}

/** A halving compares (den − num) for each row below with num for each above. */
export const rankStep = ({ rank: { num, den } }: Bisection): bigint => (den - num > num ? den - num : num);

function ofBisection(b: Bisection, plan: Plan): Sensitivity {
  const most = plan.relation.perUnit * rankStep(b);
  return { l1: most, l2squared: most * most, step: rankStep(b), weight: b.weight, times: BigInt(b.halvings) };
}

/** Parts of a whole that are proportional to these, each at least one part. */
function partsOf(wanted: readonly number[]): bigint[] {
  const total = wanted.reduce((a, b) => a + b, 0);
  const free = Number(PARTS) - wanted.length;
  return wanted.map((w) => BigInt(1 + Math.floor((free * w) / total)));
}

/** Least Σ weight·(error / step)² for one ε: by Lagrange, shares as the cube root. */
function laplaceLaws(list: readonly Sensitivity[], epsilon: Rational): { laws: Law[]; spent: Rational[] } {
  const parts = partsOf(
    list.map((s) =>
      Math.cbrt(s.weight * toNumber(over(rational(s.l1), rational(s.step))) ** 2 * Number(s.times) ** 3),
    ),
  );
  const spent = parts.map((part, i) => rational(epsilon.num * part, epsilon.den * PARTS * list[i]!.times));
  return { laws: list.map((s, i) => ({ kind: "laplace", scale: over(rational(s.l1), spent[i]!) })), spent };
}

/** The same for one ρ: shares as the square root. */
function gaussianLaws(list: readonly Sensitivity[], rho: Rational): Law[] {
  const parts = partsOf(
    list.map((s) => Math.sqrt(s.weight * toNumber(rational(s.l2squared, s.step * s.step))) * Number(s.times)),
  );
  return list.map((s, i) => {
    const share = rational(rho.num * parts[i]!, rho.den * PARTS * s.times);
    return { kind: "gaussian", variance: rational(s.l2squared * share.den, 2n * share.num) };
  });
}

const KEPT = 256;
const rhos = new Map<string, Rational>();
const curves = new Map<string, RenyiCurve>();

function remembered<T>(known: Map<string, T>, key: string, make: () => T): T {
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= KEPT) known.delete(known.keys().next().value as string);
  const made = make();
  known.set(key, made);
  return made;
}

/** About the largest ρ whose zCDP is (ε, δ)-DP; never more than that. */
export function rhoWithin(epsilon: Rational, delta: Rational): Rational {
  return remembered(rhos, `${epsilon.num}/${epsilon.den} ${delta.num}/${delta.den}`, () => {
    const rho = zcdpRho(epsilon, delta);
    // few digits, for what is computed from it
    return rho.num > 0n ? below(toNumber(rho)) : ZERO;
  });
}

const pure = (epsilon: Rational): RenyiCurve =>
  remembered(curves, `${epsilon.num}/${epsilon.den}`, () => pureCurve(epsilon));

const error = (list: readonly Sensitivity[], laws: readonly Law[]): number =>
  list.reduce((sum, s, i) => {
    const width = halfWidth(laws[i]!, 0.05) / Number(s.step);
    return sum + s.weight * width * width;
  }, 0);

/** Sum of a list of curves with how often each is paid. */
function laplaceCost(list: readonly Sensitivity[], spent: readonly Rational[]): RenyiCurve {
  return addCurves(
    ...spent.flatMap((epsilon, i) => Array.from({ length: Number(list[i]!.times) }, () => pure(epsilon))),
  );
}

const half = ({ num, den }: Rational): Rational => rational(num, 2n * den);

/** Of each measurement, then of each bisection. */
export const sensitivitiesOf = (plan: Plan): Sensitivity[] => [
  ...plan.measurements.map((m) => ofMeasurement(m, plan)),
  ...plan.bisections.map((b) => ofBisection(b, plan)),
];

/** @throws invalid_input where private groups need a δ and there is none */
export function priceOf(plan: Plan, { epsilon, delta }: Terms): Pricing {
  if (plan.hasPrivateGroups && delta.num === 0n)
    throw invalidInput(
      "delta",
      "is needed: a group column's values are not declared, so groups show above a threshold only; its owner declares them with `categories`",
    );
  const list = sensitivitiesOf(plan);
  // Thresholding takes its part of δ; what is left is for the Gaussian law, which needs some.
  const failing = plan.hasPrivateGroups ? half(delta) : ZERO;
  const forGauss = plan.hasPrivateGroups ? half(delta) : delta;
  const { laws, spent } = laplaceLaws(list, epsilon);
  const rho = forGauss.num > 0n ? rhoWithin(epsilon, forGauss) : ZERO;
  const gaussian = rho.num > 0n ? gaussianLaws(list, rho) : undefined;
  const isGaussian = gaussian !== undefined && error(list, gaussian) < error(list, laws);
  const chosen = isGaussian ? gaussian : laws;
  const drawn = isGaussian ? zcdpCurve(rho) : laplaceCost(list, spent);
  const threshold =
    plan.threshold === undefined ? undefined : thresholdOf(chosen[plan.threshold]!, failing, plan);
  return {
    laws: chosen,
    kind: isGaussian ? "gaussian" : "laplace",
    cost: threshold === undefined ? drawn : addCurves(drawn, failureCurve(failing)),
    ...(threshold === undefined ? {} : { threshold }),
  };
}

/**
 * One unit makes at most `groupsPerUnit` groups be looked at that were not before; each then has exactly
 * LOOKED_AT_FROM units, and shows with a probability of at most δ / groupsPerUnit.
 */
function thresholdOf(law: Law, failing: Rational, plan: Plan): bigint {
  const each = times(failing, rational(1n, plan.groupsPerUnit));
  return BigInt(LOOKED_AT_FROM) + tailBound(law, each);
}
