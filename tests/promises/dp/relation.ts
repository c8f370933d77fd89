/**
 * What attacks on noisy SQL are tried on: rows written in the test, in a DuckDB of its own, asked by the product's own
 * way from SQL to exact cells. A second set of rows over the same declaration makes the neighbour.
 */
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
} from "../../../src/privacy/index.js";

type Value = string | number | bigint | boolean | null;
/** The unit's ordinal, then the columns in their declared order. */
export type UnitRow = readonly [unit: number, ...values: Value[]];

const SQL_TYPES: Record<string, string> = {
  text: "VARCHAR",
  integer: "BIGINT",
  decimal: "DOUBLE",
  boolean: "BOOLEAN",
  date: "DATE",
  timestamp: "TIMESTAMP",
};

export interface Relation {
  plan(sql: string): Promise<Plan>;
  cells(plan: Plan): Promise<Cell[]>;
  /** Any statement of the test's own. */
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

const written = (value: Value): string =>
  value === null
    ? "NULL"
    : typeof value === "string"
      ? `'${value.replaceAll("'", "''")}'`
      : Object.is(value, -0)
        ? "-0.0"
        : String(value);

async function fill(
  connection: DuckDBConnection,
  view: string,
  table: DeclaredTable,
  rows: readonly UnitRow[],
): Promise<void> {
  const columns = table.columns.map(({ at, type }) => `c${at} ${SQL_TYPES[type]}`);
  await connection.run(`CREATE TABLE ${view} (${columns.join(", ")}, __unit BIGINT)`);
  for (let from = 0; from < rows.length; from += 1000) {
    const list = rows
      .slice(from, from + 1000)
      .map(([unit, ...values]) => `(${values.map(written).join(", ")}, ${unit})`);
    await connection.run(`INSERT INTO ${view} VALUES ${list.join(", ")}`);
  }
}

/** @param content one list of rows a table; the first table is the one that statements name first */
export async function openRelation(
  tables: readonly DeclaredTable[],
  content: readonly (readonly UnitRow[])[],
  threads = 1,
): Promise<Relation> {
  const instance = await DuckDBInstance.create(":memory:", { threads: String(threads) });
  const connection = await instance.connect();
  for (const [i, table] of tables.entries())
    await fill(connection, i === 0 ? "data" : `data${i}`, table, content[i] ?? []);
  const ask = async ({ sql, parameters }: EmittedQuery): Promise<EngineRow[]> => {
    const statement = await connection.prepare(sql);
    try {
      statement.bind(parameters as DuckDBValue[]);
      return (await statement.runAndReadAll()).getRowsJson();
    } finally {
      statement.destroySync();
    }
  };
  const serialize = async (sql: string): Promise<string> => {
    const reader = await connection.runAndReadAll("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", [sql]);
    return String(reader.getRows()[0]?.[0]);
  };
  return {
    plan: (sql) => planOf(sql, serialize, tables),
    async cells(plan) {
      const rows = plan.exacts.length > 0 ? await ask(emitExacts(plan)) : [];
      const leaves: EngineRow[][] = [];
      for (const bisection of plan.bisections) leaves.push(await ask(emitLeaves(plan, bisection)));
      return cellsOf(plan, rows, leaves);
    },
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowsJson(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
