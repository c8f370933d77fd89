/**
 * The audit of every aggregate, and the audit of the audit.
 *
 * Must never happen: of an answer that claims (ε, δ) an event is seen whose probabilities, bounded exactly, need a larger
 * ε. Printed are bounds at 95 %; the verdict is at one in ten million, since a tight mechanism is right at its ε.
 */
import { describe, expect, test } from "@jest/globals";
import { createNoise } from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { asked, audit } from "./audit.js";
import { BROKEN, CASES } from "./audit-cases.js";
import { atLeast, atMost, betaBelow } from "./clopper-pearson.js";

/** Many draws take minutes, on a busy machine tens of them. */
const LONG_MS = 1_800_000;

const shown = (x: number): string => x.toFixed(3);

/** Few draws find less of ε. */
const POWER_OF_FEW = 0.3;

export function auditSuite(trials: number, forBroken: number, names = CASES.map(({ name }) => name)): void {
  const power = trials < 100_000 ? POWER_OF_FEW : 1;
  const seed = testSeed();
  const noise = createNoise(seeded(`audit ${seed}`));

  describe(`ε bounded from below by ${trials} draws a side (seed ${seed})`, () => {
    test.each(CASES.filter(({ name }) => names.includes(name)))(
      "$name",
      async ({ name, question, least }) => {
        const { claim } = await asked(question);
        const start = performance.now();
        const { epsilon, certain } = audit(claim, trials, noise);
        console.info(
          `${name}: claimed (${claim.epsilon}, ${claim.delta}), at least ${shown(epsilon)} at 95 % (${Math.round(performance.now() - start)} ms)`,
        );
        expect(certain).toBeLessThanOrEqual(claim.epsilon);
        expect(epsilon).toBeGreaterThanOrEqual(power * least * claim.epsilon);
      },
      LONG_MS,
    );
  });

  describe("the audit sees what is broken", () => {
    test.each(BROKEN)(
      "$name",
      async ({ name, claim: of }) => {
        const claim = await of();
        const { epsilon, certain } = audit(claim, forBroken, noise);
        console.info(`${name}: claimed (${claim.epsilon}, ${claim.delta}), at least ${shown(epsilon)}`);
        expect(certain).toBeGreaterThan(claim.epsilon);
      },
      LONG_MS,
    );
  });

  test("its bounds on probabilities are those of Clopper and Pearson", () => {
    // The tails of the binomial law themselves, and published values: 8 of 20 at 95 % is [0.1912, 0.6395].
    expect(atLeast(8, 20, 0.025)).toBeCloseTo(0.1912, 4);
    expect(atMost(8, 20, 0.025)).toBeCloseTo(0.6395, 4);
    expect(atMost(0, 1000, 0.05)).toBeCloseTo(1 - 0.05 ** (1 / 1000), 12);
    expect(atLeast(1000, 1000, 0.05)).toBeCloseTo(0.05 ** (1 / 1000), 12);
    expect(betaBelow(0.3, 2, 5)).toBeCloseTo(0.579825, 6);
  });
}
