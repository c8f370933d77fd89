/** Covariances and correlations over domains are those of the pooled rows, and what stands on few is refused. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sharesSquared } from "../../../src/federated/statistic/spread.js";
import { testSeed } from "../../harness/seed.js";
import { csvOf } from "../../privacy/disclosure/models/peers.js";
import { answers, type CovarianceAnswer, cases } from "./peers.js";
import { type DomainRows, Domains, type Found, partsOf, specOf } from "./pooled.js";

const FLCHAIN = specOf([
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "lambda", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "creatinine", type: "decimal", bounds: ["0", "20"], decimals: 6 },
  { name: "futime", type: "integer", bounds: ["0", "6000"] },
  { name: "death", type: "integer", bounds: ["0", "1"] },
]);

/** By the names of its two columns: units, covariance, correlation. */
function matrix({ canonical }: Found): Map<string, string[]> {
  const rows = canonical.canonical!.toString("utf8").trimEnd().split("\n").slice(1);
  return new Map(
    rows.map((row) => {
      const [column, other, ...figures] = row.split(",");
      return [`${column} ${other}`, figures];
    }),
  );
}

const failing = ({ canonical }: Found): string[] =>
  canonical.findings.filter((f) => f.verdict === "fail").map(({ rule }) => rule);

const rounded = (text: string): string => String(Number(Number(text).toPrecision(8)));

describe("over three uneven parts of the example data", () => {
  let domains: Domains;
  beforeAll(async () => {
    const names = FLCHAIN.columns.map((c) => c.name);
    domains = await Domains.open(FLCHAIN, partsOf(csvOf("flchain"), names, [4_000, 6_500]));
  });
  afterAll(() => domains.close());

  const peers = answers();
  for (const [i, asked] of cases().entries()) {
    if (asked.kind !== "covariance") continue;
    test(`of ${asked.values.join(", ")} it is numpy's of the pooled file`, async () => {
      const found = await domains.ask(asked);
      const peer = peers[i] as CovarianceAnswer;
      const told = matrix(found);
      for (const [a, x] of asked.values.entries())
        for (const [b, y] of asked.values.entries())
          expect([x, y, ...told.get(`${x} ${y}`)!.map(rounded)]).toEqual([
            x,
            y,
            rounded(String(peer.rows)),
            rounded(peer.covariance[a]![b]!),
            rounded(peer.correlation[a]![b]!),
          ]);
      expect([found.steps, failing(found)]).toEqual([1, []]);
    });
  }

  test("what units contribute to it is not known, and people look", async () => {
    const { canonical } = await domains.ask({ kind: "covariance", values: ["age", "kappa"] });
    expect(canonical.findings).toContainEqual(
      expect.objectContaining({ rule: "magnitude", verdict: "review" }),
    );
    expect(canonical.table!.cells).toEqual([{ at: [], measure: 0, value: "7874", units: 7874 }]);
  });

  test("a filter that keeps few is refused", async () => {
    const found = await domains.ask({
      kind: "covariance",
      values: ["age", "kappa"],
      where: "age >= 100",
    });
    expect(failing(found)).toContain("threshold");
  });
});

const MADE = specOf([
  { name: "x", type: "integer", bounds: ["0", "1"] },
  { name: "y", type: "integer", bounds: ["0", "1"] },
  { name: "n", type: "integer", bounds: ["0", "1000"] },
]);

async function made(rows: number[][], values: string[], units?: number[]): Promise<Found> {
  const third = Math.ceil(rows.length / 3);
  const parts = [0, 1, 2].map(
    (i): DomainRows => ({
      rows: rows.slice(i * third, (i + 1) * third),
      ...(units === undefined ? {} : { units: units.slice(i * third, (i + 1) * third) }),
    }),
  );
  const domains = await Domains.open(MADE, parts);
  try {
    return await domains.ask({ kind: "covariance", values });
  } finally {
    domains.close();
  }
}

describe("what a matrix would tell of few", () => {
  const base = Array.from({ length: 300 }, (_, i) => [i % 2, (i >> 1) % 2, i]);

  test("passes where no group of two-valued columns is small", async () => {
    expect(failing(await made(base, ["x", "y", "n"]))).toEqual([]);
  });

  test("is refused where two columns are both one in three units", async () => {
    const rows = base.map(([, y, n], i) => [i < 150 ? 1 : 0, i < 3 ? 1 : i < 150 ? 0 : y!, n!]);
    expect(failing(await made(rows, ["x", "y"]))).toEqual(["threshold"]);
  });

  test("is refused where one column is one in nine units", async () => {
    const rows = base.map(([, y, n], i) => [i < 9 ? 1 : 0, y!, n!]);
    expect(failing(await made(rows, ["x", "n"])).sort()).toEqual(["model_influence", "threshold"]);
  });

  test("is refused where one unit makes a column's spread", async () => {
    const rows = base.map(([x, y], i) => [x!, y!, i === 7 ? 1000 : 2 + (i % 2)]);
    expect(failing(await made(rows, ["x", "n"]))).toEqual(["model_influence"]);
  });

  test("is refused where a column is the same for all", async () => {
    const rows = base.map(([x, y]) => [x!, y!, 500]);
    const found = await made(rows, ["x", "n"]);
    expect(failing(found)).toEqual(["model_influence"]);
    expect(matrix(found).get("x n")).toEqual(["300", "0", ""]);
  });

  test("counts a unit with many rows once", async () => {
    const rows = base.map(([, y, n], i) => [i < 60 ? 1 : 0, y!, n!]);
    const units = rows.map((_, i) => (i < 60 ? i % 5 : i));
    expect(failing(await made(rows, ["x", "n"], units))).toContain("model_influence");
  });
});

test("the bound on what few units hold is never below what they hold", () => {
  let state = testSeed();
  const draw = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  for (let turn = 0; turn < 200; turn++) {
    const units = Array.from({ length: 5 + Math.floor(draw() * 60) }, () =>
      Array.from({ length: 1 + Math.floor(draw() * 4) }, () => Math.round((draw() ** 8 - 0.1) * 16_000)),
    );
    const rows = units.flat().length;
    const sum = (of: (c: number, p: number, q: number) => number) =>
      BigInt(
        units.reduce(
          (s, v) =>
            s +
            of(
              v.length,
              v.reduce((a, b) => a + b, 0),
              v.reduce((a, b) => a + b * b, 0),
            ),
          0,
        ),
      );
    const exact = (of: (c: bigint, p: bigint, q: bigint) => bigint) =>
      units.reduce((s, v) => {
        const [c, p, q] = [v.length, v.reduce((a, b) => a + b, 0), v.reduce((a, b) => a + b * b, 0)].map(
          BigInt,
        );
        return s + of(c!, p!, q!);
      }, 0n);
    const shares = sharesSquared(BigInt(rows), [
      sum((_, p) => p),
      sum((_, __, q) => q),
      exact((c) => c * c),
      exact((c, p) => c * p),
      exact((_, p) => p * p),
      exact((c, _, q) => c * q),
      exact((_, p, q) => p * q),
      exact((_, __, q) => q * q),
    ]);
    const mean = units.flat().reduce((a, b) => a + b, 0) / rows;
    const held = units.map((v) => v.reduce((s, x) => s + (x - mean) ** 2, 0)).sort((a, b) => b - a);
    const total = held.reduce((a, b) => a + b, 0);
    for (const few of [1, 2, 9]) {
      const most = held.slice(0, few).reduce((a, b) => a + b, 0) / total;
      expect(Math.sqrt(few * shares)).toBeGreaterThan(most - 1e-6);
    }
    expect(shares).toBeCloseTo(
      held.reduce((s, d) => s + (d / total) ** 2, 0),
      9,
    );
  }
});
