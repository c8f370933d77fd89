/** Formulas, groupings, measures and claims: one meaning from each syntax, and nothing that was not checked. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  checkExpression as check,
  checkFamily,
  claimText,
  columnsOf,
  emitSql as emit,
  evaluateExpression as evaluate,
  type Formula,
  formulaFromPython,
  formulaFromR,
  formulaText,
  type Grouping,
  groupValue,
  type ExpressionRow as Row,
  readClaim,
  readFilter,
  tableFromSql,
} from "../../../src/privacy/expression/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type Duck, openDuck } from "./duck.js";
import { inPython } from "./pandas.js";

const columns = columnsOf(
  (
    [
      ["id", "integer"],
      ["age", "integer"],
      ["kappa", "decimal"],
      ["sex", "text"],
      ["flc.grp", "integer"],
      ["futime", "integer"],
      ["death", "boolean"],
      ["born", "date"],
    ] as const
  ).map(([name, type]) => ({ name, type, nullable: true })),
);

let duck: Duck;
beforeAll(async () => {
  duck = await openDuck();
});
afterAll(() => duck.close());

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof GloveboxError) return `${error.code} ${error.params.detail}`;
    throw error;
  }
  return "nothing was refused";
}

/** Terms as sets of the columns that their factors read: enough to compare with another library. */
const shape = ({ intercept, terms }: Formula): string[] =>
  [...(intercept ? ["1"] : []), ...terms.map((t) => String(t.length))].sort();

describe("formulas", () => {
  test.each([
    ["death ~ age + C(sex) * kappa", "death ~ age + factor(sex) * kappa"],
    ["death ~ age + kappa - 1", "death ~ 0 + kappa + age"],
    ["death ~ age + I(age ** 2) + np.log(kappa)", "death ~ age + I(age^2) + log(kappa)"],
    ["death ~ (age + kappa + sex) ** 2", "death ~ (age + kappa + sex)^2"],
    ["death ~ Q('flc.grp')", "death ~ flc.grp"],
    ["death ~ `flc.grp`:age", "death ~ age:`flc.grp`"],
    ["death ~ C(sex, Treatment(reference='M'))", 'death ~ relevel(factor(sex), ref = "M")'],
    ["Surv(futime, death) ~ age + C(sex)", "Surv(futime, death) ~ factor(sex) + age"],
    ["death ~ age + offset(np.log(futime))", "death ~ age + offset(log(futime))"],
    ["death ~ age*kappa - age", "death ~ kappa + age:kappa"],
  ])("%s is %s", (python, r) => {
    expect(formulaText(formulaFromPython(python, columns))).toBe(formulaText(formulaFromR(r, columns)));
  });

  const ofR = JSON.parse(
    readFileSync(join(packageRoot(), "tests/vectors/expression/formulas.json"), "utf8"),
  ) as { formulas: { r: string; intercept: boolean; orders: number[] }[] };

  test.each(ofR.formulas)("have the terms that R gives them: $r", ({ r, intercept, orders }) => {
    const formula = formulaFromR(r, columns);
    expect(formula.intercept).toBe(intercept);
    expect(formula.terms.map((term) => term.length)).toEqual(orders);
  });

  test("have the terms that patsy gives them", async () => {
    const formulas = [
      "death ~ age",
      "death ~ age + kappa - 1",
      "death ~ 0 + age",
      "death ~ age * kappa * sex",
      "death ~ (age + kappa + sex) ** 2",
      "death ~ (age + kappa) * sex - age:sex",
      "death ~ age:kappa + age:kappa + kappa:age",
      "death ~ age * age",
      "death ~ 1",
      "death ~ -1 + age",
      "death ~ age + I(age ** 2) + I(age * kappa)",
      "death ~ C(sex) + C(sex, Treatment('F'))",
    ];
    const program = `
import json, sys, patsy
print(json.dumps([sorted("1" if len(t.factors) == 0 else str(len(t.factors))
  for t in patsy.ModelDesc.from_formula(f).rhs_termlist) for f in json.loads(sys.stdin.readline())]))`;
    const theirs = (await inPython(program, formulas)) as string[][];
    // patsy writes the intercept and a term of one factor alike: both sort the same.
    expect(formulas.map((f) => shape(formulaFromPython(f, columns)))).toEqual(theirs);
  });

  test("text and flags are categories, numbers are numbers, and a reference has the value's type", () => {
    const formula = formulaFromPython("kappa ~ sex + death + age + C(`flc.grp`, Treatment(2))", columns);
    expect(formula.terms.map(([f]) => f?.kind)).toEqual([
      "categorical",
      "categorical",
      "numeric",
      "categorical",
    ]);
    expect(formula.terms[3]?.[0]).toMatchObject({ reference: { type: "integer", value: "2" } });
  });

  test.each([
    ["death ~ born", /a date as categories is not supported/],
    ["death ~ C(kappa)", /a decimal as categories/],
    ["death ~ nothere", /no column "nothere"/],
    ["sex ~ age", /is text, but a number is needed/],
    ["death ~ C(sex, Sum)", /write C\(x, Treatment/],
    ["death ~ C(sex, Treatment(3))", /text/],
    ["death ~ age + 2", /write I\(…\)/],
    ["death ~ age %in% sex", /should end|not expected/],
    ["death ~ bs(age, 3)", /the function bs is not supported/],
    ["age", /`~` is expected/],
    ["death ~ (age + kappa + sex + futime) ** 99", /a whole number from 1/],
    [
      `death ~ ${Array.from({ length: 12 }, (_, i) => `I(age + ${i})`).join(" * ")}`,
      /more than \d+ (terms|factors)/,
    ],
  ])("%s is refused", (text, message) => {
    expect(refusal(() => formulaFromPython(text, columns))).toMatch(message);
  });

  test("cox explains a time with an event, and the others do not", () => {
    const survival = formulaFromR("Surv(futime, death) ~ age", columns);
    const value = formulaFromR("death ~ age", columns);
    expect(refusal(() => checkFamily("logit", survival))).toMatch(/for cox alone/);
    expect(refusal(() => checkFamily("cox", value))).toMatch(/Surv\(time, event\)/);
    expect(refusal(() => checkFamily("cox", survival))).toBe("nothing was refused");
  });
});

describe("bins", () => {
  const value = { op: "column", name: "age" } as const;
  const edges = ["50", "60", "70"];
  const ages = [49n, 50n, 51n, 60n, 69n, 70n, 71n, null];
  const bins = (closed: "left" | "right", outer: boolean): Grouping => ({
    kind: "bins",
    name: "age",
    value,
    edges,
    closed,
    outer,
  });

  test.each<[Grouping, (number | null)[]]>([
    [bins("left", true), [null, 0, 0, 1, 1, 1, null, null]],
    [bins("left", false), [null, 0, 0, 1, 1, null, null, null]],
    [bins("right", false), [null, null, 0, 0, 1, 1, null, null]],
    [bins("right", true), [null, 0, 0, 0, 1, 1, null, null]],
  ])("are numbered as numpy and pandas number them: %j", async (grouping, want) => {
    const expr = groupValue(grouping, columns);
    const rows: Row[] = ages.map((age) => ({ age }));
    expect(rows.map((row) => evaluate(expr, row))).toEqual(want.map((n) => (n === null ? null : BigInt(n))));
    await duck.load("bins", columns, rows);
    const got = (await duck.values("bins", [emit(expr, columns)])).map(([v]) => v);
    expect(got).toEqual(want.map((n) => (n === null ? null : BigInt(n))));
  });

  test("are as numpy.histogram and pandas.cut have them", async () => {
    const program = `
import json, sys, numpy, pandas
x = [49, 50, 51, 60, 69, 70, 71]; e = [50, 60, 70]
cut = lambda **k: [None if v != v else int(v) for v in pandas.cut(x, e, labels=False, **k)]
print(json.dumps([cut(), cut(include_lowest=True), cut(right=False), [int(n) for n in numpy.histogram(x, e)[0]]]))`;
    const [right, rightOuter, left, histogram] = (await inPython(program, null)) as (number | null)[][];
    const ours = (closed: "left" | "right", outer: boolean) =>
      ages.slice(0, -1).map((age) => {
        const bin = evaluate(groupValue(bins(closed, outer), columns), { age });
        return bin === null ? null : Number(bin);
      });
    expect([ours("right", false), ours("right", true), ours("left", false)]).toEqual([
      right,
      rightOuter,
      left,
    ]);
    const inBins = ours("left", true);
    expect([0, 1].map((bin) => inBins.filter((b) => b === bin).length)).toEqual(histogram);
  });
});

const table = (more: object): unknown => ({
  version: 1,
  dataset: "flchain",
  statistic: {
    kind: "table",
    rows: [{ kind: "values", name: "sex", value: { op: "column", name: "sex" } }],
    columns: [],
    measures: [{ kind: "count", name: "n" }],
    margins: false,
    missing: "group",
    ...more,
  },
});

describe("claims", () => {
  test("a SELECT is the table that it says", async () => {
    const sql = `SELECT sex, CASE WHEN age < 60 THEN 'younger' ELSE 'older' END AS band, count(*) AS n,
      count(DISTINCT id) AS people, avg(f.kappa) AS k FROM flchain f WHERE age >= 50 GROUP BY 1, band`;
    const claim = await tableFromSql(sql, duck.serialize, columns, "id");
    expect(claim.dataset).toBe("flchain");
    expect(claim.statistic).toMatchObject({
      kind: "table",
      where: { op: "compare", is: "ge" },
      rows: [{ name: "sex" }, { name: "band", value: { op: "case" } }],
      measures: [
        { kind: "count", name: "n" },
        { kind: "units", name: "people" },
        { kind: "mean", name: "k", value: { op: "column", name: "kappa" } },
      ],
    });
    expect(claimText(readClaim(JSON.parse(claimText(claim)), columns))).toBe(claimText(claim));
  });

  test.each([
    ["SELECT sex, count(*) FROM t", /a value of single rows/],
    ["SELECT count(*) FROM t GROUP BY sex", /not shown/],
    ["SELECT sex, count(*) FROM t GROUP BY CUBE(sex)", /CUBE/],
    ["SELECT sex, count(*) FROM t GROUP BY ROLLUP(sex)", /CUBE, ROLLUP/],
    ["SELECT sex, count(*) FROM t GROUP BY ALL", /GROUP BY ALL/],
    ["SELECT sex FROM t GROUP BY sex", /without an aggregate/],
    ["SELECT sex, count(DISTINCT kappa) FROM t GROUP BY sex", /DISTINCT/],
    ["SELECT sum(DISTINCT age) FROM t", /DISTINCT/],
    ["SELECT count(*) FILTER (WHERE age > 1) FROM t", /FILTER/],
    ["SELECT list(age) FROM t", /list/],
    ["SELECT first(age) FROM t", /first/],
    ["SELECT sum(age) + 1 FROM t", /an aggregate here|the function sum/],
    ["SELECT count(*) FROM t, u", /join/],
    ["SELECT count(*) FROM (SELECT * FROM t)", /subquery/],
    ["SELECT count(*) FROM read_csv('x')", /table function/],
    ["SELECT count(*) FROM main.t", /clause|join/],
    ["WITH t AS (SELECT 1) SELECT count(*) FROM t", /WITH/],
    ["SELECT count(*) FROM t; SELECT 1", /more than one|not a SQL/],
    ["DESCRIBE t", /table function/],
    ["SELECT kappa, count(*) FROM t GROUP BY kappa", /a decimal as groups/],
    ["SELECT count(*) FROM t LIMIT 1", /LIMIT/],
    ["SELECT max(sex) FROM t", /number is needed/],
  ])("%s is refused", async (sql, message) => {
    const answer = await tableFromSql(sql, duck.serialize, columns, "id").catch((e: unknown) => e);
    expect(answer).toBeInstanceOf(GloveboxError);
    expect((answer as GloveboxError).params.detail).toMatch(message);
  });

  test("what stands after FROM is the name of a dataset and nothing else", async () => {
    const claim = await tableFromSql("SELECT count(*) FROM 'file.csv'", duck.serialize, columns, "id");
    expect(claim.dataset).toBe("file.csv");
  });

  test.each<[string, unknown, RegExp]>([
    ["an unknown column", table({ where: { op: "column", name: "x" } }), /where: there is no column "x"/],
    ["a condition that is none", table({ where: { op: "column", name: "age" } }), /a condition is needed/],
    [
      "a mean of texts",
      table({ measures: [{ kind: "mean", name: "m", value: { op: "column", name: "sex" } }] }),
      /measures\.0\.value: is text/,
    ],
    ["a name twice", table({ measures: [{ kind: "count", name: "sex" }] }), /this name is taken/],
    ["another key", table({ more: 1 }), /more/],
    ["another version", { ...(table({}) as object), version: 2 }, /version/],
    [
      "edges that fall",
      table({
        columns: [
          {
            kind: "bins",
            name: "a",
            value: { op: "column", name: "age" },
            edges: ["2", "1"],
            closed: "left",
            outer: true,
          },
        ],
      }),
      /edges\.1: must rise/,
    ],
    ["a list where an expression is", table({ where: [] }), /where/],
  ])("%s is refused", (_, claim, message) => {
    expect(refusal(() => readClaim(claim, columns))).toMatch(message);
  });

  test("what is nested or large without measure is refused before it is parsed", () => {
    let deep: unknown = { op: "column", name: "death" };
    for (let i = 0; i < 100_000; i++) deep = { op: "not", value: deep };
    expect(refusal(() => readFilter({ version: 1, where: deep }, columns))).toMatch(/nested deeper/);
    const wide = Array.from({ length: 300_000 }, () => ({ op: "column", name: "death" }));
    expect(refusal(() => readFilter({ version: 1, where: { op: "and", args: wide } }, columns))).toMatch(
      /too large/,
    );
    const long = Array.from({ length: 2_100 }, () => ({ op: "column", name: "death" }));
    expect(refusal(() => check({ op: "and", args: long as never }, columns))).toMatch(/more than 2000/);
  });

  test("arithmetic whose SQL would grow without measure is refused", () => {
    let e: unknown = { op: "column", name: "kappa" };
    for (let i = 0; i < 30; i++)
      e = { op: "divide", left: { op: "literal", type: "decimal", value: "1" }, right: e };
    const { expr } = check(e as never, columns);
    expect(refusal(() => emit(expr, columns))).toMatch(/nested this deep/);
  });
});
