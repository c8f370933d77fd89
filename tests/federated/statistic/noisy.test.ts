/** Tables with noise over domains: what one unit can change, what is told, and what cannot be asked. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { PrivacySpec } from "../../../src/federated/collaborations/privacy.js";
import { type CollaborationSpec, checkSpec } from "../../../src/federated/collaborations/spec.js";
import { sharedStatistic } from "../../../src/federated/statistic/shared.js";
import { createNoise, drawShare, fromSlots, toSlots } from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { csvOf } from "../../privacy/disclosure/models/peers.js";
import { seeded } from "../../privacy/dp/random.js";
import { type DomainRows, Domains, partsOf, specOf, T, written } from "./pooled.js";

const seed = String(testSeed());
console.info(`noisy tables: seed ${seed}`);

const TERMS = { epsilon: "1", delta: "1e-6" };
const PRIVACY: PrivacySpec = { rows_per_unit: 2, epsilon: "2", delta: "1e-5", rho: "1" };

const COLUMNS: CollaborationSpec["columns"] = [
  { name: "sex", type: "text", categories: ["F", "M"] },
  { name: "age", type: "integer", bounds: ["50", "101"] },
  { name: "kappa", type: "decimal", bounds: ["0", "30"], decimals: 6 },
  { name: "death", type: "integer", bounds: ["0", "1"] },
];
const FLCHAIN = specOf(COLUMNS, { privacy: PRIVACY });

const asked = (spec: CollaborationSpec, question: object, terms: Partial<typeof TERMS> = {}) => ({
  statistic: written(spec, question),
  privacy: { ...TERMS, ...terms },
});

interface Kind {
  name: string;
  sensitivity_squared: string;
  share_variance: string;
}
const kindsOf = (spec: CollaborationSpec, question: object): Kind[] =>
  sharedStatistic(spec, asked(spec, question), T).noise!.mechanism.kinds as unknown as Kind[];

const added = (lists: readonly (readonly bigint[])[]): bigint[] =>
  lists.reduce<bigint[]>((a, b) => b.map((x, i) => x + (a[i] ?? 0n)), []);

/** As a recipient reads it. */
function table(
  spec: CollaborationSpec,
  question: object,
  sums: readonly bigint[],
  terms: Partial<typeof TERMS> = {},
): Map<string, string[]> {
  const outcome = sharedStatistic(spec, asked(spec, question, terms), T).outcome(sums);
  if (outcome.kind !== "result") throw new Error("a table has one step");
  const rows = outcome.canonical.canonical!.toString("utf8").trimEnd().split("\n");
  return new Map(rows.map((row) => [row.split(",")[0]!, row.split(",").slice(1)]));
}

describe("over three uneven parts of the example data", () => {
  let domains: Domains;
  let rows: DomainRows[];
  beforeAll(async () => {
    rows = partsOf(
      csvOf("flchain"),
      COLUMNS.map((c) => c.name),
      [4_000, 6_500],
    );
    domains = await Domains.open(FLCHAIN, rows);
  });
  afterAll(() => domains.close());

  const MEASURES = {
    kind: "table",
    rows: ["sex"],
    values: ["age", "kappa"],
    agg: ["count", "sum", "mean", "var", "std"],
  };
  const of = (sex: string, column: number): number[] =>
    rows.flatMap((d) => d.rows.filter((row) => row[0] === sex).map((row) => Number(row[column])));

  test("before noise, the sums are those of the pooled data, to the grid's steps", async () => {
    const sums = added(await domains.contributions(asked(FLCHAIN, MEASURES)));
    const told = table(FLCHAIN, MEASURES, sums);
    const header = told.get("sex")!;
    for (const sex of ["F", "M"])
      for (const [name, column] of [
        ["age", 1],
        ["kappa", 2],
      ] as const) {
        const list = of(sex, column);
        const at = (what: string) => Number(told.get(sex)![header.indexOf(`${what} ${name}`)]);
        const error = (what: string) => Number(told.get(sex)![header.indexOf(`${what} ${name} (s.e.)`)]);
        const sum = list.reduce((a, b) => a + b, 0);
        const mean = sum / list.length;
        const variance = list.reduce((s, x) => s + (x - mean) ** 2, 0) / (list.length - 1);
        expect(at("count")).toBe(list.length);
        // Told to a hundredth of the noise's own error, and rounded to a grid far finer than that.
        expect(Math.abs(at("sum") - sum)).toBeLessThan(error("sum") / 20);
        expect(Math.abs(at("mean") - mean)).toBeLessThan(error("mean") / 20);
        expect(Math.abs(at("var") - variance)).toBeLessThan(error("var") / 20);
        expect(Math.abs(at("std") - Math.sqrt(variance))).toBeLessThan(error("std") / 20);
      }
  });

  test("with noise, figures lie as far off as their standard errors say", async () => {
    // Little noise: a variance near zero would be cut there, and lie less far off.
    const terms = { epsilon: "100" };
    const spec = specOf(COLUMNS, { privacy: { ...PRIVACY, epsilon: "100" } });
    const shared = sharedStatistic(spec, asked(spec, MEASURES, terms), T);
    const exact = await domains.under(spec).contributions(asked(spec, MEASURES, terms));
    const noise = createNoise(seeded(seed));
    const plain = table(spec, MEASURES, added(exact), terms);
    const header = plain.get("sex")!;
    const squares = new Map<string, number>();
    const rounds = 300;
    for (let i = 0; i < rounds; i++) {
      const noisy = exact.map((numbers) => {
        const drawn = drawShare(noise, shared.noise!.variances);
        return toSlots(
          numbers.map((x, j) => x + drawn[j]!),
          shared.slots,
        );
      });
      const slots = noisy.reduce((a, b) => a.map((x, j) => x + b[j]!));
      const told = table(spec, MEASURES, fromSlots(slots, shared.slots), terms);
      for (const [j, name] of header.entries()) {
        if (name.endsWith("(s.e.)")) continue;
        const [value, error] = [Number(told.get("F")![j]), Number(told.get("F")![j + 1])];
        const off = (value - Number(plain.get("F")![j])) / error;
        squares.set(name, (squares.get(name) ?? 0) + off ** 2 / rounds);
      }
    }
    // A mean square of 300 standard normal values: 1 ± 0.4 is some five of its deviations.
    for (const [name, square] of squares) {
      expect([name, square > 0.6]).toEqual([name, true]);
      expect([name, square < 1.4]).toEqual([name, true]);
    }
  });

  test("a count below zero is shown as it is, and a mean of nobody is none", () => {
    const question = { kind: "table", rows: ["sex"], values: ["age"], agg: ["count", "mean"] };
    const sums = [-7n * 64n - 20n, 12n, 900n * 64n, 30n];
    const told = table(FLCHAIN, question, sums);
    expect(told.get("F")!.slice(0, 1)).toEqual(["-7"]);
    expect(told.get("F")!.slice(2)).toEqual(["", ""]);
    expect(told.get("M")![2]).not.toBe("");
  });
});

describe("what one unit changes", () => {
  const QUESTIONS = [
    {
      kind: "table",
      rows: ["sex"],
      columns: ["death"],
      values: ["age"],
      agg: ["mean", "var"],
      margins: "all",
    },
    { kind: "table", rows: ["sex"], values: ["kappa", "age"], agg: ["sum", "count"], margins: true },
    { kind: "table", rows: [{ value: "age", edges: [50, 60, 70, 102] }], columns: ["sex"] },
    { kind: "histogram", value: "kappa", edges: [0, 1, 2, 30] },
    { kind: "summary", values: ["kappa"], agg: ["std"], where: "age >= 60" },
    { kind: "table", rows: ["sex"], values: ["age"], agg: ["sum"], missing: "group" },
  ];
  const SPEC = specOf(
    COLUMNS.map((c) =>
      c.name === "death" ? { ...c, type: "boolean" as const, bounds: undefined } : c,
    ) as never,
    { privacy: PRIVACY, max_rows: 500 },
  );
  // What no honest row holds: other levels, values far out, none at all.
  const CELLS = [
    ["F", "M", "X", "", null],
    [50, 101, 75, -(2 ** 40), 2 ** 40, null],
    ["0", "30", "15.5", "1e300", "-1e300", "nan", "inf", "-inf", null],
    ["true", "false", null],
  ] as const;

  const random = (() => {
    const bytes = seeded(`${seed} rows`);
    return (below: number) => (bytes(4)[0]! * 256 + bytes(4)[1]!) % below;
  })();
  const row = () => CELLS.map((cells) => cells[random(cells.length)]!);
  const some = (count: number) => Array.from({ length: count }, row);

  test.each(QUESTIONS.map((question) => [JSON.stringify(question), question] as const))(
    "%s: never more than the noise is for, whatever its rows hold",
    async (_, question) => {
      const kinds = kindsOf(SPEC, question);
      for (let round = 0; round < 4; round++) {
        const others = some(40);
        const mine = some([1, 2, 30, 900][round]!);
        const units = others.map((_, i) => i);
        const of = (rows: (string | number | null)[][], ids: number[]): DomainRows => ({ rows, units: ids });
        const without = await Domains.open(SPEC, [of(others, units)]);
        const all = await Domains.open(SPEC, [
          of([...others, ...mine], [...units, ...mine.map(() => 9_999)]),
        ]);
        const [before] = await without.contributions(asked(SPEC, question));
        const [after] = await all.contributions(asked(SPEC, question));
        without.close();
        all.close();
        for (const [i, { name, sensitivity_squared }] of kinds.entries()) {
          const moved = after!.reduce(
            (sum, x, j) => (j % kinds.length === i ? sum + (x - before![j]!) ** 2n : sum),
            0n,
          );
          expect([round, name, moved <= BigInt(sensitivity_squared)]).toEqual([round, name, true]);
        }
      }
    },
  );

  test("the most that is claimed is reached, so that noise is not for more than there is", async () => {
    const spec = specOf(COLUMNS, { privacy: PRIVACY });
    const question = { kind: "summary", values: ["age"], agg: ["sum", "count"] };
    const both = await Domains.open(spec, [
      { rows: [["F", 101, "1", 0]], units: [1] },
      {
        rows: [
          ["F", 101, "1", 0],
          ["F", 2 ** 40, "1", 0],
          ["M", 101, "1", 1],
        ],
        units: [1, 1, 1],
      },
    ]);
    const [none, full] = await both.contributions(asked(spec, question));
    both.close();
    const kinds = kindsOf(spec, question);
    // Two rows of a unit are taken; the second of the first domain's units has one.
    expect(none).toEqual([101n, 64n]);
    expect(full).toEqual([202n, 128n]);
    expect(kinds.map((k) => k.sensitivity_squared)).toEqual([String(202 ** 2), String(128 ** 2)]);
  });

  test("which of its rows are taken hangs on the domain's salt, not on their order", async () => {
    const spec = specOf(COLUMNS, { privacy: { ...PRIVACY, rows_per_unit: 1 } });
    const mine = Array.from({ length: 50 }, (_, i) => ["F", 50 + i, "1", 0]);
    const statistic = sharedStatistic(
      spec,
      asked(spec, { kind: "summary", values: ["age"], agg: ["sum"] }),
      T,
    );
    const units = mine.map(() => 1);
    const [forth, back] = [mine, [...mine].reverse()].map((rows) => Domains.open(spec, [{ rows, units }]));
    const taken = async (domains: Domains, salt: string) => (await domains.answers(statistic, salt))[0]![0];
    const [one, other] = [await forth!, await back!];
    const ages = new Set<bigint | undefined>();
    for (let i = 0; i < 12; i++) {
      const age = await taken(one, `salt ${i}`);
      expect(await taken(other, `salt ${i}`)).toBe(age);
      ages.add(age);
    }
    expect(ages.size).toBeGreaterThan(3);
    one.close();
    other.close();
  });

  test("more rows than the spec speaks of end nothing, and move no number further", async () => {
    const spec = specOf(COLUMNS, { privacy: PRIVACY, max_rows: 10 });
    const crowd = await Domains.open(spec, [{ rows: Array.from({ length: 50 }, () => ["F", 101, "1", 0]) }]);
    const question = { kind: "table", rows: ["sex"], values: ["age"], agg: ["sum", "count"] };
    const [numbers] = await crowd.contributions(asked(spec, question));
    crowd.close();
    expect(numbers).toEqual([1010n, 640n, 0n, 0n]);
  });
});

describe("what can be asked", () => {
  const ask = (spec: CollaborationSpec, question: object, terms?: object) =>
    sharedStatistic(spec, { ...asked(spec, question, terms ?? {}) }, T);
  const sum = { kind: "table", rows: ["sex"], values: ["kappa"], agg: ["sum"] };

  test("the less it may cost, the wider its errors", () => {
    const variance = (epsilon: string) => ask(FLCHAIN, sum, { epsilon }).noise!.variances[0]!;
    expect(variance("0.1")).toBeGreaterThan(50n * variance("1"));
  });

  test.each([
    ["more than the spec allows a round", sum, { epsilon: "2.1" }],
    ["at a larger δ", sum, { delta: "1e-4" }],
    ["at no δ", sum, { delta: "0" }],
    ["so little that the noise runs over its slot", sum, { epsilon: "0.000001", delta: "1e-60" }],
    ["a maximum", { ...sum, agg: ["max"] }, {}],
    ["curves", { kind: "survival", time: "age", event: "death == 1", times: [60, 101] }, {}],
    ["a model", { kind: "regression", family: "logit", formula: "death ~ age" }, {}],
    ["a covariance", { kind: "covariance", values: ["age", "kappa"] }, {}],
    ["a safe version", { ...sum, protect: { how: "suppress" } }, {}],
    ["a sum without bounds", { ...sum, values: ["sex"], agg: ["sum"] }, {}],
  ])("not %s", (_, question, terms) => {
    expect(() => ask(FLCHAIN, question, terms)).toThrow();
  });

  test("not without saying what it may cost, and not with noise where the spec has none", () => {
    const statistic = written(FLCHAIN, sum);
    expect(() => sharedStatistic(FLCHAIN, { statistic }, T)).toThrow(/ε/);
    expect(() => sharedStatistic(specOf(COLUMNS), { statistic, privacy: TERMS }, T)).toThrow(/privacy/);
  });

  test("two domains are enough with noise, and exact ones are three; somebody's share may always be known", () => {
    const key = (c: string) => `${c.repeat(43)}=`;
    const named = ["a", "b", "c"].map((name) => ({ name, key: key(name) }));
    const two = { participants: named.slice(0, 2) };
    expect(() => checkSpec(specOf(COLUMNS, two))).toThrow(/3/);
    expect(() => checkSpec(specOf(COLUMNS, { ...two, privacy: PRIVACY }))).not.toThrow();
    expect(() => checkSpec(specOf(COLUMNS, { ...two, privacy: { ...PRIVACY, honest: 2 } }))).toThrow(
      /honest/,
    );
    const fewer = { participants: named, min_contributors: 2 };
    expect(() => checkSpec(specOf(COLUMNS, fewer))).toThrow(/3/);
    expect(() => checkSpec(specOf(COLUMNS, { ...fewer, privacy: { ...PRIVACY, honest: 2 } }))).toThrow(
      /honest/,
    );
    expect(() => checkSpec(specOf(COLUMNS, { privacy: { ...PRIVACY, epsilon: "1000" } }))).toThrow(/ε/);
    expect(() => checkSpec(specOf(COLUMNS, { privacy: { ...PRIVACY, rho: "0" } }))).toThrow(/rho/);
  });

  test("not more cells than there is memory for, with noise or without", () => {
    const categories = Array.from({ length: 9_000 }, (_, i) => `c${i}`);
    const columns = ["a", "b", "c"].map((name) => ({ name, type: "text" as const, categories }));
    const question = { kind: "table", rows: ["a", "b"], columns: ["c"] };
    for (const spec of [specOf(columns, { privacy: PRIVACY }), specOf(columns)]) {
      const of = { statistic: written(spec, question), ...(spec.privacy ? { privacy: TERMS } : {}) };
      expect(() => sharedStatistic(spec, of, T)).toThrow(/numbers/);
    }
  });

  test("each number lies in one slot, whole, also where a sum runs over", () => {
    const { slots } = ask(FLCHAIN, sum);
    expect(slots.slots).toBe(2);
    const beyond = [T + 5n, -3n * T - 2n];
    expect([...toSlots(beyond, slots)]).toEqual([5n, -2n]);
  });
});
