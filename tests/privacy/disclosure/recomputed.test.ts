/** Tables that the node computes itself: against a naive count of the same rows, and what is said of them. */

import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type AnswerRow,
  type Claim,
  claimFromWritten,
  columnsOf,
  defaultPolicy,
  factsOf,
  judgeFacts,
  keepsRow,
  layoutOf,
  planTable,
  questionOf,
  requireRecomputed,
  type TableFacts,
  verdictOf,
  type WrittenClaim,
  withUnits,
  writtenClaim,
} from "../../../src/privacy/index.js";
import { testSeed } from "../../harness/seed.js";

const COLUMNS = columnsOf([
  { name: "sex", type: "text", nullable: false, categories: ["M", "F", "X"] },
  { name: "flc.grp", type: "integer", nullable: true },
  { name: "Age", type: "integer", nullable: false },
  { name: 'k"; DROP TABLE data; --', type: "decimal", nullable: true },
  { name: "born", type: "date", nullable: true },
  { name: "dead", type: "boolean", nullable: false },
]);
const KAPPA = 'k"; DROP TABLE data; --';
const STORED = new Map([...COLUMNS.keys()].map((name, i) => [name, `c${i}`]));
const TYPES = ["VARCHAR", "BIGINT", "BIGINT", "DOUBLE", "DATE", "BOOLEAN"];

interface Row {
  unit: number;
  values: [string, bigint | null, bigint, number | null, string | null, boolean];
}

const seed = testSeed();
let state = seed;
const random = (n: number) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const ROWS: Row[] = Array.from({ length: 900 }, (_, i) => ({
  // Every third unit has two rows.
  unit: i % 3 === 1 ? i - 1 : i,
  values: [
    ["F", "M"][random(2)]!,
    random(12) === 0 ? null : BigInt(random(3)),
    BigInt(40 + random(50)),
    random(15) === 0 ? null : random(1000) / 7,
    random(10) === 0 ? null : `19${String(10 + random(80))}-0${1 + random(9)}-1${random(9)}`,
    random(3) === 0,
  ],
}));

let connection: DuckDBConnection;
beforeAll(async () => {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  connection = await instance.connect();
  const types = TYPES.map((type, i) => `c${i} ${type}`).join(", ");
  await connection.run(`CREATE TABLE data (${types}, __unit BIGINT)`);
  const literal = (v: unknown) => (v === null ? "NULL" : typeof v === "string" ? `'${v}'` : String(v));
  const rows = ROWS.map((r) => `(${[...r.values, r.unit].map(literal).join(", ")})`);
  await connection.run(`INSERT INTO data VALUES ${rows.join(", ")}`);
});
afterAll(() => connection.closeSync());

const claimOf = (written: object): Claim => {
  const parsed: WrittenClaim = writtenClaim.parse(written);
  const claim = claimFromWritten(parsed, "study", COLUMNS, "claim");
  return { ...claim, statistic: withUnits(requireRecomputed(claim.statistic, "claim")) };
};

async function recompute(
  written: object,
  digits?: number,
): Promise<{ facts: TableFacts; text: string; claim: Claim }> {
  const claim = claimOf(written);
  const statistic = requireRecomputed(claim.statistic, "claim");
  const plan = planTable(statistic, COLUMNS);
  const { sql, parameters } = questionOf(plan, COLUMNS, STORED);
  const reader = await connection.runAndReadAll(sql, parameters);
  const policy = { ...defaultPolicy(3), ...(digits === undefined ? {} : { significant_digits: digits }) };
  const facts = factsOf(plan, reader.getRowsJson() as AnswerRow[], policy);
  const { canonical } = judgeFacts(facts, layoutOf(claim.statistic), policy);
  return { facts, text: canonical!.toString("utf8"), claim };
}

const lines = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
const judged = (facts: TableFacts, down: number) => judgeFacts(facts, { down }, defaultPolicy(3));
const asRow = (r: Row) =>
  Object.fromEntries([...COLUMNS.keys()].map((name, i) => [name, name === "born" ? null : r.values[i]!]));
const unitsOf = (rows: readonly Row[]) => new Set(rows.map((r) => r.unit)).size;

describe(`tables recomputed over random rows (seed ${seed})`, () => {
  test("counts are of distinct units, declared categories all show, others as found, totals of everything", async () => {
    const { text } = await recompute({ kind: "table", rows: ["flc.grp"], columns: ["sex"], margins: true });
    const [header, ...rows] = lines(text);
    expect(header).toEqual(["flc.grp", "M", "F", "X", "Total"]);
    expect(rows.map((r) => r[0])).toEqual(["0", "1", "2", "Total"]);
    const known = ROWS.filter((r) => r.values[1] !== null);
    for (const [i, group] of ["0", "1", "2", "Total"].entries()) {
      const inGroup = known.filter((r) => group === "Total" || String(r.values[1]) === group);
      const counts = ["M", "F", "X"].map((sex) => unitsOf(inGroup.filter((r) => r.values[0] === sex)));
      expect(rows[i]).toEqual([group, ...[...counts, unitsOf(inGroup)].map(String)]);
    }
  });

  test("missing values to group by are left out, or are a group that shows wherever the schema allows it", async () => {
    const dropped = await recompute({ kind: "table", rows: ["flc.grp"] });
    expect(dropped.facts.dimensions[0]!.levels).toEqual(["0", "1", "2"]);
    const grouped = await recompute({ kind: "table", rows: ["flc.grp"], missing: "group" });
    expect(grouped.facts.dimensions[0]!.levels).toEqual(["0", "1", "2", "(missing)"]);
    const nobody = await recompute({ kind: "table", rows: ["flc.grp"], missing: "group", where: "Age < 0" });
    expect(nobody.facts.dimensions[0]!.levels).toEqual(["(missing)"]);
    expect(nobody.facts.cells.map((c) => c.value)).toEqual(["0"]);
  });

  test("sums, means, spreads and extremes are those of a naive computation, to the policy's digits", async () => {
    const agg = ["count", "sum", "mean", "std", "var", "median", "min", "max"];
    const { facts } = await recompute({ kind: "table", rows: ["sex"], values: `\`${KAPPA}\``, agg });
    const sexes = facts.dimensions[0]!.levels;
    for (const [i, sex] of sexes.entries()) {
      const inGroup = ROWS.filter((r) => r.values[0] === sex && r.values[3] !== null);
      const values = inGroup.map((r) => r.values[3]!).sort((a, b) => a - b);
      const of = (m: number) => facts.cells[i * facts.measures.length + m]!;
      expect(Number(of(1).value)).toBe(values.length);
      if (values.length === 0) {
        expect(facts.measures.slice(2).map((_, m) => of(m + 2).value)).toEqual(Array(7).fill(null));
        continue;
      }
      const sum = values.reduce((a, b) => a + b, 0);
      const mean = sum / values.length;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1);
      const middle =
        (values[Math.floor((values.length - 1) / 2)]! + values[Math.ceil((values.length - 1) / 2)]!) / 2;
      const expected = [sum, mean, Math.sqrt(variance), variance, middle, values[0]!, values.at(-1)!];
      expected.forEach((value, m) => {
        expect(Number(of(m + 2).value) / value).toBeCloseTo(1, 6);
        expect(of(m + 2).units).toBe(unitsOf(inGroup));
      });
    }
  });

  test("whole columns are averaged exactly and rounded once, half to even", async () => {
    const { facts } = await recompute({ kind: "table", values: "Age", agg: ["sum", "mean"] }, 4);
    const sum = ROWS.reduce((n, r) => n + Number(r.values[2]), 0);
    const [, total, mean] = facts.cells;
    expect(total!.value).toBe(String(Number(sum.toPrecision(4))));
    expect(Number(mean!.value)).toBe(Number((sum / ROWS.length).toPrecision(4)));
  });

  test("a condition keeps the rows that its evaluator keeps", async () => {
    for (const where of ["Age >= 60 and sex == 'F'", "not (`flc.grp` > 1)", "dead or `flc.grp`.isnull()"]) {
      const { facts, claim } = await recompute({ kind: "table", where });
      const filter = (claim.statistic as { where: Parameters<typeof keepsRow>[0] }).where;
      const kept = ROWS.filter((r) => keepsRow(filter, asRow(r)));
      expect(facts.cells[0]!.value).toBe(String(unitsOf(kept)));
    }
  });

  test("a histogram shows all its bins, with their ends", async () => {
    const { text, facts } = await recompute({
      kind: "histogram",
      value: "Age",
      edges: [40, 60, 80, 90, 200],
    });
    expect(facts.dimensions[0]!.levels).toEqual(["[40, 60)", "[60, 80)", "[80, 90)", "[90, 200]"]);
    const inBin = (low: number, high: number) =>
      unitsOf(ROWS.filter((r) => Number(r.values[2]) >= low && Number(r.values[2]) < high));
    expect(facts.cells.map((c) => Number(c.value))).toEqual([inBin(40, 60), inBin(60, 80), inBin(80, 90), 0]);
    expect(text.startsWith('Age,units\n"[40, 60)",')).toBe(true);
  });

  test("the same claim gives the same bytes, also from rows in another order and with more threads", async () => {
    const written = { kind: "summary", values: [`\`${KAPPA}\``, "Age"], by: ["sex"] };
    const first = await recompute(written);
    await connection.run("SET threads=1");
    await connection.run("CREATE TABLE turned AS SELECT * FROM data ORDER BY random()");
    await connection.run("ALTER TABLE data RENAME TO straight");
    await connection.run("ALTER TABLE turned RENAME TO data");
    const second = await recompute(written);
    await connection.run("DROP TABLE data");
    await connection.run("ALTER TABLE straight RENAME TO data");
    await connection.run("SET threads=2");
    expect(second.text).toBe(first.text);
  });
});

describe("what reaches the engine", () => {
  test("no name and no literal of a claim is in the SQL's text", () => {
    const claim = claimOf({
      kind: "table",
      rows: ["sex", `\`${KAPPA}\` > 3`],
      values: `\`${KAPPA}\``,
      agg: "mean",
      where: `sex == "x'; DROP TABLE data; --"`,
    });
    const plan = planTable(requireRecomputed(claim.statistic, "claim"), COLUMNS);
    const { sql, parameters } = questionOf(plan, COLUMNS, STORED);
    expect(sql).not.toMatch(/DROP|sex|flc|'/);
    expect(sql).toMatch(/^WITH picked AS NOT MATERIALIZED \(SELECT __unit AS u, /);
    expect(parameters).toContain("x'; DROP TABLE data; --");
  });

  test.each([
    "sex == 'F'; DROP TABLE data",
    "sex == 'F' -- all",
    "read_csv('/etc/passwd') == 1",
    "__unit == 3",
    "c0 == 'F'",
    "(select 1) == 1",
    "error('x') == 1",
    'sex == "F" union select 1',
    "__import__('os').system('id') == 0",
    "Age in [x for x in [1]]",
    "age >= 60",
  ])("a condition that is none, or names what is not there, is refused: %s", (where) => {
    expect(() => claimOf({ kind: "table", where })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/invalid_input|query_unsupported/) }),
    );
  });

  test("a column that the View does not show cannot be written, however the claim came", () => {
    const claim = claimOf({ kind: "table", rows: ["sex"] });
    const plan = planTable(requireRecomputed(claim.statistic, "claim"), COLUMNS);
    const shown = new Map([...STORED].filter(([name]) => name !== "sex"));
    expect(() => questionOf(plan, COLUMNS, shown)).toThrow(RangeError);
  });

  test("an expression is no column: its operands are looked up one by one", () => {
    expect(() => claimOf({ kind: "table", rows: ["Age + `no such`"] })).toThrow(/no such/);
  });

  test("kinds that are not recomputed are said to be so", () => {
    const survival = { kind: "survival", time: { op: "column", name: "Age" } } as never;
    expect(() => requireRecomputed(survival, "claims")).toThrow(
      /survival is not recomputed by this version; it recomputes table, histogram, summary/,
    );
  });
});

const cell = (at: number[], units: number, measure = 0, value: string | null = String(units)) => ({
  at,
  measure,
  value,
  units,
});
const facts = (over: Partial<TableFacts>): TableFacts => ({
  format: 1,
  stated_by: "node",
  filter: null,
  dimensions: [{ name: "sex", levels: ["F", "M"] }],
  measures: [{ name: "units", statistic: "units" }],
  cells: [cell([0], 40), cell([1], 60)],
  ...over,
});

describe("what is said of a recomputed table", () => {
  test("counts on enough units pass", () => {
    const { findings } = judged(facts({}), 1);
    expect(verdictOf(findings)).toBe("pass");
  });

  test.each([1, 9])("a cell on %i units fails, and is named as the table shows it", (units) => {
    const { findings } = judged(facts({ cells: [cell([0], units), cell([1], 60)] }), 1);
    expect(findings[0]).toMatchObject({ rule: "threshold", verdict: "fail", cells: [["F", "units"]] });
  });

  test("a count of those with a value, few short of the cell's units, fails: the difference tells", () => {
    const measures = [
      { name: "units", statistic: "units" as const },
      { name: "count kappa", statistic: "count" as const, of: "kappa" },
    ];
    const cells = [cell([0], 40), cell([0], 39, 1), cell([1], 60), cell([1], 45, 1)];
    const { findings } = judged(facts({ measures, cells }), 1);
    expect(findings[0]).toMatchObject({ rule: "threshold", verdict: "fail", cells: [["F", "count kappa"]] });
  });

  test("a line in which all units fall into one cell fails", () => {
    const dimensions = [
      { name: "sex", levels: ["F", "M"] },
      { name: "dead", levels: ["false", "true"] },
    ];
    const cells = [cell([0, 0], 30), cell([0, 1], 40), cell([1, 0], 0), cell([1, 1], 50)];
    const { findings } = judged(facts({ dimensions, cells }), 1);
    expect(findings).toContainEqual(
      expect.objectContaining({
        rule: "class_disclosure",
        verdict: "fail",
        cells: expect.arrayContaining([["M", "true"]]),
      }),
    );
  });

  test("anything but counts goes to people", () => {
    for (const statistic of ["sum", "mean", "std", "var", "median", "min", "max"] as const) {
      const measures = [
        { name: "units", statistic: "units" as const },
        { name: "x", statistic },
      ];
      const cells = [cell([0], 40), cell([0], 40, 1), cell([1], 60), cell([1], 60, 1)];
      expect(verdictOf(judged(facts({ measures, cells }), 1).findings)).toBe("review");
    }
  });

  test("a label that a spreadsheet would run, or that hides characters, is told", () => {
    const dimensions = [{ name: "sex", levels: ["=HYPERLINK(1)", "M\u202e"] }];
    const { findings, canonical } = judged(facts({ dimensions }), 1);
    expect(findings.map((f) => f.rule)).toEqual(expect.arrayContaining(["formula", "invisible_text"]));
    expect(canonical!.toString("utf8")).not.toContain("\u202e");
  });
});
