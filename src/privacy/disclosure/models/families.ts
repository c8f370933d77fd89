/**
 * Likelihoods of one value y at a linear predictor η, with its first derivative and minus its second, observed and
 * expected. All are concave in η, so Newton's method climbs to the one maximum where there is one.
 */
import { logGamma, normalTail } from "./special.js";

/** Written into, so that a pass over rows makes no objects. */
export interface Curve {
  log: number;
  /** dℓ/dη */
  slope: number;
  /** −d²ℓ/dη² */
  curvature: number;
  /** Its expectation over y. */
  expected: number;
}

export interface GlmFamily {
  at(y: number, eta: number, out: Curve): void;
  /** Where the search starts: η of y moved a little inwards. */
  start(y: number): number;
  /** Twice how far `log` is below the log-likelihood of the model in which each row is its own, over all rows. */
  deviance(log: number, saturated: number): number;
  /** A row's log-likelihood in that model. */
  saturated(y: number): number;
  valid(y: number): boolean;
  failure: "response_not_binary" | "response_not_counts";
}

const binary = {
  deviance: (log: number) => -2 * log,
  saturated: () => 0,
  valid: (y: number) => y === 0 || y === 1,
  failure: "response_not_binary",
} as const;

const logit: GlmFamily = {
  ...binary,
  at(y, eta, out) {
    // e^−|η| never overflows, and 1 − μ is never a difference of near numbers.
    const small = Math.exp(-Math.abs(eta));
    const away = small / (1 + small);
    const q = y === 1 ? eta : -eta;
    out.log = q >= 0 ? -Math.log1p(small) : q - Math.log1p(small);
    const miss = q >= 0 ? away : 1 - away;
    out.slope = y === 1 ? miss : -miss;
    out.curvature = small / (1 + small) ** 2;
    out.expected = out.curvature;
  },
  start: (y) => (y === 1 ? Math.log(3) : -Math.log(3)),
};

const probit: GlmFamily = {
  ...binary,
  at(y, eta, out) {
    const q = y === 1 ? eta : -eta;
    const { log, hazard } = normalTail(q);
    const other = normalTail(-q).hazard;
    out.log = log;
    out.slope = y === 1 ? hazard : -hazard;
    out.curvature = hazard * (hazard + q);
    out.expected = hazard * other;
  },
  start: (y) => (y === 1 ? 0.6744897501960817 : -0.6744897501960817),
};

const poisson: GlmFamily = {
  at(y, eta, out) {
    const mean = Math.exp(eta);
    out.log = y * eta - mean - logGamma(y + 1);
    out.slope = y - mean;
    out.curvature = mean;
    out.expected = mean;
  },
  start: (y) => Math.log(y + 0.1),
  deviance: (log, saturated) => 2 * (saturated - log),
  saturated: (y) => (y === 0 ? 0 : y * Math.log(y) - y) - logGamma(y + 1),
  valid: (y) => y >= 0 && y <= Number.MAX_SAFE_INTEGER && Number.isInteger(y),
  failure: "response_not_counts",
};

export const GLM_FAMILIES = { logit, probit, poisson } as const;
export type GlmFamilyName = keyof typeof GLM_FAMILIES;
