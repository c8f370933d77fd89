/**
 * The rows of a run's outputs.
 *
 * Rules: every real job that began ends with one row for each declared name and each log, whatever its program
 * wrote and however it ended; so neither the list nor the ledger's length tells what was written. An output's id
 * is dated to the job's submission, never to the moment it was collected.
 */
import { canonicalJson, type JsonObject, type Tx } from "../ledger/index.js";
import { type Claim, type ModelFacts, mediaTypeOfModel, type TableFacts } from "../privacy/index.js";
import { CLAIMS_FILE, RESERVED_OUTPUTS } from "../sandbox/index.js";
import type { Keys } from "../store/index.js";
import { newId, type OutputId, type RunId } from "../vocabulary/index.js";
import type { ClaimFacts } from "./claims/compute.js";
import { dropObject } from "./objects.js";
import { type JobRow, type OutputRow, outputRows } from "./rows.js";

export const isLog = (name: string): boolean => RESERVED_OUTPUTS.includes(name);

export const rowsOfRun = (tx: Pick<Tx, "db">, run: RunId): OutputRow[] =>
  outputRows(tx.db, "SELECT * FROM outputs WHERE run = ? ORDER BY name", run);

/** What a worker uploaded; the same name again replaces it. */
export function putRaw(
  tx: Tx,
  job: JobRow,
  run: RunId,
  name: string,
  stored: { object: string; sha256: string; bytes: number },
  mediaType: string,
): OutputId {
  const before = rowsOfRun(tx, run).find((row) => row.name === name);
  if (before && before.raw_object !== stored.object) dropObject(tx, before.raw_object);
  const id = before?.id ?? newId("output", job.created_at);
  tx.db
    .prepare(
      `INSERT INTO outputs (id, job, run, name, raw_object, media_type, bytes, sha256, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (run, name) DO UPDATE SET raw_object = excluded.raw_object, bytes = excluded.bytes,
         sha256 = excluded.sha256`,
    )
    .run(id, job.id, run, name, stored.object, mediaType, stored.bytes, stored.sha256, tx.now);
  return id;
}

/** What the node computed itself: its facts, beside the text that they make. */
export function putComputed(
  tx: Tx,
  sealer: Keys["sealer"],
  job: JobRow,
  run: RunId,
  computed: { name: string; stored: { object: string; sha256: string; bytes: number }; facts: ClaimFacts },
): void {
  const { name, stored, facts } = computed;
  const media = "model" in facts ? mediaTypeOfModel(facts.model) : "text/csv";
  const id = putRaw(tx, job, run, name, stored, media);
  const sealed = sealer.seal(canonicalJson(facts as unknown as JsonObject), id);
  tx.db.prepare("UPDATE outputs SET evidence = 'verified', facts_sealed = ? WHERE id = ?").run(sealed, id);
}

/** The claim that running code made and that the output was computed from. */
export function claimKept({ keys }: { keys: Pick<Keys, "sealer"> }, row: OutputRow): Claim | undefined {
  if (row.evidence !== "recomputed" || row.facts_sealed === null) return undefined;
  const { claim } = JSON.parse(keys.sealer.open(row.facts_sealed, row.id).toString("utf8")) as {
    claim?: Claim;
  };
  return claim;
}

/** What the node computed of a held output, whichever claim it was from. */
export function tableKept({ keys }: { keys: Pick<Keys, "sealer"> }, row: OutputRow): TableFacts | undefined {
  if (row.evidence === "unverified" || row.facts_sealed === null) return undefined;
  const { table } = JSON.parse(keys.sealer.open(row.facts_sealed, row.id).toString("utf8")) as {
    table: TableFacts | null;
  };
  return table ?? undefined;
}

/** What a held model or curves tell of the units that they stand on. */
export function standsKept({ keys }: { keys: Pick<Keys, "sealer"> }, row: OutputRow): TableFacts | undefined {
  if (row.evidence === "unverified" || row.facts_sealed === null) return undefined;
  const { stands } = JSON.parse(keys.sealer.open(row.facts_sealed, row.id).toString("utf8")) as {
    stands?: TableFacts;
  };
  return stands;
}

/** Undefined for what a program wrote: of such a file facts are read, and only read, by its check. */
export function factsKept({ keys }: { keys: Pick<Keys, "sealer"> }, row: OutputRow): ClaimFacts | undefined {
  if (row.evidence !== "verified" || row.facts_sealed === null) return undefined;
  const { table, model } = JSON.parse(keys.sealer.open(row.facts_sealed, row.id).toString("utf8")) as {
    table?: TableFacts | null;
    model?: ModelFacts | null;
  };
  if (model) return { model };
  return table ? { table } : undefined;
}

/** What a program claimed is no output: where no check reads it, it goes. */
export function dropClaims(tx: Tx, run: RunId): void {
  const row = rowsOfRun(tx, run).find(({ name }) => name === CLAIMS_FILE);
  if (row === undefined) return;
  dropObject(tx, row.raw_object);
  tx.db.prepare("DELETE FROM outputs WHERE id = ?").run(row.id);
}

/** A lost run leaves nothing: what it uploaded is not an output of the job. */
export function dropOutputs(tx: Tx, run: RunId): void {
  for (const row of rowsOfRun(tx, run)) {
    dropObject(tx, row.raw_object);
    dropObject(tx, row.object);
    dropObject(tx, row.units_object);
  }
  // Those of a rehearsal, whose outputs are held for nothing.
  tx.db.prepare("DELETE FROM findings WHERE output IN (SELECT id FROM outputs WHERE run = ?)").run(run);
  tx.db.prepare("DELETE FROM outputs WHERE run = ?").run(run);
}
