/** Ten thousand random tables, suppressed and attacked; the figures are printed. */
import { describe, expect, test } from "@jest/globals";
import { randomOf } from "../../../../bench/parts/random-tables.js";
import { Solver } from "../../../../src/privacy/disclosure/suppress/solver.js";
import { testSeed } from "../../../harness/seed.js";
import { LONG, linesOf, runRandom } from "./random-runs.js";

const seed = testSeed();
/** A thousand at a time, so that a run that is cut short says what held until then. */
const PARTS = 10;

describe(`ten thousand suppressed tables (seed ${seed})`, () => {
  test("are never told closer than they may be, and lose little more than the least", async () => {
    const [solver, random] = [await Solver.open(), randomOf(seed)];
    for (let part = 1; part <= PARTS; part++) {
      const report = runRandom(solver, random, 1_000, LONG);
      process.stdout.write(`part ${part} of ${PARTS}, seed ${seed}:\n${linesOf(report)}\n`);
      expect([report.broken, report.failing]).toEqual([[], []]);
      expect(report.refused).toBeLessThan(report.protected / 10);
      expect(report.together).toBeLessThanOrEqual(1.15);
      expect(report.worst).toBeLessThanOrEqual(1.15);
      expect(report.knower.pinned).toBe(0);
    }
  }, 7_200_000);
});
