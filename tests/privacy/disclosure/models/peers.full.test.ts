/** The committed answers of statsmodels and R are those that their images give today. */
import { expect, test } from "@jest/globals";
import { answersIn, askR, askStatsmodels, cases, type PeerAnswer } from "./peers.js";

const digits = (text: string): string => Number(text).toExponential(9);
const rounded = (answers: readonly PeerAnswer[]) =>
  answers.map(({ rows, coefficients, standard_errors }) => ({
    rows,
    coefficients: Object.entries(coefficients).map(([name, value]) => [name, digits(value)]),
    standard_errors: Object.entries(standard_errors).map(([name, value]) => [name, digits(value)]),
  }));
const read = (text: string): PeerAnswer[] => (JSON.parse(text) as { cases: PeerAnswer[] }).cases;

test("statsmodels", async () => {
  expect(rounded(read(await askStatsmodels(cases())))).toEqual(rounded(answersIn("statsmodels.json")));
}, 180_000);

test("R", async () => {
  const asked = cases().filter((c) => !c.r_skip);
  expect(rounded(read(await askR(asked)))).toEqual(rounded(answersIn("r.json")));
}, 180_000);
