/** Answers with noise over HTTP as Arrow IPC streams: the numbers of the JSON, typed. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Table, tableFromIPC } from "apache-arrow";
import { arrowStream } from "../../src/api/arrow.js";
import type { QueryAnswer } from "../../src/catalog/index.js";
import { give } from "../catalog/fixture.js";
import { type QueryFixture, queryFixture } from "../catalog/queries/fixture.js";
import { type Answer, call } from "../harness/http.js";
import { type ApiFixture, apiFixture } from "./fixture.js";

const ARROW = "application/vnd.apache.arrow.stream";

let q: QueryFixture;
let api: ApiFixture;
let token: string;
beforeAll(async () => {
  q = await queryFixture();
  api = await apiFixture({ catalog: q.catalog });
  ({ token } = q.catalog.principals.add(q.admin, { name: "reader-of-arrow", roles: ["researcher"] }));
  give(q, "flchain", { access: "query", principal: "reader-of-arrow", rho: "20", delta: "1e-5" });
});
afterAll(async () => {
  await api.end();
  await q.stop();
});

const ask = (body: object, accept?: string): Promise<Answer> =>
  call(api.url, "POST", "/api/v1/query", {
    token,
    body: { datasets: ["flchain"], epsilon: "1", ...body },
    headers: accept === undefined ? {} : { accept },
  });

const metadata = (table: Table): Record<string, unknown> =>
  Object.fromEntries(
    [...table.schema.metadata].map(([name, text]) => [
      name.replace("glovebox.", ""),
      name === "glovebox.mechanism" ? text : JSON.parse(text),
    ]),
  );

/** The cells of the fields that are answers, or of those that are one end of intervals. */
function cells(table: Table, end?: "low" | "high"): unknown[][] {
  const chosen = table.schema.fields.flatMap((field, i) =>
    field.metadata.get("glovebox.interval") === end ? [i] : [],
  );
  return Array.from({ length: table.numRows }, (_, row) =>
    chosen.map((at) => {
      const value: unknown = table.getChildAt(at)?.get(row);
      return typeof value === "bigint" ? Number(value) : value;
    }),
  );
}

const everything = async (answer: QueryAnswer): Promise<Table> =>
  tableFromIPC(Buffer.concat(await arrowStream(answer).toArray()));

describe("an answer as an Arrow stream", () => {
  const sql =
    'SELECT sex, "flc.grp" AS g, count(*) AS n, avg(kappa) AS k FROM flchain GROUP BY 1, 2 ORDER BY 1, 2';

  test("is the JSON answer, its intervals beside, its charge in the metadata", async () => {
    const streamed = await ask({ sql }, ARROW);
    expect([streamed.status, streamed.headers.get("content-type")]).toEqual([200, ARROW]);
    const plain = await ask({ sql });
    expect(plain.headers.get("content-type")).toBe("application/json");
    const { columns, rows, intervals, ...rest } = plain.json as QueryAnswer;
    const table = tableFromIPC(streamed.bytes);
    expect(table.schema.fields.map((f) => `${f.name}: ${f.type}`)).toEqual([
      "sex: Utf8",
      "g: Int64",
      "g.low: Float64",
      "g.high: Float64",
      "n: Int64",
      "n.low: Float64",
      "n.high: Float64",
      "k: Float64",
      "k.low: Float64",
      "k.high: Float64",
    ]);
    expect(cells(table)).toEqual(rows);
    for (const [i, end] of (["low", "high"] as const).entries())
      expect(cells(table, end)).toEqual(
        intervals.map((row) => row.slice(1).map((interval) => interval?.[i] ?? null)),
      );
    expect(metadata(table)).toEqual({ ...rest, repeated: false });
    expect(table.getChild("k") && table.schema.fields[7]?.metadata.get("glovebox.bounds")).toBe("[0,30]");
    expect(columns.map(({ type }) => type)).toEqual(
      table.schema.fields.flatMap((f) => f.metadata.get("glovebox.type") ?? []),
    );
  });

  test("asked again is the same bytes but for its being a repetition", async () => {
    const [one, two] = [await ask({ sql }, ARROW), await ask({ sql }, ARROW)];
    expect(one.bytes.equals(two.bytes)).toBe(true);
    expect(metadata(tableFromIPC(one.bytes)).repeated).toBe(true);
  });

  test("without rows tells its fields", async () => {
    const none = "SELECT sex, count(*) AS n FROM flchain GROUP BY sex HAVING n > 1000000";
    const table = tableFromIPC((await ask({ sql: none }, ARROW)).bytes);
    expect([table.numRows, table.schema.names]).toEqual([0, ["sex", "n", "n.low", "n.high"]]);
  });

  test("is sent only to who prefers it; quotes and problems are JSON", async () => {
    const both = await ask({ sql }, `application/json, ${ARROW};q=0.5`);
    expect(both.headers.get("content-type")).toBe("application/json");
    const quote = await ask({ sql, quote: true }, ARROW);
    expect([quote.status, quote.headers.get("content-type")]).toEqual([200, "application/json"]);
    const refused = await ask({ sql: "SELECT kappa FROM flchain" }, ARROW);
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(refused.json.code).toBe("query_unsupported");
    const broke = await ask({ sql: "SELECT sum(age) FROM flchain", epsilon: "100" }, ARROW);
    expect([broke.status, broke.json.code]).toEqual([403, "budget_exhausted"]);
  });

  test("types dates, timestamps, flags and missing values, in as many batches as it needs", async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [
      "2024-02-29",
      "2024-02-29 23:59:59.000001",
      i % 2 === 0,
      i === 7 ? null : -i,
    ]);
    const table = await everything({
      columns: [
        { name: "d", type: "date" },
        { name: "t", type: "timestamp" },
        { name: "b", type: "boolean" },
        { name: "n", type: "integer" },
      ],
      rows,
      intervals: rows.map(() => [null, null, null, [-1, 1]]),
      mechanism: "laplace",
      charge: { id: "chg_x", rho: "1", delta: "0" },
      ledger_index: 5,
      repeated: false,
      left: { rho: "1", delta: "0" },
    });
    expect(table.batches.length).toBe(3);
    expect(String(table.schema.fields[0]?.type)).toBe("Date32<DAY>");
    expect(table.getChild("d")?.get(0)).toBe(Date.UTC(2024, 1, 29));
    // Microseconds are kept, which the library shows as milliseconds.
    expect(table.getChild("t")?.data[0]?.values[0]).toBe(1_709_251_199_000_001n);
    expect(table.getChild("b")?.get(19_999)).toBe(false);
    expect([table.getChild("n")?.get(7), table.getChild("n")?.get(8)]).toEqual([null, -8n]);
  });

  test("holds numbers that noise carries beyond 64 bits as doubles", async () => {
    const table = await everything({
      columns: [{ name: "s", type: "integer" }],
      rows: [["-9223372036854775809"], ["9007199254740993"]],
      intervals: [[null], [null]],
      mechanism: "gaussian",
      charge: { id: "chg_x", rho: "1", delta: "0" },
      ledger_index: 5,
      repeated: false,
      left: { rho: "1", delta: "0" },
    });
    expect(table.getChild("s")?.toArray()).toEqual(new Float64Array([-(2 ** 63), 2 ** 53]));
  });
});
