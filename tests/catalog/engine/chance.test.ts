import { describe, expect, test } from "@jest/globals";
import { lnChoose, poissonTail, verdictOf } from "../../../src/catalog/engine/process/scan/chance.js";
import { Needles } from "../../../src/catalog/engine/process/scan/needles.js";
import { capacityOf, kindOf, shapeOf } from "../../../src/catalog/engine/process/scan/shape.js";

describe("chance", () => {
  // By the definition: 1 − Σ e^−λ λ^i / i! for i < k, in double precision.
  test.each([
    [1, 0.1, 0.09516258196404048],
    [2, 0.1, 0.00467884016044447],
    [3, 1, 0.0803013970713942],
    [10, 3, 0.00110248813011548],
    [20, 10, 0.0034543419758568],
  ])("P(X ≥ %d) at mean %d", (k, mean, expected) => {
    expect(poissonTail(k, mean)).toBeCloseTo(expected, 10);
  });
  test("at or below the mean nothing is surprising, and without a mean everything is", () => {
    expect([poissonTail(0, 0), poissonTail(5, 5), poissonTail(3, 7)]).toEqual([1, 1, 1]);
    expect(poissonTail(1, 0)).toBe(0);
    expect(poissonTail(10_000, 1)).toBe(0);
  });
  test("binomial coefficients", () => {
    expect(Math.exp(lnChoose(12, 4))).toBeCloseTo(495, 6);
    expect(Math.exp(lnChoose(5, 5))).toBeCloseTo(1, 9);
  });
  test("verdicts", () => {
    expect([verdictOf(1e-5), verdictOf(1e-3), verdictOf(0.5)]).toEqual(["fail", "review", undefined]);
  });
});

describe("shapes", () => {
  test.each([
    ["f00001", "code"],
    ["17566", "number"],
    ["0", "number"],
    ["007", "code"],
    ["110101199001011234", "code"],
    ["2024-01-02", "word"],
    ["王小明", "word"],
    ["anna", "word"],
    ["京a12345", "code"],
  ])("%s is a %s", (id, kind) => {
    expect(kindOf(id)).toBe(kind);
  });
  test("say how many strings there are like this one", () => {
    expect(shapeOf("f00001-x")).toBe("a99999-a");
    expect(capacityOf("a99999")).toBe(2_600_000);
  });
});

test("needles are found wherever they stand, and little else is", () => {
  const needles = new Needles(1000);
  for (let i = 0; i < 1000; i++) needles.add(`id${String(i * 37).padStart(5, "0")}`);
  const text = `${"x".repeat(1000)}id00037${"y".repeat(1000)}id36963${"z".repeat(100_000)}`;
  const found: number[] = [];
  expect(needles.lengths).toEqual([7]);
  needles.search(text, 7, (start) => found.push(start));
  expect(found).toEqual(expect.arrayContaining([1000, 2007]));
  expect(found.length).toBeLessThan(20);
});
