/** The committed answers of statsmodels and R, of models and curves of the pooled data, are those that their images give today. */
import { expect, test } from "@jest/globals";
import { askR, askStatsmodels, vectorsIn } from "./pooled-peers.js";

/** Numbers to ten digits, wherever they stand. */
const rounded = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    typeof one === "string" && one.trim() !== "" && Number.isFinite(Number(one))
      ? Number(one).toExponential(9)
      : one,
  );
const casesIn = (text: string): unknown => rounded((JSON.parse(text) as { cases: unknown[] }).cases);

test("statsmodels", async () => {
  expect(casesIn(await askStatsmodels())).toEqual(rounded(vectorsIn("glm.json").cases));
}, 180_000);

test("R", async () => {
  expect(casesIn(await askR())).toEqual(rounded(vectorsIn("survival.json").cases));
}, 180_000);
