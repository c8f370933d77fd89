/**
 * What a release adds to the memory of its datasets, in the commit that approves it: from then on it goes out, whatever
 * happens. And what earlier versions of the node let out before there was a memory.
 */
import type { NewFact } from "../catalog/index.js";
import type { Tx } from "../ledger/index.js";
import type { AirlockParts } from "./airlock.js";

export function rememberFiles(
  tx: Tx,
  parts: AirlockParts,
  release: { id: string; job: string; files: readonly { output: string }[] },
): void {
  parts.catalog.memory.remember(tx, factsOf(parts, release));
}

function factsOf(
  parts: AirlockParts,
  { id, job, files }: { id: string; job: string; files: readonly { output: string }[] },
): NewFact[] {
  const outputs = new Set(files.map((f) => f.output));
  return parts.jobs
    .heldTables(job)
    .filter((table) => outputs.has(table.output))
    .map(({ output, name, claim, version, facts, model, units_object }) => ({
      dataset: parts.catalog.datasets.version(version).dataset,
      version,
      release: id,
      output,
      name,
      job: parts.jobs.record(job).id,
      claim,
      table: facts,
      model,
      units_object,
    }));
}

const BEFORE = `
  SELECT r.id AS release, r.job AS job, rf.output AS output
  FROM releases r JOIN release_files rf ON rf.release = r.id JOIN outputs o ON o.id = rf.output
  WHERE r.state IN ('approved', 'released') AND o.evidence <> 'unverified'
    AND NOT EXISTS (SELECT 1 FROM facts f WHERE f.output = o.id)
  ORDER BY r.approved_at, r.id`;

/** Of each table that went out and is not remembered. Which units its cells stand on is found when it is compared. */
export function rememberEarlier(parts: AirlockParts): void {
  const rows = parts.store.db.prepare(BEFORE).all() as { release: string; job: string; output: string }[];
  const facts = rows.flatMap(({ release, job, output }) =>
    factsOf(parts, { id: release, job, files: [{ output }] }),
  );
  if (facts.length > 0) parts.ledger.commit((tx) => parts.catalog.memory.remember(tx, facts));
}
