/**
 * The seed of a randomised test. A gate must give the same verdict twice, so `npm test` draws the same cases each time;
 * `npm run test:full` draws new ones, and `GLOVEBOX_TEST_SEED` repeats a run. The seed stands in the test's output.
 */
import { randomInt } from "node:crypto";

const FIXED = 20_261_124;

/** @returns A positive integer below 2³¹. */
export function testSeed(): number {
  const given = process.env.GLOVEBOX_TEST_SEED;
  if (given !== undefined) {
    const seed = Number(given);
    if (!Number.isSafeInteger(seed) || seed < 1 || seed >= 2 ** 31)
      throw new Error("GLOVEBOX_TEST_SEED is a positive integer below 2^31");
    return seed;
  }
  return process.env.GLOVEBOX_TEST_FULL === "1" ? randomInt(1, 2 ** 31) : FIXED;
}
