/** Work over many private groups lets others in between, and comes to the same as if it had been done at once. */
import { expect, test } from "@jest/globals";
import { inSlices } from "../../../src/catalog/queries/slices.js";
import {
  answerOf,
  answerSteps,
  atOnce,
  cellSteps,
  cellsOf,
  createNoise,
  priceOf,
  type Steps,
  sortSteps,
  termsOf,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { PLAN } from "./private-plan.js";

const seed = testSeed();
const GROUPS = 10_000;
const PRICING = priceOf(PLAN, termsOf("1", "1e-6"));
const rows = Array.from({ length: GROUPS }, (_, i) => [`town ${(i * 7919) % GROUPS}`, String(2 + (i % 90))]);
const source = (of: string) => createNoise(seeded(`${of} ${seed}`));

/** A clock on which each step takes a tenth of a millisecond; says how many steps there were between pauses. */
function watched() {
  let [time, steps] = [0, 0];
  const between: number[] = [];
  return {
    between,
    now: () => {
      steps += 1;
      time += 0.1;
      return time;
    },
    pause: async () => {
      between.push(steps);
      steps = 0;
    },
  };
}

test(`answers over ${GROUPS} private groups are made in slices, and are those made at once (seed ${seed})`, async () => {
  const cells = watched();
  const sliced = await inSlices(cellSteps(PLAN, rows, []), cells);
  expect(sliced).toEqual(cellsOf(PLAN, rows, []));
  const answer = watched();
  const given = await inSlices(answerSteps(PLAN, PRICING, sliced, source("one")), answer);
  expect(given).toEqual(answerOf(PLAN, PRICING, sliced, source("one")));
  expect(given.rows.length).toBeGreaterThan(GROUPS / 10);
  for (const { between } of [cells, answer]) {
    expect(between.length).toBeGreaterThan(400);
    // 2 ms are some 20 of its steps.
    expect(Math.max(...between)).toBeLessThan(25);
  }
});

test("a step draws at most 64 values, and what two draw at the same time is each its own", async () => {
  const drawn: number[] = [];
  const noise = createNoise(seeded(`steps ${seed}`));
  const counting = {
    ...noise,
    laplaceMany: (...of: Parameters<typeof noise.laplaceMany>) => {
      drawn.push(of[1]);
      return noise.laplaceMany(...of);
    },
    gaussianMany: (...of: Parameters<typeof noise.gaussianMany>) => {
      drawn.push(of[1]);
      return noise.gaussianMany(...of);
    },
  };
  const cells = cellsOf(PLAN, rows, []);
  const both = await Promise.all(
    [0, 1].map(() => inSlices(answerSteps(PLAN, PRICING, cells, counting), watched())),
  );
  expect(drawn.reduce((a, b) => a + b, 0)).toBe(2 * GROUPS);
  expect(Math.max(...drawn)).toBe(64);
  expect(both[0]).not.toEqual(both[1]);
});

test("others have their turn between slices, and a failure ends the work", async () => {
  let turns = 0;
  let going = true;
  const other = () => {
    turns += 1;
    if (going) setImmediate(other);
  };
  setImmediate(other);
  function* spinning(): Steps<number> {
    // Ends when others had their turn, so that no time decides.
    while (turns < 3) yield;
    return turns;
  }
  await expect(inSlices(spinning())).resolves.toBeGreaterThanOrEqual(3);
  going = false;
  function* failing(): Steps<never> {
    yield;
    throw new Error("as it is");
  }
  await expect(inSlices(failing())).rejects.toThrow("as it is");
});

test(`sorting in steps is sorting, and stable (seed ${seed})`, () => {
  const bytes = seeded(`sort ${seed}`)(8192);
  for (const length of [0, 1, 2, 3, 17, 1000, 1025]) {
    const list = Array.from({ length }, (_, i) => ({ key: (bytes[i % 8192] as number) % 40, i }));
    const by = (a: { key: number }, b: { key: number }) => a.key - b.key;
    expect(atOnce(sortSteps(list, by))).toEqual([...list].sort(by));
  }
});
