/** Quantiles over domains are those of the pooled rows, and none shows a value that few have. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { toldFraction } from "../../../src/federated/statistic/quantile-result.js";
import {
  type Counted,
  follow,
  type Part,
  wholeRange,
} from "../../../src/federated/statistic/quantile-tree.js";
import { sharedStatistic } from "../../../src/federated/statistic/shared.js";
import { testSeed } from "../../harness/seed.js";
import { csvOf } from "../../privacy/disclosure/models/peers.js";
import { answers, cases, type QuantilesAnswer, type QuantilesCase } from "./peers.js";
import { Domains, type Found, partsOf, specOf, T, written } from "./pooled.js";

const FLCHAIN = specOf([
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "creatinine", type: "decimal", bounds: ["0", "20"], decimals: 3 },
  { name: "futime", type: "integer", bounds: ["0", "6000"] },
]);

/** By group: units, and by fraction from and to. */
function shown({ canonical }: Found): Map<string, { units: number; ends: number[][] }> {
  const [header, ...rows] = canonical.canonical!.toString("utf8").trimEnd().split("\n");
  const labels = header!.split(",").indexOf("units");
  return new Map(
    rows.map((row) => {
      const cells = row.split(",");
      const [units, ...ends] = cells.slice(labels).map(Number);
      const pairs = ends.flatMap((from, i) => (i % 2 === 0 ? [[from, ends[i + 1]!]] : []));
      return [cells.slice(0, labels).join(" "), { units: units!, ends: pairs }];
    }),
  );
}

const verdicts = ({ canonical }: Found): string[] =>
  canonical.findings.filter((f) => f.verdict !== "pass").map(({ rule, verdict }) => `${rule} ${verdict}`);

const asClaim = ({ by, ...rest }: QuantilesCase) => ({ ...rest, ...(by === undefined ? {} : { by: [by] }) });

describe("over three uneven parts of the example data", () => {
  let domains: Domains;
  beforeAll(async () => {
    const names = FLCHAIN.columns.map((c) => c.name);
    domains = await Domains.open(FLCHAIN, partsOf(csvOf("flchain"), names, [4_000, 6_500]));
  });
  afterAll(() => domains.close());

  const peers = answers();
  for (const [i, asked] of cases().entries()) {
    if (asked.kind !== "quantiles") continue;
    test(`${asked.value} ${asked.by ?? ""}: numpy's of the pooled file lie where it says`, async () => {
      const found = await domains.ask(asClaim(asked));
      const told = shown(found);
      for (const { group, values, rows } of (peers[i] as QuantilesAnswer).groups)
        for (const [a, at] of asked.at.entries()) {
          const { units, ends } = told.get(group)!;
          const [from, to] = ends[a] as [number, number];
          const value = Number(values[a]);
          expect(units).toBe(rows);
          expect(from).toBeLessThanOrEqual(value + 1e-9);
          expect(to).toBeGreaterThanOrEqual(value - 1e-9);
          // Ages are shared by enough people to be shown; of other columns the interval is a small one.
          if (asked.value === "age") expect([from, to]).toEqual([value, value]);
          else if (at !== "0.99") expect((to - from) / value).toBeLessThan(0.1);
        }
      expect(verdicts(found)).toEqual([]);
    });
  }

  test("its units by group are what it is held against others by", async () => {
    const { canonical } = await domains.ask({ kind: "quantiles", value: "age", by: ["sex"], at: [0.5] });
    expect(canonical.table!.cells.map(({ value }) => value)).toEqual(["4350", "3524"]);
  });

  test("a group of few is refused", async () => {
    const found = await domains.ask({ kind: "quantiles", value: "age", at: [0.5], where: "age >= 100" });
    expect(verdicts(found)).toContain("threshold fail");
  });

  test("of nobody there is no quantile", async () => {
    const found = await domains.ask({ kind: "quantiles", value: "age", at: [0.5], where: "age > 200" });
    expect(found.canonical.canonical!.toString("utf8")).toBe("units,0.5 from,0.5 to\n0,,\n");
  });
});

describe("what cannot be asked", () => {
  const ask = (question: object, state?: object) =>
    sharedStatistic(
      FLCHAIN,
      {
        statistic: written(FLCHAIN, { kind: "quantiles", value: "age", at: [0.5], ...question }),
        ...(state === undefined ? {} : { step: { of: 1, number: 2, state: state as never } }),
      },
      T,
    );

  test.each([
    [{ value: "sex" }],
    [{ at: [0] }],
    [{ at: [1] }],
    [{ at: [0.123456] }],
    [{ at: [0.5, "0.50"] }],
    [{ by: ["age"] }],
  ])("%j", (question) => {
    expect(() => ask(question)).toThrow();
  });

  test.each([
    [
      "a part off the halves",
      {
        parts: [
          ["3", 2, "0", "63", false],
          ["0", 6, "0", "63", false],
        ],
      },
    ],
    [
      "a part out of the range",
      {
        parts: [
          ["64", 2, "64", "67", false],
          ["0", 6, "0", "63", false],
        ],
      },
    ],
    [
      "what is shown beside the part",
      {
        parts: [
          ["8", 2, "9", "11", false],
          ["0", 6, "0", "63", false],
        ],
      },
    ],
    ["fewer ranks than were asked", { parts: [["0", 6, "0", "63", false]] }],
    ["something else", { beta: [] }],
  ])("a step from %s", (_, state) => {
    expect(() => ask({}, state)).toThrow();
  });
});

test("whatever ranks are asked, parts of one partition show, none of few units", () => {
  let state = testSeed();
  const draw = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
  const [bits, threshold] = [10, 10];
  for (let turn = 0; turn < 300; turn++) {
    const power = 1 + Math.floor(draw() * 12);
    const coarse = 1 + Math.floor(draw() * 40);
    const values = Array.from({ length: 10 + Math.floor(draw() * 400) }, () =>
      Math.min(1023, coarse * Math.floor((draw() ** power * 1024) / coarse)),
    ).sort((a, b) => a - b);
    const under = Array.from({ length: 1025 }, () => 0);
    for (const v of values) under[v + 1]!++;
    for (let v = 1; v <= 1024; v++) under[v]! += under[v - 1]!;
    const count = (low: number, depth: number): Counted => {
      const rows = under[low + 2 ** depth]! - under[low]!;
      const half = 2 ** (depth - 1);
      const halves =
        depth === 0 ? {} : { halves: [count(low, depth - 1), count(low + half, depth - 1)] as const };
      return { units: rows, rows, ...halves };
    };
    const top = count(0, bits);
    const parts = values.map((_, rank): Part => follow(wholeRange(bits), top, rank, 0, threshold).part);
    parts.forEach(({ from, to, done }, rank) => {
      const [a, b, before] = [Number(from), Number(to), parts[rank - 1]];
      // The rank lies in it, enough others do, and it is the part before or lies beyond it.
      const lies = done && a <= values[rank]! && values[rank]! <= b;
      const enough = under[b + 1]! - under[a]! >= threshold;
      const apart = before === undefined || before.to < from || (before.from === from && before.to === to);
      if (!lies || !enough || !apart) expect({ values, rank, from, to, before }).toBeUndefined();
    });
  }
});

test("a rank is followed step by step as it is in one", () => {
  const values = [...Array(200).keys()].map((i) => (i * i) % 257);
  const sorted = values.toSorted((a, b) => a - b);
  const count = (low: number, bits: number, depth: number): Counted => {
    const rows = values.filter((v) => v >= low && v < low + 2 ** bits).length;
    if (depth === 0 || bits === 0) return { units: rows, rows };
    const half = 2 ** (bits - 1);
    return {
      units: rows,
      rows,
      halves: [count(low, bits - 1, depth - 1), count(low + half, bits - 1, depth - 1)],
    };
  };
  for (let rank = 0; rank < 200; rank++) {
    let part = wholeRange(9);
    while (!part.done) {
      const low = Number(part.low);
      const below = sorted.filter((v) => v < low).length;
      part = follow(part, count(low, part.bits, 2), rank, below, 10).part;
    }
    expect(part).toEqual(follow(wholeRange(9), count(0, 9, 9), rank, 0, 10).part);
  }
});

test("ranks are those beside the quantile", () => {
  expect(toldFraction("0.5", 4)).toEqual({ lower: 1, upper: 2, beyond: 5000n });
  expect(toldFraction("0.25", 5)).toEqual({ lower: 1, upper: 1, beyond: 0n });
  expect(toldFraction("0.9", 0)).toEqual({ lower: 0, upper: 0, beyond: 0n });
});
