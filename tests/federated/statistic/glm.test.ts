/** Logistic and Poisson regressions over domains are those of the pooled rows, and what cannot be one says so. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sharedStatistic } from "../../../src/federated/statistic/shared.js";
import { coefficientNamed, type RegressionFacts, toSlots } from "../../../src/privacy/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { testSeed } from "../../harness/seed.js";
import { type DomainRows, Domains, type Found, partsOf, specOf, T, written } from "./pooled.js";

const data = (name: string): string => readFileSync(join(packageRoot(), `examples/data/${name}.csv`), "utf8");

const FLCHAIN = specOf([
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "sex", type: "text", categories: ["F", "M", "X"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"] },
  { name: "lambda", type: "decimal", bounds: ["0", "30"] },
  { name: "creatinine", type: "decimal", bounds: ["0", "20"] },
  { name: "mgus", type: "integer", bounds: ["0", "1"] },
  { name: "sample.yr", type: "integer", bounds: ["1995", "2003"] },
  { name: "futime", type: "integer", bounds: ["0", "6000"] },
  { name: "death", type: "integer", bounds: ["0", "1"] },
]);
const NAFLD = specOf([
  { name: "age", type: "integer", bounds: ["18", "98"] },
  { name: "male", type: "integer", bounds: ["0", "1"] },
  { name: "weight", type: "decimal", bounds: ["30", "200"] },
  { name: "height", type: "decimal", bounds: ["100", "220"] },
  { name: "bmi", type: "decimal", bounds: ["5", "100"] },
  { name: "futime", type: "integer", bounds: ["1", "8000"] },
  { name: "status", type: "integer", bounds: ["0", "1"] },
]);
/** A logarithm needs a bound above 0. */
const exposed = (spec: typeof FLCHAIN) =>
  specOf(spec.columns.map((c) => (c.name === "futime" ? { ...c, bounds: ["1", "8000"] } : c)));
const SPECS = { flchain: FLCHAIN, nafld1: NAFLD };

const regression = ({ canonical }: Pick<Found, "canonical">): RegressionFacts => {
  if (canonical.model?.kind !== "regression") throw new Error("no regression");
  return canonical.model;
};

const near = (value: string | number, expected: string | number, relative: number): void => {
  const [v, e] = [Number(value), Number(expected)];
  if (!(Math.abs(v - e) <= relative * Math.abs(e))) expect(v).toBe(e);
};

const rulesOf = ({ canonical }: Found) => canonical.findings.map(({ rule, verdict }) => `${rule} ${verdict}`);

interface Peer {
  data: keyof typeof SPECS;
  family: string;
  formula: string;
  exposure: string | null;
  rows: number;
  log_likelihood: string;
  deviance: string;
  null_deviance: string;
  aic: string;
  coefficients: Record<string, string>;
  standard_errors: Record<string, string>;
}

/** statsmodels takes the frame's own names. */
const inOurs = (text: string): string =>
  text
    .replaceAll("lambda_", "`lambda`")
    .replace(/\byear\b/, "`sample.yr`")
    .replaceAll("np.log", "log");

describe("over three uneven parts of the example data", () => {
  const opened: Partial<Record<keyof typeof SPECS, Domains>> = {};
  beforeAll(async () => {
    for (const [name, cuts] of [
      ["flchain", [4_000, 6_500]],
      ["nafld1", [11_000, 16_000]],
    ] as const) {
      const spec = SPECS[name];
      opened[name] = await Domains.open(
        spec,
        partsOf(
          data(name),
          spec.columns.map((c) => c.name),
          cuts,
        ),
      );
    }
  });
  afterAll(() => {
    for (const domains of Object.values(opened)) domains.close();
  });

  const { cases } = JSON.parse(
    readFileSync(join(packageRoot(), "tests/vectors/federated/glm.json"), "utf8"),
  ) as { cases: Peer[] };
  for (const peer of cases)
    test(`${peer.family} ${peer.formula}${peer.exposure ? `, exposed for ${peer.exposure}` : ""} is statsmodels' of the pooled file`, async () => {
      const { exposure } = peer;
      const spec = SPECS[peer.data];
      const domains = opened[peer.data]!.under(exposure ? exposed(spec) : spec);
      const found = await domains.ask({
        kind: "regression",
        family: peer.family,
        formula: inOurs(peer.formula) + (exposure ? ` + offset(log(${exposure}))` : ""),
        ...(exposure ? { where: `${exposure} > 0` } : {}),
      });
      const facts = regression(found);
      expect([facts.failure, facts.rows, facts.coefficients.length]).toEqual([
        undefined,
        peer.rows,
        Object.keys(peer.coefficients).length,
      ]);
      const { figures } = facts;
      near(figures.log_likelihood!, peer.log_likelihood, 1e-11);
      near(figures.deviance!, peer.deviance, 1e-11);
      near(figures.null_deviance!, peer.null_deviance, 1e-11);
      near(figures.aic!, peer.aic, 1e-11);
      for (const [name, value] of Object.entries(peer.coefficients)) {
        const own = coefficientNamed(inOurs(name), facts.coefficients)!;
        near(own.estimate, value, 1e-9);
        near(own.std_error, peer.standard_errors[name]!, 1e-9);
      }
      expect(found.steps).toBeLessThanOrEqual(10);
      expect(rulesOf(found)).toContain("model_influence review");
      expect(found.canonical.findings.filter((f) => f.verdict === "fail")).toEqual([]);
    });
});

const SMALL = specOf(
  [
    { name: "x", type: "decimal", bounds: ["-2", "2"] },
    { name: "g", type: "text", categories: ["a", "b", "c"] },
    { name: "n", type: "integer", bounds: ["0", "3"] },
    { name: "y", type: "integer", bounds: ["0", "1"] },
    { name: "free", type: "decimal" },
  ],
  { threshold: 3, max_rows: 1_000 },
);

/** Rows by a rule, dealt to three domains one after the other. */
function dealt(rows: number, row: (i: number) => (string | number | null)[]): DomainRows[] {
  const domains = [0, 1, 2].map(() => ({ rows: [] as (string | number | null)[][] }));
  for (let i = 0; i < rows; i++) domains[i % 3]!.rows.push(row(i));
  return domains;
}

/** A value in [0, 1) that has no pattern in i. */
const mixed = (i: number): number => (((i * 48_271 + 11) % 2_147_483_647) % 1_009) / 1_009;
const chance = (i: number): number => (mixed(i + 1) > 0.4 ? 1 : 0);
const level = (i: number): string => "abc"[Math.floor(mixed(3 * i) * 3)]!;
const usual = (i: number) => [4 * mixed(7 * i) - 2, level(i), i % 4, chance(i), i];

async function over<T>(
  domains: DomainRows[],
  work: (domains: Domains) => Promise<T>,
  spec = SMALL,
): Promise<T> {
  const opened = await Domains.open(spec, domains);
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

const ask = (domains: DomainRows[], formula: string, more: object = {}, spec = SMALL): Promise<Found> =>
  over(domains, (d) => d.ask({ kind: "regression", family: "logit", formula, ...more }), spec);

describe("the model of the pooled rows", () => {
  test("is the same however the rows are dealt", async () => {
    const rows = Array.from({ length: 600 }, (_, i) => usual(i));
    const one = regression(await ask([{ rows }, { rows: [] }, { rows: [] }], "y ~ x + g"));
    const three = regression(await ask(dealt(600, usual), "y ~ x + g"));
    expect(three).toEqual(one);
  });

  test("has no column for a level that nobody has, and the lowest that somebody has is its reference", async () => {
    const row = (i: number) => usual(i).map((cell) => (cell === "a" ? "b" : cell));
    const facts = regression(await ask(dealt(600, row), "y ~ x + g"));
    const less = specOf(
      SMALL.columns.map((c) => (c.name === "g" ? { ...c, categories: ["b", "c"] } : c)),
      { threshold: 3, max_rows: 1_000 },
    );
    expect(facts.coefficients.map((c) => c.name)).toEqual(["Intercept", "x", "g[T.c]"]);
    expect(facts).toEqual(regression(await ask(dealt(600, row), "y ~ x + g", {}, less)));
    const named = await ask(dealt(600, row), "y ~ x + C(g, Treatment('a'))");
    expect(regression(named).failure).toBe("reference_absent");
  });

  test("counts units, not rows, and each once for each level that it has rows in", async () => {
    const domains = dealt(600, usual).map(({ rows }) => ({
      rows,
      units: rows.map((_, r) => Math.floor(r / 4)),
    }));
    const facts = regression(await ask(domains, "y ~ x + g"));
    const distinct = (keep: (row: DomainRows["rows"][number]) => boolean) =>
      domains.reduce((n, { rows, units }) => n + new Set(units.filter((_, r) => keep(rows[r]!))).size, 0);
    expect([facts.rows, facts.units]).toEqual([600, 150]);
    expect(facts.events).toEqual({ with: distinct((r) => r[3] === 1), without: distinct((r) => r[3] === 0) });
    expect(facts.cells).toEqual(
      ["a", "b", "c"].map((g) => ({
        term: "g",
        level: g,
        units: distinct((r) => r[1] === g),
        with: distinct((r) => r[1] === g && r[3] === 1),
        without: distinct((r) => r[1] === g && r[3] === 0),
      })),
    );
  });

  test("leaves out rows that lack a value, and those that the filter leaves out", async () => {
    const row = (i: number) => usual(i).map((cell, c) => (c === 0 && i % 5 === 0 ? null : cell));
    const facts = regression(await ask(dealt(600, row), "y ~ x", { where: "n < 3" }));
    expect(facts.rows).toBe(
      Array.from({ length: 600 }, (_, i) => i).filter((i) => i % 5 && i % 4 < 3).length,
    );
  });
});

describe("what cannot be estimated says why, in the words of any model", () => {
  const failure = async (...given: Parameters<typeof ask>) => {
    const found = await ask(...given);
    expect(rulesOf(found)).toContain("no_estimate fail");
    return regression(found);
  };
  test("an outcome that a number tells apart", async () => {
    const row = (i: number) => [i < 300 ? -1 - mixed(i) : 1 + mixed(i), level(i), i % 4, i < 300 ? 0 : 1, i];
    expect((await failure(dealt(600, row), "y ~ x")).failure).toBe("separation");
  });
  test("an outcome that a level tells apart", async () => {
    const row = (i: number) => [4 * mixed(i) - 2, level(i), i % 4, level(i) === "b" ? 0 : chance(i), i];
    expect((await failure(dealt(600, row), "y ~ x + g")).failure).toBe("separation");
  });
  test("columns that say the same", async () => {
    const facts = await failure(dealt(600, usual), "y ~ x + I(2 * x + 1)");
    expect([facts.failure, facts.columns]).toEqual(["collinear", ["(x * 2) + 1"]]);
  });
  test("an outcome that all have, no rows, and too few", async () => {
    const all = (i: number) => usual(i).map((cell, c) => (c === 3 ? 1 : cell));
    expect((await failure(dealt(60, all), "y ~ x")).failure).toBe("response_constant");
    expect((await failure(dealt(60, usual), "y ~ x", { where: "x > 5" })).failure).toBe("no_rows");
    const two = (i: number) => [i, level(i), i, i, i];
    expect((await failure(dealt(2, two), "y ~ x + n")).failure).toBe("too_few_rows");
  });
});

describe("what the rules of disclosure see", () => {
  test("a level of few units fails", async () => {
    const row = (i: number) => [
      4 * mixed(7 * i) - 2,
      i < 2 ? "c" : "ab"[i % 2]!,
      i % 4,
      i < 2 ? i : chance(i),
      i,
    ];
    expect(rulesOf(await ask(dealt(600, row), "y ~ x + g"))).toContain("model_levels fail");
  });
  test("a model that is a table of groups is judged as that table", async () => {
    expect(rulesOf(await ask(dealt(600, usual), "y ~ g"))).toContain("saturated_model review");
    expect(rulesOf(await ask(dealt(600, usual), "y ~ g * C(n)"))).toContain("saturated_model review");
    const few = await ask(dealt(25, usual), "y ~ g");
    expect(rulesOf(few)).toContain("saturated_model fail");
  });
  test("one with more patterns than coefficients in some domain is none; where it is not known, people look", async () => {
    expect(rulesOf(await ask(dealt(600, usual), "y ~ x"))).not.toContain("saturated_model review");
    const row = (i: number) => usual(i).map((cell, c) => (c === 0 ? (i % 3) / 2 : cell));
    expect(rulesOf(await ask(dealt(600, row), "y ~ x"))).toContain("saturated_model review");
  });
});

describe("a step", () => {
  const statistic = written(SMALL, { kind: "regression", family: "poisson", formula: "n ~ x + g" });
  const at = (beta: string[]) => ({
    statistic,
    step: { of: 1, number: 2, state: { beta, from: null, deviance: null, halvings: 0 } },
  });
  const seed = testSeed();

  test("sums to within the bounds that follow from the spec, whatever the coefficients are", async () => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state / 2 ** 32;
    };
    // The ends of what is declared, as often as values between.
    const row = (i: number) => [[-2, 2, 4 * random() - 2][i % 3]!, level(i), i % 2 ? 3 : 0, i % 2, i];
    await over(dealt(90, row), async (domains) => {
      for (let trial = 0; trial < 12; trial++) {
        const wide = 60 * random();
        const beta = [0, 0, 0, 0].map(() => String(((random() - 0.5) * wide) / 2));
        const asked = at(beta);
        const { slots } = sharedStatistic(SMALL, asked, T);
        for (const numbers of await domains.contributions(asked))
          expect(() => toSlots(numbers, slots)).not.toThrow();
      }
    });
  });

  test("from coefficients that no model has, of another length, or that are no numbers is refused", () => {
    for (const beta of [
      ["61", "0", "0", "0"],
      ["20", "20", "-20", "1"],
      ["0", "0", "0"],
      ["0", "0", "0", "Infinity"],
      ["0", "0", "0", "1); DROP TABLE data"],
    ])
      expect(() => sharedStatistic(SMALL, at(beta), T)).toThrow(/step/);
    expect(() => sharedStatistic(SMALL, { statistic, step: { of: 1, number: 2, state: {} } }, T)).toThrow(
      /step/,
    );
  });
});

describe("what cannot be asked under the spec", () => {
  const asked =
    (formula: string, family = "logit") =>
    () =>
      sharedStatistic(SMALL, { statistic: written(SMALL, { kind: "regression", family, formula }) }, T);
  test("numbers without bounds, outcomes without the right ones, and families that have no sums", () => {
    expect(asked("y ~ free")).toThrow(/free has no declared bounds/);
    expect(asked("y ~ I(x / n)")).toThrow(/zero/);
    expect(asked("y ~ log(x)")).toThrow(/logarithm/);
    expect(asked("n ~ x")).toThrow(/0 or 1/);
    expect(asked("x ~ n", "poisson")).toThrow(/whole numbers/);
    expect(asked("y ~ x", "probit")).toThrow(/over domains/);
    expect(asked("Surv(x, y) ~ n", "cox")).toThrow(/over domains/);
  });
  test("a domain whose rows are beyond what is declared contributes nothing", async () => {
    const odd = (cell: number, value: string | number) =>
      dealt(30, (i) => usual(i).map((own, c) => (c === cell && i === 20 ? value : own)));
    for (const [cell, value] of [
      [0, 2.5],
      [1, "z"],
      [2, 4],
      [3, 2],
    ] as const)
      await expect(ask(odd(cell, value), "y ~ x + g + n")).rejects.toMatchObject({ code: "state_conflict" });
  });
});
