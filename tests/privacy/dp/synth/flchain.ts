/** flchain in cells, counted by the engine's own SQL in a DuckDB of the test's. */
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { DeclaredField } from "../../../../src/privacy/dp/sql/model.js";
import {
  countsOf,
  type EmittedQuery,
  emitMarginal,
  type Marginals,
  pairsOf,
  type SynthColumn,
  synthColumn,
} from "../../../../src/privacy/index.js";
import { packageRoot } from "../../../../src/store/index.js";

/** As an owner would declare it; places are those of the file. */
export const DECLARED: DeclaredField[] = [
  { name: "age", type: "integer", nullable: false, at: 1, bounds: ["50", "101"] },
  { name: "sex", type: "text", nullable: false, at: 2, categories: ["F", "M"] },
  { name: "kappa", type: "decimal", nullable: false, at: 4, bounds: ["0", "10"] },
  { name: "lambda", type: "decimal", nullable: false, at: 5, bounds: ["0", "10"] },
  { name: "flc.grp", type: "integer", nullable: false, at: 6, bounds: ["1", "10"] },
  { name: "creatinine", type: "decimal", nullable: true, at: 7, bounds: ["0", "3"] },
  { name: "death", type: "integer", nullable: false, at: 10, bounds: ["0", "1"] },
];

export const columnsOf = (fields: readonly DeclaredField[] = DECLARED, bins = 8): SynthColumn[] =>
  fields.map((field) => synthColumn(field, bins)!);

export interface Data {
  ask(query: EmittedQuery): Promise<unknown[][]>;
  marginals(columns: readonly SynthColumn[]): Promise<Marginals>;
  close(): void;
}

async function over(connection: DuckDBConnection, instance: DuckDBInstance): Promise<Data> {
  const ask = async ({ sql, parameters }: EmittedQuery): Promise<unknown[][]> =>
    (await connection.runAndReadAll(sql, parameters)).getRowsJson();
  const count = async (columns: readonly SynthColumn[]) =>
    countsOf(columns, await ask(emitMarginal(columns)));
  return {
    ask,
    async marginals(columns) {
      const one: bigint[][] = [];
      for (const column of columns) one.push(await count([column]));
      const two: bigint[][] = [];
      for (const [a, b] of pairsOf(columns.length)) two.push(await count([columns[a]!, columns[b]!]));
      return { one, two };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** @param source a SELECT with columns `c0` …, and `__unit` */
export async function openData(source: string): Promise<Data> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE data AS ${source}`);
  return over(connection, instance);
}

export function openFlchain(): Promise<Data> {
  const file = join(packageRoot(), "examples", "data", "flchain.csv");
  const names = Array.from({ length: 12 }, (_, i) => `c${i}`).join(", ");
  return openData(
    `SELECT *, row_number() OVER () - 1 AS __unit FROM read_csv('${file}', nullstr=['NA', ''], types={'creatinine': 'DOUBLE'}) AS t(${names})`,
  );
}
