/** Linear regressions over domains are those of the pooled rows, to more digits than doubles of the sums would hold. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { quotient } from "../../../src/federated/statistic/exact.js";
import { influenceOf } from "../../../src/privacy/disclosure/models/influence.js";
import { fitOls } from "../../../src/privacy/disclosure/models/ols.js";
import { coefficientNamed, type RegressionFacts } from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { answersIn, cases, csvOf } from "../../privacy/disclosure/models/peers.js";
import { type DomainRows, Domains, type Found, partsOf, specOf } from "./pooled.js";

const CHAPTERS = [
  "Blood",
  "Circulatory",
  "Congenital",
  "Digestive",
  "Endocrine",
  "External Causes",
  "Genitourinary",
  "Ill Defined",
  "Infectious",
  "Injury and Poisoning",
  "Mental",
  "Musculoskeletal",
  "Neoplasms",
  "Nervous",
  "Respiratory",
  "Skin",
];
const number = (name: string, low: string, high: string) => ({
  name,
  type: "decimal" as const,
  bounds: [low, high] as [string, string],
});
const whole = (name: string, low: string, high: string) => ({
  ...number(name, low, high),
  type: "integer" as const,
});

const SPECS = {
  flchain: specOf([
    whole("age", "50", "101"),
    { name: "sex", type: "text", categories: ["F", "M"] },
    number("kappa", "0.01", "30"),
    number("creatinine", "0", "20"),
    whole("mgus", "0", "1"),
    whole("futime", "0", "6000"),
    whole("death", "0", "1"),
    { name: "chapter", type: "text", categories: CHAPTERS },
  ]),
  randhie: specOf([
    whole("mdvis", "0", "100"),
    number("lncoins", "0", "5"),
    whole("idp", "0", "1"),
    number("disea", "0", "60"),
  ]),
  breast_cancer: specOf([
    number("mean_area", "100", "3000"),
    number("mean_radius", "5", "30"),
    number("mean_texture", "5", "50"),
    number("mean_smoothness", "0", "0.5"),
    number("mean_compactness", "0", "0.5"),
    number("mean_concavity", "0", "0.5"),
    number("mean_symmetry", "0", "0.5"),
  ]),
};
type Name = keyof typeof SPECS;
const CUTS: Record<Name, number[]> = {
  flchain: [4_000, 6_500],
  randhie: [12_000, 12_100],
  breast_cancer: [300, 420],
};

const facts = ({ canonical }: Found): RegressionFacts => {
  if (canonical.model?.kind !== "regression") throw new Error("no regression");
  return canonical.model;
};
const near = (value: string, expected: string, relative: number): void => {
  if (!(Math.abs(Number(value) / Number(expected) - 1) <= relative)) expect(value).toBe(expected);
};
const rules = ({ canonical }: Found): string[] =>
  canonical.findings.filter((f) => f.verdict !== "pass").map(({ rule, verdict }) => `${rule} ${verdict}`);

describe("over three uneven parts", () => {
  const opened = new Map<string, Domains>();
  beforeAll(async () => {
    for (const name of Object.keys(SPECS) as Name[]) {
      const spec = SPECS[name];
      const names = spec.columns.map((c) => c.name);
      opened.set(name, await Domains.open(spec, partsOf(csvOf(name), names, CUTS[name])));
    }
  });
  afterAll(() => {
    for (const domains of opened.values()) domains.close();
  });

  const peers = answersIn("statsmodels.json");
  for (const [i, { data, family, formula, node }] of cases().entries()) {
    if (family !== "ols") continue;
    test(`${data}: ${formula} is statsmodels' of the pooled file, in one step`, async () => {
      const found = await opened.get(data)!.ask({ kind: "regression", family, formula: node ?? formula });
      const { failure, rows, coefficients, figures } = facts(found);
      const peer = peers[i]!;
      expect([failure, rows, coefficients.length, found.steps]).toEqual([
        undefined,
        peer.rows,
        Object.keys(peer.coefficients).length,
        1,
      ]);
      near(figures.log_likelihood!, peer.log_likelihood, 1e-11);
      for (const [name, value] of Object.entries(peer.coefficients)) {
        const own = coefficientNamed(name, coefficients)!;
        near(own.estimate, value, 1e-8);
        near(own.std_error, peer.standard_errors[name]!, 1e-8);
      }
    });
  }
});

const MADE = specOf([whole("x", "0", "1000"), number("y", "-100", "100"), whole("z", "0", "1000")]);

async function made(rows: number[][], question: object, units?: number[]): Promise<Found> {
  const domain = units === undefined ? undefined : (u: number) => u % 3;
  const third = Math.ceil(rows.length / 3);
  // A unit's rows are in one domain.
  const parts = [0, 1, 2].map((d): DomainRows => {
    const own = rows.flatMap((_, i) =>
      (domain === undefined ? Math.floor(i / third) : domain(units![i]!)) === d ? [i] : [],
    );
    return { rows: own.map((i) => rows[i]!), ...(units ? { units: own.map((i) => units[i]!) } : {}) };
  });
  const domains = await Domains.open(MADE, parts);
  try {
    return await domains.ask({ kind: "regression", family: "ols", ...question });
  } finally {
    domains.close();
  }
}

describe("what cannot be estimated, or may not be shown", () => {
  const base = Array.from({ length: 90 }, (_, i) => [i * 10, ((i * 37) % 100) / 3 - 20, (i * 7) % 90]);

  test("a line is found with its share explained, as by hand", async () => {
    const found = facts(await made(base, { formula: "y ~ x" }));
    const [n, sx, sy] = [90, ...[0, 1].map((c) => base.reduce((s, r) => s + r[c]!, 0))] as [
      number,
      number,
      number,
    ];
    const sum = (a: number, b: number) => base.reduce((s, r) => s + r[a]! * r[b]!, 0);
    const [xx, xy, yy] = [sum(0, 0) - sx ** 2 / n, sum(0, 1) - (sx * sy) / n, sum(1, 1) - sy ** 2 / n];
    near(found.coefficients[1]!.estimate, String(xy / xx), 1e-10);
    near(found.figures.r_squared!, String(xy ** 2 / (xx * yy)), 1e-10);
  });

  test("a model that stands on many passes, by bounds that sums prove", async () => {
    const rows = Array.from({ length: 600 }, (_, i) => [i, ((i * 37) % 100) / 3 - 20, (i * 7) % 90]);
    const found = await made(rows, { formula: "y ~ x + z" });
    expect(rules(found)).toEqual(["model_compared review"]);
    expect(facts(found)).toMatchObject({ influence_at_most: true });
  });

  test("where bounds say nothing, people look", async () => {
    expect(rules(await made(base.slice(0, 40), { formula: "y ~ x + z" }))).toContain(
      "model_influence review",
    );
  });

  test("of units with many rows there is no bound, and people look", async () => {
    const rows = Array.from({ length: 900 }, (_, i) => [i, ((i * 37) % 100) / 3 - 20, (i * 7) % 90]);
    const units = rows.map((_, i) => (i < 66 ? 0 : i * 3));
    const found = await made(rows, { formula: "y ~ x + z" }, units);
    expect(rules(found)).toContain("model_influence review");
    expect(facts(found).coefficients[0]!.few_units).toBeUndefined();
  });

  test.each([
    ["a number that is the same for all but nine", "y ~ x", base.map(([, y], i) => [i < 9 ? 500 : 0, y!, 0])],
    [
      "a power that leaves only the largest",
      "y ~ I(x ** 3)",
      base.map(([, y], i) => [i === 8 ? 1000 : i, y!, 0]),
    ],
  ])("%s is refused", async (_, formula, rows) => {
    expect(rules(await made(rows, { formula }))).toContain("model_influence fail");
  });

  test.each([
    ["collinear", "y ~ x + I(x + z) + z", base],
    ["exact_fit", "y ~ x", base.map(([x, , z]) => [x!, 0.05 * x! - 30, z!])],
    ["too_few_rows", "y ~ x + z", base.slice(0, 3)],
    ["no_rows", "y ~ x", []],
  ])("%s", async (failure, formula, rows) => {
    expect(facts(await made(rows, { formula })).failure).toBe(failure);
  });

  test("few units are refused", async () => {
    expect(rules(await made(base.slice(0, 9), { formula: "y ~ x" }))).toContain("threshold fail");
  });

  test("rows beyond the declared bounds end the contribution", async () => {
    await expect(made([...base, [2_000, 0, 0]], { formula: "y ~ x" })).rejects.toThrow();
  });
});

test("no unit holds more than the bound says, whatever rows it has", async () => {
  let state = testSeed();
  const draw = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
  for (let turn = 0; turn < 8; turn++) {
    const rows = Array.from({ length: 60 + Math.floor(draw() * 200) }, () => [
      Math.floor(1000 * draw() ** (1 + turn)),
      100 * (draw() - 0.5),
      Math.floor(1000 * draw()),
    ]);
    const units = rows.map((_, i) => (turn % 2 === 0 ? i : Math.floor(draw() * 40)));
    const found = facts(await made(rows, { formula: "y ~ x + z" }, units));
    const truth = pooledInfluence(rows, units, found.few);
    found.coefficients.forEach(({ one_unit, few_units }, j) => {
      expect([one_unit, few_units]).not.toContain(undefined);
      const { one, few } = truth.largest[j]!;
      if (!(one_unit! >= one - 1e-9 && few_units! >= few - 1e-9))
        expect({ turn, j, one_unit, one, few_units, few }).toBeUndefined();
      // Shares add up to one, so their squares to no more than the largest.
      expect(one_unit!).toBeLessThan(Math.sqrt(one) + 1e-3);
    });
    if (found.max_leverage !== undefined) expect(found.max_leverage).toBeGreaterThan(truth.leverage - 1e-9);
  }
});

/** As one domain's own model of all rows has it. */
function pooledInfluence(rows: readonly number[][], units: readonly number[], few: number) {
  const known = [...new Set(units)];
  const data = {
    rows: rows.length,
    unit: Int32Array.from(units, (u) => known.indexOf(u)),
    units: known.length,
    response: Float64Array.from(rows, (r) => r[1]!),
    factors: [],
  };
  const design = {
    columns: ["Intercept", "x", "z"].map((name) => ({ name, r_name: name })),
    intercept: 0,
    row(i: number, out: Float64Array) {
      out.set([1, rows[i]![0]!, rows[i]![2]!]);
    },
  };
  return influenceOf(design, data, fitOls(design, data), few);
}

test("a quotient of long whole numbers is the nearest double", () => {
  expect(quotient(10n ** 400n, 3n * 10n ** 400n)).toBe(1 / 3);
  expect(quotient(-1n, 10n ** 60n)).toBe(-1e-60);
  expect(quotient(0n, 7n)).toBe(0);
});
