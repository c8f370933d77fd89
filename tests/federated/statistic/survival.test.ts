/** Survival curves and the log-rank test over domains are those of the pooled rows with times rounded up, as R has them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sharedStatistic } from "../../../src/federated/statistic/shared.js";
import { chiSquareAbove, type SurvivalFacts } from "../../../src/privacy/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { type DomainRows, Domains, type Found, partsOf, specOf, T, written } from "./pooled.js";

const near = (value: string | number, expected: string | number, relative: number): void => {
  const [v, e] = [Number(value), Number(expected)];
  if (!(Math.abs(v - e) <= relative * Math.abs(e))) expect(v).toBe(e);
};

const whole = (name: string, low: string, high: string) => ({
  name,
  type: "integer" as const,
  bounds: [low, high] as [string, string],
});
const GROUPS = Array.from({ length: 10 }, (_, i) => String(i + 1));
const SPECS = {
  flchain: specOf([
    { name: "sex", type: "text", categories: ["F", "M"] },
    { name: "flc.grp", type: "integer", categories: GROUPS },
    whole("futime", "0", "6000"),
    whole("death", "0", "1"),
  ]),
  nafld1: specOf([
    { ...whole("male", "0", "1"), categories: ["0", "1"] },
    whole("futime", "0", "8000"),
    whole("status", "0", "1"),
  ]),
};
const CUTS = { flchain: [4_000, 6_500], nafld1: [11_000, 16_000] };

interface Peer {
  data: keyof typeof SPECS;
  time: string;
  event: string;
  by: string;
  times: number[];
  chi_square: string;
  degrees: number;
  p_value: string;
  observed: number[];
  expected: string[];
  curves: Record<string, { time: number; at_risk: number; survival: string; std_error: string }[]>;
}

const curvesIn = ({ canonical }: Found): SurvivalFacts => {
  if (canonical.model?.kind !== "survival") throw new Error("no curves");
  return canonical.model;
};
const documentIn = ({ canonical }: Found) => JSON.parse(canonical.canonical!.toString("utf8"));

describe("over three uneven parts of the example data", () => {
  const opened: Partial<Record<keyof typeof SPECS, Domains>> = {};
  beforeAll(async () => {
    for (const name of ["flchain", "nafld1"] as const) {
      const csv = readFileSync(join(packageRoot(), `examples/data/${name}.csv`), "utf8");
      const columns = SPECS[name].columns.map((c) => c.name);
      opened[name] = await Domains.open(SPECS[name], partsOf(csv, columns, CUTS[name]));
    }
  });
  afterAll(() => {
    for (const domains of Object.values(opened)) domains.close();
  });

  const { cases } = JSON.parse(
    readFileSync(join(packageRoot(), "tests/vectors/federated/survival.json"), "utf8"),
  ) as { cases: Peer[] };
  for (const peer of cases) {
    const { time, event, by, times } = peer;
    const named = `${peer.data} by ${by} at ${times.length} times`;
    test(`curves of ${named}`, async () => {
      const found = await opened[peer.data]!.ask({ kind: "survival", time, event, by: [`\`${by}\``], times });
      const facts = curvesIn(found);
      expect(facts.curves.map((c) => c.levels.join())).toEqual(
        expect.arrayContaining(Object.keys(peer.curves)),
      );
      for (const { levels, steps } of facts.curves) {
        const theirs = peer.curves[levels.join()]!;
        let begun = theirs[0]!.at_risk;
        for (const step of steps) {
          const at = theirs.findIndex((t) => t.time === Number(step.time));
          near(step.survival, theirs[at]!.survival, 1e-11);
          near(step.std_error, theirs[at]!.std_error, 1e-11);
          expect(step.at_risk).toBe(begun);
          begun = theirs[at + 1]?.at_risk ?? begun;
        }
        expect(steps.length).toBeGreaterThan(0);
      }
      expect(found.canonical.findings.filter((f) => f.verdict === "fail")).toEqual([]);
    });

    test(`log-rank of ${named}`, async () => {
      const found = await opened[peer.data]!.ask({ kind: "logrank", time, event, by: [`\`${by}\``], times });
      const told = documentIn(found);
      near(told.chi_square, peer.chi_square, 1e-7);
      near(told.p_value, peer.p_value, 1e-6);
      expect(told.degrees_of_freedom).toBe(peer.degrees);
      const levels = Object.keys(peer.curves);
      for (const group of told.groups) {
        const at = levels.indexOf(group.level);
        expect(group.observed).toBe(peer.observed[at]);
        near(group.expected, peer.expected[at]!, 1e-7);
      }
    });
  }
});

const SMALL = specOf(
  [
    { name: "t", type: "decimal" },
    { name: "e", type: "integer" },
    { name: "g", type: "text", categories: ["a", "b"] },
    { name: "h", type: "text" },
  ],
  { threshold: 5, max_rows: 1_000 },
);

async function ask(domains: DomainRows[], more: object): Promise<Found> {
  const opened = await Domains.open(SMALL, domains);
  try {
    return await opened.ask({ kind: "survival", time: "t", event: "e", times: [10, 20, 30], ...more });
  } finally {
    opened.close();
  }
}

/** Rows as written, all in one domain, the others empty. */
const alone = (rows: DomainRows["rows"], units?: number[]): DomainRows[] => [
  { rows, ...(units ? { units } : {}) },
  { rows: [] },
  { rows: [] },
];

describe("what the rules see", () => {
  test("intervals are joined until each stands on enough units, and what is left after the last is many or none", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => [
      i < 3 ? 5 : i < 20 ? 15 : i < 28 ? 25 : 99,
      i % 8 === 0 ? 0 : 1,
      "a",
      "",
    ]);
    const { curves } = curvesIn(await ask(alone(rows), {}));
    // Of 15 or less: 17 with the event and 3 without, which are few; with those up to 25 they are 24 and 4; no step stands.
    expect(curves[0]).toMatchObject({ rows: 40, units: 40, with: 35, without: 5, steps: [] });
    const all = rows.map(([t, , g, h]) => [t!, 1, g!, h!]);
    const told = curvesIn(await ask(alone(all), {})).curves[0]!;
    expect(told.steps.map(({ time, at_risk, events }) => [time, at_risk, events])).toEqual([
      ["20", 40, 20],
      ["30", 20, 8],
    ]);
    expect(told.after).toEqual({ rows: 12, units: 12 });
  });

  test("a unit with several rows is one unit, wherever its rows end", async () => {
    const rows = Array.from({ length: 60 }, (_, i) => [[5, 15, 25][i % 3]!, 1, "a", ""]);
    const units = rows.map((_, i) => Math.floor(i / 3));
    const [curve] = curvesIn(await ask(alone(rows, units), {})).curves;
    expect(curve).toMatchObject({ rows: 60, units: 20, with: 20, without: 0 });
    // All of the later intervals' units were seen before, so no further step stands on units of its own.
    expect(curve!.steps.map(({ time, units: of }) => [time, of.at_risk, of.events])).toEqual([
      ["10", 20, 20],
    ]);
  });

  test("a test of few units fails, and says nothing else of them", async () => {
    const rows = Array.from({ length: 40 }, (_, i) => [15, i % 2, i < 37 ? "a" : "b", ""]);
    const { canonical } = await ask(alone(rows), { kind: "logrank", by: ["g"] });
    expect(canonical.findings).toContainEqual(
      expect.objectContaining({ rule: "threshold", verdict: "fail" }),
    );
  });

  test("without an event, or with one group, there is no test", async () => {
    const quiet = Array.from({ length: 40 }, (_, i) => [15, 0, i % 2 ? "a" : "b", ""]);
    const one = Array.from({ length: 40 }, (_, i) => [15, i % 2, "a", ""]);
    for (const [rows, failure] of [
      [quiet, "no_events"],
      [one, "no_parameters"],
    ] as const)
      expect(documentIn(await ask(alone(rows), { kind: "logrank", by: ["g"] })).failure).toBe(failure);
  });
});

describe("what cannot be asked", () => {
  test("curves without times, groups without declared levels, a test of one curve", () => {
    const asked = (more: object) => () =>
      sharedStatistic(
        SMALL,
        { statistic: written(SMALL, { kind: "survival", time: "t", event: "e", times: [1], ...more }) },
        T,
      );
    expect(asked({})).not.toThrow();
    expect(asked({ times: undefined })).toThrow(/times/);
    expect(asked({ by: ["h"] })).toThrow(/declared categories/);
    expect(asked({ kind: "logrank" })).toThrow(/by/);
  });
  test("a domain with a negative time, another outcome, or a level that is not declared contributes nothing", async () => {
    for (const odd of [
      [-1, 1, "a", ""],
      [1, 2, "a", ""],
      [1, 1, "z", ""],
    ])
      await expect(ask(alone([[1, 1, "a", ""], odd]), { by: ["g"] })).rejects.toMatchObject({
        code: "state_conflict",
      });
  });
});

test("the chance of a chi-square is the published one", () => {
  // Abramowitz and Stegun, table 26.8: upper percentage points.
  for (const [x, degrees, p] of [
    [3.841459, 1, 0.05],
    [6.634897, 1, 0.01],
    [5.991465, 2, 0.05],
    [16.918978, 9, 0.05],
    [43.77297, 30, 0.05],
    [124.3421, 100, 0.05],
  ] as const)
    near(chiSquareAbove(x, degrees), p, 1e-5);
  expect(chiSquareAbove(0, 3)).toBe(1);
});
