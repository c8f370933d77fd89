/**
 * A job's tables judged together with all that was released of their datasets, and with each other.
 *
 * Rules: findings that hang on what was not released are for auditors only. Which units a real table's cells stand on is
 * found here, kept with the held output, and remembered when it is released. A rehearsal is told what its requester would
 * be, from public things alone. What a program wrote makes no facts, and auditors are told.
 */
import type { HeldTable } from "../catalog/index.js";
import {
  type Claim,
  columnsOf,
  type DisclosurePolicy,
  isModel,
  isTable,
  noFacts,
  noteNotCompared,
  standingFacts,
  standingOf,
  type TableFacts,
} from "../privacy/index.js";
import { kindOf } from "./claim.js";
import { policyOf } from "./disclosure-policy.js";
import type { JobsParts } from "./jobs.js";
import type { Judged } from "./judge.js";
import { claimsOf } from "./kinds/table.js";
import { claimKept, isLog, standsKept, tableKept } from "./outputs.js";
import { datasetsOf, type JobRow, jobRow, outputsOf } from "./rows.js";

/** By output: the vault object that says which units its cells stand on. */
export type UnitsObjects = ReadonlyMap<string, string>;

export async function judgeTogether(
  parts: JobsParts,
  job: JobRow,
  judged: readonly Judged[],
  policy: DisclosurePolicy,
): Promise<UnitsObjects> {
  const { memory } = parts.catalog;
  const { finder } = kindOf(parts, job);
  if (finder !== undefined) {
    for (const one of judged)
      if (one.canonical.canonical !== undefined) one.canonical.findings.push(...(await finder.together(job)));
    return new Map();
  }
  const objects = new Map<string, string>();
  const tables = new Map<Judged, HeldTable>();
  for (const one of judged) {
    const table = heldTable(parts, job, one);
    if (table === undefined) {
      const { canonical } = one;
      // Without an estimate it tells of nobody.
      if (canonical.model !== undefined) {
        if (canonical.model.failure === undefined) canonical.findings.push(noteNotCompared());
      } else if (job.mode === "real" && canonical.canonical !== undefined && !isLog(one.name))
        canonical.findings.push(noFacts());
      continue;
    }
    if (table.model !== undefined) one.stands = table.facts;
    const object = job.mode === "real" ? await memory.unitsOf(table) : undefined;
    if (object !== undefined) objects.set(one.name, object);
    tables.set(one, { ...table, units_object: object ?? null });
  }
  for (const [one, table] of tables) {
    const beside = [...tables.values()].filter((other) => other !== table);
    const judge = job.mode === "real" ? "judge" : "rehearse";
    one.canonical.findings.push(...(await memory[judge](table, beside, policy.threshold)));
  }
  return objects;
}

/** The held tables of a job that the node computed, for whoever releases them. */
export function heldTables(parts: JobsParts, id: string): HeldTable[] {
  const { db } = parts.store;
  const job = jobRow(db, id);
  return outputsOf(db, job).flatMap((row) => {
    const claim = claimKept(parts, row) ?? claimsOf(job.spec)[row.name];
    const data = claim && datasetsOf(db, job.id).find((d) => d.name === claim.dataset);
    if (!data) return [];
    const kept = { table: tableKept(parts, row), stands: standsKept(parts, row) };
    const told = toldBy(parts, claim, kept, data.version);
    if (told === undefined) return [];
    const { id: output, name, evidence, units_object } = row;
    const declared = evidence === "verified";
    return [{ output, name, ...told, declared, version: data.version, units_object }];
  });
}

/**
 * What a held output tells of units: a table as it is; a model, and curves, by the rows that they stand on. Undefined where
 * that is nothing, or not of the node's own making.
 */
function toldBy(
  parts: JobsParts,
  claim: Claim,
  { table, stands }: { table?: TableFacts | undefined; stands?: TableFacts | undefined },
  version: string,
): Pick<HeldTable, "claim" | "facts" | "model"> | undefined {
  if (isTable(claim)) return table?.stated_by === "node" ? { claim, facts: table } : undefined;
  if (!isModel(claim.statistic) || stands === undefined) return undefined;
  const columns = columnsOf(parts.catalog.datasets.version(version).columns);
  return {
    claim: { ...claim, statistic: standingOf(claim.statistic, columns) },
    facts: stands,
    model: claim,
  };
}

/** What the outputs of a job are held to. */
export const thresholdOf = (parts: JobsParts, id: string): number =>
  policyOf(parts, jobRow(parts.store.db, id)).threshold;

/** Undefined for what is not of the node's own making. */
function heldTable(parts: JobsParts, job: JobRow, one: Judged): HeldTable | undefined {
  const { name, canonical, evidence } = one;
  const claim = one.claim ?? claimsOf(job.spec)[name];
  if (evidence === "unverified" || !claim) return undefined;
  const data = datasetsOf(parts.store.db, job.id).find((d) => d.name === claim.dataset);
  if (data === undefined) return undefined;
  const stands = canonical.model && standingFacts(canonical.model);
  const told = toldBy(parts, claim, { table: canonical.table, stands }, data.version);
  if (told === undefined) return undefined;
  return {
    // Its row may not be there yet.
    output: `${job.id}/${name}`,
    name,
    ...told,
    declared: evidence === "verified",
    version: data.version,
    units_object: null,
  };
}
