/** A real job, held, with releases over its outputs; reviewers sign with keys of their own. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  type Airlock,
  createAirlock,
  type Decision,
  type ReleaseView,
  type ReviewInput,
  statementBytes,
  statementOf,
  type Vote,
} from "../../src/airlock/index.js";
import type { HeldOutput } from "../../src/jobs/index.js";
import type { Actor, Role } from "../../src/vocabulary/index.js";
import { DAY, datasetIn, give } from "../catalog/fixture.js";
import { claim, claimOf, finish, type JobsFixture, jobsFixture, submit } from "../jobs/fixture.js";

export interface Reviewer extends Actor {
  privateKey: KeyObject;
  publicKey: string;
}

export interface AirlockFixture extends JobsFixture {
  airlock: Airlock;
  /** The two auditors of `study`. */
  first: Reviewer;
  second: Reviewer;
  /** An auditor of other data. */
  unnamed: Reviewer;
  job: string;
  outputs: Map<string, HeldOutput>;
  person(name: string, roles: Role[]): Actor;
  reviewer(name: string, roles?: Role[]): Reviewer;
  restart(): AirlockFixture["jobs"];
}

export const FILES: Record<string, string> = {
  "t1.csv": "city,n\nWuhan,120\nChengdu,80\n",
  "t2.csv": "city,n\nWuhan,60\nChengdu,40\n",
  "model.json": '{"age":0.0412,"death":1.25}\n',
  "note.txt": "deaths rise with age\n",
};

export function withReviewers(f: JobsFixture): Omit<AirlockFixture, "job" | "outputs"> {
  const person = (name: string, roles: Role[]): Actor => {
    const { token } = f.catalog.principals.add(f.admin, { name, roles });
    return f.catalog.principals.byToken(token)!;
  };
  const reviewer = (name: string, roles: Role[] = ["auditor"]): Reviewer => {
    const actor = person(name, roles);
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
    f.catalog.principals.setKey(actor, raw);
    return { ...actor, privateKey, publicKey: raw };
  };
  const airlock = createAirlock(f);
  const first = reviewer("first");
  const second = reviewer("second");
  return { ...f, airlock, person, reviewer, first, second, unnamed: reviewer("unnamed") };
}

export async function airlockFixture(files: Record<string, string> = FILES): Promise<AirlockFixture> {
  const f = withReviewers(jobsFixture());
  await datasetIn(f, "published", {
    name: "study",
    auditors: ["first", "second"],
    columns: ["id", "age", "city"].map((name) => ({ name, grade: 3 as const })),
  });
  give(f, "study");
  const job = await runAll(f, files);
  f.clock.advance(DAY);
  const outputs = new Map(f.jobs.heldOutputs(job).map((o) => [o.name, o]));
  return { ...f, job, outputs };
}

const IMAGE = {
  name: "python",
  reference: "glovebox/python:test",
  layers: [`sha256:${"a".repeat(64)}`],
  recipe: "b".repeat(64),
};

/** A job through every step that a worker takes, up to the end of its check. */
export async function runAll(f: JobsFixture, files: Record<string, string>): Promise<string> {
  const job = await submit(f, { outputs: Object.keys(files) });
  const lease = claim(f);
  await f.jobs.internal.stage(claimOf(f, lease));
  f.jobs.internal.advance(claimOf(f, lease), "staged");
  f.jobs.internal.advance(claimOf(f, lease), "executing", { image: IMAGE });
  f.jobs.internal.advance(claimOf(f, lease), "collected");
  await finish(f, lease, {}, files);
  await f.jobs.idle();
  const { state } = f.jobs.record(job.id);
  if (state !== "held") throw new Error(`the job is ${state}, not held`);
  return job.id;
}

export const idsOf = (f: AirlockFixture, names: readonly string[]): string[] =>
  names.map((name) => f.outputs.get(name)!.id);

export const request = (
  f: AirlockFixture,
  names: readonly string[] = ["t1.csv", "model.json"],
): ReleaseView =>
  f.airlock.create(f.researcher, {
    job: f.job,
    outputs: idsOf(f, names),
    justification: "for the mortality report",
  });

export const submitted = (f: AirlockFixture, names?: readonly string[]): ReleaseView =>
  f.airlock.submit(f.researcher, request(f, names).id);

export interface Choice {
  decision?: Decision;
  vote?: Vote;
  comment?: string;
  overrides?: Record<string, string>;
  /** Another release that is signed for. */
  release?: string;
  files?: ReviewInput["files"];
}

/** A signed review of the files as the reviewer sees them. */
export function reviewBy(f: AirlockFixture, who: Reviewer, id: string, choice: Choice = {}): ReviewInput {
  const { decision = "approve", vote = decision === "approve" ? "approved" : "changes_requested" } = choice;
  const seen = f.airlock.get(who, id).files;
  const files =
    choice.files ?? Object.fromEntries(seen.map((file) => [file.name, { sha256: file.sha256 ?? "", vote }]));
  const { comment, overrides } = choice;
  const votes = {
    files,
    decision,
    ...(comment === undefined ? {} : { comment }),
    ...(overrides === undefined ? {} : { overrides }),
  };
  return { ...votes, signature: signed(who, choice.release ?? id, votes) };
}

export const signed = (who: Reviewer, release: string, votes: Omit<ReviewInput, "signature">): string =>
  sign(null, statementBytes(statementOf(release, votes)), who.privateKey).toString("base64");

export const review = (f: AirlockFixture, who: Reviewer, id: string, choice: Choice = {}) =>
  f.airlock.review(who, id, reviewBy(f, who, id, choice));

/** Both auditors decide so. */
export async function reviewed(
  f: AirlockFixture,
  decisions: readonly [Decision, Decision] = ["approve", "approve"],
  names?: readonly string[],
): Promise<ReleaseView> {
  const { id } = submitted(f, names);
  await review(f, f.first, id, { decision: decisions[0] });
  return review(f, f.second, id, { decision: decisions[1] });
}

export async function bundleOf(f: AirlockFixture, id: string): Promise<Buffer> {
  const { stream } = f.airlock.bundle(f.researcher, id);
  return Buffer.concat((await stream.toArray()) as Buffer[]);
}
