/**
 * What the outputs of a job are held to: the strictest over the datasets that it reads, each the grade's defaults with
 * its owner's figures in their place.
 *
 * Rule: the owners' figures are those of the moment at which the check looks, so an owner who tightens them is heeded by
 * what still runs. The grade is the highest that the data had at the job's submission or have now.
 */
import { type DisclosurePolicy, ownedPolicy, strictest } from "../privacy/index.js";
import type { Grade } from "../vocabulary/index.js";
import type { JobsParts } from "./jobs.js";
import { datasetsOf, type JobRow } from "./rows.js";

export function policyOf(parts: Pick<JobsParts, "store" | "catalog">, job: JobRow): DisclosurePolicy {
  const rows = datasetsOf(parts.store.db, job.id).map(({ dataset }) => parts.catalog.datasets.row(dataset));
  const grade = Math.max(job.grade, ...rows.map((row) => row.grade)) as Grade;
  return strictest(rows.map((row) => ownedPolicy(grade, row.disclosure)));
}
