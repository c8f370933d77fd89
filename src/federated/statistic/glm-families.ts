/**
 * Likelihoods of regressions as an engine computes them, row by row, at a linear predictor η: slope dℓ/dη, weight
 * −d²ℓ/dη², deviance; and the largest that each can be, since |η| is no more than the coefficients allow.
 *
 * Rules: no expression can fail or give what is no number, whatever η within its bound is. Pure.
 */
import { double } from "./fixed.js";
import type { Range } from "./range.js";

/** SQL over a row's `y`, `eta` and `o` (the offset). */
export interface CurveSql {
  slope: string;
  weight: string;
  deviance: string;
}

export interface CurveBounds {
  slope: number;
  weight: number;
  deviance: number;
}

export interface SharedFamily {
  /** Largest sum of the standardised coefficients' absolute values: beyond, no honest estimate lies. */
  reach: number;
  at: CurveSql;
  /** What the first step weighs and explains; the step from zero where it is absent. */
  start?: CurveSql;
  /** @param eta largest |η| @param y range of the response @param offset largest |offset| */
  bounds(eta: number, y: Range, offset: number): CurveBounds;
  startBounds?(y: Range, offset: number): CurveBounds;
}

/** e^−|η| never overflows, and no probability is a difference of near numbers. */
const AWAY = "exp(-abs(eta))";
const AGREES = "(CASE WHEN y = 1 THEN eta ELSE -eta END)";
const MISS = `(CASE WHEN ${AGREES} >= 0 THEN ${AWAY} ELSE 1e0 END / (1 + ${AWAY}))`;

const logit: SharedFamily = {
  reach: 100,
  at: {
    slope: `CASE WHEN y = 1 THEN ${MISS} ELSE -${MISS} END`,
    weight: `${AWAY} / ((1 + ${AWAY}) * (1 + ${AWAY}))`,
    deviance: `2 * (ln(1 + ${AWAY}) - least(${AGREES}, 0))`,
  },
  // The same for every step, so that its question is the same text.
  bounds: (_, __, offset) => ({ slope: 1, weight: 0.25, deviance: 2 * (logit.reach + offset + 1) }),
};

const Y_LOG_Y = "CASE WHEN y > 0 THEN y * ln(y) - y ELSE 0 END";
const NEAR = "(y + 1e-1)";

const poisson: SharedFamily = {
  reach: 60,
  at: {
    slope: "y - exp(eta)",
    weight: "exp(eta)",
    deviance: `2 * (${Y_LOG_Y} - (y * eta - exp(eta)))`,
  },
  // A weighted regression of where each y would like its predictor, as R starts (glm.fit).
  start: {
    slope: `${NEAR} * (ln(${NEAR}) - o) + (y - ${NEAR})`,
    weight: NEAR,
    deviance: "0e0",
  },
  bounds(eta, [, most]) {
    const [mean, high] = [Math.exp(Math.ceil(eta)), Math.max(most, 1)];
    return {
      slope: most + mean,
      weight: mean,
      deviance: 2 * (high * Math.log(high) + high + high * Math.ceil(eta) + mean),
    };
  },
  startBounds([, most], offset) {
    const near = most + 0.1;
    const wish = Math.max(Math.log(10), Math.abs(Math.log(near))) + offset;
    return { slope: near * wish + 1, weight: near, deviance: 1 };
  },
};

/** What the sums of y ln y − y, and of ln y!, are made of; of a response up to `most`. */
export const COUNT_SUMS = {
  saturated: { sql: Y_LOG_Y, bound: (most: number) => Math.max(1, most) * (Math.log(Math.max(1, most)) + 1) },
  log_factorial: {
    sql: "lgamma(y + 1)",
    bound: (most: number) => (most + 1) * (Math.log(most + 1) + 1) + 1,
  },
} as const;

/** The response as a whole design has it: between −1 and 1. */
export interface Standard {
  center: number;
  size: number;
}

/** Least squares, whose one step is the estimate: the response stands for the slope, and weighs one. */
export const leastSquares = ({ center, size }: Standard): CurveSql => {
  const y = `(y - o - ${double(center)}) / ${double(size)}`;
  return { slope: y, weight: "1e0", deviance: `(${y}) * (${y})` };
};

const ols: SharedFamily = {
  reach: 0,
  at: leastSquares({ center: 0, size: 1 }),
  bounds: () => ({ slope: 1, weight: 1, deviance: 1 }),
};

export const SHARED_FAMILIES = { ols, logit, poisson } as const;
export type SharedFamilyName = keyof typeof SHARED_FAMILIES;
