/**
 * Asking again and again: averaging, differencing, reconstruction, tracing. All of a budget is spent on one person.
 *
 * Must never happen: someone who spends a whole budget, as cleverly as can be, tells whether one person is in the data more
 * often than the budget's ε and δ allow; or is given a fresh draw that was not charged.
 *
 * - Averaging: the noise of many answers to one question cancels out.
 * - Differencing (Denning, Denning, Schwartz 1979, *The Tracker*): a count with one person and the same without.
 * - Dinur, Nissim 2003, *Revealing Information while Preserving Privacy*: a secret bit of everyone from random subsets.
 * - Homer et al. 2008; Dwork et al. 2015, *Robust Traceability from Trace Amounts*: membership from many means.
 */
import { describe, expect, test } from "@jest/globals";
import {
  addCurves,
  admits,
  answerOf,
  type Cell,
  createNoise,
  type DeclaredTable,
  type Plan,
  type Pricing,
  priceOf,
  renyiFilter,
  termsOf,
  ZERO_CURVE,
} from "../../../src/privacy/index.js";
import { parseDecimal } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { audit, type Claim } from "./audit.js";
import { openRelation, type UnitRow } from "./relation.js";

const seed = testSeed();
const full = process.env.GLOVEBOX_TEST_FULL === "1";
const noise = createNoise(seeded(`repeats ${seed}`));

const TRAITS = 24;
const table: DeclaredTable = {
  name: "t",
  unit: "id",
  maxRows: 1,
  columns: [
    { name: "id", type: "text", nullable: false, at: 0 },
    { name: "age", type: "integer", nullable: false, at: 1, bounds: ["0", "100"] },
    ...Array.from({ length: TRAITS }, (_, i) => ({
      name: `b${i}`,
      type: "integer" as const,
      nullable: false,
      at: 2 + i,
      bounds: ["0", "1"] as const,
    })),
  ],
};

let state = seed;
/** In [0, 1), repeatable. */
const random = (): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
  return state / 0x80000000;
};
const bit = (): number => (random() < 0.5 ? 0 : 1);
const people = (count: number): UnitRow[] =>
  Array.from({ length: count }, (_, i) => [
    i,
    `p${i}`,
    20 + (i % 60),
    ...Array.from({ length: TRAITS }, bit),
  ]);

/** How often this may be asked before the budget is used up, each time in words that make it another charge. */
function timesWithin(pricing: Pricing, budget: { rho: string; delta: string }): number {
  const filter = renyiFilter({
    rho: parseDecimal(budget.rho, "rho"),
    delta: parseDecimal(budget.delta, "delta"),
  });
  let spent = ZERO_CURVE;
  for (let times = 0; ; times++) {
    spent = addCurves(spent, pricing.cost);
    if (!admits(filter, spent)) return times;
  }
}

const epsilonOf = (budget: { rho: string; delta: string }): number =>
  Number(
    renyiFilter({ rho: parseDecimal(budget.rho, "rho"), delta: parseDecimal(budget.delta, "delta") }).epsilon,
  );

/** With many trials, on a busy machine. */
const LONG_MS = 1_800_000;

const BUDGET = { rho: "0.25", delta: "1e-4" };

describe(`a whole budget on one person (seed ${seed})`, () => {
  const target: UnitRow = [999, "target", 66, ...new Array<number>(TRAITS).fill(1)];
  const base = people(20);

  /** The mean of all answers that the budget buys, over both datasets. */
  async function averaged(
    sqls: readonly string[],
    epsilon: string,
    given?: number,
  ): Promise<{ claim: Claim; times: number }> {
    const [without, and] = [
      await openRelation([table], [base]),
      await openRelation([table], [[...base, target]]),
    ];
    const plans: { plan: Plan; pricing: Pricing; cells: Cell[][] }[] = [];
    for (const sql of sqls) {
      const plan = await without.plan(sql);
      const pricing = priceOf(plan, termsOf(epsilon, undefined));
      plans.push({ plan, pricing, cells: [await without.cells(plan), await and.cells(plan)] });
    }
    without.close();
    and.close();
    const times = given ?? timesWithin(plans[0]!.pricing, BUDGET);
    const draw =
      (side: 0 | 1): Claim["draws"][0] =>
      (from) => {
        let sum = 0;
        for (let i = 0; i < times; i++) {
          const { plan, pricing, cells } = plans[i % plans.length]!;
          const [value] = answerOf(plan, pricing, cells[side]!, from).rows[0]!;
          // A tracker's second question counts against the first.
          sum += (sqls.length === 2 && i % 2 === 1 ? -1 : 1) * Number(value);
        }
        return [sum];
      };
    return {
      claim: { epsilon: epsilonOf(BUDGET), delta: Number(BUDGET.delta), draws: [draw(0), draw(1)] },
      times,
    };
  }

  test.each([
    ["averaging, in few large parts", ["SELECT count(*) FROM t WHERE age = 66"], "0.25"],
    ["averaging, in many small parts", ["SELECT count(*) FROM t WHERE age = 66"], "0.1"],
    [
      "differencing (The Tracker)",
      ["SELECT count(*) FROM t", "SELECT count(*) FROM t WHERE id <> 'target'"],
      "0.25",
    ],
  ])(
    "%s",
    async (name, sqls, epsilon) => {
      const { claim, times } = await averaged(sqls, epsilon);
      expect(times).toBeGreaterThan(3);
      const { epsilon: found, certain, trials } = audit(claim, full ? 8000 : 400, noise);
      console.info(
        `${name}: ${times} answers, at least ${found.toFixed(2)} of ${claim.epsilon} (${trials} trials)`,
      );
      expect(certain).toBeLessThanOrEqual(claim.epsilon);
    },
    LONG_MS,
  );

  test("one charge that is answered a dozen times, each with a fresh draw, is found out", async () => {
    const { claim } = await averaged(["SELECT count(*) FROM t WHERE age = 66"], "1", 12);
    const { certain } = audit({ ...claim, epsilon: 1, delta: 0 }, 500, noise);
    expect(certain).toBeGreaterThan(1);
  });
});

describe(`everyone's secret bit (seed ${seed})`, () => {
  const secret = people(64);
  const bits = secret.map(([, , , first]) => Number(first));

  /** What share of the secret bits least squares finds from noisy counts of random subsets. */
  function reconstructed(subsets: readonly number[][], answers: readonly number[]): number {
    // Gradient descent on Σ (q·x − a)², from one half.
    const x = new Array<number>(bits.length).fill(0.5);
    for (let step = 0; step < 400; step++) {
      const errors = subsets.map((q, k) => q.reduce((sum, i) => sum + x[i]!, 0) - answers[k]!);
      const slopes = new Array<number>(x.length).fill(0);
      for (const [k, q] of subsets.entries()) for (const i of q) slopes[i]! += errors[k]!;
      for (const [i, slope] of slopes.entries())
        x[i] = Math.min(1, Math.max(0, x[i]! - (0.5 / subsets.length / 8) * slope));
    }
    return x.filter((value, i) => (value > 0.5 ? 1 : 0) === bits[i]).length / bits.length;
  }

  test("Dinur and Nissim 2003: 160 subsets within a budget tell little more than a coin; without noise, all", async () => {
    const subsets = Array.from({ length: 160 }, () => secret.flatMap((_, i) => (random() < 0.5 ? [i] : [])));
    const relation = await openRelation([table], [secret]);
    const list = subsets.map(
      (q, k) => `count(*) FILTER (WHERE b0 = 1 AND id IN (${q.map((i) => `'p${i}'`).join(", ")})) AS q${k}`,
    );
    const exact: number[] = [];
    const noisy: number[] = [];
    // All of ε = 1 on 160 counts, which come in statements of 32.
    for (let from = 0; from < list.length; from += 32) {
      const plan = await relation.plan(`SELECT ${list.slice(from, from + 32).join(", ")} FROM t`);
      const cells = await relation.cells(plan);
      const pricing = priceOf(plan, termsOf("0.2", "1e-6"));
      noisy.push(...answerOf(plan, pricing, cells, noise).rows[0]!.map(Number));
      exact.push(...cells[0]!.exacts.map(Number));
    }
    relation.close();
    const [told, silent] = [reconstructed(subsets, noisy), reconstructed(subsets, exact)];
    console.info(
      `reconstruction: ${(100 * told).toFixed(0)} % of bits; without noise ${(100 * silent).toFixed(0)} %`,
    );
    expect(silent).toBe(1);
    // Each of 64 guessed rightly with at most e/(1 + e) = 73 %: 62 rightly has a probability below one in a million.
    expect(told).toBeLessThan(62 / 64);
  });

  test(
    "Homer et al. 2008: means of all traits tell a member from a stranger no better than ε allows",
    async () => {
      const list = Array.from({ length: TRAITS }, (_, i) => `sum(b${i})`).join(", ");
      const base = people(30);
      const member: UnitRow = [999, "member", 40, ...Array.from({ length: TRAITS }, bit)];
      const sides = [base, [...base, member]].map((rows) => openRelation([table], [rows]));
      const [without, and] = await Promise.all(sides);
      const plan = await without!.plan(`SELECT ${list} FROM t`);
      const pricing = priceOf(plan, termsOf("1", "1e-5"));
      const cells = [await without!.cells(plan), await and!.cells(plan)];
      without!.close();
      and!.close();
      const traits = member.slice(3).map(Number);
      /** The inner product with the target's own traits: the tracer's statistic. */
      const draw =
        (side: number): Claim["draws"][0] =>
        (from) => {
          const [row] = answerOf(plan, pricing, cells[side]!, from).rows;
          return [row!.reduce<number>((sum, value, i) => sum + (traits[i] === 1 ? Number(value) : 0), 0)];
        };
      const claim: Claim = { epsilon: 1, delta: 1e-5, draws: [draw(0), draw(1)] };
      const { epsilon, certain } = audit(claim, full ? 50_000 : 600, noise);
      console.info(`tracing: at least ${epsilon.toFixed(2)} of 1`);
      expect(certain).toBeLessThanOrEqual(1);
    },
    LONG_MS,
  );
});
