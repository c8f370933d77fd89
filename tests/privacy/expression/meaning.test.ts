/** What the engine computes from emitted SQL is what the naive evaluator says, missing values and NaN included. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { canonicalForm } from "../../../src/privacy/expression/canonical.js";
import { Checker } from "../../../src/privacy/expression/check/check.js";
import {
  canonicalText,
  checkExpression as check,
  emitSql as emit,
  evaluateExpression as evaluate,
  exprSchema,
  type ExpressionRow as Row,
  type WrittenExpression as Surface,
} from "../../../src/privacy/expression/index.js";
import { type Duck, openDuck } from "./duck.js";
import { anyExpression, columns, rowArbitrary, seed } from "./generate.js";

console.info(`expression meaning: seed ${seed}`);
const EXPRESSIONS = 6_000;
const TOGETHER = 25;

let duck: Duck;
const rows: Row[] = fc.sample(rowArbitrary, { seed, numRuns: 40 });
beforeAll(async () => {
  duck = await openDuck();
  await duck.load("rows", columns, rows);
});
afterAll(() => duck.close());

describe("generated expressions", () => {
  const written = fc.sample(anyExpression, { seed, numRuns: EXPRESSIONS });
  const checked = written.map((e) => check(e, columns));

  test(`DuckDB and the evaluator agree on ${EXPRESSIONS} expressions over ${rows.length} rows`, async () => {
    let missing = 0;
    for (let i = 0; i < checked.length; i += TOGETHER) {
      const batch = checked.slice(i, i + TOGETHER);
      let first = 1;
      const emitted = batch.map(({ expr }) => {
        const one = emit(expr, columns, { first, raw: true });
        first += one.parameters.length;
        return one;
      });
      const got = await duck.values("rows", emitted);
      for (const [r, row] of rows.entries()) {
        for (const [j, { expr }] of batch.entries()) {
          const want = evaluate(expr, row);
          missing += want === null ? 1 : 0;
          // 0 and −0 are one number.
          const same = got[r]?.[j] === want;
          if (!same) expect({ expr, row, value: got[r]?.[j] }).toEqual({ expr, row, value: want });
        }
      }
    }
    const share = missing / (rows.length * checked.length);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.6);
  });

  test("the canonical form means what was written means", () => {
    for (const [i, { expr }] of checked.entries()) {
      const plain = new Checker(columns, "expression").operand(written[i] as Surface, "").expr;
      for (const row of rows) {
        const [want, got] = [evaluate(plain, row), evaluate(expr, row)];
        // 0 and −0 are one number.
        if (got !== want) expect({ plain, expr, row, value: got }).toEqual({ plain, expr, row, value: want });
      }
    }
  });

  test("the canonical form is stable, and passes the checker and the schema unchanged", () => {
    for (const { expr, type } of checked) {
      expect(exprSchema.safeParse(JSON.parse(canonicalText(expr))).success).toBe(true);
      const again = check(expr, columns);
      expect(again).toMatchObject({ type });
      expect(canonicalText(again.expr)).toBe(canonicalText(expr));
      expect(canonicalText(canonicalForm(expr))).toBe(canonicalText(expr));
    }
  });

  test("a declared type and whether it can be missing hold on every row", () => {
    for (const { expr, nullable } of checked) {
      if (nullable) continue;
      for (const row of rows) expect(evaluate(expr, row)).not.toBeNull();
    }
  });
});
