/** What must hold of every suppressed table, over random ones. The long run is random.full.test.ts. */
import { describe, expect, test } from "@jest/globals";
import { randomOf } from "../../../../bench/parts/random-tables.js";
import { Solver } from "../../../../src/privacy/disclosure/suppress/solver.js";
import { testSeed } from "../../../harness/seed.js";
import { QUICK, runRandom } from "./random-runs.js";

const TABLES = 100;
const seed = testSeed();

describe(`suppressed random tables (seed ${seed})`, () => {
  test("are never told closer than they may be, fail no check, and lose little more than the least", async () => {
    const report = runRandom(await Solver.open(), randomOf(seed), TABLES, QUICK);
    expect([report.broken, report.failing]).toEqual([[], []]);
    expect(report.protected).toBeGreaterThan(TABLES / 2);
    expect(report.refused).toBeLessThan(report.protected / 10);
    expect(report.together).toBeLessThanOrEqual(1.15);
    // The knower of the rule names nobody; what is gained by being told is known.
    expect(report.knower.pinned).toBe(0);
    expect(report.told.cells).toBeGreaterThan(0);
  }, 900_000);
});
