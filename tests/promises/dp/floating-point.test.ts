/**
 * Attacks on numbers themselves: lattices of doubles, precision, rounding, reordering, overflow.
 *
 * Must never happen: an exact number whose last digits, or whose error, depend on one person's rows by more than the
 * sensitivity that noise was made for; noise that is no whole number of steps.
 *
 * - Mironov 2012, *On Significance of the Least Significant Bits*: which doubles can come out tells the sum.
 * - Haney, Desfontaines, Hartman, Shrestha, Hay 2022, *Precision-based attacks and interval refining*: the precision of
 *   a sum tells how large it is.
 * - Casacuberta, Shoemate, Vadhan, Wagaman 2022, *Widespread Underestimation of Sensitivity*: sums of doubles that are
 *   rounded, reordered or overflow move by far more than their sensitivity.
 */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  answerOf,
  createNoise,
  type DeclaredTable,
  type Noise,
  priceOf,
  termsOf,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { grain } from "./audit.js";
import { openRelation, type UnitRow } from "./relation.js";

const seed = testSeed();
const real = createNoise(seeded(`floating point ${seed}`));
/** Always the same noise. */
const shifting = (by: bigint): Noise => {
  const list = (_: unknown, count: number): bigint[] => new Array<bigint>(count).fill(by);
  return { laplace: () => by, gaussian: () => by, laplaceMany: list, gaussianMany: list };
};

const table = (bounds: [string, string], type: "decimal" | "integer" = "decimal"): DeclaredTable => ({
  name: "t",
  unit: "id",
  maxRows: 1,
  columns: [
    { name: "id", type: "text", nullable: false, at: 0 },
    { name: "x", type, nullable: true, at: 1, bounds },
  ],
});
const rowsOf = (values: readonly (number | bigint | null)[]): UnitRow[] =>
  values.map((x, i) => [i, `u${i}`, x]);

/** The exact numbers of a statement over these values, in this order. */
async function exactly(
  bounds: [string, string],
  values: readonly (number | bigint | null)[],
  sql = "SELECT sum(x) FROM t",
  type: "decimal" | "integer" = "decimal",
  threads = 1,
) {
  const relation = await openRelation([table(bounds, type)], [rowsOf(values)], threads);
  try {
    const plan = await relation.plan(sql);
    return { plan, cells: await relation.cells(plan) };
  } finally {
    relation.close();
  }
}
const sumOf = async (...args: Parameters<typeof exactly>): Promise<bigint> =>
  (await exactly(...args)).cells[0]!.exacts[0]!;

describe("Mironov 2012: doubles that only one dataset can give", () => {
  test("every sum is a whole number of steps that the declaration alone decides, and so is its noise", async () => {
    for (const values of [[], [0.1], [0.1, 1e-300, 5e-324], [Math.PI, -0, 1 / 3, 9.99999999999]]) {
      const { plan, cells } = await exactly(["0", "10"], values);
      const [measured] = cells[0]!.exacts;
      expect(typeof measured).toBe("bigint");
      expect(plan.estimates[0]).toMatchObject({ kind: "sum", digits: 10 });
      const pricing = priceOf(plan, termsOf("1", undefined));
      for (const noise of [-3n, 0n, 12_345_678_901n]) {
        const { rows } = answerOf(plan, pricing, cells, shifting(noise));
        // What is shown is a function of the noisy whole number: another sum with the rest as noise gives the same.
        const other = await exactly(["0", "10"], [1]);
        const same = answerOf(plan, pricing, other.cells, shifting(noise + measured! - 10_000_000_000n));
        expect(rows).toEqual(same.rows);
      }
    }
  });

  test("over sums far apart the answers lie on the same lattice", async () => {
    const grains = [];
    for (const values of [[0], new Array<number>(2000).fill(10)]) {
      const { plan, cells } = await exactly(["0", "10"], values);
      const pricing = priceOf(plan, termsOf("1", undefined));
      const steps = new Set<string>();
      for (let i = 0; i < 400; i++) {
        const [value] = answerOf(plan, pricing, cells, real).rows[0]!;
        // Near zero one digit is shown, wherever it stands.
        if (Math.abs(Number(value)) < 1) continue;
        // Digits after the point as printed: as many as its noise makes legible, whatever the sum.
        steps.add(String(String(value).split(".")[1]?.length ?? 0));
      }
      grains.push(Math.max(...[...steps].map(Number)));
    }
    expect(grains[0]).toBe(grains[1]);
  });

  test("the textbook's mechanism fails by the same looks", () => {
    // 1 + noise, near ½, is a multiple of 2^−53; 0 + noise there is not: one look tells 0 from 1.
    const uniform = () =>
      (Number(real.laplace({ num: 1n << 60n, den: 1n }) & ((1n << 53n) - 1n)) + 0.5) / 2 ** 53;
    const laplace = () => (uniform() < 0.5 ? 1 : -1) * Math.log(uniform());
    const fine = (sum: number): number => {
      let seen = 0;
      for (let i = 0; i < 4000; i++) {
        const y = sum + laplace();
        if (y > 0.25 && y < 0.5 && grain(y) < -53) seen++;
      }
      return seen;
    };
    expect(fine(0)).toBeGreaterThan(50);
    expect(fine(1)).toBe(0);
  });
});

describe("Haney et al. 2022: precision that follows the size of a sum", () => {
  test("one person's part is the same beside sums of every size", async () => {
    const part = 0.123456789;
    const alone = await sumOf(["0", "1000"], [part]);
    for (const size of [1, 100, 5000]) {
      const crowd = new Array<number>(size).fill(999.999999);
      expect((await sumOf(["0", "1000"], [...crowd, part])) - (await sumOf(["0", "1000"], crowd))).toBe(
        alone,
      );
    }
    // In doubles the part is lost beside a large sum.
    expect(1e17 + part - 1e17).not.toBe(part);
  });
});

describe("Casacuberta et al. 2022: sensitivity that arithmetic breaks", () => {
  test("rounding: one person moves a sum by at most the bound, though the engine rounds doubles", async () => {
    // Values at which a running sum of doubles rounds up each time: its error grows with the number of rows.
    const half = 1 / 3;
    const many = new Array<number>(3000).fill(half);
    const [without, and] = [await sumOf(["0", "1"], many), await sumOf(["0", "1"], [...many, 1])];
    expect(and - without).toBe(10n ** 11n);
    expect(without).toBe(3000n * (await sumOf(["0", "1"], [half])));
  });

  test("reordering: any order and number of threads gives the same sum", async () => {
    const order = [1e15, 1, -1e15, 1e-7, 3.3, -2.2, 1e10, -1e10];
    const sums = new Set<bigint>();
    for (let turn = 0; turn < order.length; turn++) {
      const turned = [...order.slice(turn), ...order.slice(0, turn)];
      sums.add(await sumOf(["-1e15", "1e15"], turned, undefined, "decimal", 1 + (turn % 4)));
    }
    sums.add(await sumOf(["-1e15", "1e15"], [...order].reverse()));
    expect(sums.size).toBe(1);
    expect(order.reduce((a, b) => a + b)).not.toBe([...order].reverse().reduce((a, b) => a + b));
  });

  test("overflow: bounds up to the widest that are taken, at their ends, never wrap or saturate", async () => {
    const end = 2_000_000_000_000_000_000n;
    const ends = [end, end, end, -end, end];
    expect(await sumOf([`-${end}`, String(end)], ends, undefined, "integer")).toBe(3n * end);
    // Beyond what is declared: clamped, each by itself.
    const beyond = [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n];
    expect(await sumOf([`-${end}`, String(end)], beyond, undefined, "integer")).toBe(end);
    expect(await sumOf(["-1e300", "1e300"], [1.7e308, 1e300, -1e300, 1.7e308])).toBe(2n * 10n ** 11n);
    await expect(sumOf(["-9e18", "9e18"], [0n], undefined, "integer")).rejects.toMatchObject({
      code: "query_unsupported",
    });
  });

  test("squares: of the widest range that is taken stay exact", async () => {
    const values = [2_147_483_000n, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n, 0n];
    const { cells, plan } = await exactly(["0", "2147483000"], values, "SELECT var_pop(x) FROM t", "integer");
    const squares = plan.exacts.findIndex(({ kind }) => kind === "squares");
    const centre = 1_073_741_500n;
    expect(cells[0]!.exacts[squares]).toBe(4n * centre * centre);
  });

  test("infinities, NaN and the smallest doubles add what the bounds say and no more", async () => {
    const relation = await openRelation([table(["-1", "2"])], [rowsOf([1])]);
    await relation.rows(
      "INSERT INTO data VALUES ('a', 'nan'::DOUBLE, 7), ('b', '-inf'::DOUBLE, 8), ('c', 'inf'::DOUBLE, 9)",
    );
    const plan = await relation.plan("SELECT sum(x) FROM t");
    const [sum] = (await relation.cells(plan))[0]!.exacts;
    relation.close();
    const step = 10n ** 11n;
    expect(sum! >= step - 4n * step && sum! <= step + 6n * step).toBe(true);
  });

  test(`clamping: no double leaves its bounds by a step, whatever they are (seed ${seed})`, async () => {
    const decimal = fc
      .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: -12, max: 12 }))
      .map(([m, e]) => Number(`${m}e${e}`));
    const cases = fc.sample(fc.tuple(decimal, decimal), {
      numRuns: process.env.GLOVEBOX_TEST_FULL === "1" ? 400 : 25,
      seed,
    });
    for (const [a, b] of cases) {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const inside = [low, high, low + (high - low) / 3, (low + high) / 2, 0];
      const around = inside.flatMap((x) => [x, x * (1 + 2 ** -52), x * (1 - 2 ** -52), -x, x * 1e5]);
      const { plan, cells } = await exactly(
        [String(low), String(high)],
        around,
        "SELECT sum(x), count(x) FROM t",
      );
      const value = plan.estimates.find(({ kind }) => kind === "sum");
      if (value?.kind !== "sum") throw new Error("no sum");
      const scaled = value.value;
      // Each by itself, as a group of its own would be.
      const relation = await openRelation([table([String(low), String(high)])], [rowsOf(around)]);
      const steps = `CAST(CASE WHEN c1 < CAST('${scaled.low}e${-scaled.digits}' AS DOUBLE) THEN CAST('${scaled.low}e${-scaled.digits}' AS DOUBLE) WHEN c1 > CAST('${scaled.high}e${-scaled.digits}' AS DOUBLE) THEN CAST('${scaled.high}e${-scaled.digits}' AS DOUBLE) ELSE c1 END * CAST('1e${scaled.digits}' AS DOUBLE) AS HUGEINT)`;
      const [extremes] = await relation.rows(
        `SELECT min(${steps})::VARCHAR, max(${steps})::VARCHAR, sum(${steps})::VARCHAR FROM data`,
      );
      relation.close();
      const [least, most, sum] = extremes!.map((text) => BigInt(String(text)));
      expect([low, high, least! >= scaled.low, most! <= scaled.high]).toEqual([low, high, true, true]);
      // It is this that the product adds up.
      const at = plan.exacts.findIndex(({ kind }) => kind === "sum");
      expect(cells[0]!.exacts[at]).toBe(sum);
    }
  });
});
