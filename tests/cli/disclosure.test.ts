/** Flags of `dataset disclosure`: what they ask to change, and what they do not. */
import { expect, test } from "@jest/globals";
import { changeOf, figureSheet } from "../../src/cli/disclosure.js";
import { Usage } from "../../src/cli/failure.js";
import { defaultPolicy, policyFigures } from "../../src/privacy/index.js";

test.each([
  [{}, undefined],
  [{ dominance: true }, undefined],
  [
    { threshold: "20", pRatio: "0.15" },
    { threshold: 20, p_ratio: 0.15 },
  ],
  [{ dominance: "1,0.5" }, { dominance: { n: 1, k: 0.5 } }],
  [{ dominance: false }, { dominance: null }],
  [
    { classDisclosure: "review", digits: "6" },
    { class_disclosure: "review", significant_digits: 6 },
  ],
  [{ reset: true }, null],
])("%j", (flags, change) => {
  expect(changeOf(flags)).toEqual(change);
});

test.each([
  { threshold: "ten" },
  { threshold: "" },
  { dominance: "2" },
  { dominance: "2,0.9,1" },
  { dominance: "a,b" },
  { reset: true, threshold: "5" },
])("%j is refused", (flags) => {
  expect(() => changeOf(flags)).toThrow(Usage);
});

test("the figures that hold are shown in both languages, a rule that is off as such", () => {
  const figures = policyFigures({ ...defaultPolicy(3), dominance: [], p_ratio: 0 });
  expect(figureSheet("en", figures)).toMatch(/^threshold +10\ndominance +off\np-ratio +off\n/);
  expect(figureSheet("zh", figures)).toContain("主导规则      不检查");
});
