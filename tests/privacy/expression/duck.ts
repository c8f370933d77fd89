/** DuckDB over rows of the tests: tables made from values, and what emitted SQL says of each row. */
import {
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBInstance,
  DuckDBTimestampValue,
  type DuckDBValue,
} from "@duckdb/node-api";
import {
  type ExpressionColumns as Columns,
  type EmittedSql as Emitted,
  formatValue,
  quoteIdentifier,
  type ExpressionRow as Row,
  SQL_TYPES,
  type ExpressionValue as Value,
} from "../../../src/privacy/expression/index.js";

export interface Duck {
  load(table: string, columns: Columns, rows: readonly Row[]): Promise<void>;
  /** The value of each expression on each row, in the order of the rows; they share their parameters' numbers. */
  values(table: string, expressions: readonly Emitted[]): Promise<Value[][]>;
  serialize(sql: string): Promise<string>;
  close(): void;
}

const asText = (type: Parameters<typeof formatValue>[0], value: Value | undefined): string | null =>
  value === null || value === undefined ? null : formatValue(type, value);

function plain(value: DuckDBValue): Value {
  if (value === null || typeof value === "boolean" || typeof value === "bigint") return value;
  if (typeof value === "number" || typeof value === "string") return value;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimestampValue) return value.micros;
  throw new TypeError("a value of a type that no expression has");
}

async function load(connection: DuckDBConnection, table: string, columns: Columns, rows: readonly Row[]) {
  const list = [...columns.values()];
  const types = list.map(({ name, type }) => `${quoteIdentifier(name)} ${SQL_TYPES[type]}`);
  await connection.run(`CREATE OR REPLACE TABLE ${table} (row BIGINT, ${types.join(", ")})`);
  for (const [i, row] of rows.entries()) {
    const given = list.map(({ name, type }) => asText(type, row[name]));
    const casts = list.map(({ type }, j) => `CAST($${j + 1} AS ${SQL_TYPES[type]})`);
    await connection.run(`INSERT INTO ${table} VALUES (${i}, ${casts.join(", ")})`, given);
  }
}

export async function openDuck(): Promise<Duck> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  return {
    load: (table, columns, rows) => load(connection, table, columns, rows),
    async values(table, expressions) {
      const select = expressions.map(({ sql }, i) => `${sql} AS v${i}`).join(", ");
      const parameters = expressions.flatMap((e) => e.parameters.map(({ value }) => value));
      const reader = await connection.runAndReadAll(
        `SELECT ${select} FROM ${table} ORDER BY row`,
        parameters,
      );
      return reader.getRows().map((row) => row.map(plain));
    },
    async serialize(sql) {
      const reader = await connection.runAndReadAll("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", [sql]);
      return String(reader.getRows()[0]?.[0]);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
