/** Models that the node fits itself, against statsmodels, R, and a reference in sixty digits. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../../src/catalog/engine/index.js";
import { coefficientNamed, type RegressionFacts } from "../../../../src/privacy/index.js";
import { type Data, dataOf, fitted } from "./claims.js";
import { answersIn, cases, csvOf, type ModelCase, type PeerAnswer, VECTORS } from "./peers.js";

const UNITS: Record<string, string | undefined> = { flchain: "id", breast_cancer: "id" };
let engine: Engine;
const data = new Map<string, Data>();
beforeAll(async () => {
  engine = createEngine({ processes: 1 });
  for (const name of new Set(cases().map((c) => c.data)))
    data.set(name, await dataOf(engine, name, csvOf(name), UNITS[name]));
}, 60_000);
afterAll(() => engine.close());

const digits = (text: string, n: number): string => Number(text).toExponential(n - 1);

async function modelOf(c: ModelCase): Promise<RegressionFacts> {
  const { family, ties } = c;
  const facts = await fitted(engine, data.get(c.data)!, {
    kind: "regression",
    family,
    formula: c.node ?? c.formula,
    ...(ties === undefined || ties === "efron" ? {} : { ties }),
  });
  if (facts.kind !== "regression") throw new Error("not a regression");
  return facts;
}

/** Each of the peer's numbers is one of the node's, in so many digits. */
function agrees(
  facts: RegressionFacts,
  peer: PeerAnswer,
  error: "std_error" | "expected_std_error" = "std_error",
): void {
  expect(facts.rows).toBe(peer.rows);
  expect(digits(facts.figures.log_likelihood!, 8)).toBe(digits(peer.log_likelihood, 8));
  const names = Object.keys(peer.coefficients);
  expect(facts.coefficients).toHaveLength(names.length);
  for (const name of names) {
    const found = coefficientNamed(name, facts.coefficients);
    expect({ name, found: found?.name }).toEqual({ name, found: expect.any(String) });
    expect([name, digits(found!.estimate, 8)]).toEqual([name, digits(peer.coefficients[name]!, 8)]);
    expect([name, digits(found![error] ?? found!.std_error, 8)]).toEqual([
      name,
      digits(peer.standard_errors[name]!, 8),
    ]);
  }
}

describe("as statsmodels fits it", () => {
  const answers = answersIn("statsmodels.json");
  test.each(cases().map((c, i) => [`${c.family} ${c.formula} ${c.ties ?? ""}`, c, answers[i]!] as const))(
    "%s",
    async (_, c, answer) => agrees(await modelOf(c), answer),
  );
});

describe("as R fits it", () => {
  const asked = cases().filter((c) => !c.r_skip);
  const answers = answersIn("r.json");
  test.each(
    asked.map((c, i) => [`${c.family} ${c.r ?? c.formula} ${c.ties ?? ""}`, c, answers[i]!] as const),
  )("%s", async (_, c, answer) => agrees(await modelOf(c), answer, "expected_std_error"));
});

test("survival curves are those of R at the times that are asked for", async () => {
  const peer = JSON.parse(readFileSync(join(VECTORS, "survival.json"), "utf8")) as {
    curves: Record<
      string,
      { time: number; events: number; censored: number; survival: string; std_error: string }[]
    >;
  };
  const times = peer.curves.F!.map((step) => step.time);
  const claim = { kind: "survival", time: "futime", event: "death", by: ["sex"], times };
  // A threshold of one joins nothing.
  const facts = await fitted(engine, data.get("flchain")!, claim, 1);
  if (facts.kind !== "survival") throw new Error("not curves");
  expect(facts.curves.map((c) => c.levels)).toEqual([["F"], ["M"]]);
  for (const { levels, steps, rows } of facts.curves) {
    let left = rows;
    for (const [i, step] of peer.curves[levels[0]!]!.entries()) {
      const own = steps[i]!;
      expect(own).toMatchObject({
        time: String(step.time),
        at_risk: left,
        events: step.events,
        censored: step.censored,
      });
      expect(Number(own.survival) / Number(step.survival) - 1).toBeCloseTo(0, 12);
      expect(Number(own.std_error) / Number(step.std_error) - 1).toBeCloseTo(0, 12);
      left -= step.events + step.censored;
    }
  }
});

test("a logit agrees with sixty-digit arithmetic in fourteen digits", async () => {
  const peer = JSON.parse(readFileSync(join(VECTORS, "flchain_logit.json"), "utf8")) as PeerAnswer & {
    n: number;
  };
  const facts = await modelOf({
    data: "flchain",
    family: "logit",
    formula: "death ~ age + sex + kappa + `lambda` + creatinine",
  });
  expect(facts.rows).toBe(peer.n);
  for (const [name, value] of Object.entries(peer.coefficients)) {
    const found = coefficientNamed(name, facts.coefficients)!;
    expect(Number(found.estimate) / Number(value) - 1).toBeCloseTo(0, 12);
    expect(Number(found.std_error) / Number(peer.standard_errors[name]) - 1).toBeCloseTo(0, 12);
  }
});
