/** Claims of models over the example data, asked of a real engine. */
import type { Engine } from "../../../../src/catalog/engine/index.js";
import {
  claimFromWritten,
  columnsOf,
  filterOf,
  type ModelFacts,
  type ModelStatistic,
  modelFacts,
  modelQuestion,
  type WrittenClaim,
  writtenClaim,
} from "../../../../src/privacy/index.js";
import { importAll, streamOf, type Version } from "../../../catalog/engine/support.js";

export interface Data {
  key: string;
  version: Version;
}

export async function dataOf(
  engine: Engine,
  key: string,
  csv: string,
  unit?: string,
  rows = 1,
): Promise<Data> {
  const version = await importAll(engine, csv, {
    ...(unit === undefined ? {} : { unitColumn: unit }),
    maxRowsPerUnit: rows,
  });
  return { key, version };
}

export async function fitted(
  engine: Engine,
  { key, version }: Data,
  written: object,
  threshold = 10,
): Promise<ModelFacts> {
  const columns = columnsOf(version.columns);
  const stored = new Map(version.columns.map(({ name }, i) => [name, `c${i}`]));
  const claim: WrittenClaim = writtenClaim.parse(written);
  const { statistic } = claimFromWritten(claim, key, columns, "claim");
  const { sql, parameters, reads, plan } = modelQuestion(
    statistic as ModelStatistic,
    columns,
    stored,
    threshold,
  );
  const facts = await engine.fit({
    version: { key, parquet: () => streamOf(version.parquet) },
    sql,
    parameters,
    reads,
    plan,
  });
  return modelFacts.parse({ ...facts, filter: filterOf(statistic as ModelStatistic) });
}
