/**
 * Whatever is written: it ends as a named refusal, or as new SQL that holds none of its text, reads the named
 * datasets alone, and runs without an error on rows full of edges, to whole numbers within their proven range.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  answerOf,
  emitExacts,
  emitLeaves,
  type Noise,
  planOf,
  priceOf,
  quoteOf,
  termsOf,
} from "../../../src/privacy/index.js";
import { GloveboxError } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { mutated, NATIVE, supported, written } from "./statements.js";
import { openTables, TABLES, type Tables } from "./tables.js";

/** What noise does is tested elsewhere. */
const nothing = (_: unknown, count: number): bigint[] => new Array<bigint>(count).fill(0n);
const SILENT: Noise = { laplace: () => 0n, gaussian: () => 0n, laplaceMany: nothing, gaussianMany: nothing };

const REFUSALS = ["invalid_input", "query_unsupported"];
/** All that SQL of this node's own making is made of: keywords, functions that cannot fail, and its own names. */
const OWN_WORDS =
  /^(SELECT|FROM|WHERE|GROUP|BY|HAVING|AS|AND|OR|NOT|IN|IS|NULL|LIKE|ESCAPE|BETWEEN|CASE|WHEN|THEN|ELSE|END|CAST|TRY_CAST|DISTINCT|FALSE|JOIN|LEFT|ON|QUALIFY|OVER|PARTITION|ORDER|BOOLEAN|BIGINT|HUGEINT|DOUBLE|VARCHAR|DATE|TIMESTAMP|count|sum|min|max|least|greatest|any_value|coalesce|round|abs|sqrt|ln|exp|isfinite|year|quarter|month|day|hour|minute|isodow|hash|strlen|row_number|u|l|r|leaf|rows|data|data1|__unit|[cegkmvx]\d+)$/;
const HUGE = 2n ** 127n;

export function statementsSuite(count: number): void {
  const seed = testSeed();
  let tables: Tables;
  let dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "glovebox-statements-"));
    tables = await openTables(dir);
  });
  afterAll(() => {
    tables.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** @returns whether it was answered. */
  async function goThrough(sql: string): Promise<boolean> {
    let plan: Awaited<ReturnType<typeof planOf>>;
    try {
      plan = await planOf(sql, tables.serialize, TABLES);
    } catch (error) {
      if (error instanceof GloveboxError && REFUSALS.includes(error.code)) return false;
      throw error;
    }
    const pricing = priceOf(plan, termsOf("1", "1e-6"));
    quoteOf(plan, pricing);
    for (const query of [emitExacts(plan), ...plan.bisections.map((b) => emitLeaves(plan, b))]) {
      for (const quoted of query.sql.match(/'[^']*'/g) ?? []) expect(quoted).toMatch(/^'(-?\d+e-?\d+|\\)'$/);
      const words = query.sql.replaceAll(/'[^']*'/g, "").match(/[A-Za-z_]\w*/g) ?? [];
      expect(words.filter((word) => !OWN_WORDS.test(word))).toEqual([]);
    }
    const cells = await tables.cells(plan);
    for (const { exacts } of cells) for (const n of exacts) expect(n < HUGE && n > -HUGE).toBe(true);
    answerOf(plan, pricing, cells, SILENT);
    return true;
  }

  async function all(arbitrary: fc.Arbitrary<string>, runs: number): Promise<number> {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(arbitrary, async (sql) => {
        answered += (await goThrough(sql)) ? 1 : 0;
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
    return answered;
  }

  describe(`statements (seed ${seed})`, () => {
    test("of DuckDB's own, of every kind, are refused or answered", async () => {
      for (const sql of NATIVE) await goThrough(sql);
    });

    const sources = [
      { name: "from the supported grammar", arbitrary: supported, least: 0.3 },
      { name: "from a wider grammar", arbitrary: written, least: 0 },
      { name: "mutated from DuckDB's syntax", arbitrary: mutated, least: 0.01 },
    ];
    test.each(sources)(
      "$name never err in the engine, never read another table",
      async (source) => {
        const runs = Math.ceil(count / sources.length);
        const answered = await all(source.arbitrary, runs);
        console.info(`${answered} of ${runs} statements ${source.name} were answered`);
        expect(answered).toBeGreaterThanOrEqual(runs * source.least);
      },
      900_000,
    );
  });
}
