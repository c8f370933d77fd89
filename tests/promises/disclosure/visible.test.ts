/** What a requester ever sees of the checks does not depend on what a suppressed cell hides. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { findingsForRequester } from "../../../src/airlock/visibility.js";
import {
  type DisclosurePolicy,
  defaultPolicy,
  judgeFacts,
  type TableCell,
  type TableFacts,
  verdictOf,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";

const seed = testSeed();

/** Everything that the data decide of a cell. */
interface Hidden {
  units: number;
  sizes: number[];
  negative: boolean;
  same: boolean;
  sharers: number;
}
const hidden: fc.Arbitrary<Hidden> = fc.record({
  units: fc.integer({ min: 0, max: 40 }),
  sizes: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 5 }),
  negative: fc.boolean(),
  same: fc.boolean(),
  sharers: fc.integer({ min: 0, max: 40 }),
});

interface Place {
  suppressed: boolean;
  shown: Hidden;
  /** What a suppressed cell hides, in one dataset and in another. */
  one: Hidden;
  other: Hidden;
}
const place: fc.Arbitrary<Place> = fc.record({
  suppressed: fc.boolean(),
  shown: hidden,
  one: hidden,
  other: hidden,
});

const MEASURES = [
  { name: "units", statistic: "units" as const },
  { name: "count x", statistic: "count" as const, of: "x" },
  { name: "sum x", statistic: "sum" as const, of: "x" },
  { name: "max x", statistic: "max" as const, of: "x" },
];

function cellsOf(at: number[], suppressed: boolean, h: Hidden): TableCell[] {
  const sorted = [...h.sizes].sort((a, b) => b - a);
  const held = {
    top: sorted.slice(0, 2).map(String),
    total: String(h.sizes.reduce((a, b) => a + b, 0)),
    ...(h.negative ? { negative: true } : {}),
    ...(h.same ? { same: true } : {}),
  };
  return MEASURES.map(({ statistic }, measure): TableCell => {
    const shown =
      statistic === "units" || statistic === "count" ? String(h.units) : h.units === 0 ? null : "5";
    return {
      at,
      measure,
      value: suppressed ? null : shown,
      units: h.units,
      ...(statistic === "sum" ? held : {}),
      ...(statistic === "max" ? { sharers: h.sharers } : {}),
      ...(suppressed ? { suppressed: "primary" as const } : {}),
    };
  });
}

const table = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .chain(([rows, columns]) =>
    fc.array(place, { minLength: rows * columns, maxLength: rows * columns }).map((places) => {
      const of = (which: "one" | "other"): TableFacts => ({
        format: 1,
        stated_by: "node",
        filter: null,
        dimensions: [
          { name: "r", levels: Array.from({ length: rows }, (_, i) => `R${i}`) },
          { name: "c", levels: Array.from({ length: columns }, (_, i) => `C${i}`) },
        ],
        measures: MEASURES,
        cells: places.flatMap(({ suppressed, shown, ...rest }, i) =>
          cellsOf([Math.floor(i / columns), i % columns], suppressed, suppressed ? rest[which] : shown),
        ),
      });
      return { one: of("one"), other: of("other") };
    }),
  );

const policy: fc.Arbitrary<DisclosurePolicy> = fc
  .record({
    threshold: fc.integer({ min: 1, max: 20 }),
    zeros: fc.constantFrom("off" as const, "review" as const, "fail" as const),
    class_disclosure: fc.constantFrom("off" as const, "review" as const, "fail" as const),
    p_ratio: fc.constantFrom(0, 0.1, 1),
  })
  .map((figures) => ({ ...defaultPolicy(3), ...figures }));

const seen = (facts: TableFacts, held: DisclosurePolicy) => {
  const { findings, canonical } = judgeFacts(facts, { down: 1 }, held);
  return {
    verdict: verdictOf(findings),
    findings: findingsForRequester(findings),
    bytes: canonical!.toString("utf8"),
  };
};

describe(`tables with suppressed cells (seed ${seed})`, () => {
  test("two datasets that differ in what is hidden give the same bytes, findings and verdict", () => {
    fc.assert(
      fc.property(table, policy, ({ one, other }, held) => {
        expect(seen(other, held)).toEqual(seen(one, held));
      }),
      { seed, numRuns: 600 },
    );
  });

  test("of a table that hides nothing a requester reads which rules spoke, and no figure of any cell", () => {
    fc.assert(
      fc.property(table, policy, ({ one }, held) => {
        const bare = { ...one, cells: one.cells.map(({ suppressed: _, ...cell }) => cell) };
        const { findings } = judgeFacts(bare, { down: 1 }, held);
        const told = findingsForRequester(findings);
        const verdicts = new Set(findings.map(({ rule, verdict }) => `${rule} ${verdict}`));
        expect(new Set(told.map(({ rule, verdict }) => `${rule} ${verdict}`))).toEqual(verdicts);
        for (const finding of told)
          expect(Object.keys(finding).sort()).toEqual(["message", "rule", "verdict"]);
      }),
      { seed, numRuns: 200 },
    );
  });
});
