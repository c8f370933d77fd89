/**
 * The audit of synthetic data: models are fitted again and again to two neighbouring datasets, and how often an event
 * happens bounds ε from below. What the records are sampled from is looked at, which tells more than records do.
 */
import { describe, expect, test } from "@jest/globals";
import { RandomBits } from "../../../../src/privacy/dp/noise/random.js";
import {
  createNoise,
  fitModel,
  type Marginals,
  type SynthColumn,
  type SynthPricing,
  synthPrice,
  termsOf,
} from "../../../../src/privacy/index.js";
import { testSeed } from "../../../harness/seed.js";
import { audit, type Claim } from "../../../promises/dp/audit.js";
import { seeded } from "../random.js";

const LONG_MS = 1_800_000;
const [EPSILON, DELTA] = ["3", "1e-6"];
/** Rows of the one who is there or not, all in one cell. */
const ROWS = 16;

const columns: SynthColumn[] = ["a", "b", "c"].map((name, at) => ({
  name,
  type: "boolean",
  at,
  decimals: 2,
  cells: ["false", "true"].map((value) => ({ kind: "value", value })),
}));

/** So many rows that are false throughout, and as many others that are true throughout. */
const counts = (first: bigint): Marginals => ({
  one: columns.map(() => [first, 600n]),
  two: columns.map(() => [first, 0n, 0n, 600n]),
});

/** Rows that are false in a column, and in a pair: a unit moves them all. */
function statistic({ total, columns: shares, edges }: ReturnType<typeof fitModel>): number {
  const alone = shares.reduce((sum, share) => sum + share[0]!, 0);
  return total * (alone + edges.reduce((sum, edge) => sum + edge.shares[0]!, 0));
}

function claimOf(pricing: SynthPricing, seed: string): Claim {
  const random = new RandomBits(seeded(seed));
  const draw = (exact: Marginals) => (noise: ReturnType<typeof createNoise>) => [
    statistic(fitModel(columns, exact, pricing, { noise, random })),
  ];
  return {
    epsilon: Number(EPSILON),
    delta: Number(DELTA),
    draws: [draw(counts(600n)), draw(counts(600n + BigInt(ROWS)))],
  };
}

export function synthAuditSuite(trials: number, least: number): void {
  const seed = testSeed();
  const noise = createNoise(seeded(`synthetic audit ${seed}`));
  const priced = (rows: number) => synthPrice(columns.length, rows, termsOf(EPSILON, DELTA));

  describe(`ε of synthetic data bounded from below by ${trials} models a side (seed ${seed})`, () => {
    test(
      "is no more than was paid for, and some of it is seen",
      () => {
        const { epsilon, certain } = audit(claimOf(priced(ROWS), `choice ${seed}`), trials, noise);
        console.info(
          `synthetic data: claimed (${EPSILON}, ${DELTA}), at least ${epsilon.toFixed(3)} at 95 %`,
        );
        expect(certain).toBeLessThanOrEqual(Number(EPSILON));
        expect(epsilon).toBeGreaterThan(least);
      },
      LONG_MS,
    );

    test(
      "is seen to be more where noise forgets that a unit has many rows",
      () => {
        const { epsilon, certain } = audit(
          claimOf(priced(1), `broken ${seed}`),
          Math.min(trials, 1500),
          noise,
        );
        console.info(`noise for one row a unit: at least ${epsilon.toFixed(3)} of ${EPSILON}`);
        expect(certain).toBeGreaterThan(Number(EPSILON));
      },
      LONG_MS,
    );
  });
}
