/** Attacks on noisy answers that have a name in the literature, on flchain and on one person in it. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  answerOf,
  type Cell,
  createNoise,
  type Noise,
  type Plan,
  type Pricing,
  planOf,
  priceOf,
  termsOf,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { FLCHAIN, type Flchain, openFlchain } from "../../privacy/dp/sql/flchain.js";

/** Noise that is always the same. */
const fixed = (n: bigint): Noise => ({
  laplace: () => n,
  gaussian: () => n,
  laplaceMany: (_, count) => new Array<bigint>(count).fill(n),
  gaussianMany: (_, count) => new Array<bigint>(count).fill(n),
});

export function attacksSuite(trials: number): void {
  const seed = testSeed();
  const noise = createNoise(seeded(`attacks ${seed}`));
  let whole: Flchain;
  let without: Flchain;
  beforeAll(async () => {
    whole = await openFlchain();
    // The oldest, whose kappa is large: whom one would look for.
    without = await openFlchain("id <> 'F00001'");
  });
  afterAll(() => {
    whole.close();
    without.close();
  });

  interface Pair {
    plan: Plan;
    pricing: Pricing;
    cells: readonly [Cell[], Cell[]];
  }
  async function pair(sql: string, epsilon: string, delta?: string): Promise<Pair> {
    const plan = await whole.plan(sql);
    const pricing = priceOf(plan, termsOf(epsilon, delta));
    return { plan, pricing, cells: [await whole.cells(plan), await without.cells(plan)] };
  }

  describe(`attacks (seed ${seed}, ${trials} trials)`, () => {
    test("floating-point lattice, rounding (Mironov 2012; Haney and others 2022): an answer is a function of whole steps, equal for equal sums", async () => {
      const { plan, pricing, cells } = await pair(
        "SELECT sum(kappa), avg(kappa), var_pop(kappa) FROM flchain",
        "1",
      );
      const moved = cells[1].map((cell, i) => ({
        ...cell,
        exacts: cell.exacts.map((n, k) => n + (cells[0][i]!.exacts[k]! - n)),
      }));
      const json = (of: readonly Cell[], z: bigint) => JSON.stringify(answerOf(plan, pricing, of, fixed(z)));
      for (const z of [0n, 1n, -123_456_789_012n, 10n ** 15n]) expect(json(moved, z)).toBe(json(cells[0], z));
      // What noise can reach from one it can reach from the other: all differences are whole.
      for (const [i, { exacts }] of cells[0].entries())
        for (const [k, n] of exacts.entries()) expect(typeof (n - cells[1][i]!.exacts[k]!)).toBe("bigint");
    });

    test("reordering (Casacuberta and others 2022): sums do not depend on the order of rows", async () => {
      const shuffled = await openFlchain("true ORDER BY hash(id)");
      const plan = await whole.plan(
        "SELECT sex, sum(kappa), stddev(kappa), median(kappa) FROM flchain GROUP BY sex",
      );
      expect(await shuffled.cells(plan)).toEqual(await whole.cells(plan));
      shuffled.close();
    });

    test("data-dependent bounds: what is clamped follows from the declaration alone", async () => {
      const plans = await Promise.all(
        [whole, without].map((f) => f.plan("SELECT avg(kappa), median(age) FROM flchain")),
      );
      expect(plans[0]).toEqual(plans[1]);
      await expect(whole.plan("SELECT avg(clamp(kappa, 0, max(kappa))) FROM flchain")).rejects.toMatchObject({
        code: "query_unsupported",
      });
    });

    test("rare keys: a group of one is never looked at, and one of two shows no oftener than δ allows", async () => {
      const delta = 0.02;
      const { plan, pricing, cells } = await pair(
        "SELECT chapter, count(*) FROM flchain GROUP BY chapter",
        "1",
        String(delta),
      );
      const two: Cell[] = [{ ...cells[0][0]!, key: ["of two"], exacts: cells[0][0]!.exacts.map(() => 2n) }];
      let shown = 0;
      for (let i = 0; i < trials; i++) shown += answerOf(plan, pricing, two, noise).rows.length;
      // Half of δ stands behind the threshold; five standard errors for chance.
      const most = delta / 2;
      expect(shown / trials).toBeLessThan(most + 5 * Math.sqrt(most / trials));
    });

    test("averaging (Dinur and Nissim 2003): every new wording that is drawn anew is another plan, so another charge", async () => {
      const wordings = [
        "age >= 60",
        "60 <= age",
        "NOT (age < 60)",
        "age > 59",
        "age >= 60 AND age >= 60",
        "age + 1 > 60",
      ];
      const plans = await Promise.all(
        wordings.map((where) => whole.plan(`SELECT count(*) AS n FROM flchain WHERE ${where}`)),
      );
      const text = (plan: Plan) =>
        JSON.stringify(plan, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : v));
      expect(new Set(plans.map(text)).size).toBe(1);
    });

    test("join explosion: what joins multiply is in the sensitivity, and bounded", async () => {
      const serialize = async (sql: string) => {
        const [row] = await whole.rows(`SELECT json_serialize_sql('${sql.replaceAll("'", "''")}')`);
        return String(row![0]);
      };
      const many = [{ ...FLCHAIN, maxRows: 50 }];
      const join = (n: number) =>
        `SELECT count(*) FROM flchain a ${Array.from({ length: n }, (_, i) => `JOIN flchain b${i} ON a.id = b${i}.id`).join(" ")}`;
      const plan = await planOf(join(1), serialize, many);
      expect(plan.relation.perUnit).toBe(2500n);
      expect(priceOf(plan, termsOf("1", undefined)).laws[0]).toEqual({
        kind: "laplace",
        scale: { num: 2500n, den: 1n },
      });
      await expect(planOf(join(2), serialize, many)).rejects.toMatchObject({ code: "query_unsupported" });
    });
  });
}
