/** Results of statistics over domains as tests read them: held like any output, and released by two auditors. */
import type { Json } from "./http.js";
import type { Person } from "./people.js";
import { until } from "./processes.js";
import { awaitJob, requestRelease, review } from "./world.js";

export interface Recipient {
  operator: Person;
  /** Two whom the owner of the dataset that takes part named. */
  auditors: readonly [Person, Person];
}

const path = (id: string, round: number) => `/api/v1/collaborations/${id}/rounds/${round}`;

/** The round once it is over: at a recipient with the job that its result became. */
export async function roundOver(operator: Person, id: string, round: number): Promise<Json> {
  let last: Json;
  await until(
    async () => {
      last = await operator.must("GET", path(id, round));
      return last.state !== "running";
    },
    `round ${round}`,
    120_000,
  );
  return last!;
}

/** What the auditors read of the result's only output, once the job's end shows. */
export async function heldResult({ operator, auditors }: Recipient, job: string): Promise<Json> {
  await awaitJob(operator, job, ["held", "ended"]);
  const { items } = await auditors[0].must("GET", `/api/v1/jobs/${job}/outputs`);
  return items[0];
}

/**
 * The round with its figures: where it ended well, the release of its result is asked for and approved by both auditors,
 * over whatever a check says.
 */
export async function resultOf(of: Recipient, id: string, round: number): Promise<Json> {
  const over = await roundOver(of.operator, id, round);
  if (over.job === undefined || over.result !== undefined) return over;
  const { name } = await heldResult(of, over.job);
  const release = await requestRelease(of.operator, over.job, [name]);
  for (const auditor of of.auditors) {
    const again = () => review(auditor, release, { overrides: { [name]: "for the tests" } });
    // Where others went out meanwhile, reviewers are first given something new to read.
    await again().catch(again);
  }
  return of.operator.must("GET", path(id, round));
}

/** The bundle in which a result went out. */
export async function bundleOf({ operator }: Pick<Recipient, "operator">, job: string): Promise<Buffer> {
  const { items } = await operator.must("GET", "/api/v1/releases");
  const release = items.find((r: Json) => r.job === job && r.state === "released");
  return (await operator.http("GET", `/api/v1/releases/${release.id}/bundle`)).bytes;
}
