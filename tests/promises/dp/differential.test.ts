/**
 * Parser differentials: what a query means is what DuckDB, whose syntax it is written in, takes it to mean. The user's
 * own text is run here, on rows without edges where both have the same meaning, and counted exactly.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { testSeed } from "../../harness/seed.js";
import { type Flchain, openFlchain } from "../../privacy/dp/sql/flchain.js";

const seed = testSeed();
let flchain: Flchain;
beforeAll(async () => {
  flchain = await openFlchain();
  await flchain.rows("CREATE VIEW flchain AS SELECT * FROM t");
});
afterAll(() => {
  flchain.close();
});

const number = fc.constantFrom("age", "kappa", "death", "creatinine", "60", "1.5", "-2");
const condition: fc.Memo<string> = fc.memo((n) =>
  n <= 1
    ? fc.oneof(
        fc.constantFrom(
          "sex = 'F'",
          "chapter IS NULL",
          "chapter LIKE '%s'",
          "chapter IN ('Neoplasms', 'Circulatory')",
          "creatinine IS NOT NULL",
        ),
        fc.tuple(number, fc.constantFrom("=", "<>", "<", ">="), number).map((p) => p.join(" ")),
        fc.tuple(number, number, number).map(([a, b, c]) => `${a} BETWEEN ${b} AND ${c}`),
        fc
          .tuple(number, fc.constantFrom("+", "-", "*"), number, number)
          .map(([a, o, b, c]) => `(${a} ${o} ${b}) > ${c}`),
      )
    : fc.oneof(
        condition(1),
        fc.tuple(condition(n - 1), fc.constantFrom("AND", "OR"), condition(n - 1)).map((p) => p.join(" ")),
        condition(n - 1).map((c) => `NOT ${c}`),
        condition(n - 1).map((c) => `(${c})`),
        fc
          .tuple(condition(n - 1), condition(n - 1))
          .map(([a, b]) => `CASE WHEN ${a} THEN ${b} ELSE age > 70 END`),
        fc.tuple(number, number).map(([a, b]) => `coalesce(${a}, ${b}) < 2`),
      ),
);
const statement = fc
  .tuple(
    condition(4),
    fc.constantFrom(
      "",
      "",
      " GROUP BY sex",
      " GROUP BY death, sex",
      " GROUP BY CASE WHEN age < 70 THEN 'a' ELSE 'b' END",
    ),
    fc.constantFrom(
      "flchain",
      "(SELECT * FROM flchain WHERE age < 90)",
      "flchain AS f JOIN (SELECT id, count(*) AS n FROM flchain GROUP BY id) AS g USING (id)",
    ),
  )
  .map(([where, group, from]) => ({ where, group, from }));

describe(`statements (seed ${seed})`, () => {
  test("count what DuckDB counts of the same text", async () => {
    await fc.assert(
      fc.asyncProperty(statement, async ({ where, group, from }) => {
        const measures = "count(*), count(creatinine), sum(age)";
        const plan = await flchain.plan(`SELECT ${measures} FROM ${from} WHERE ${where}${group}`);
        const mine = (await flchain.cells(plan))
          .map(({ exacts }) => exacts.map(Number))
          .filter(([rows]) => rows !== 0)
          .sort((a, b) => a[0]! - b[0]! || a[2]! - b[2]!);
        const theirs = (await flchain.rows(`SELECT ${measures} FROM ${from} WHERE ${where}${group}`))
          .map((row) => row.map(Number))
          .filter(([rows]) => rows !== 0)
          .sort((a, b) => a[0]! - b[0]! || a[2]! - b[2]!);
        expect(mine).toEqual(theirs);
      }),
      { numRuns: process.env.GLOVEBOX_TEST_FULL === "1" ? 2000 : 80, seed, endOnFailure: true },
    );
  });

  test("that another parser could read otherwise are read as DuckDB reads them, or not at all", async () => {
    const same: [sql: string, exact: string][] = [
      ["SELECT count(*) FROM flchain WHERE age > 60 -- AND sex = 'F'", "age > 60"],
      ["SELECT count(*) FROM flchain WHERE age /* > 60 OR age */ > 90", "age > 90"],
      ['SELECT count(*) FROM "flchain" WHERE "age" > 90', "age > 90"],
      ["SELECT count(*) FROM flchain WHERE sex = 'F''' OR age > 90", "age > 90"],
      ["SELECT count(*) FROM flchain WHERE NOT sex = 'F' AND age > 90", "sex <> 'F' AND age > 90"],
      ["SELECT count(*) FROM flchain WHERE -age < -90", "age > 90"],
      [
        "SELECT count(*) FROM flchain WHERE age > 90 OR sex = 'F' AND age > 80",
        "age > 90 OR (sex = 'F' AND age > 80)",
      ],
      ["SELECT count(*) FROM flchain WHERE age > 9e1", "age > 90"],
      ["SELECT count(*) FROM flchain WHERE age > 0x5A OR sex = 'F'", "age > 90 OR sex = 'F'"],
      ["FROM flchain SELECT count(*) WHERE age > 90", "age > 90"],
      ["SELECT count(*) FROM flchain WHERE sex = E'F' AND age > 90", "sex = 'F' AND age > 90"],
      ["SELECT count(*) FROM flchain WHERE sex = $$F$$ AND age > 90", "sex = 'F' AND age > 90"],
    ];
    for (const [sql, where] of same) {
      const plan = await flchain.plan(sql).catch((error: { code: string }) => error.code);
      if (typeof plan === "string") {
        expect(["invalid_input", "query_unsupported"]).toContain(plan);
        continue;
      }
      const [[n] = []] = await flchain.rows(`SELECT count(*) FROM t WHERE ${where}`);
      expect((await flchain.cells(plan))[0]!.exacts).toEqual([BigInt(String(n))]);
    }
  });
});
