/**
 * A safe version of a table that was held: a new job, of the same claim, that asks for suppression, rounding or fewer
 * cells.
 *
 * Rules: its requester alone asks, once the end shows, and of any output that the spec named, whatever became of it: the
 * answer is the same whether the table failed, passed, or was never written, so asking tells nothing. A claim that
 * running code chose is neither shown to the requester nor `verified` by being asked for again (claims/safe.ts).
 */
import type { JsonObject } from "../ledger/index.js";
import { isModel } from "../privacy/index.js";
import { type Actor, GloveboxError, invalidInput, parseInput } from "../vocabulary/index.js";
import { kindOf } from "./claim.js";
import { type SafeInput, type SafeOf, safeInput, safeStatistic } from "./claims/safe.js";
import type { JobsParts } from "./jobs.js";
import type { ParsedJob } from "./kinds/kind.js";
import { claimsOf, tableKind } from "./kinds/table.js";
import { datasetsOf, type JobRow } from "./rows.js";
import { seenJob } from "./sight.js";
import { submitParsed } from "./submit.js";
import { show, stoppedBeforeItShowed } from "./visibility.js";

/** @throws not_found, state_conflict, invalid_input, and as a submission does */
export async function safeJob(
  parts: JobsParts,
  actor: Actor,
  id: string,
  name: string,
  input: unknown,
): Promise<JobRow> {
  const how = parseInput(safeInput, input);
  const { job, sight } = seenJob(parts.store.db, actor, id);
  if (job.principal !== actor.id || !kindOf(parts, job).outputs(job.spec).includes(name))
    throw new GloveboxError("not_found");
  const ended = show(job, sight, parts.clock.now()).endedAt !== undefined && !stoppedBeforeItShowed(job);
  if (!ended) throw new GloveboxError("state_conflict", { detail: "the job has not ended" });
  return submitParsed(parts, actor, tableKind, parsedOf(parts, job, name, how));
}

function parsedOf(parts: JobsParts, job: JobRow, name: string, how: SafeInput): ParsedJob {
  const { mode, purpose } = job;
  const declared = claimsOf(job.spec)[name];
  if (declared === undefined) {
    if (!name.endsWith(".csv")) throw invalidInput("name", "is no table");
    const datasets = datasetsOf(parts.store.db, job.id).map((d) => d.name);
    const safe_of = { job: job.id, output: name, how } satisfies SafeOf;
    return {
      mode,
      purpose,
      datasets,
      spec: { kind: "table", purpose, datasets, safe_of, mode } as JsonObject,
    };
  }
  if (isModel(declared.statistic)) throw invalidInput("name", "is no table");
  const datasets = [declared.dataset];
  const claim = {
    kind: "claim",
    version: 1,
    dataset: declared.dataset,
    statistic: safeStatistic(declared.statistic, how),
  };
  const spec = { kind: "table", purpose, datasets, claims: { [name]: claim }, mode };
  return { mode, purpose, datasets, spec: spec as unknown as JsonObject };
}
