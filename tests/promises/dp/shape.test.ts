/**
 * Nothing of an answer depends on the data but its noisy values: the same questions over flchain, over flchain without
 * one person, over the same people with quite other values, over people who all have a value where others have none, and over
 * hardly anybody. Shape, groups, types, bounds,
 * price and the time of sending are the same; so is what is refused.
 */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine, type QueryAnswer } from "../../../src/catalog/index.js";
import type { Pace } from "../../../src/catalog/queries/pace.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, give } from "../../catalog/fixture.js";
import { COLUMNS, FLCHAIN } from "../../catalog/queries/fixture.js";

const [header = "", ...people] = readFileSync(FLCHAIN, "utf8").trimEnd().split(/\r?\n/);

/** The same people with quite other values: all at an end of what is declared, and a chapter of their own each. */
const strange = people.map((line, i) => {
  const isEven = i % 2 === 0;
  const [age, kappa, death] = isEven ? [50, 0, 0] : [101, 30, 1];
  return `${line.split(",")[0]},${age},"F",1997,${kappa},${30 - kappa},1,,0,${isEven ? 0 : 6000},${death},"Chapter ${i}"`;
});

const DATA: Record<string, string[]> = {
  whole: people,
  without_one: people.slice(1),
  strange,
  complete: people.filter((line) => !/,(NA)?(,|$)/.test(line)),
  few: people.slice(0, 3),
};
const NAMES = Object.keys(DATA);

const QUESTIONS: { sql: string; delta?: string }[] = [
  { sql: "SELECT count(*), sum(kappa), avg(age) FROM t" },
  { sql: "SELECT sex, count(*), avg(creatinine), stddev(age) FROM t GROUP BY sex" },
  { sql: 'SELECT "flc.grp", death, count(*) FROM t WHERE futime / age > 10 GROUP BY 1, 2' },
  { sql: "SELECT median(age), quantile(kappa, 0.99) FROM t WHERE sex = 'F'" },
  { sql: "SELECT histogram(age, 7) FROM t" },
  {
    sql: "SELECT CASE WHEN ln(kappa) > 1 THEN 'high' WHEN sqrt(age - 60) < 3 THEN 'young' END AS g, count(DISTINCT id) FROM t GROUP BY 1",
    delta: "1e-6",
  },
  {
    sql: "WITH u AS (SELECT id, sum(kappa) AS s FROM t GROUP BY id) SELECT avg(s), count(*) FROM u WHERE 1 / s < 3",
  },
  { sql: "SELECT count(*) + sum(age), exp(avg(kappa)) FROM t" },
  { sql: "SELECT avg(clamp(creatinine, 0, 3)) FROM t WHERE age > 200" },
];

const TYPES: Record<string, "decimal" | "integer" | "text"> = {
  kappa: "decimal",
  lambda: "decimal",
  creatinine: "decimal",
  age: "integer",
  "flc.grp": "integer",
  futime: "integer",
  death: "integer",
};
const TYPED = [...COLUMNS, { name: "chapter" }].map((column) => ({
  ...column,
  type: TYPES[column.name] ?? ("text" as const),
}));

let f: CatalogFixture<Engine>;
const times: number[] = [];
const pace: Pace = (work, ms) => {
  times.push(ms);
  return work;
};

beforeAll(async () => {
  f = catalogFixture({ queryPace: pace }, createEngine());
  for (const name of NAMES) {
    f.catalog.datasets.create(f.owner, {
      name,
      unit_column: "id",
      columns: TYPED,
      answer_ms: 700,
    });
    const content = [header, ...DATA[name]!].join("\n");
    await f.catalog.datasets.putContent(f.owner, name, Readable.from([content]), "text/csv");
    f.catalog.datasets.assess(f.owner, name);
    f.catalog.datasets.publish(f.owner, name);
    give(f, name, { access: "query", rho: "100", delta: "1e-3" });
  }
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

async function ask(name: string, sql: string, delta?: string): Promise<QueryAnswer> {
  const answer = await f.catalog.queries.ask(f.researcher, {
    datasets: [name],
    sql: sql.replaceAll(" t", ` "${name}"`),
    epsilon: "0.5",
    ...(delta === undefined ? {} : { delta }),
  });
  return answer as QueryAnswer;
}

/** All of an answer but its noisy values, its own ids, and what was left before it. */
function shapeOf({ charge, ledger_index, left, rows, intervals, ...rest }: QueryAnswer) {
  const isNoisy = (row: number, column: number) => intervals[row]?.[column] !== null;
  return {
    ...rest,
    cost: { rho: charge.rho, delta: charge.delta },
    rows: rows.map((row, i) => row.map((value, k) => (isNoisy(i, k) ? typeof value : value))),
    intervals: intervals.map((row) => row.map((interval) => interval?.length ?? null)),
    hasEntry: ledger_index >= 0 && left !== undefined,
  };
}

describe("over different data", () => {
  test.each(QUESTIONS)("$sql", async ({ sql, delta }) => {
    const shapes = [];
    for (const name of NAMES) shapes.push(shapeOf(await ask(name, sql, delta)));
    for (const shape of shapes.slice(1)) expect(shape).toEqual(shapes[0]);
  });

  test("answers are sent after the same time", () => {
    expect(new Set(times)).toEqual(new Set([700]));
  });

  test("groups whose values are not declared show only where many share them", async () => {
    const sql = "SELECT chapter, count(*) FROM t GROUP BY chapter";
    const shown = async (name: string) => (await ask(name, sql, "1e-6")).rows.map(([chapter]) => chapter);
    expect(await shown("whole")).toEqual(expect.arrayContaining(["Circulatory", "Neoplasms"]));
    // Everyone's chapter is their own there: nobody's is shown.
    expect(await shown("strange")).toEqual([]);
    expect(await shown("few")).toEqual([]);
  });

  test("what is refused is refused alike", async () => {
    const refused = [
      "SELECT error(sex), count(*) FROM t",
      "SELECT sum(CAST(chapter AS INTEGER)) FROM t",
      "SELECT count(*) FROM t WHERE age % 0 = 1",
      "SELECT max(kappa) FROM t",
      'SELECT sum("sample.yr") FROM t',
    ];
    for (const sql of refused) {
      const errors = [];
      for (const name of NAMES) {
        const error: unknown = await ask(name, sql).catch((e: unknown) => e);
        if (!(error instanceof GloveboxError)) throw new Error("it was not refused");
        errors.push(`${error.code} ${error.message.replaceAll(name, "t").replace(/character \d+/, "")}`);
      }
      expect(new Set(errors).size).toBe(1);
    }
  });
});
