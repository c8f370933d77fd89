/** What is audited: for each aggregate neighbours that tell the most, and mechanisms that are broken on purpose. */
import type { DeclaredTable, Noise, Pricing } from "../../../src/privacy/index.js";
import { rational } from "../../../src/vocabulary/index.js";
import { type Asked, asked, type Claim, claimOf, grain, type Question, type Sight } from "./audit.js";
import type { UnitRow } from "./relation.js";

export const VISITS: DeclaredTable = {
  name: "visits",
  unit: "id",
  maxRows: 3,
  columns: [
    { name: "id", type: "text", nullable: false, at: 0 },
    { name: "x", type: "decimal", nullable: false, at: 1, bounds: ["0", "10"] },
    { name: "n", type: "integer", nullable: false, at: 2, bounds: ["0", "15"] },
    { name: "town", type: "text", nullable: true, at: 3 },
  ],
};
export const PEOPLE: DeclaredTable = { ...VISITS, name: "people", maxRows: 1 };

const row = (unit: number, x: number, n: number, town: string): UnitRow => [unit, `u${unit}`, x, n, town];
/** Eight people of the same town, one row each, low values. */
const crowd = Array.from({ length: 8 }, (_, i) => row(i, 1, i % 4, "Wuhan"));
/** The one who is or is not there: all that a person may have, at the end of the bounds. */
const most = [0, 1, 2].map(() => row(99, 10, 15, "Yumen"));
/** There is one in Yumen already: with one more the group is looked at, and holds two. */
const rare = [...crowd, row(8, 1, 1, "Yumen")];

/** So many that a mean over them is seldom clipped into its bounds. */
const many = Array.from({ length: 60 }, (_, i) => row(i, 1, i % 4, "Wuhan"));
const firstValue: Sight = ({ rows }) => [Number(rows[0]![0])];

const of = (
  sql: string,
  more: Partial<Question> & {
    table?: DeclaredTable;
    base?: readonly UnitRow[];
    extra?: readonly UnitRow[];
  } = {},
): Question => {
  const { table = VISITS, base = crowd, extra = most, epsilon = "1", ...rest } = more;
  return { tables: [table], without: [base], and: [[...base, ...extra]], sql, epsilon, ...rest };
};

const OTHERS = Array.from({ length: 9 }, (_, i) => `, count(*) FILTER (WHERE n > ${i})`).join("");
/** Of Gaussian numbers side by side, as many as tell: their sum, since each moves in the same direction. */
const total: Sight = ({ rows }) => [rows[0]!.reduce<number>((sum, value) => sum + Number(value), 0)];
const isShown: Sight = ({ rows }) => [rows.filter(([town]) => town === "Yumen").length];

/** `least`: what share of ε the audit must find with many draws, or it has no power to be believed. */
export const CASES: { name: string; question: Question; least: number }[] = [
  {
    name: "count",
    question: of("SELECT count(*) FROM people", { table: PEOPLE, extra: most.slice(0, 1) }),
    least: 0.7,
  },
  { name: "count of three rows a person", question: of("SELECT count(*) FROM visits"), least: 0.7 },
  { name: "count of persons", question: of("SELECT count(DISTINCT id) FROM visits"), least: 0.7 },
  { name: "sum", question: of("SELECT sum(x) FROM visits", { sight: firstValue }), least: 0.7 },
  {
    name: "avg",
    question: of("SELECT avg(x) FROM visits", { base: many, sight: firstValue }),
    least: 0.15,
  },
  { name: "variance", question: of("SELECT var_pop(n) FROM visits"), least: 0.1 },
  { name: "quantile", question: of("SELECT quantile(n, 0.75) FROM visits"), least: 0.15 },
  {
    name: "sum of sums per person",
    question: of("SELECT sum(s) FROM (SELECT id, sum(x) AS s FROM visits GROUP BY id)", {
      sight: firstValue,
    }),
    least: 0.7,
  },
  { name: "histogram", question: of("SELECT histogram(n, 2) FROM visits"), least: 0.5 },
  {
    name: "counts under Gaussian noise",
    question: of(`SELECT count(*)${OTHERS} FROM visits`, { delta: "1e-3", epsilon: "2", sight: total }),
    least: 0.3,
  },
  {
    name: "thresholded group-by: a rare group",
    question: of("SELECT town, count(*) FROM visits GROUP BY town", {
      base: rare,
      delta: "0.1",
      epsilon: "2",
      sight: isShown,
    }),
    least: 0,
  },
  {
    name: "thresholded group-by: a group that shows",
    question: of("SELECT town, count(*) FROM visits GROUP BY town", {
      extra: most.map(([unit, id, x, n]) => [unit, id!, x!, n!, "Wuhan"]),
      delta: "0.1",
      epsilon: "2",
    }),
    least: 0.1,
  },
];

/** How many times less noise. */
function quieter(pricing: Pricing, by: bigint): Pricing {
  const laws = pricing.laws.map((law) =>
    law.kind === "laplace"
      ? { ...law, scale: rational(law.scale.num, law.scale.den * by) }
      : { ...law, variance: rational(law.variance.num, law.variance.den * by * by) },
  );
  return { ...pricing, laws };
}

/** One draw for all numbers that are asked for together. */
const reused = (noise: Noise): Noise => ({
  ...noise,
  laplace: (scale) => noise.laplace(scale),
  gaussian: (variance) => noise.gaussian(variance),
  laplaceMany: (scale, count) => new Array<bigint>(count).fill(noise.laplace(scale)),
  gaussianMany: (variance, count) => new Array<bigint>(count).fill(noise.gaussian(variance)),
});

const question = (name: string): Question => CASES.find((c) => c.name === name)!.question;

async function withLess(name: string, by: bigint): Promise<Claim> {
  const of = question(name);
  const { plan, pricing, cells } = await asked(of);
  return claimOf(of, plan, quieter(pricing, by), cells, of.sight);
}

/** The textbook's: a double of a logarithm of a double, added to a double. */
function textbook({ cells }: Asked): Claim {
  const scale = 30;
  const sum = (side: 0 | 1): number => Number(cells[side][0]!.exacts[0]) / 1e10;
  const laplace = (noise: Noise): number => {
    const uniform = (Number(noise.laplace(rational(1n << 60n)) & ((1n << 53n) - 1n)) + 0.5) / 2 ** 53;
    return uniform < 0.5 ? scale * Math.log(2 * uniform) : -scale * Math.log(2 - 2 * uniform);
  };
  const draw = (side: 0 | 1) => (noise: Noise) => {
    const y = sum(side) + laplace(noise);
    return [Math.abs(y) < 1 ? 1 : 0, grain(y)];
  };
  return { epsilon: 1, delta: 0, draws: [draw(0), draw(1)] };
}

/** Mechanisms that anyone might build, each with a flaw that the audit must see. */
export const BROKEN: { name: string; claim(): Promise<Claim> }[] = [
  { name: "half the noise on a count", claim: () => withLess("count", 2n) },
  { name: "a third of the noise on a sum", claim: () => withLess("sum", 3n) },
  {
    name: "a fifth of the noise under a Gaussian law",
    claim: () => withLess("counts under Gaussian noise", 5n),
  },
  { name: "doubles for noise (Mironov 2012)", claim: async () => textbook(await asked(question("sum"))) },
  {
    name: "three rows of a person, priced as one",
    claim: async () => {
      const of = question("count of three rows a person");
      const { plan, cells } = await asked(of);
      const { pricing } = await asked({ ...of, tables: [{ ...VISITS, maxRows: 1 }] });
      return claimOf(of, plan, pricing, cells);
    },
  },
  {
    name: "bounds read off the data, noise for the declared ones",
    claim: async () => {
      const of = question("sum");
      const { plan, pricing, cells } = await asked({
        ...of,
        and: [[...crowd, ...most.slice(1), row(99, 10, 1, "")]],
      });
      const wide = cells.map((side, i) =>
        side.map((cell) => ({ ...cell, exacts: cell.exacts.map((n) => (i === 0 ? n : n * 4n)) })),
      ) as unknown as Asked["cells"];
      return claimOf(of, plan, pricing, wide);
    },
  },
  {
    name: "one draw of noise for all bins",
    claim: async () => {
      const of = question("histogram");
      const { plan, pricing, cells } = await asked(of);
      const { epsilon, delta, draws } = claimOf(of, plan, pricing, cells, ({ rows }) => [
        Number(rows[0]![1]) - Number(rows[1]![1]),
      ]);
      return {
        epsilon,
        delta,
        draws: [(noise) => draws[0](reused(noise)), (noise) => draws[1](reused(noise))],
      };
    },
  },
  {
    name: "a threshold a third as high",
    claim: async () => {
      const of = question("thresholded group-by: a rare group");
      const { plan, pricing, cells } = await asked(of);
      return claimOf(of, plan, { ...pricing, threshold: pricing.threshold! / 3n }, cells, of.sight);
    },
  },
];
