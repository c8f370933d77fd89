/** Small datasets full of edges, declared more narrowly than their data, and a DuckDB over them as an engine opens them. */
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import { mustReadOnly } from "../../../src/catalog/engine/process/plan.js";
import {
  type Cell,
  cellsOf,
  type DeclaredTable,
  type EmittedQuery,
  type EngineRow,
  emitExacts,
  emitLeaves,
  type Plan,
} from "../../../src/privacy/index.js";

export const TABLES: DeclaredTable[] = [
  {
    name: "people",
    unit: "id",
    maxRows: 3,
    columns: [
      { name: "id", type: "text", nullable: false, at: 0 },
      { name: "age", type: "integer", nullable: false, at: 1, bounds: ["0", "120"] },
      { name: "big", type: "integer", nullable: true, at: 2 },
      { name: "x", type: "decimal", nullable: true, at: 3, bounds: ["-2.5", "1e3"] },
      { name: "sex", type: "text", nullable: true, at: 4, categories: ["F", "M", "it's"] },
      { name: "town", type: "text", nullable: true, at: 5 },
      { name: "dead", type: "boolean", nullable: false, at: 6 },
      { name: "born", type: "date", nullable: true, at: 7, bounds: ["1900-01-01", "2020-12-31"] },
      { name: "seen", type: "timestamp", nullable: true, at: 8 },
      { name: "wide", type: "integer", nullable: true, at: 9, bounds: ["-4e18", "4e18"] },
    ],
  },
  {
    name: "visits",
    unit: "person",
    maxRows: 5,
    columns: [
      { name: "person", type: "text", nullable: false, at: 0 },
      { name: "cost", type: "decimal", nullable: true, at: 1, bounds: ["0", "99.5"] },
      { name: "kind", type: "integer", nullable: false, at: 2, bounds: ["1", "4"] },
    ],
  },
];

/** Another that no query may read. */
export const FORBIDDEN = "secret";

const PEOPLE = `VALUES
  ('a', 60, 9223372036854775807, 1.5, 'F', 'Wuhan', true, DATE '1950-05-01', TIMESTAMP '2020-01-01 10:00:00', 4000000000000000000, 0),
  ('a', 61, -9223372036854775808, 1.7976931348623157e308, 'M', 'Wuhan', false, DATE '0001-01-01', NULL, -4000000000000000000, 0),
  ('b', -5, 0, -1.7976931348623157e308, 'other', '', false, DATE '9999-12-31', TIMESTAMP '0001-01-01 00:00:00', 9223372036854775807, 1),
  ('c', 200, NULL, 5e-324, NULL, NULL, true, NULL, TIMESTAMP '9999-12-31 23:59:59.999999', NULL, 2),
  ('d', 33, 1, -0.0, 'it''s', repeat('x', 5000), false, DATE '1980-02-29', NULL, 0, 3)`;
const VISITS = `VALUES ('a', 10.5, 1, 0), ('a', 1e308, 9, 0), ('b', NULL, 2, 1), ('z', -3.0, 4, 2)`;

export interface Tables {
  serialize(sql: string): Promise<string>;
  /** As an engine: the plan is held against what may be read, then it runs. */
  run(plan: Plan, query: EmittedQuery): Promise<EngineRow[]>;
  cells(plan: Plan): Promise<Cell[]>;
  /** The rows of one unit are gone from all datasets; undefined brings them back. */
  without(unit: string | undefined): void;
  execute(sql: string): Promise<void>;
  close(): void;
}

const viewsOf = (plan: Plan): string[] => plan.tables.map((_, i) => (i === 0 ? "data" : `data${i}`));

async function openViews(connection: DuckDBConnection, plan: Plan, gone: string | undefined): Promise<void> {
  for (const [i, name] of plan.tables.entries())
    await connection.run(
      `CREATE OR REPLACE VIEW ${viewsOf(plan)[i]} AS SELECT * FROM read_parquet('${file(name)}')${
        gone === undefined ? "" : ` WHERE c0 <> '${gone}'`
      }`,
    );
}

let folder = "";
const file = (name: string): string => `${folder}/${name}.parquet`;

export async function openTables(dir: string): Promise<Tables> {
  folder = dir;
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const columns = (n: number): string => Array.from({ length: n }, (_, i) => `c${i}`).join(", ");
  await connection.run(
    `COPY (SELECT * FROM (${PEOPLE}) AS t(${columns(10)}, __unit)) TO '${file("people")}'`,
  );
  await connection.run(`COPY (SELECT * FROM (${VISITS}) AS t(${columns(3)}, __unit)) TO '${file("visits")}'`);
  await connection.run(`CREATE TABLE ${FORBIDDEN} AS SELECT 1 AS id, 1 AS age`);
  let gone: string | undefined;
  const run = async (plan: Plan, { sql, parameters }: EmittedQuery): Promise<EngineRow[]> => {
    await openViews(connection, plan, gone);
    await mustReadOnly(connection, sql, parameters, viewsOf(plan));
    const statement = await connection.prepare(sql);
    try {
      statement.bind(parameters as DuckDBValue[]);
      return (await statement.runAndReadAll()).getRowsJson();
    } finally {
      statement.destroySync();
    }
  };
  return {
    run,
    async serialize(sql) {
      const reader = await connection.runAndReadAll("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", [sql]);
      return String(reader.getRows()[0]?.[0]);
    },
    async cells(plan) {
      const rows = plan.exacts.length > 0 ? await run(plan, emitExacts(plan)) : [];
      const leaves: EngineRow[][] = [];
      for (const bisection of plan.bisections) leaves.push(await run(plan, emitLeaves(plan, bisection)));
      return cellsOf(plan, rows, leaves);
    },
    without(unit) {
      gone = unit;
    },
    async execute(sql) {
      await connection.run(sql);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
