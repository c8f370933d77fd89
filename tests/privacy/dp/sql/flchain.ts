/** flchain in a DuckDB of the test's own, with what an owner would declare; exact cells of a query are made once. */
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from "@duckdb/node-api";
import {
  type Cell,
  cellsOf,
  type DeclaredTable,
  type EmittedQuery,
  type EngineRow,
  emitExacts,
  emitLeaves,
  type Plan,
  planOf,
} from "../../../../src/privacy/index.js";
import { packageRoot } from "../../../../src/store/index.js";

export const FLCHAIN: DeclaredTable = {
  name: "flchain",
  unit: "id",
  maxRows: 1,
  columns: [
    { name: "id", type: "text", nullable: false, at: 0 },
    { name: "age", type: "integer", nullable: false, at: 1, bounds: ["50", "101"] },
    { name: "sex", type: "text", nullable: false, at: 2, categories: ["F", "M"] },
    { name: "kappa", type: "decimal", nullable: false, at: 4, bounds: ["0", "30"] },
    { name: "creatinine", type: "decimal", nullable: true, at: 7, bounds: ["0", "15"] },
    { name: "death", type: "integer", nullable: false, at: 10, bounds: ["0", "1"] },
    { name: "chapter", type: "text", nullable: true, at: 11 },
  ],
};

export interface Flchain {
  plan(sql: string): Promise<Plan>;
  cells(plan: Plan): Promise<Cell[]>;
  /** Any other statement, for the truth. */
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

async function ask(connection: DuckDBConnection, { sql, parameters }: EmittedQuery): Promise<EngineRow[]> {
  const statement = await connection.prepare(sql);
  try {
    statement.bind(parameters as DuckDBValue[]);
    return (await statement.runAndReadAll()).getRowsJson();
  } finally {
    statement.destroySync();
  }
}

/** @param where which rows there are; all unless told */
export async function openFlchain(where = "true"): Promise<Flchain> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  const file = join(packageRoot(), "examples", "data", "flchain.csv");
  const types = "{'creatinine': 'DOUBLE'}";
  await connection.run(
    `CREATE TABLE t AS SELECT * FROM read_csv('${file}', nullstr=['NA', ''], types=${types}) WHERE ${where}`,
  );
  const columns = (await connection.runAndReadAll("DESCRIBE t")).getRows();
  const list = columns.map(([name], i) => `"${String(name)}" AS c${i}`).join(", ");
  await connection.run(
    `CREATE TABLE data AS SELECT ${list}, (row_number() OVER ())::BIGINT AS __unit FROM t`,
  );
  const serialize = async (sql: string): Promise<string> => {
    const reader = await connection.runAndReadAll("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", [sql]);
    return String(reader.getRows()[0]?.[0]);
  };
  return {
    plan: (sql) => planOf(sql, serialize, [FLCHAIN]),
    async cells(plan) {
      const rows = plan.exacts.length > 0 ? await ask(connection, emitExacts(plan)) : [];
      const leaves: EngineRow[][] = [];
      for (const b of plan.bisections) leaves.push(await ask(connection, emitLeaves(plan, b)));
      return cellsOf(plan, rows, leaves);
    },
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
