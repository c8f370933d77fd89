/** What is written to do harm ends in a named error, soon, and never in the engine. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  columnsOf,
  emitSql,
  evaluateExpression,
  filterFromPython,
  filterFromR,
  filterFromSql,
  formulaFromPython,
  formulaFromR,
  readClaim,
} from "../../../src/privacy/expression/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { type Duck, openDuck } from "./duck.js";
import { seed } from "./generate.js";

console.info(`hostile expressions: seed ${seed}`);
const columns = columnsOf(
  (
    [
      ["age", "integer"],
      ["kappa", "decimal"],
      ["sex", "text"],
      ["dead", "boolean"],
      ["born", "date"],
    ] as const
  ).map(([name, type]) => ({ name, type, nullable: true })),
);

let duck: Duck;
beforeAll(async () => {
  duck = await openDuck();
  await duck.load("rows", columns, [{ age: 60n, kappa: 1.5, sex: "F", dead: true, born: 0 }]);
});
afterAll(() => duck.close());

const PIECES = [
  ..."( ) [ ] , . + - * / ** ^ ~ ! & | && || == != = < <= > >= % %% // @ # $ : ; { } ' \" ` \\ \0 \n".split(
    " ",
  ),
  ..."and or not in is null NULL between like case when then else end is.na c( ifelse( case_when( .isnull() .isin([".split(
    " ",
  ),
  ..."age kappa sex dead born nothere constructor __proto__ toString 0 1 1.5 1e3 1e999 99999999999999999999 L".split(
    " ",
  ),
  ..."'F' \"F\" '2001-01-01' 'a%' date timestamp year( .dt.year .str.startswith( TRUE False NA None error( select".split(
    " ",
  ),
  "\u{1f600}",
  "\ud800",
  "女",
];
const anything = fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }).map((pieces) => pieces.join(" "));
/** One in ten begins as something that is read in all three syntaxes. */
const noise = fc.oneof(
  { weight: 9, arbitrary: anything },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom("age > 1", "kappa >= 1.5", "dead", "age + 1 < 60"),
        fc.array(fc.constantFrom(...PIECES), { maxLength: 2 }),
      )
      .map(([start, pieces]) => [start, ...pieces].join(" ")),
  },
);

async function outcome(act: () => unknown): Promise<"read" | GloveboxError> {
  try {
    await act();
    return "read";
  } catch (error) {
    if (error instanceof GloveboxError) return error;
    throw error;
  }
}

describe("hostile text", () => {
  test("of any pieces is read or refused by name, and what is read runs", async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(noise, async (text) => {
        const ways = [
          () => filterFromPython(text, columns),
          () => filterFromR(text, columns),
          () => filterFromSql(text, duck.serialize, columns),
        ];
        for (const way of ways) {
          const found = await outcome(async () => {
            const { sql, parameters } = emitSql((await way()).where, columns);
            await duck.values("rows", [{ sql, parameters }]);
            read += 1;
          });
          if (found === "read") continue;
          expect(["invalid_input", "query_unsupported"]).toContain(found.code);
          expect(found.params.detail?.length).toBeLessThan(400);
        }
        for (const formula of [formulaFromPython, formulaFromR]) await outcome(() => formula(text, columns));
      }),
      { seed, numRuns: 4_000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  test.each<[string, string]>([
    ["parentheses", `${"(".repeat(20_000)}age > 1`],
    ["negations", `${"not ".repeat(15_000)}dead`],
    ["bangs", `${"!".repeat(60_000)}dead`],
    ["minuses", `${"-".repeat(60_000)}age > 1`],
    ["a long sum", `${Array.from({ length: 15_000 }, () => "age").join("+")} > 1`],
    ["a long conjunction", Array.from({ length: 9_000 }, () => "dead").join(" and ")],
    ["a tower of powers", `${Array.from({ length: 10_000 }, () => "age").join("**")} > 1`],
    ["a long list", `age in [${Array.from({ length: 30_000 }, (_, i) => i % 10).join()}]`],
    ["nested calls", `${"abs(".repeat(15_000)}age`],
    ["a long text", `sex == '${"a".repeat(40_000)}'`],
    ["more text than is read", "a".repeat(200_000)],
  ])("of %s is refused soon", async (_, text) => {
    const start = performance.now();
    for (const way of [filterFromPython, filterFromR])
      expect(await outcome(() => way(text, columns))).not.toBe("read");
    const sql = text.replaceAll("==", "=").replaceAll("[", "(").replaceAll("]", ")");
    expect(await outcome(() => filterFromSql(sql, duck.serialize, columns))).not.toBe("read");
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test("as the name of a column stays a name", async () => {
    const names = ['a" OR 1=1 --', "'; DROP TABLE t; --", "constructor", "__proto__", "a\\b", "$1", "名 字"];
    const odd = columnsOf(names.map((name) => ({ name, type: "integer", nullable: true })));
    const row = Object.fromEntries(names.map((name, i) => [name, BigInt(i)]));
    await duck.load("odd", odd, [row]);
    for (const [i, name] of names.entries()) {
      const { where } = filterFromPython(`\`${name}\` == ${i}`, odd);
      expect((await duck.values("odd", [emitSql(where, odd)]))[0]?.[0]).toBe(true);
      expect(evaluateExpression(where, row)).toBe(true);
      expect(evaluateExpression(where, {})).toBe(null);
    }
  });

  test("as a literal stays a literal", async () => {
    const texts = ["'; DROP TABLE rows; --", '"', "\\", "$1", "%", "\u{1f600}", "a\nb"];
    for (const text of texts) {
      const written = JSON.stringify(text);
      for (const { where } of [
        filterFromPython(`sex == ${written}`, columns),
        filterFromR(`sex == ${written}`, columns),
      ]) {
        const { sql, parameters } = emitSql(where, columns);
        expect(sql).toBe('("sex" = CAST($1 AS VARCHAR))');
        expect(parameters).toEqual([{ type: "text", value: text }]);
      }
    }
  });

  test("as JSON is refused with its place, whatever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (document) => {
        const claim = {
          version: 1,
          dataset: "d",
          statistic: { kind: "histogram", where: document, bins: document },
        };
        expect(await outcome(() => readClaim(claim, columns))).toBeInstanceOf(GloveboxError);
      }),
      { seed, numRuns: 2_000 },
    );
  });
});
