/** Sums of decimals by one pass in any order, or in order where that could show another number. */
import { afterAll, expect, test } from "@jest/globals";
import {
  type AnswerRow,
  askTable,
  claimFromWritten,
  columnsOf,
  defaultPolicy,
  planTable,
  requireRecomputed,
  type TableFacts,
  withUnits,
  writtenClaim,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";
import { type MadeColumn, OverRows } from "./over-rows.js";

const COLUMNS: MadeColumn[] = [
  { name: "g", type: "text", nullable: false, categories: ["a", "b"] },
  { name: "x", type: "decimal", nullable: true },
];
const STORED = new Map([
  ["g", "c0"],
  ["x", "c1"],
]);
const opened: OverRows[] = [];
afterAll(() => {
  for (const one of opened) one.close();
});

/** The table, and whether each question asked for order. */
async function ask(
  values: readonly (number | null)[],
  digits = 8,
): Promise<{ facts: TableFacts; asked: boolean[] }> {
  const rows = values.map((x, unit) => ({ unit, values: ["ab"[unit % 2]!, x] }));
  const over = await OverRows.of(COLUMNS, rows);
  opened.push(over);
  const columns = columnsOf([...COLUMNS]);
  const claim = claimFromWritten(
    writtenClaim.parse({ kind: "table", rows: ["g"], values: "x", agg: ["sum", "mean"] }),
    "study",
    columns,
    "claim",
  );
  const asked: boolean[] = [];
  const facts = await askTable({
    plan: planTable(withUnits(requireRecomputed(claim.statistic, "claim")), columns),
    columns,
    policy: { ...defaultPolicy(3), significant_digits: digits },
    oneRowPerUnit: true,
    async ask(question) {
      const { sql, parameters } = question(STORED);
      asked.push(sql.includes("ORDER BY"));
      return (await over.connection.runAndReadAll(sql, parameters)).getRowsJson() as AnswerRow[];
    },
  });
  return { facts, asked };
}

const shown = ({ cells, measures }: TableFacts) =>
  cells.filter(({ measure }) => measures[measure]!.statistic !== "units").map(({ value }) => value);

test("a sum that could be shown otherwise is taken in order; any other by one question", async () => {
  // a: 0.5 + 0.50000005 is halfway between two numbers of eight digits.
  const doubtful = await ask([0.5, 3, 0.50000005, 4]);
  expect(doubtful.asked).toEqual([false, true]);
  expect(["1", "1.0000001"]).toContain(shown(doubtful.facts)[0]);
  const clear = await ask([0.5, 3, 0.5000001, 4]);
  expect(clear.asked).toEqual([false]);
  expect(shown(clear.facts)).toEqual(["1.0000001", "0.50000005", "7", "3.5"]);
  expect((await ask([0.5, 3, 0.25, 4], 15)).asked).toEqual([true]);
});

test("what is shown is what the sum in order shows, over random decimals of any size and sign", async () => {
  let state = testSeed();
  const random = () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  for (const size of [1, 1e-9, 1e12]) {
    const values = Array.from({ length: 4000 }, () =>
      random() < 0.1 ? null : (random() - 0.3) * size * 10 ** (6 * random()),
    );
    const quick = await ask(values);
    const inOrder = await ask(values, 12);
    expect(inOrder.asked).toEqual([true]);
    for (const [i, value] of shown(quick.facts).entries())
      expect(Number(value)).toBe(Number(Number(shown(inOrder.facts)[i]).toPrecision(8)));
  }
});
