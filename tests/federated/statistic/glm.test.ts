/** Logistic and Poisson regressions over domains are those of the pooled rows, and what cannot be one says so. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { coefficientNamed, type RegressionFacts } from "../../../src/privacy/index.js";
import { answersIn, cases, csvOf } from "../../privacy/disclosure/models/peers.js";
import { Domains, type Found, partsOf, specOf, T, written } from "./pooled.js";

const FLCHAIN = specOf([
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "sex", type: "text", categories: ["F", "M", "X"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"] },
  { name: "creatinine", type: "decimal", bounds: ["0", "20"] },
  { name: "mgus", type: "integer", bounds: ["0", "1"] },
  { name: "futime", type: "integer", bounds: ["0", "6000"] },
  { name: "death", type: "integer", bounds: ["0", "1"] },
]);

const regression = ({ canonical }: Found): RegressionFacts => {
  if (canonical.model?.kind !== "regression") throw new Error("no regression");
  return canonical.model;
};

const near = (value: string | number, expected: string | number, relative: number): void => {
  const [v, e] = [Number(value), Number(expected)];
  if (!(Math.abs(v - e) <= relative * Math.abs(e))) expect(v).toBe(e);
};

const rulesOf = ({ canonical }: Found) => canonical.findings.map(({ rule, verdict }) => `${rule} ${verdict}`);

describe("over three uneven parts of the example data", () => {
  let domains: Domains;
  beforeAll(async () => {
    const parts = partsOf(
      csvOf("flchain"),
      FLCHAIN.columns.map((c) => c.name),
      [4_000, 6_500],
    );
    domains = await Domains.open(FLCHAIN, parts);
  });
  afterAll(() => domains.close());

  const peers = answersIn("statsmodels.json");
  for (const [i, { data, family, formula, node }] of cases().entries()) {
    if (data !== "flchain" || (family !== "logit" && family !== "poisson")) continue;
    test(`${family} ${formula} is statsmodels' of the pooled file`, async () => {
      const found = await domains.ask({ kind: "regression", family, formula: node ?? formula });
      const facts = regression(found);
      const peer = peers[i]!;
      console.log(found.steps, facts.figures, rulesOf(found));
      expect([facts.failure, facts.rows, facts.coefficients.length]).toEqual([
        undefined,
        peer.rows,
        Object.keys(peer.coefficients).length,
      ]);
      near(facts.figures.log_likelihood!, peer.log_likelihood, 1e-12);
      let [worst, worstE] = [0, 0];
      for (const [name, value] of Object.entries(peer.coefficients)) {
        const own = coefficientNamed(name, facts.coefficients)!;
        worst = Math.max(worst, Math.abs(Number(own.estimate) / Number(value) - 1));
        worstE = Math.max(worstE, Math.abs(Number(own.std_error) / Number(peer.standard_errors[name]) - 1));
        near(own.estimate, value, 1e-9);
        near(own.std_error, peer.standard_errors[name]!, 1e-9);
      }
      console.log(worst, worstE);
    });
  }
});
