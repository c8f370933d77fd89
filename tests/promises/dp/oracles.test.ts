/**
 * What is not the number: errors, time, size, and the work that a query makes.
 *
 * Must never happen: a statement that fails, waits, grows or multiplies by what is in a row.
 *
 * - Error oracles: `error()`, casts, division, logarithms, overflow: a row that makes a query fail says that it is there.
 * - Delay channels (Haeberlen, Pierce, Narayan 2011, *Differential Privacy Under Fire*): a query that takes longer when a row
 *   is there; and state kept from one query to the next.
 * - Query timing: an answer or a refusal of a failure leaves at its deadline, whatever happened (real time, real engine).
 */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createEngine, type Engine, type QueryAnswer } from "../../../src/catalog/index.js";
import { atDeadline } from "../../../src/catalog/queries/pace.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type CatalogFixture, catalogFixture, give } from "../../catalog/fixture.js";
import { COLUMNS, FLCHAIN } from "../../catalog/queries/fixture.js";

const [header = "", ...people] = readFileSync(FLCHAIN, "utf8").trimEnd().split(/\r?\n/);
/** In both, so that the published schemas agree: a column may be empty where one cell is. */
const COMMON = '"C0",70,"F",2000,1,1,5,,0,100,0,';
const TARGET = '"TARGET",66,"F",1997,13,13,1,2,0,66,1,"Neoplasms"';
const CONTENT = {
  without: [header, COMMON, ...people.slice(0, 400)],
  with: [header, COMMON, ...people.slice(0, 400), TARGET],
};
const NAMES = ["without", "with"] as const;
const TYPES: Record<string, "decimal" | "integer" | "text"> = {
  kappa: "decimal",
  lambda: "decimal",
  creatinine: "decimal",
  age: "integer",
  "flc.grp": "integer",
  futime: "integer",
  death: "integer",
};

const DEADLINE = 100;

let f: CatalogFixture<Engine>;
/** The milliseconds that each answer and refusal waited for, and those that passed. */
const waits: { asked: number; passed: number }[] = [];
beforeAll(async () => {
  f = catalogFixture(
    {
      queryPace: async (work, ms) => {
        const start = performance.now();
        const settled = await atDeadline(work, ms);
        waits.push({ asked: ms, passed: performance.now() - start });
        return settled;
      },
    },
    createEngine(),
  );
  for (const name of NAMES) {
    f.catalog.datasets.create(f.owner, {
      name,
      unit_column: "id",
      columns: [...COLUMNS, { name: "chapter" }].map((c) => ({ ...c, type: TYPES[c.name] ?? "text" })),
      answer_ms: DEADLINE,
    });
    const content = Readable.from([CONTENT[name].join("\n")]);
    await f.catalog.datasets.putContent(f.owner, name, content, "text/csv");
    f.catalog.datasets.assess(f.owner, name);
    f.catalog.datasets.publish(f.owner, name);
    give(f, name, { access: "query", rho: "1000", delta: "1e-3" });
    await outcome(name, "SELECT count(*) FROM t");
  }
});
afterAll(async () => {
  await f.engine.close();
  f.end();
});

/** One that was late is asked again, which is free. */
async function ask(name: (typeof NAMES)[number], sql: string): Promise<QueryAnswer> {
  const text = sql.replaceAll(/\bt\b/g, `"${name}"`);
  for (;;) {
    try {
      const asked = { datasets: [name], sql: text, epsilon: "0.5", delta: "1e-9" };
      return (await f.catalog.queries.ask(f.researcher, asked)) as QueryAnswer;
    } catch (error) {
      if (!(error instanceof GloveboxError) || error.code !== "engine_unavailable") throw error;
    }
  }
}

/** What an asker is told but for the noisy values. */
async function outcome(name: (typeof NAMES)[number], sql: string): Promise<unknown> {
  try {
    const { columns, rows, charge, mechanism } = await ask(name, sql);
    return { columns, rows: rows.length, cost: [charge.rho, charge.delta], mechanism };
  } catch (error) {
    if (!(error instanceof GloveboxError)) throw error;
    return `${error.code} ${error.message.replaceAll(name, "t").replaceAll(/character \d+/g, "")}`;
  }
}

/** Each would fail, if it could, in the target's row alone. */
const ERRORS = [
  "SELECT count(*) FROM t WHERE id = 'TARGET' AND error('it is there') IS NULL",
  "SELECT sum(CASE WHEN id = 'TARGET' THEN error('x') ELSE 1 END) FROM t",
  "SELECT count(*) FROM t WHERE CASE WHEN id = 'TARGET' THEN CAST(id AS INTEGER) ELSE 1 END = 1",
  "SELECT count(*) FROM t WHERE CAST(CASE WHEN id = 'TARGET' THEN 'x' ELSE '1' END AS INTEGER) = 1",
  "SELECT sum(clamp(1 / (age - 66), 0, 1)) FROM t WHERE id = 'TARGET'",
  "SELECT count(*) FROM t WHERE 1 / CASE WHEN id = 'TARGET' THEN 0 ELSE 1 END > 0",
  "SELECT count(*) FROM t WHERE age % CASE WHEN id = 'TARGET' THEN 0 ELSE 1 END = 0",
  "SELECT count(*) FROM t WHERE ln(CASE WHEN id = 'TARGET' THEN 0 - 1.0 ELSE 1.0 END) = 0",
  "SELECT count(*) FROM t WHERE sqrt(CASE WHEN id = 'TARGET' THEN 0 - 1.0 ELSE 1.0 END) = 1",
  "SELECT count(*) FROM t WHERE exp(CASE WHEN id = 'TARGET' THEN 1e9 ELSE 0 END) = 1",
  "SELECT count(*) FROM t WHERE age * CASE WHEN id = 'TARGET' THEN 9223372036854775807 ELSE 1 END > 5",
  "SELECT sum(clamp(age * CASE WHEN id = 'TARGET' THEN 9223372036854775807 ELSE 1 END, 0, 9)) FROM t",
  "SELECT sum(clamp(kappa * CASE WHEN id = 'TARGET' THEN 1e308 ELSE 1 END * 1e308, 0, 9)) FROM t",
  "SELECT count(*) FROM t WHERE (SELECT age FROM t WHERE id = 'TARGET') = 66",
  "SELECT count(*) FROM t WHERE EXISTS (SELECT 1 FROM t WHERE id = 'TARGET')",
  "SELECT count(*) FROM t WHERE strptime(CASE WHEN id = 'TARGET' THEN 'x' ELSE '2020' END, '%Y') IS NULL",
  "SELECT count(*) FROM t WHERE [1, 2][CASE WHEN id = 'TARGET' THEN 9 ELSE 1 END] = 1",
  "SELECT count(*) FROM t WHERE regexp_matches(id, CASE WHEN id = 'TARGET' THEN '(' ELSE 'a' END)",
];

describe("error oracles", () => {
  test.each(ERRORS)("%s", async (sql) => {
    const [without, and] = [await outcome("without", sql), await outcome("with", sql)];
    expect(and).toEqual(without);
    // Refused by name, or answered: no charge ended in a failure.
    if (typeof and === "string") expect(and).toMatch(/^(query_unsupported|invalid_input) /);
    else expect(and).toMatchObject({ rows: 1 });
    expect(JSON.stringify(and)).not.toMatch(/it is there|TARGET/);
  });
});

describe("delay channels", () => {
  const SLOW = [
    "SELECT count(*) FROM t WHERE id = 'TARGET' AND sleep_ms(1000) IS NULL",
    "SELECT count(*) FROM t WHERE CASE WHEN id = 'TARGET' THEN (SELECT count(*) FROM range(1e10)) ELSE 1 END = 1",
    "SELECT count(*) FROM t, range(CASE WHEN id = 'TARGET' THEN 100000000 ELSE 1 END)",
    "SELECT count(*) FROM t CROSS JOIN generate_series(1, 1000000000)",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000000000) SELECT count(*) FROM r",
    "SELECT count(*) FROM t WHERE repeat(id, CASE WHEN id = 'TARGET' THEN 100000000 ELSE 1 END) = ''",
    "SELECT count(*) FROM t a JOIN t b ON a.sex = b.sex",
    "SELECT count(*) FROM t a, t b, t c",
    "SELECT count(*) FROM t WHERE id SIMILAR TO '((a*)*)*b'",
    "SELECT count(*) FROM t WHERE list_sum(range(1000000000)) > 0",
    "SELECT nextval('s'), count(*) FROM t",
    "SELECT count(*) FROM t WHERE setseed(0.1) IS NULL",
    "SELECT count(*) FROM t WHERE getvariable('seen') IS NULL",
    "SELECT count(*) FROM t WHERE random() < 0.5",
    "SELECT count(*) FROM t WHERE now() > TIMESTAMP '2020-01-01'",
  ];
  test.each(SLOW)("nothing that waits, multiplies, or remembers: %s", async (sql) => {
    const spent = () => f.catalog.datasets.budget(f.researcher, "with").rho.spent;
    const before = spent();
    expect(await outcome("with", sql)).toMatch(/^(query_unsupported|invalid_input) /);
    expect(spent()).toBe(before);
  });
});

describe("query timing", () => {
  test("whatever was asked, no answer left before its deadline, and each waited for the same", async () => {
    waits.length = 0;
    const sqls = [
      "SELECT count(*) FROM t WHERE id = 'TARGET'",
      "SELECT count(*) FROM t WHERE id = 'TARGET' AND kappa > 1e300",
      "SELECT chapter, count(*) FROM t GROUP BY chapter",
    ];
    for (const sql of sqls) for (const name of NAMES) await outcome(name, sql);
    expect(waits.length).toBeGreaterThanOrEqual(6);
    expect(new Set(waits.map(({ asked }) => asked))).toEqual(new Set([DEADLINE]));
    // Timers may fire a millisecond early by this clock; how late is the machine's affair.
    for (const { passed } of waits) expect(passed).toBeGreaterThanOrEqual(DEADLINE - 2);
  });

  test("an answer's size is that of its declared groups, whoever is there", async () => {
    const sizes = [];
    for (const name of NAMES) {
      const { rows } = await ask(name, 'SELECT "flc.grp", death, count(*) FROM t GROUP BY 1, 2');
      sizes.push(rows.map(([group, death]) => `${group} ${death}`));
    }
    expect(sizes[0]).toHaveLength(20);
    expect(sizes[1]).toEqual(sizes[0]);
  });
});
