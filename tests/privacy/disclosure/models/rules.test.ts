/** What is said of models and curves, and what the released text holds. */
import { describe, expect, test } from "@jest/globals";
import { rebuildCsv } from "../../../../src/privacy/disclosure/canonicalisers/csv.js";
import { rebuildJson } from "../../../../src/privacy/disclosure/canonicalisers/json.js";
import type {
  FactorData,
  RegressionData,
  SurvivalData,
} from "../../../../src/privacy/disclosure/models/data.js";
import { fitRegression } from "../../../../src/privacy/disclosure/models/fit.js";
import type { RegressionPlan, SurvivalPlan } from "../../../../src/privacy/disclosure/models/plan.js";
import { fitSurvival, roundTimes } from "../../../../src/privacy/disclosure/models/survival.js";
import {
  compareCurves,
  compareModels,
  defaultPolicy,
  judgeModel,
  type ModelFacts,
  type RegressionFacts,
  RULES,
  renderModel,
  type SurvivalFacts,
  sameModel,
  verdictOf,
} from "../../../../src/privacy/index.js";
import { type Verdict, worstVerdict } from "../../../../src/vocabulary/index.js";
import { testSeed } from "../../../harness/seed.js";

const POLICY = defaultPolicy(3);
const seed = testSeed();
let state = seed;
const random = () => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return state / 2 ** 32;
};

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
const numbers = (values: readonly number[]): FactorData => ({
  kind: "numeric",
  values: Float64Array.from(values),
});
const levels = (values: readonly string[]): FactorData => {
  const list = [...new Set(values)].sort();
  return { kind: "categorical", codes: Int32Array.from(values, (v) => list.indexOf(v)), levels: list };
};
const GROUP = [{ kind: "categorical" as const, label: "g", type: "text" as const }];

function model(
  more: Partial<RegressionPlan>,
  y: readonly number[],
  factors: FactorData[],
  units: readonly number[] = y.map((_, i) => i),
): RegressionFacts {
  const data: RegressionData = {
    rows: y.length,
    unit: Int32Array.from(units),
    units: new Set(units).size,
    response: Float64Array.from(y),
    factors,
  };
  return { ...fitRegression(plan(more), data), filter: "{}" };
}

/** The worst verdict of each rule. */
function said(facts: ModelFacts): Record<string, Verdict> {
  const verdicts: Record<string, Verdict> = {};
  for (const { rule, verdict } of judgeModel(facts, POLICY).findings)
    verdicts[rule] = worstVerdict([verdict, verdicts[rule] ?? "pass"]);
  return verdicts;
}
const many = (n: number) => Array.from({ length: n }, (_, i) => i);

describe(`rules of models (seed ${seed})`, () => {
  const x = many(200).map(() => random());
  const y = x.map((v) => v + 2 * random());

  test("a model of many people with nobody standing out is for people only because it is compared by none", () => {
    expect(said(model({}, y, [numbers(x)]))).toEqual({ model_compared: "review", capacity: "pass" });
  });

  test("fewer degrees of freedom than ten fail, counted in units and not in rows", () => {
    const few = many(14);
    expect(
      said(
        model(
          {},
          few.map((i) => y[i]!),
          [numbers(few.map((i) => x[i]!))],
        ),
      ).degrees_of_freedom,
    ).toBeUndefined();
    expect(
      said(
        model(
          {},
          few.slice(0, 11).map((i) => y[i]!),
          [numbers(few.slice(0, 11).map((i) => x[i]!))],
        ),
      ).degrees_of_freedom,
    ).toBe("fail");
    const nine = y.map((_, i) => i % 9);
    expect(said(model({}, y, [numbers(x)], nine))).toMatchObject({
      degrees_of_freedom: "fail",
      threshold: "fail",
    });
  });

  test("a level on fewer units than the threshold fails, be it the reference, and rows of one unit count once", () => {
    const g = y.map((_, i) => (i < 9 ? "a" : i < 100 ? "b" : "c"));
    expect(said(model({ factors: GROUP }, y, [levels(g)]))).toMatchObject({
      model_levels: "fail",
      model_influence: "fail",
    });
    const enough = y.map((_, i) => (i < 10 ? "a" : i < 100 ? "b" : "c"));
    expect(said(model({ factors: GROUP }, y, [levels(enough)])).model_levels).toBeUndefined();
    const units = y.map((_, i) => (i < 10 ? i % 9 : i));
    expect(said(model({ factors: GROUP }, y, [levels(enough)], units)).model_levels).toBe("fail");
  });

  test("a number that singles out few is a level in disguise", () => {
    const marker = y.map((_, i) => (i < 5 ? 1 : 0));
    expect(said(model({}, y, [numbers(marker)])).model_influence).toBe("fail");
    const steep = x.map((v) => Math.exp(60 * v));
    expect(said(model({}, y, [numbers(steep)])).model_influence).toBe("fail");
    const lone = x.map((v, i) => (i === 7 ? 40 : v));
    expect(said(model({}, y, [numbers(lone)])).model_influence).toBe("fail");
    const common = y.map((_, i) => (i < 20 ? 1 : 0));
    expect(said(model({}, y, [numbers(common)])).model_influence).toBeUndefined();
  });

  test("a saturated model is the table that it is in other words", () => {
    const g = y.map((_, i) => (i < 100 ? "a" : "b"));
    expect(said(model({ factors: GROUP }, y, [levels(g)])).saturated_model).toBe("review");
    const outcome = y.map((_, i) => (i % 2 === 0 ? 1 : 0));
    expect(said(model({ factors: GROUP, family: "logit" }, outcome, [levels(g)])).saturated_model).toBe(
      "review",
    );
    // Nine of a hundred: a count of the table that the model stands for.
    const rare = y.map((_, i) => (i < 100 ? (i < 9 ? 1 : 0) : i % 2));
    expect(said(model({ factors: GROUP, family: "logit" }, rare, [levels(g)]))).toMatchObject({
      saturated_model: "fail",
      model_levels: "review",
    });
    const own = y.slice(0, 60).map((_, i) => `g${i % 30}`);
    expect(said(model({ factors: GROUP }, y.slice(0, 60), [levels(own)])).saturated_model).toBe("fail");
  });

  test("fewer than ten events to a coefficient go to people, the rarer outcome counting", () => {
    const some = y.map((_, i) => (i % 13 === 0 ? 1 : 0));
    const facts = model({ family: "logit" }, some, [numbers(x)]);
    expect(said(facts).events_per_parameter).toBe("review");
    const mirrored = model(
      { family: "logit" },
      some.map((v) => 1 - v),
      [numbers(x)],
    );
    expect(said(mirrored).events_per_parameter).toBe("review");
    const half = y.map((_, i) => (i % 3 === 0 ? 1 : 0));
    expect(said(model({ family: "logit" }, half, [numbers(x)])).events_per_parameter).toBeUndefined();
  });

  test("a model that explains nearly all of an outcome goes to people", () => {
    expect(
      said(
        model(
          {},
          x.map((v) => v + random() / 100),
          [numbers(x)],
        ),
      ).model_fit,
    ).toBe("review");
    expect(said(model({}, y, [numbers(x)])).model_fit).toBeUndefined();
  });

  test("counts of the model itself below the threshold fail", () => {
    const rare = y.map((_, i) => (i % 25 === 0 ? 1 : 0));
    expect(said(model({ family: "logit" }, rare, [numbers(x)])).threshold).toBe("fail");
  });

  test("no estimate fails, says why, and shows no number", () => {
    const facts = model(
      { family: "logit" },
      y.map((v) => (v > 1.5 ? 1 : 0)),
      [numbers(y)],
    );
    expect(said(facts).no_estimate).toBe("fail");
    const text = renderModel(facts, POLICY).toString("utf8");
    expect(JSON.parse(text)).toEqual({
      kind: "regression",
      family: "logit",
      formula: "y ~ x",
      failure: "separation",
    });
  });

  test("every rule that is used stands in the table of rules", () => {
    const ids = new Set(RULES.map((r) => r.id));
    for (const id of "no_estimate degrees_of_freedom saturated_model events_per_parameter model_levels model_influence model_fit survival_steps model_compared".split(
      " ",
    ))
      expect([id, ids.has(id)]).toEqual([id, true]);
  });
});

describe("the text of a model", () => {
  const x = many(100).map(() => random());
  const facts = model(
    { factors: [{ kind: "numeric", label: "=cmd" }] },
    x.map((v) => v + random()),
    [numbers(x)],
  );

  test("is what the checker would make of it, rounded once to the digits of the grade", () => {
    for (const grade of [3, 4, 5] as const) {
      const policy = defaultPolicy(grade);
      const bytes = renderModel(facts, policy);
      expect(rebuildJson(bytes, "json", policy).canonical.toString("utf8")).toBe(bytes.toString("utf8"));
      const { coefficients } = JSON.parse(bytes.toString("utf8")) as { coefficients: { estimate: number }[] };
      for (const [i, c] of coefficients.entries())
        expect(c.estimate).toBe(
          Number(Number(facts.coefficients[i]!.estimate).toPrecision(policy.significant_digits)),
        );
    }
  });
});

describe("a model that a program states", () => {
  const x = many(100).map(() => random());
  const g = many(100).map((i) => (i % 2 === 0 ? "F" : "M"));
  const facts = model(
    {
      factors: [
        { kind: "numeric", label: "age" },
        { kind: "categorical", label: "sex", type: "text" },
      ],
      terms: [[0], [1]],
    },
    x.map((v) => v + random()),
    [numbers(x), levels(g)],
  );
  const [intercept, age, sex] = facts.coefficients;
  const num = (t: string) => Number(t);

  test("is the node's in the node's form, in statsmodels' names, and in R's", () => {
    const own = JSON.parse(renderModel(facts, POLICY).toString("utf8")) as object;
    expect(sameModel(own, facts, 8).differing).toEqual([]);
    const patsy = {
      coefficients: {
        Intercept: num(intercept!.estimate),
        age: num(age!.estimate),
        "C(sex)[T.M]": num(sex!.estimate),
      },
      standard_errors: {
        Intercept: num(intercept!.std_error),
        age: num(age!.std_error),
        "C(sex)[T.M]": num(sex!.std_error),
      },
    };
    expect(sameModel(patsy, facts, 8).differing).toEqual([]);
    const r = {
      coefficients: {
        "(Intercept)": { estimate: num(intercept!.estimate) },
        age: { estimate: num(age!.estimate) },
        "factor(sex)M": { estimate: num(sex!.estimate) },
      },
    };
    expect(sameModel(r, facts, 8).differing).toEqual([]);
  });

  test("with a nudged coefficient, one more, or one fewer is another", () => {
    const stated = (estimate: number) => ({
      coefficients: { Intercept: num(intercept!.estimate), age: estimate, "sex[T.M]": num(sex!.estimate) },
    });
    expect(sameModel(stated(num(age!.estimate) * (1 + 1e-12)), facts, 8).differing).toEqual([]);
    expect(sameModel(stated(num(age!.estimate) * (1 + 1e-6)), facts, 8).differing).toEqual([
      { name: "age", what: "estimate" },
    ]);
    expect(sameModel({ coefficients: { age: num(age!.estimate) } }, facts, 8).differing).toHaveLength(2);
    const more = { coefficients: { ...stated(num(age!.estimate)).coefficients, id: 42 } };
    expect(sameModel(more, facts, 8).differing).toEqual([{ name: "id", what: "coefficient" }]);
  });

  test("that is none is told apart; findings name coefficients and hold no number of the program's", () => {
    expect(sameModel({ r2: 1 }, facts, 8).differing).toBeUndefined();
    const findings = compareModels(
      Buffer.from(JSON.stringify({ coefficients: { age: 123456.789 } })),
      facts,
      8,
    );
    expect(findings).toMatchObject([{ rule: "differs", verdict: "review" }]);
    expect(JSON.stringify(findings)).not.toContain("123456");
    expect(compareModels(Buffer.from("{"), facts, 8)).toHaveLength(1);
  });
});

describe("curves", () => {
  const survivalPlan = (more: Partial<SurvivalPlan> = {}): SurvivalPlan => ({
    kind: "survival",
    time: "time",
    event: "event",
    dimensions: [],
    threshold: 10,
    ...more,
  });
  function curves(
    time: readonly number[],
    event: readonly number[],
    more: Partial<SurvivalPlan> = {},
    unit = time.map((_, i) => i),
  ): SurvivalFacts {
    const data: SurvivalData = {
      rows: time.length,
      unit: Int32Array.from(unit),
      units: new Set(unit).size,
      time: Float64Array.from(time),
      event: Float64Array.from(event),
      dimensions: [],
    };
    return { ...fitSurvival(survivalPlan(more), data), filter: "{}" };
  }

  test("over random follow-ups, nothing that can be read off or worked out is on few units", () => {
    for (let round = 0; round < 200; round++) {
      const n = 5 + Math.floor(random() * 300);
      const units = many(n).map((i) => (round % 2 === 0 ? i : Math.floor(i / 3)));
      const time = many(n).map(() => Math.floor(random() * 10 ** Math.ceil(random() * 4)));
      const risk = random();
      const facts = curves(
        time,
        time.map(() => (random() < risk ? 1 : 0)),
        {},
        units,
      );
      const few = (count: number) => count > 0 && count < 10;
      for (const { steps, after } of facts.curves) {
        for (const { units: u } of steps)
          expect([u.at_risk, u.censored].some(few) || u.events < 10).toBe(false);
        if (steps.length > 0) expect(few(after.units)).toBe(false);
      }
      if (facts.units >= 10)
        expect(judgeModel(facts, POLICY).findings.find((f) => f.rule === "survival_steps")!.verdict).not.toBe(
          "fail",
        );
    }
  });

  test("show at times that are nobody's: round ones, or those of the claim", () => {
    expect(roundTimes(5215).slice(0, 3)).toEqual([100, 200, 300]);
    expect(roundTimes(5215)).toHaveLength(53);
    expect(roundTimes(1)).toHaveLength(100);
    expect(roundTimes(0.3).slice(0, 3)).toEqual([0.005, 0.01, 0.015]);
    expect(roundTimes(0)).toEqual([0]);
    const facts = curves(
      many(100).map((i) => i + 0.37),
      many(100).map(() => 1),
      { times: [33, 66, 120] },
    );
    expect(facts.curves[0]!.steps.map((s) => s.time)).toEqual(["33", "66", "120"]);
  });

  test("that reach zero are for people, and too small a group fails", () => {
    expect(
      verdictOf(
        judgeModel(
          curves(
            many(60),
            many(60).map(() => 1),
          ),
          POLICY,
        ).findings,
      ),
    ).toBe("review");
    const all = judgeModel(
      curves(
        many(60),
        many(60).map(() => 1),
      ),
      POLICY,
    ).findings.find((f) => f.rule === "survival_steps");
    expect(all).toMatchObject({ verdict: "review" });
    const small = judgeModel(
      curves(
        many(9),
        many(9).map(() => 1),
      ),
      POLICY,
    ).findings.find((f) => f.rule === "survival_steps");
    expect(small).toMatchObject({ verdict: "fail" });
  });

  test("keep four digits at most, which do not tell the order of events and losses within a step", () => {
    const text = renderModel(
      curves(
        many(300),
        many(300).map((i) => i % 2),
      ),
      { significant_digits: 8 },
    ).toString("utf8");
    for (const line of text.trimEnd().split("\n").slice(1))
      expect(line.split(",")[4]!.replace(/^0\.0*/, "").length).toBeLessThanOrEqual(4);
    expect(rebuildCsv(Buffer.from(text), "csv", POLICY).canonical.toString("utf8")).toBe(text);
  });

  test("of a program's own file are the same where they stand at the times shown, and else told apart", () => {
    const [time, event] = [many(300), many(300).map((i) => (i % 3 === 0 ? 1 : 0))];
    const facts = curves(time, event);
    let survival = 1;
    const lines = time.flatMap((t) => {
      if (event[t] !== 1) return [];
      survival *= 1 - 1 / (300 - t);
      return [`${t},${survival}`];
    });
    const file = (rows: readonly string[]) => Buffer.from(["time,survival", ...rows, ""].join("\n"));
    expect(compareCurves(file(lines), facts)).toEqual([]);
    const nudged = lines.map((row, i) => (i === 40 ? row.replace(/,0\./, ",0.0") : row));
    expect(compareCurves(file(nudged.slice(0, 41)), facts)).toMatchObject([
      { rule: "differs", verdict: "review" },
    ]);
    expect(compareCurves(file([]), facts)).toHaveLength(1);
    expect(compareCurves(Buffer.from("a,b\n1,2\n"), facts)).toHaveLength(1);
  });

  test("of rows that no curve can have fail and show nothing", () => {
    expect(curves([1, -2], [1, 1]).failure).toBe("negative_times");
    expect(curves([1, 2], [1, 2]).failure).toBe("response_not_binary");
    expect(curves([], []).failure).toBe("no_rows");
  });
});
