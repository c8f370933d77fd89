/** The Rényi filter against adversaries who choose the next mechanism, and the order that counts, by the answers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { CURVE_BITS } from "../../../src/privacy/dp/accounting/curves.js";
import * as dp from "../../../src/privacy/dp/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { compareRational, parseDecimal, rational } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";

const seed = testSeed();
console.info(`filter: seed ${seed}`);
const d = (text: string) => parseDecimal(text, "value");
const budget = (rho: string, delta: string) => ({ rho: d(rho), delta: d(delta) });
const ORDERS = dp.ORDERS.map(({ num, den }) => Number(num) / Number(den));
/** As doubles, for the adversaries' own sums. */
const allowancesOf = (filter: dp.RenyiFilter) => filter.allowances.map((a) => Number(a) / 2 ** CURVE_BITS);

describe("what a budget admits", () => {
  test("zCDP mechanisms may spend ρ, in any number of parts, and not more", () => {
    const parts = fc.tuple(
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom("1e-6", "0.03", "1", "7.5", "2e3"),
    );
    fc.assert(
      fc.property(parts, ([count, rho]) => {
        const filter = dp.renyiFilter(budget(rho, "1e-6"));
        const part = dp.zcdpCurve(rational(d(rho).num, d(rho).den * BigInt(count)));
        const all = dp.repeatCurve(part, BigInt(count));
        expect(dp.admits(filter, all)).toBe(true);
        const more = dp.zcdpCurve(rational(d(rho).num, d(rho).den * 10n ** 9n));
        expect(dp.admits(filter, dp.addCurves(all, more))).toBe(false);
        expect(compareRational(dp.rhoLeft(filter, dp.ZERO_CURVE), filter.budget.rho)).toBe(0);
        expect(Number(dp.rhoLeft(filter, all).num)).toBeGreaterThanOrEqual(0);
      }),
      { seed, numRuns: 30 },
    );
  });

  test("the ε that it states is that of the tight conversion at a share of δ: 4 to 8 % above it for common budgets", () => {
    for (const [rho, delta] of [
      ["0.1", "1e-6"],
      ["0.5", "1e-6"],
      ["1", "1e-6"],
      ["1", "1e-9"],
      ["3", "1e-5"],
    ] as const) {
      const stated = Number(dp.renyiFilter(budget(rho, delta)).epsilon);
      const tight = Number(dp.zcdpToEpsilon({ rho, delta }).epsilon);
      expect(stated / tight).toBeGreaterThan(1.03);
      expect(stated / tight).toBeLessThan(1.08);
    }
  });

  test("each allowance with its order's share of δ gives the stated ε by the conversion, and shares sum to one", () => {
    const filter = dp.renyiFilter(budget("0.7", "1e-6"));
    let shares = 0;
    allowancesOf(filter).forEach((allowance, i) => {
      // solves the conversion for the share: ln(1/(αwδ/2))/(α − 1) + ln(1 − 1/α) = ε − allowance
      const alpha = ORDERS[i]!;
      const cost = Number(filter.epsilon) - allowance - Math.log1p(-1 / alpha);
      shares += Math.exp(-cost * (alpha - 1)) / (alpha * 0.5e-6);
    });
    expect(shares).toBeGreaterThan(0.999);
    expect(shares).toBeLessThan(1.000_001);
  });

  test("the order of charges is of no account, nor how they are grouped", () => {
    const curve = fc.oneof(
      fc.integer({ min: 1, max: 999 }).map((n) => dp.zcdpCurve(rational(BigInt(n), 10_000n))),
      fc.integer({ min: 1, max: 99 }).map((n) => dp.pureCurve(rational(BigInt(n), 100n))),
      fc.integer({ min: 1, max: 99 }).map((n) => dp.laplaceCurve(rational(BigInt(n), 7n), rational(1n))),
      fc.integer({ min: 1, max: 99 }).map((n) => dp.failureCurve(rational(BigInt(n), 10n ** 8n))),
    );
    const filter = dp.renyiFilter(budget("0.4", "1e-5"));
    fc.assert(
      fc.property(fc.array(curve, { minLength: 2, maxLength: 12 }), (list) => {
        const forwards = dp.addCurves(...list);
        const backwards = dp.addCurves(dp.addCurves(...list.slice(2).reverse()), list[1]!, list[0]!);
        expect(backwards).toEqual(forwards);
        expect(dp.rhoLeft(filter, backwards)).toEqual(dp.rhoLeft(filter, forwards));
      }),
      { seed, numRuns: 100 },
    );
  });

  test("what was spent never becomes less: a refused total stays refused whatever is added", () => {
    const filter = dp.renyiFilter(budget("0.2", "1e-6"));
    const step = fc.integer({ min: 0, max: 2000 }).map((n) => dp.zcdpCurve(rational(BigInt(n), 10_000n)));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (list) => {
        let total = dp.ZERO_CURVE;
        let alive = true;
        for (const c of list) {
          total = dp.addCurves(total, c);
          const now = dp.admits(filter, total);
          expect(now && !alive).toBe(false);
          alive = now;
        }
      }),
      { seed, numRuns: 100 },
    );
  });

  test("failures may take half of δ and no more, whatever was spent on curves", () => {
    const filter = dp.renyiFilter(budget("1", "1e-6"));
    const failing = (text: string) => dp.failureCurve(d(text));
    expect(dp.admits(filter, failing("5e-7"))).toBe(true);
    expect(dp.admits(filter, failing("5.0000000000000001e-7"))).toBe(false);
    expect(dp.admits(filter, dp.addCurves(dp.zcdpCurve(d("1")), failing("5e-7")))).toBe(true);
  });

  test("a budget is ρ from zero and δ between zero and one", () => {
    for (const bad of [budget("1", "0"), budget("1", "1"), budget("1", "2")])
      expect(() => dp.renyiFilter(bad)).toThrow(RangeError);
    const none = dp.renyiFilter(budget("0", "1e-6"));
    expect(dp.admits(none, dp.ZERO_CURVE)).toBe(true);
    expect(dp.admits(none, dp.zcdpCurve(d("1e-27")))).toBe(false);
  });

  test("no double decides: the filter and what sums for it have none", () => {
    const files = [
      "privacy/dp/accounting/filter.ts",
      "catalog/budgets/amounts.ts",
      "catalog/budgets/payers.ts",
      "catalog/budgets/charging.ts",
    ];
    for (const file of files)
      expect(readFileSync(join(packageRoot(), "src", file), "utf8")).not.toMatch(
        /Math\.|Number\(|parseFloat|\d\.\d/,
      );
    const filter = dp.renyiFilter(budget("0.5", "1e-6"));
    expect(filter.allowances.every((a) => typeof a === "bigint")).toBe(true);
  });
});

/** P(+) and the losses of a two-point mechanism whose divergence at `alpha` is `r`, and whose larger loss is `high`. */
function twoPoint(alpha: number, r: number, high: number): number | undefined {
  const moment = (p: number): number => {
    const a = Math.log(p) + (alpha - 1) * high;
    const b = alpha * Math.log1p(-p) + (1 - alpha) * Math.log1p(-p * Math.exp(-high));
    const top = Math.max(a, b);
    return top + Math.log(Math.exp(a - top) + Math.exp(b - top)) - (alpha - 1) * r;
  };
  let [low, up] = [-200, -1e-12];
  if (r <= 0 || moment(Math.exp(low)) > 0) return undefined;
  for (let i = 0; i < 36; i++) {
    const middle = (low + up) / 2;
    if (moment(Math.exp(middle)) <= 0) low = middle;
    else up = middle;
  }
  return Math.exp(low);
}

/** What the best last step under an order's allowance adds to δ, after a loss. */
function strike(alpha: number, left: number, loss: number, epsilon: number): number {
  const certain = Math.max(0, -Math.expm1(epsilon - loss));
  const beyond = Math.log(alpha / (alpha - 1));
  const high = epsilon - loss + beyond;
  const p = high > 0 ? twoPoint(alpha, left, high) : undefined;
  return Math.max(certain, p === undefined ? 0 : p * -Math.expm1(-beyond));
}

/** δ at ε of who spends ρ on a Gaussian first, looks, and then picks the order under which the last step hits most. */
function deltaOfChooser(epsilon: number, allowances: readonly number[], rho: number): number {
  const sd = Math.sqrt(2 * rho);
  const steps = 90;
  const [from, to] = [rho - 5 * sd, rho + 20 * sd];
  const width = (to - from) / steps;
  let delta = 0;
  for (let i = 0; i < steps; i++) {
    const loss = from + (i + 0.5) * width;
    const density = Math.exp(-0.5 * ((loss - rho) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI));
    const hits = ORDERS.map((alpha, j) => {
      const left = allowances[j]! - alpha * rho;
      return left > 0 ? strike(alpha, left, loss, epsilon) : 0;
    });
    delta += density * width * Math.max(...hits);
  }
  return delta;
}

describe("an adversary who picks the order by the answers", () => {
  /** The tight conversion at full δ for every order at once: what one may think is enough. */
  const unshared = (epsilon: number, delta: number) =>
    ORDERS.map((a) => epsilon - (-Math.log(a * delta) / (a - 1) + Math.log1p(-1 / a)));

  test("breaks allowances that give each order all of δ: more than twice δ in two steps", () => {
    expect(deltaOfChooser(3, unshared(3, 1e-6), 0.003) / 1e-6).toBeGreaterThan(2);
    expect(deltaOfChooser(8, unshared(8, 1e-9), 0.01) / 1e-9).toBeGreaterThan(2.5);
  });

  test("does not break this filter", () => {
    for (const [rho, delta] of [
      ["0.2", "1e-6"],
      ["1", "1e-9"],
    ] as const) {
      const filter = dp.renyiFilter(budget(rho, delta));
      const worst = [0.01].map((first) =>
        deltaOfChooser(Number(filter.epsilon), allowancesOf(filter), first * Number(rho)),
      );
      expect(Math.max(...worst)).toBeLessThan(Number(delta) / 2);
      expect(Math.max(...worst)).toBeGreaterThan(Number(delta) / 200);
    }
  });

  test("nor does one who draws trees of mechanisms at random, with every leaf's loss computed", () => {
    const filter = dp.renyiFilter(budget("0.6", "1e-2"));
    const epsilon = Number(filter.epsilon);
    const allowances = allowancesOf(filter);
    const choice = fc.array(fc.double({ min: 0.02, max: 1, noNaN: true }), { minLength: 64, maxLength: 64 });
    let most = 0;
    fc.assert(
      fc.property(choice, (choices) => {
        /** Splits by randomised response of a strength that the path so far decides; at the end, strikes. */
        const walk = (node: number, p: number, loss: number, spent: number[], depth: number): number => {
          const e = choices[node % 64]!;
          const cost = ORDERS.map(
            (a) => Math.log((Math.exp(a * e) + Math.exp((1 - a) * e)) / (1 + Math.exp(e))) / (a - 1),
          );
          const after = spent.map((s, i) => s + cost[i]!);
          if (depth === 5 || !after.some((s, i) => s <= allowances[i]!)) {
            const hits = ORDERS.map((a, i) => strike(a, allowances[i]! - spent[i]!, loss, epsilon));
            return p * Math.max(...hits);
          }
          const yes = Math.exp(e) / (1 + Math.exp(e));
          return (
            walk(2 * node + 1, p * yes, loss + e, after, depth + 1) +
            walk(2 * node + 2, p * (1 - yes), loss - e, after, depth + 1)
          );
        };
        const delta = walk(
          0,
          1,
          0,
          ORDERS.map(() => 0),
          0,
        );
        most = Math.max(most, delta);
        expect(delta).toBeLessThan(0.5e-2);
      }),
      { seed, numRuns: 5 },
    );
    expect(most).toBeGreaterThan(1e-5);
  });
});
