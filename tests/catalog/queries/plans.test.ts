/** Plans that were made before are an asker's own, and stand on the text and on what was declared, to the letter. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createEngine, type Engine } from "../../../src/catalog/index.js";
import { Plans } from "../../../src/catalog/queries/plans.js";
import type { DeclaredTable } from "../../../src/privacy/index.js";
import type { PrincipalId } from "../../../src/vocabulary/index.js";

let engine: Engine;
beforeAll(() => {
  engine = createEngine();
});
afterAll(() => engine.close());

const tableOf = (high: string): DeclaredTable => ({
  name: "t",
  unit: "id",
  maxRows: 1,
  columns: [
    { name: "id", type: "integer", nullable: false, at: 0 },
    { name: "x", type: "decimal", nullable: false, at: 1, bounds: ["0", high] },
  ],
});
const SQL = "SELECT sum(x) FROM t";

function counted() {
  let parsed = 0;
  const plans = new Plans((sql) => {
    parsed++;
    return engine.parseSql(sql);
  });
  const ask = (by: string, sql = SQL, high = "10") =>
    plans.of({ by: by as PrincipalId, sql, tables: [tableOf(high)] });
  return { ask, parsed: () => parsed };
}

test("the same text of the same person is read once, of another person again, to an equal plan", async () => {
  const { ask, parsed } = counted();
  const first = await ask("one");
  expect(await ask("one")).toBe(first);
  expect(parsed()).toBe(1);
  const other = await ask("two");
  expect([parsed(), other.digest, other === first]).toEqual([2, first.digest, false]);
});

test("another text and another declaration are other plans", async () => {
  const { ask, parsed } = counted();
  const digests = [
    (await ask("one")).digest,
    (await ask("one", SQL, "11")).digest,
    (await ask("one", `${SQL} WHERE x > 1`)).digest,
  ];
  expect([parsed(), new Set(digests).size]).toEqual([3, 3]);
  // Written otherwise, planned alike: asked for the second time as a question, whatever the letters.
  expect((await ask("one", "select SUM( x ) from t")).digest).toBe(digests[0]);
});

test("what is refused is refused each time, and the oldest of many is read anew", async () => {
  const { ask, parsed } = counted();
  for (let again = 1; again <= 2; again++) {
    await expect(ask("one", "SELECT x FROM t")).rejects.toThrow();
    expect(parsed()).toBe(again);
  }
  for (let i = 0; i <= 128; i++) await ask("one", `${SQL} WHERE x > ${i}`);
  const before = parsed();
  await ask("one", `${SQL} WHERE x > 128`);
  expect(parsed()).toBe(before);
  await ask("one", `${SQL} WHERE x > 0`);
  expect(parsed()).toBe(before + 1);
});
