/** The arithmetic below the models: special functions, least squares, codings, and what happens where there is no answer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { codeTerms } from "../../../../src/privacy/disclosure/models/coding.js";
import type { FactorData, RegressionData } from "../../../../src/privacy/disclosure/models/data.js";
import { fitRegression } from "../../../../src/privacy/disclosure/models/fit.js";
import type { RegressionPlan } from "../../../../src/privacy/disclosure/models/plan.js";
import { erfc, logGamma, normalTail, twoSided } from "../../../../src/privacy/disclosure/models/special.js";
import { testSeed } from "../../../harness/seed.js";
import { VECTORS } from "./peers.js";

const near = (value: number, expected: string | number, relative = 1e-13): void => {
  const e = Number(expected);
  if (Math.abs(value - e) > relative * Math.abs(e)) expect(value).toBe(e);
};

describe("special functions", () => {
  const vectors = JSON.parse(readFileSync(join(VECTORS, "special.json"), "utf8")) as {
    [name: string]: [string, string, string][];
  };
  test("erfc", () => {
    for (const [x, value] of vectors.erfc!) near(erfc(Number(x)), value);
  });
  test("the tail of the normal distribution, down to where it is no double", () => {
    for (const [x, log, hazard] of vectors.normal_tail!) {
      near(normalTail(Number(x)).log, log, 1e-12);
      near(normalTail(Number(x)).hazard, hazard);
    }
  });
  test("the logarithm of the gamma function", () => {
    for (const [x, value] of vectors.log_gamma!) near(logGamma(Number(x)), value);
  });
  test("p-values of the normal and of Student's distribution", () => {
    for (const [x, p] of vectors.normal_p!) near(twoSided(Number(x)), p, 1e-11);
    for (const [x, n, p] of vectors.student_p!) near(twoSided(Number(x), Number(n)), p, 1e-11);
  });
});

const plan = (more: Partial<RegressionPlan>): RegressionPlan => ({
  kind: "regression",
  family: "ols",
  ties: "efron",
  response: "y",
  formula: "y ~ x",
  factors: [{ kind: "numeric", label: "x" }],
  terms: [[0]],
  intercept: true,
  offset: false,
  threshold: 10,
  ...more,
});

function data(
  y: readonly number[],
  factors: FactorData[],
  more: Partial<RegressionData> = {},
): RegressionData {
  const rows = y.length;
  return {
    rows,
    unit: Int32Array.from({ length: rows }, (_, i) => i),
    units: rows,
    response: Float64Array.from(y),
    factors,
    ...more,
  };
}
const numbers = (values: readonly number[]): FactorData => ({
  kind: "numeric",
  values: Float64Array.from(values),
});
const levels = (values: readonly string[]): FactorData => {
  const list = [...new Set(values)].sort();
  return { kind: "categorical", codes: Int32Array.from(values, (v) => list.indexOf(v)), levels: list };
};

describe("least squares", () => {
  test("Longley's data, which cost most programs of their time all digits, to eleven digits of the certified values", () => {
    // biome-ignore format: as published (NIST, Statistical Reference Datasets)
    const rows = [
      [60323, 83.0, 234289, 2356, 1590, 107608, 1947], [61122, 88.5, 259426, 2325, 1456, 108632, 1948],
      [60171, 88.2, 258054, 3682, 1616, 109773, 1949], [61187, 89.5, 284599, 3351, 1650, 110929, 1950],
      [63221, 96.2, 328975, 2099, 3099, 112075, 1951], [63639, 98.1, 346999, 1932, 3594, 113270, 1952],
      [64989, 99.0, 365385, 1870, 3547, 115094, 1953], [63761, 100.0, 363112, 3578, 3350, 116219, 1954],
      [66019, 101.2, 397469, 2904, 3048, 117388, 1955], [67857, 104.6, 419180, 2822, 2857, 118734, 1956],
      [68169, 108.4, 442769, 2936, 2798, 120445, 1957], [66513, 110.8, 444546, 4681, 2637, 121950, 1958],
      [68655, 112.6, 482704, 3813, 2552, 123366, 1959], [69564, 114.2, 502601, 3931, 2514, 125368, 1960],
      [69331, 115.7, 518173, 4806, 2572, 127852, 1961], [70551, 116.9, 554894, 4007, 2827, 130081, 1962],
    ];
    const columns = [1, 2, 3, 4, 5, 6].map((j) => numbers(rows.map((r) => r[j]!)));
    const facts = fitRegression(
      plan({
        factors: columns.map((_, i) => ({ kind: "numeric", label: `x${i + 1}` })),
        terms: columns.map((_, i) => [i]),
      }),
      data(
        rows.map((r) => r[0]!),
        columns,
      ),
    );
    const certified = {
      estimate: [
        -3482258.63459582, 15.0618722713733, -0.035819179292591, -2.02022980381683, -1.03322686717359,
        -0.0511041056535807, 1829.15146461355,
      ],
      std_error: [
        890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675,
        0.22607320006937, 455.478499142212,
      ],
    };
    facts.coefficients.forEach((c, i) => {
      near(Number(c.estimate), certified.estimate[i]!, 1e-11);
      near(Number(c.std_error), certified.std_error[i]!, 1e-11);
    });
    near(Number(facts.figures.r_squared), 0.995479004577296, 1e-13);
  });

  test("agrees with itself whatever the order and the number of the rows of a block", () => {
    const seed = testSeed();
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state / 2 ** 32;
    };
    for (const n of [30, 255, 256, 257, 1023]) {
      const x = Array.from({ length: n }, () => 100 + random());
      const y = x.map((v) => 3 - 2 * v + random());
      const one = fitRegression(plan({}), data(y, [numbers(x)]));
      const other = fitRegression(plan({}), data([...y].reverse(), [numbers([...x].reverse())]));
      for (const [i, c] of one.coefficients.entries())
        near(Number(c.estimate), other.coefficients[i]!.estimate, 1e-11);
    }
  });
});

describe("codings", () => {
  const coded = (terms: number[][], numeric: number[] = []) =>
    codeTerms(terms, (f) => numeric.includes(f)).map((blocks) =>
      blocks.map((b) => b.map(({ factor, full }) => `${"abcd"[factor]}${full ? "+" : "-"}`).join("") || "1"),
    );
  // As patsy's documentation has them ("Redundancy and categorical factors").
  test.each([
    [[[], [0]], [], [["1"], ["a-"]]],
    [[[0]], [], [["a+"]]],
    [[[], [0], [1], [0, 1]], [], [["1"], ["a-"], ["b-"], ["a-b-"]]],
    [[[], [0, 1]], [], [["1"], ["b-", "a-b+"]]],
    [[[0, 1]], [], [["a+b+"]]],
    [[[], [0], [0, 1]], [], [["1"], ["a-"], ["a+b-"]]],
    [[[], [2], [0, 2]], [2], [["1"], ["1"], ["a-"]]],
    [[[], [0, 2]], [2], [["1"], ["a+"]]],
  ])("%j with numbers %j", (terms, numeric, expected) => {
    expect(coded(terms as number[][], numeric as number[])).toEqual(expected);
  });
});

describe("where there is no estimate, it is said which way", () => {
  const x = Array.from({ length: 60 }, (_, i) => i);
  const half = x.map((v) => (v < 30 ? 0 : 1));
  const odd = x.map((v) => v % 2);
  const failure = (p: Partial<RegressionPlan>, d: RegressionData) => fitRegression(plan(p), d).failure;
  const two = {
    factors: [
      { kind: "numeric" as const, label: "x" },
      { kind: "numeric" as const, label: "z" },
    ],
    terms: [[0], [1]],
  };

  test("outcomes that a line tells apart, wholly or but for a tie, in logit and probit", () => {
    for (const family of ["logit", "probit"] as const) {
      expect(failure({ family }, data(half, [numbers(x)]))).toBe("separation");
      // Quasi-complete: at 30 both outcomes occur.
      expect(failure({ family }, data([...half, 0], [numbers([...x, 30])]))).toBe("separation");
    }
    const group = x.map((v) => (v < 40 ? "a" : "b"));
    const factors = [{ kind: "categorical" as const, label: "g", type: "text" as const }];
    expect(
      failure(
        { family: "logit", factors },
        data(
          x.map((v) => (v < 40 ? v % 2 : 1)),
          [levels(group)],
        ),
      ),
    ).toBe("separation");
    expect(
      failure(
        { family: "poisson", factors },
        data(
          x.map((v) => (v < 40 ? v % 3 : 0)),
          [levels(group)],
        ),
      ),
    ).toBe("separation");
  });

  test("a Cox model whose likelihood has no maximum", () => {
    const event = Float64Array.from(x, (v) => (v < 20 ? 1 : 0));
    const marker = x.map((v) => (v < 20 ? 1 : 0));
    expect(failure({ family: "cox" }, data(x, [numbers(marker)], { event }))).toBe("separation");
    expect(failure({ family: "cox" }, data(x, [numbers(odd)], { event: new Float64Array(60) }))).toBe(
      "no_events",
    );
  });

  test("columns that are combinations of others, named", () => {
    const facts = fitRegression(plan(two), data(odd, [numbers(x), numbers(x.map((v) => 3 * v - 7))]));
    expect(facts).toMatchObject({ failure: "collinear", columns: ["z"], coefficients: [] });
    for (const family of ["logit", "poisson", "cox"] as const)
      expect(
        failure(
          { ...two, family },
          data(odd, [numbers(x), numbers(x.map((v) => v + 1))], { event: Float64Array.from(odd) }),
        ),
      ).toBe("collinear");
    expect(failure({ ...two }, data(odd, [numbers(x), numbers(x.map(() => 5))]))).toBe("collinear");
  });

  test("outcomes of the wrong kind, and too few rows", () => {
    expect(failure({ family: "logit" }, data(x, [numbers(x)]))).toBe("response_not_binary");
    expect(
      failure(
        { family: "logit" },
        data(
          x.map(() => 1),
          [numbers(x)],
        ),
      ),
    ).toBe("response_constant");
    expect(
      failure(
        { family: "poisson" },
        data(
          x.map((v) => v - 1),
          [numbers(x)],
        ),
      ),
    ).toBe("response_not_counts");
    expect(
      failure(
        { family: "poisson" },
        data(
          x.map((v) => v / 2),
          [numbers(x)],
        ),
      ),
    ).toBe("response_not_counts");
    expect(failure({}, data([1, 2], [numbers([1, 2])]))).toBe("too_few_rows");
    expect(failure({}, data([], [numbers([])]))).toBe("no_rows");
    const factors = [{ kind: "categorical" as const, label: "g", type: "text" as const, reference: "z" }];
    expect(failure({ factors }, data(odd, [levels(x.map((v) => "ab"[v % 2]!))]))).toBe("reference_absent");
  });

  test("a number that follows exactly from the rest", () => {
    expect(
      failure(
        {},
        data(
          x.map((v) => 3 * v - 7),
          [numbers(x)],
        ),
      ),
    ).toBe("exact_fit");
    expect(
      failure(
        {},
        data(
          x.map(() => 0),
          [numbers(x)],
        ),
      ),
    ).toBe("exact_fit");
  });

  test("numbers beyond all measure", () => {
    expect(
      failure(
        {},
        data(
          x.map((v) => v * 1e200),
          [numbers(x)],
        ),
      ),
    ).toBe("not_finite");
  });

  test("outcomes that are nearly told apart still have their finite estimate", () => {
    const facts = fitRegression(plan({ family: "logit" }), data([...half, 0, 1], [numbers([...x, 34, 26])]));
    expect(facts.failure).toBeUndefined();
    expect(Number(facts.coefficients[1]!.estimate)).toBeGreaterThan(0);
  });
});

describe("on whom a coefficient stands", () => {
  /** Inverse by Gauss and Jordan, of small matrices. */
  function inverse(m: number[][]): number[][] {
    const n = m.length;
    const a = m.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
    for (let i = 0; i < n; i++) {
      const at = a.findIndex(
        (row, k) => k >= i && Math.abs(row[i]!) === Math.max(...a.slice(i).map((r) => Math.abs(r[i]!))),
      );
      [a[i], a[at]] = [a[at]!, a[i]!];
      const lead = a[i]![i]!;
      a[i] = a[i]!.map((v) => v / lead);
      for (let k = 0; k < n; k++) {
        const factor = a[k]![i]!;
        if (k !== i) a[k] = a[k]!.map((v, j) => v - factor * a[i]![j]!);
      }
    }
    return a.map((row) => row.slice(n));
  }

  test("shares and leverages are those of a plain computation, and rows of one unit are added", () => {
    let state = testSeed();
    const random = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state / 2 ** 32;
    };
    const n = 80;
    const x = Array.from({ length: n }, () => random() ** 4);
    const z = Array.from({ length: n }, () => random());
    // Units out of order, three rows each but for the last.
    const unit = Array.from({ length: n }, (_, i) => (i * 7) % 27);
    const facts = fitRegression(
      plan({
        factors: [
          { kind: "numeric", label: "x" },
          { kind: "numeric", label: "z" },
        ],
        terms: [[0], [1]],
        threshold: 4,
      }),
      data(
        x.map((v, i) => v - z[i]! + random()),
        [numbers(x), numbers(z)],
        { unit: Int32Array.from(unit), units: 27 },
      ),
    );
    const design = x.map((v, i) => [1, v, z[i]!]);
    const cross = [0, 1, 2].map((j) =>
      [0, 1, 2].map((k) => design.reduce((sum, row) => sum + row[j]! * row[k]!, 0)),
    );
    const inverted = inverse(cross);
    const byUnit = (value: (row: number[]) => number) => {
      const sums = new Array<number>(27).fill(0);
      for (const [i, row] of design.entries()) sums[unit[i]!]! += value(row);
      return sums.sort((a, b) => b - a);
    };
    const times = (row: readonly number[], j: number) =>
      row.reduce((sum, v, k) => sum + v * inverted[k]![j]!, 0);
    const leverage = byUnit((row) => row.reduce((sum, v, j) => sum + v * times(row, j), 0));
    near(facts.max_leverage!, leverage[0]!, 1e-9);
    for (const [j, c] of facts.coefficients.entries()) {
      const shares = byUnit((row) => times(row, j) ** 2 / inverted[j]![j]!);
      near(c.one_unit!, shares[0]!, 1e-9);
      near(c.few_units!, shares[0]! + shares[1]! + shares[2]!, 1e-9);
    }
  });
});
