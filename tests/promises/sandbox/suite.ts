/**
 * The hostile programs: one folder each, with the program (main.py, main.c, main.sh or main.R) and what must come of
 * it (expect.json, described in programs.ts and must.ts). Add a folder to add an attack. before.py runs first and to
 * its end; beside.py runs at the same time, and must end unharmed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { packageRoot } from "../../../scripts/setup/home.mjs";
import { ISOLATION_LEVELS } from "../../../src/vocabulary/index.js";
import { type Bench, type MakeBench, type Program, runProgram } from "../../sandbox/harness.js";
import { checkMust, mustAt } from "./must.js";
import {
  CATEGORIES,
  differencesAt,
  type HostileProgram,
  languageOf,
  programNames,
  readExpectation,
  readProgram,
} from "./programs.js";
import { leftInStaging, openWitness, type Witness } from "./witness.js";

/** The fewest that the suite may ever hold, and that each category may. */
const LEAST = 60;
const LEAST_PER_CATEGORY = 5;

export interface Choice {
  /** "long": those that take long or need an image that is built on request; all others by default. */
  which?: "short" | "long" | "all";
  /** Languages' images that this kind of executor has; both by default. */
  images?: readonly string[];
  /** These programs alone. */
  only?: readonly string[];
}

const NEIGHBOUR_DATA = { "rows.csv": "a,b\n1,neighbour-secret\n" };

async function runHostile(bench: Bench, witness: Witness, program: HostileProgram): Promise<void> {
  const image = program.image === bench.image.name ? bench.image : await bench.imageOf(program.image);
  const env = { GLOVEBOX_CANARY_PORT: String(witness.port) };
  const neighbour = (file: string): Program => ({
    files: program.files,
    command: ["python3", file],
    data: NEIGHBOUR_DATA,
    env,
  });
  if (program.before) await runProgram(bench, neighbour("before.py"));
  const beside = program.beside ? runProgram(bench, neighbour("beside.py")) : undefined;
  const { files, limits, outputs, command, max_output_bytes: maxOutputBytes } = program;
  const main = runProgram(bench, { files, limits, outputs, command, maxOutputBytes, env, image });
  // Both must be over, whichever fails, before the next program begins.
  await Promise.allSettled([main, beside]);
  const difference = differencesAt(bench.executor.level)[program.name];
  checkMust(mustAt(program.must, difference), await main, bench.slowness);
  if (beside) {
    const { exit, stdout, stderr } = await beside;
    if (!difference?.beside_may_end) expect([exit.exitCode, stdout, stderr]).toEqual([0, "unharmed\n", ""]);
  }
  expect(leftInStaging(bench)).toEqual([]);
}

/** Runs every hostile program under an Executor. */
export function hostile(name: string, make: MakeBench, { which = "short", images, only }: Choice = {}): void {
  describe(`hostile programs stay in (${name})`, () => {
    let bench: Bench;
    let witness: Witness;
    let before: Record<string, string>;
    beforeAll(async () => {
      bench = await make();
      witness = await openWitness();
      before = witness.look();
    });
    afterAll(async () => {
      await witness.close();
      await bench.close();
    });

    for (const category of CATEGORIES) {
      describe(category, () => {
        for (const folder of programNames()) {
          const expectation = readExpectation(folder);
          if (expectation.category !== category) continue;
          if (which !== "all" && (expectation.full === true) !== (which === "long")) continue;
          if (only && !only.includes(folder)) continue;
          if (images && !images.includes(languageOf(folder).image)) continue;
          test(`${folder}: ${expectation.states}`, () => runHostile(bench, witness, readProgram(folder)));
        }
      });
    }

    test("the machine is as it was: its settings, its accounts, and nobody came to its door", () => {
      expect(witness.look()).toEqual(before);
    });
  });
}

/** That the suite is what it says it is. */
export function census(): void {
  describe("the hostile suite", () => {
    test(`has ${LEAST} programs and more, some of every category`, () => {
      const all = programNames().map(readExpectation);
      expect(all.length).toBeGreaterThanOrEqual(LEAST);
      const few = CATEGORIES.filter(
        (category) => all.filter((entry) => entry.category === category).length < LEAST_PER_CATEGORY,
      );
      expect(few).toEqual([]);
      expect(all.filter(({ category }) => !CATEGORIES.includes(category))).toEqual([]);
    });

    test("stands in docs/isolation.md, each attack in its own words, and none that is not there", () => {
      const page = readFileSync(join(packageRoot, "docs", "isolation.md"), "utf8");
      const rows = [...page.matchAll(/^\| `([^`]+)` \| (?:Python|C|shell|R)(?:, long)? \| (.*) \|$/gm)];
      const told = rows.map(([, name, states]) => `${name}: ${states}`).sort();
      expect(told).toEqual(
        programNames()
          .map((name) => `${name}: ${readExpectation(name).states}`)
          .sort(),
      );
    });

    test("says why, where a level lets a program come to something else", () => {
      for (const level of ISOLATION_LEVELS) {
        const all = Object.entries(differencesAt(level));
        expect(all.filter(([name]) => !programNames().includes(name))).toEqual([]);
        expect(all.filter(([, { why }]) => why.length < 20)).toEqual([]);
      }
    });

    test("has programs in Python, C, shell and R", () => {
      const written = new Set(programNames().map((name) => languageOf(name).main));
      expect([...written].sort()).toEqual(["main.R", "main.c", "main.py", "main.sh"]);
    });
  });
}
