/** All that a submitter can look at of its job, with what is random in it taken out, so that two worlds compare. */
import type { Engine } from "../../../src/catalog/index.js";
import type { Actor } from "../../../src/vocabulary/index.js";
import { outcomeOf } from "../../catalog/fixture.js";
import type { JobsFixture } from "../../jobs/fixture.js";

/** Ids keep their time, which is what they could tell, and lose their random part. */
const withoutChance = (value: unknown): string =>
  JSON.stringify(value).replace(/\b([a-z]{3}_[0-9A-Z]{10})[0-9A-Z]{16}\b/g, "$1");

export async function observe(
  f: JobsFixture<Engine>,
  job: string,
  grant: string,
  as: Actor = f.researcher,
): Promise<string> {
  const reads = ["stdout.log", "t.csv"].map((name) => outcomeOf(f.jobs.dryRunOutput(as, job, name)));
  return withoutChance({
    now: f.clock.now(),
    view: f.jobs.get(as, job),
    newest: f.jobs.list(as, { limit: 1 }).items,
    history: f.jobs.history(as, job),
    outputs: f.jobs.outputs(as, job),
    budget: f.catalog.datasets.budget(as, "study"),
    grant: f.catalog.grants.get(as, grant),
    releasable: f.jobs.heldOutputs(job).length,
    reads: await Promise.all(reads),
  });
}
