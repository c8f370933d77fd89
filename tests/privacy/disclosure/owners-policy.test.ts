/** What an owner may ask of outputs, and what holds where several owners spoke. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type DisclosurePolicy,
  defaultPolicy,
  FLOORS,
  judgeFacts,
  mustBeWithin,
  type OwnersPolicy,
  ownedPolicy,
  ownersPolicy,
  strictest,
  type TableFacts,
} from "../../../src/privacy/index.js";
import type { Grade } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";

const GRADES: Grade[] = [1, 2, 3, 4, 5];
const seed = testSeed();

const refusal = (said: OwnersPolicy, grade: Grade): string[] => {
  try {
    mustBeWithin(ownersPolicy.parse(said), grade);
    return [];
  } catch (error) {
    const { params } = error as { params: { errors: { path: string }[] } };
    return params.errors.map(({ path }) => path);
  }
};

describe("an owner", () => {
  test("who says nothing has the grade's defaults, which no floor lifts", () => {
    for (const grade of GRADES) expect(ownedPolicy(grade, undefined)).toEqual(defaultPolicy(grade));
  });

  test.each<[string, OwnersPolicy, Grade, string[]]>([
    ["a lower threshold down to the floor", { threshold: 5 }, 3, []],
    ["a threshold below it", { threshold: 4 }, 3, ["disclosure.threshold"]],
    ["a threshold of one, of public data", { threshold: 1 }, 1, []],
    ["a lower threshold of core data", { threshold: 9 }, 5, ["disclosure.threshold"]],
    ["no dominance rule, of internal data", { dominance: null }, 2, []],
    ["no dominance rule, of sensitive data", { dominance: null }, 3, ["disclosure.dominance"]],
    ["a looser dominance rule", { dominance: { n: 1, k: 0.97 } }, 3, ["disclosure.dominance.k"]],
    ["fewer units in it, of grade 4", { dominance: { n: 1, k: 0.5 } }, 4, ["disclosure.dominance.n"]],
    ["a stricter one", { dominance: { n: 3, k: 0.6 } }, 5, []],
    ["p-ratio off", { p_ratio: 0 }, 3, ["disclosure.p_ratio"]],
    ["class disclosure for people", { class_disclosure: "review" }, 3, []],
    ["class disclosure off", { class_disclosure: "off" }, 3, ["disclosure.class_disclosure"]],
    ["more digits than the grade shows", { significant_digits: 7 }, 4, ["disclosure.significant_digits"]],
    [
      "several too loose at once",
      { threshold: 2, p_ratio: 0.01, degrees_of_freedom: 1 },
      3,
      ["disclosure.threshold", "disclosure.p_ratio", "disclosure.degrees_of_freedom"],
    ],
  ])("%s", (_, said, grade, paths) => {
    expect(refusal(said, grade)).toEqual(paths);
  });

  test("is held to the new grade's floor when the grade rises", () => {
    const said: OwnersPolicy = { threshold: 3, dominance: null, p_ratio: 0, class_disclosure: "off" };
    expect(refusal(said, 2)).toEqual([]);
    const { threshold, dominance, p_ratio, class_disclosure } = ownedPolicy(4, said);
    expect({ threshold, dominance, p_ratio, class_disclosure }).toEqual({
      threshold: FLOORS[4].threshold,
      dominance: [{ n: 2, k: 0.9 }],
      p_ratio: 0.1,
      class_disclosure: "fail",
    });
  });
});

const share = fc.integer({ min: 1, max: 100 }).map((n) => n / 100);
const said: fc.Arbitrary<OwnersPolicy> = fc.record(
  {
    threshold: fc.integer({ min: 1, max: 30 }),
    dominance: fc.option(fc.record({ n: fc.integer({ min: 1, max: 3 }), k: share }), { nil: null }),
    p_ratio: share,
    class_disclosure: fc.constantFrom("off" as const, "review" as const, "fail" as const),
    zeros: fc.constantFrom("off" as const, "review" as const, "fail" as const),
    negatives: fc.constantFrom("review" as const, "fail" as const),
    significant_digits: fc.integer({ min: 1, max: 15 }),
  },
  { requiredKeys: [] },
);

const table: fc.Arbitrary<TableFacts> = fc
  .array(
    fc.record({
      sizes: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 25 }),
      negative: fc.boolean(),
      same: fc.boolean(),
      sharers: fc.integer({ min: 0, max: 25 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((cells) => ({
    format: 1,
    stated_by: "node",
    filter: null,
    dimensions: [{ name: "g", levels: cells.map((_, i) => `L${i}`) }],
    measures: [
      { name: "units", statistic: "units" },
      { name: "sum x", statistic: "sum", of: "x" },
      { name: "max x", statistic: "max", of: "x" },
    ],
    cells: cells.flatMap(({ sizes, negative, same, sharers }, i) => {
      const sorted = [...sizes].sort((a, b) => b - a);
      const units = sizes.length;
      const value = units === 0 ? null : "7";
      const top = { top: sorted.slice(0, 3).map(String), total: String(sizes.reduce((a, b) => a + b, 0)) };
      return [
        { at: [i], measure: 0, value: String(units), units },
        { at: [i], measure: 1, value, units, ...(units === 0 ? {} : { ...top, negative, same }) },
        { at: [i], measure: 2, value, units, ...(units === 0 ? {} : { sharers: Math.min(sharers, units) }) },
      ];
    }),
  }));

const RANK = ["pass", "review", "fail"];
/** By cell and rule, how bad it is. */
function saidOf(facts: TableFacts, policy: DisclosurePolicy): Map<string, number> {
  const { findings } = judgeFacts(facts, { down: 1 }, policy);
  const entries = findings.flatMap(({ rule, verdict, cells }) =>
    (cells ?? []).map((cell) => [`${rule} ${cell.join(" ")}`, RANK.indexOf(verdict)] as const),
  );
  return new Map(entries);
}

describe(`of several owners the strictest holds (seed ${seed})`, () => {
  test("what one of them would stop is stopped, whatever the table", () => {
    fc.assert(
      fc.property(said, said, table, fc.constantFrom(...GRADES), (a, b, facts, grade) => {
        const [first, second] = [ownedPolicy(grade, a), ownedPolicy(grade, b)];
        const together = saidOf(facts, strictest([first, second]));
        for (const one of [first, second])
          for (const [what, how] of saidOf(facts, one))
            expect([what, (together.get(what) ?? -1) >= how]).toEqual([what, true]);
      }),
      { seed, numRuns: 400 },
    );
  });

  test("figures of size are the smaller, dominance rules that cannot be compared both hold", () => {
    const a = ownedPolicy(3, { dominance: { n: 1, k: 0.5 }, significant_digits: 5 });
    const b = ownedPolicy(3, { dominance: { n: 3, k: 0.8 }, threshold: 20 });
    const { dominance, significant_digits, threshold } = strictest([a, b]);
    expect({ significant_digits, threshold }).toEqual({ significant_digits: 5, threshold: 20 });
    expect(dominance).toEqual([
      { n: 1, k: 0.5 },
      { n: 3, k: 0.8 },
    ]);
    expect(strictest([a, ownedPolicy(3, { dominance: { n: 2, k: 0.5 } })]).dominance).toEqual([
      { n: 2, k: 0.5 },
    ]);
  });
});
