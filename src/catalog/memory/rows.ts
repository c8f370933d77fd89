/** Facts as the database keeps them. */
import type Database from "better-sqlite3";
import type { Tx } from "../../ledger/index.js";
import type { Claim, TableFacts } from "../../privacy/index.js";
import { type Keys, prepared } from "../../store/index.js";
import type { DatasetId, JobId, OutputId, ReleaseId, VersionId } from "../../vocabulary/index.js";

type Db = Database.Database;

export interface FactRow {
  seq: number;
  dataset: DatasetId;
  version: VersionId;
  release: ReleaseId;
  output: OutputId;
  facts_sealed: Buffer;
  units_object: string | null;
}

/** What is sealed in it. */
export interface FactContent {
  /** Of the file. */
  name: string;
  job: JobId;
  claim: Claim;
  table: TableFacts;
  /** Of a model or curves; claim and table are then of the rows that they stand on. */
  model?: Claim | undefined;
}

/** Where a sealed value belongs: in another row it does not open. */
const contextOf = (output: string): string => `facts:${output}`;

export const factRows = (db: Db, dataset: string): FactRow[] =>
  prepared(db, "SELECT * FROM facts WHERE dataset = ? ORDER BY seq").all(dataset) as FactRow[];

export const factOf = (db: Db, output: string): FactRow | undefined =>
  prepared(db, "SELECT * FROM facts WHERE output = ?").get(output) as FactRow | undefined;

/** The last fact of a dataset; 0 before the first. */
export const markOf = (db: Db, dataset: string): number =>
  prepared(db, "SELECT coalesce(max(seq), 0) FROM facts WHERE dataset = ?").pluck().get(dataset) as number;

export function contentOf(
  sealer: Keys["sealer"],
  row: Pick<FactRow, "output" | "facts_sealed">,
): FactContent {
  return JSON.parse(sealer.open(row.facts_sealed, contextOf(row.output)).toString("utf8")) as FactContent;
}

export interface NewFact extends FactContent {
  dataset: string;
  version: string;
  release: string;
  output: string;
  units_object: string | null;
}

/** What went out twice is remembered once. */
export function insertFact(tx: Tx, sealer: Keys["sealer"], fact: NewFact): void {
  const { dataset, version, release, output, units_object, name, job, claim, table, model } = fact;
  const sealed = sealer.seal(
    JSON.stringify({ name, job, claim, table, model } satisfies FactContent),
    contextOf(output),
  );
  tx.db
    .prepare(
      `INSERT INTO facts (dataset, version, release, output, facts_sealed, units_object, at)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (output) DO NOTHING`,
    )
    .run(dataset, version, release, output, sealed, units_object, tx.now);
}
