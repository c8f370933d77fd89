/** Synthetic data: what cells follow from, what noise costs, what the choice of pairs is, and how near records come. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { RandomBits } from "../../../../src/privacy/dp/noise/random.js";
import { choose, decided } from "../../../../src/privacy/dp/synth/choose.js";
import {
  type Counts,
  fitTree,
  fitted,
  kept,
  projected,
  toSimplex,
} from "../../../../src/privacy/dp/synth/fit.js";
import { aucOf, distance, logistic, tally } from "../../../../src/privacy/dp/synth/measure.js";
import { synthSpent } from "../../../../src/privacy/dp/synth/price.js";
import { roundedCounts, sampleCodes, writtenValue } from "../../../../src/privacy/dp/synth/sample.js";
import { scoreOf } from "../../../../src/privacy/dp/synth/tree.js";
import {
  choosesTree,
  codeOf,
  createNoise,
  emitMarginal,
  expectedErrors,
  fitModel,
  type Marginals,
  marginalErrors,
  pairsOf,
  type SynthColumn,
  sampleRecords,
  synthColumn,
  synthPrice,
  termsOf,
  usefulness,
} from "../../../../src/privacy/index.js";
import { compareRational, type Rational, rational } from "../../../../src/vocabulary/index.js";
import { testSeed } from "../../../harness/seed.js";
import { chiSquareLimit, seeded } from "../random.js";
import { columnsOf, type Data, openData, openFlchain } from "./flchain.js";

const seed = testSeed();
console.info(`synthetic data: seed ${seed}`);
const runs = { seed, numRuns: 60 };
const toFloat = ({ num, den }: Rational) => Number(num) / Number(den);

/** A reproducible stream of its own for each claim. */
function chanceOf(label: string) {
  const bytes = seeded(`${seed} ${label}`);
  const random = new RandomBits(seeded(`${seed} ${label} choice`));
  const uniform = () => random.uint48() / 2 ** 48;
  return { noise: createNoise(bytes), random, uniform };
}

describe("cells", () => {
  const of = (field: Partial<Parameters<typeof synthColumn>[0]>, bins = 4) =>
    synthColumn({ name: "x", type: "integer", nullable: false, at: 0, ...field }, bins)?.cells;

  test("follow from what was declared, and a column with nothing declared has none", () => {
    expect(of({ type: "text" })).toBeUndefined();
    expect(of({ type: "timestamp", bounds: ["2000-01-01", "2001-01-01"] })).toBeUndefined();
    expect(of({ type: "text", categories: ["a", "b"] })).toEqual([
      { kind: "value", value: "a" },
      { kind: "value", value: "b" },
    ]);
    expect(of({ type: "boolean", nullable: true })).toHaveLength(3);
    expect(of({ bounds: ["1", "3"] })).toHaveLength(3);
    expect(of({ bounds: ["0", "99"] })).toEqual([
      { kind: "range", low: 0, high: 25, last: false },
      { kind: "range", low: 25, high: 50, last: false },
      { kind: "range", low: 50, high: 75, last: false },
      { kind: "range", low: 75, high: 100, last: true },
    ]);
    expect(of({ type: "date", bounds: ["2000-01-01", "2000-12-31"] })).toHaveLength(4);
  });

  const fields: Parameters<typeof synthColumn>[0][] = [
    { name: "i", type: "integer", nullable: true, at: 0, bounds: ["-40", "99"] },
    { name: "d", type: "decimal", nullable: true, at: 1, bounds: ["-0.25", "7.5"] },
    { name: "t", type: "text", nullable: true, at: 2, categories: ["a'b", "b", "$1"] },
    { name: "y", type: "date", nullable: true, at: 3, bounds: ["1999-12-30", "2000-03-02"] },
    { name: "b", type: "boolean", nullable: true, at: 4 },
  ];
  const columns = fields.map((field) => synthColumn(field, 7)!);

  test("hold what is written from them: whatever a cell gives is in that cell again", () => {
    const { uniform } = chanceOf("cells");
    for (const column of columns)
      for (const code of column.cells.keys())
        for (let i = 0; i < 40; i++) expect(codeOf(column, writtenValue(column, code, uniform))).toBe(code);
  });

  test("are the same to the engine's SQL, edges, gaps and undeclared values included", async () => {
    const lists = [
      ["-41", "-40", "-20", "0", "99", "100", ""],
      ["-9", "-0.25", "0.857142857", "7.499", "7.5", "1e9", ""],
      ["a'b", "b", "$1", "other", "", "A", "missing"],
      ["1999-12-29", "1999-12-30", "2000-01-08", "2000-03-02", "2000-03-03", "2024-01-01", ""],
      ["true", "false", "", "true", "true", "false", "false"],
    ];
    const types = ["BIGINT", "DOUBLE", "VARCHAR", "DATE", "BOOLEAN"];
    const rows = lists[0]!.map(
      (_, row) =>
        `SELECT ${lists.map((list, i) => {
          const text = list[row]!;
          return `CAST(${text === "" ? "NULL" : `'${text.replaceAll("'", "''")}'`} AS ${types[i]}) AS c${i}`;
        })}, ${row} AS __unit`,
    );
    const data = await openData(rows.join(" UNION ALL "));
    try {
      const { one } = await data.marginals(columns);
      for (const [i, column] of columns.entries()) {
        const codes = lists[i]!.map((text) => codeOf(column, text));
        const expected = column.cells.map((_, code) => BigInt(codes.filter((c) => c === code).length));
        expect(one[i]).toEqual(expected);
      }
    } finally {
      data.close();
    }
  });

  test("are part of the SQL as bound parameters only", () => {
    const { sql, parameters } = emitMarginal(columns);
    expect(sql).not.toMatch(/a'b|1999|0\.25/);
    expect(parameters).toEqual(expect.arrayContaining(["a'b", "$1"]));
  });
});

describe("the price", () => {
  const terms = termsOf("1", "1e-6");

  test("is ρ whole: what is drawn costs no more, and less by no more than rounding", () => {
    for (const columns of [1, 2, 3, 8, 24])
      for (const rows of [1, 3]) {
        const pricing = synthPrice(columns, rows, terms);
        const spent = synthSpent(pricing, columns, rows);
        expect(compareRational(spent, pricing.rho)).toBeLessThanOrEqual(0);
        expect(toFloat(spent) / toFloat(pricing.rho)).toBeGreaterThan(1 - 1e-12);
      }
  });

  test("chooses the tree where ρ buys enough, and takes a chain where it does not; δ is needed", () => {
    expect(synthPrice(5, 1, terms).rate).toBeDefined();
    expect(synthPrice(2, 1, terms).rate).toBeUndefined();
    expect(synthPrice(5, 1, termsOf("0.01", "1e-6")).rate).toBeUndefined();
    expect(choosesTree(5, rational(1n, 100n), 5)).toBe(false);
    expect(() => synthPrice(5, 1, termsOf("1", undefined))).toThrow(
      expect.objectContaining({ code: "invalid_input" }),
    );
  });

  test("one unit's rows move a table by at most their number in ℓ2, and a score by at most their number", () => {
    const cells = 6;
    const counts = fc.array(fc.bigInt({ min: 0n, max: 50n }), { minLength: cells, maxLength: cells });
    const unit = fc.array(fc.nat({ max: cells - 1 }), { maxLength: 5 });
    fc.assert(
      fc.property(counts, counts, unit, fc.bigInt({ min: 0n, max: 99n }), (table, expected, rows, noise) => {
        const neighbour = [...table];
        for (const at of rows) neighbour[at]!++;
        const squared = table.reduce((sum, n, i) => sum + (neighbour[i]! - n) ** 2n, 0n);
        const most = BigInt(rows.length);
        expect(squared <= most * most).toBe(true);
        const moved = scoreOf(neighbour, expected, noise) - scoreOf(table, expected, noise);
        expect(moved <= most && -moved <= most).toBe(true);
      }),
      runs,
    );
  });
});

describe("the choice of a pair", () => {
  const scores = [0n, 3n, 7n, 7n, -20n];
  const rate = rational(2n, 5n);
  const weights = scores.map((score) => Math.exp(0.4 * Number(score)));
  const whole = weights.reduce((a, b) => a + b, 0);

  test("has the probabilities of the exponential mechanism", () => {
    const draws = 4000;
    const { random } = chanceOf("choice");
    const seen = scores.map(() => 0);
    for (let i = 0; i < draws; i++) seen[choose(random, scores, rate)]!++;
    const statistic = seen.slice(0, 4).reduce((sum, n, i) => {
      const e = (draws * weights[i]!) / whole;
      return sum + (n - e) ** 2 / e;
    }, 0);
    expect(statistic).toBeLessThan(chiSquareLimit(3));
    expect(seen[4]).toBeLessThan(5);
  });

  test("falls where the distribution function says, and asks for more bits where the first do not tell", () => {
    const exponents = scores.map((score) => rational((score - 7n) * rate.num, rate.den));
    const bits = 64;
    const share = (n: number) => weights.slice(0, n).reduce((a, b) => a + b, 0) / whole;
    for (const n of [0, 1, 2, 3]) {
      const middle = (share(n) + share(n + 1)) / 2;
      expect(decided(exponents, BigInt(Math.floor(middle * 2 ** 52)) << 12n, bits)).toBe(n);
    }
    expect(decided([rational(0n), rational(0n)], 3n, 2)).toBe(1);
    // e^0 : e^−1 meet at an irrational share: the one-bit prefix that holds it tells nothing
    expect(decided([rational(0n), rational(-1n)], 1n, 1)).toBeUndefined();
    expect(decided([rational(0n), rational(-1n)], 0n, 1)).toBe(0);
  });

  test("of scores that no double could tell apart is still a choice", () => {
    const { random } = chanceOf("extreme");
    expect(choose(random, [0n, 10n ** 40n], rational(1n))).toBe(1);
    expect(choose(random, [5n], rational(1n))).toBe(0);
  });
});

describe("fitting", () => {
  const table = (n: number) =>
    fc.array(fc.double({ min: -20, max: 60, noNaN: true }), { minLength: n, maxLength: n });

  test("brings any noise to a distribution: no negatives, the sum that is asked", () => {
    fc.assert(
      fc.property(table(9), fc.double({ min: 1, max: 500, noNaN: true }), (list, total) => {
        const result = toSimplex(Float64Array.from(list), total);
        expect(result.every((x) => x >= 0)).toBe(true);
        expect(result.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 6);
      }),
      runs,
    );
  });

  test("makes tables of a tree that agree on the columns they share", () => {
    fc.assert(
      fc.property(table(3), table(2), table(4), table(6), table(8), (a, b, c, ab, bc) => {
        const of = (list: number[]): Counts => Float64Array.from(list);
        const model = fitTree(
          [of(a), of(b), of(c)],
          4,
          [
            { pair: [0, 1], noisy: of(ab) },
            { pair: [1, 2], noisy: of(bc) },
          ],
          9,
        );
        for (const { pair, shares } of model.edges) {
          const sizes: [number, number] = [model.columns[pair[0]]!.length, model.columns[pair[1]]!.length];
          for (const side of [0, 1] as const) {
            const sums = projected(shares, sizes, side);
            for (const [i, sum] of sums.entries()) expect(sum).toBeCloseTo(model.columns[pair[side]]![i]!, 5);
          }
        }
      }),
      runs,
    );
  });

  test("keeps what was asked of it, and of pure noise next to nothing", () => {
    const first = Float64Array.of(0.5, 0.5);
    const result = fitted(Float64Array.of(0.4, 0.1, 0.1, 0.4), first, Float64Array.of(0.25, 0.75));
    expect(projected(result, [2, 2], 1)[0]).toBeCloseTo(0.25, 9);
    const { noise } = chanceOf("pure noise");
    const pure = Float64Array.from(noise.gaussianMany(rational(100n), 400), Number);
    expect(kept(pure, 100)).toBeLessThan(0.2);
    expect(kept(Float64Array.of(1e6, -1e6), 1)).toBeGreaterThan(0.999);
  });
});

describe("sampling", () => {
  test("rounds counts by less than one, and gives as many as asked", () => {
    const { uniform } = chanceOf("rounding");
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 9 }), fc.nat({ max: 999 }), (list, n) => {
        const shares = Float64Array.from(list);
        const total = shares.reduce((a, b) => a + b, 0);
        const counts = roundedCounts(shares, n, uniform);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(n);
        if (total > 1e-6)
          for (const [i, count] of counts.entries())
            expect(Math.abs(count - (n * shares[i]!) / total)).toBeLessThan(1 + 1e-6);
      }),
      runs,
    );
  });

  test("gives records whose marginals are the tree's, to a row a value", () => {
    const columns = [Float64Array.of(0.25, 0.75), Float64Array.of(0.5, 0.5), Float64Array.of(0.125, 0.875)];
    const model = {
      total: 800,
      columns,
      edges: [
        { pair: [0, 1] as const, shares: Float64Array.of(0.25, 0, 0.25, 0.5) },
        { pair: [1, 2] as const, shares: Float64Array.of(0.0625, 0.4375, 0.0625, 0.4375) },
      ],
    };
    const codes = sampleCodes(model, 800, chanceOf("records").uniform);
    const records = codes[0]!.map((_, i) => codes.map((list) => list[i]!));
    expect(tally(records, [0, 1], [2, 2, 2])).toEqual([200, 0, 200, 400]);
    for (const [i, n] of tally(records, [1, 2], [2, 2, 2]).entries())
      expect(Math.abs(n - 800 * model.edges[1]!.shares[i]!)).toBeLessThanOrEqual(1);
  });
});

describe("measuring", () => {
  test("distance is the share of rows in a wrong cell", () => {
    expect(distance([1, 1], [10, 10])).toBe(0);
    expect(distance([4, 0], [0, 7])).toBe(1);
    expect(distance([3, 1], [1, 1])).toBe(0.25);
  });

  test("a model finds what decides a column, and ranks count ties by half", () => {
    const records = Array.from({ length: 400 }, (_, i) => [i % 2, i % 3, (i % 2) as number]);
    const score = logistic(records, [2, 3, 2], 2);
    expect(score([1, 0, undefined])).toBeGreaterThan(2);
    expect(score([0, 0, undefined])).toBeLessThan(-2);
    expect(
      aucOf([
        { score: 1, label: 1 },
        { score: 1, label: 0 },
      ]),
    ).toBe(0.5);
    expect(
      aucOf([
        { score: 2, label: 1 },
        { score: 1, label: 0 },
      ]),
    ).toBe(1);
    const same = { train: records, test: records };
    expect(usefulness(records, same, [2, 3, 2], 2).synthetic).toEqual({ accuracy: 1, auc: 1 });
    expect(usefulness([], same, [2, 3, 2], 2)).toMatchObject({ synthetic: undefined, majority: 0.5 });
  });
});

describe("on flchain", () => {
  let data: Data;
  let columns: SynthColumn[];
  let exact: Marginals;
  beforeAll(async () => {
    data = await openFlchain();
    columns = columnsOf();
    exact = await data.marginals(columns);
  });
  afterAll(() => data.close());

  const made = (epsilon: string) => {
    const { uniform, ...chance } = chanceOf(`flchain ${epsilon}`);
    const pricing = synthPrice(columns.length, 1, termsOf(epsilon, "1e-6"));
    const model = fitModel(columns, exact, pricing, chance);
    const records = sampleRecords(columns, model, Math.round(model.total), uniform);
    const coded = records.map((record) => columns.map((column, i) => codeOf(column, record[i]!)));
    return { pricing, model, records, coded };
  };
  const errorsOf = (coded: (number | undefined)[][]) => {
    const truth = { one: exact.one.map((l) => l.map(Number)), two: exact.two.map((l) => l.map(Number)) };
    const sizes = columns.map(({ cells }) => cells.length);
    const all = marginalErrors(coded, sizes, truth);
    const mean = (n: number) => {
      const list = all.filter((e) => e.columns.length === n).map((e) => e.distance);
      return list.reduce((a, b) => a + b, 0) / list.length;
    };
    return { one: mean(1), two: mean(2) };
  };

  test("records at ε = 2 have its marginals to a few rows in a hundred, and the pairs that belong together", () => {
    const { model, records, coded } = made("2");
    expect(Math.abs(records.length - 7874)).toBeLessThan(200);
    const { one, two } = errorsOf(coded);
    console.info(`flchain at ε = 2: columns ${one.toFixed(4)}, pairs ${two.toFixed(4)}`);
    expect(one).toBeLessThan(0.02);
    expect(two).toBeLessThan(0.1);
    const edges = model.edges.map(({ pair }) => pair.map((i) => columns[i]!.name).join("–"));
    // flc.grp are deciles of their sum
    expect(edges).toEqual(expect.arrayContaining([expect.stringMatching(/^(kappa|lambda)–/)]));
    expect(edges).toHaveLength(columns.length - 1);
  });

  test("less ε is more error; with next to none there is still a file of the right form", () => {
    const [rich, poor] = [made("4"), made("0.02")];
    expect(errorsOf(rich.coded).two).toBeLessThan(errorsOf(poor.coded).two);
    expect(poor.pricing.rate).toBeUndefined();
    for (const record of poor.coded) expect(record.every((code) => code !== undefined)).toBe(true);
  });

  test("what noise is expected to do is said from public numbers, and bounds what it did", () => {
    const { model, pricing, coded } = made("2");
    const expected = expectedErrors(columns, model, pricing);
    expect(expected.slice(0, columns.length).map((e) => e.columns[0])).toEqual(columns.map((c) => c.name));
    const share = expected.slice(0, columns.length).reduce((sum, e) => sum + e.share, 0) / columns.length;
    expect(errorsOf(coded).one).toBeLessThan(2 * share);
  });

  test("pairs are listed in one order everywhere", () => {
    expect(exact.two).toHaveLength(pairsOf(columns.length).length);
    expect(exact.two[0]).toHaveLength(columns[0]!.cells.length * columns[1]!.cells.length);
  });
});
