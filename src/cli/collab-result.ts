/** A statistic over domains, followed to its end: the round, the job that its result becomes, and the release of that. */
import { setTimeout as pause } from "node:timers/promises";
import { type Collaboration, collaborationPath, type Round, roundLines, roundPath } from "./collab-view.js";
import type { Context, Outcome } from "./command.js";
import { EXIT, Refusal } from "./failure.js";
import { jobPath, waitFor } from "./job.js";
import { exitOf, type Job, type Output } from "./job-view.js";
import { readAll } from "./paged.js";
import { type Release, releasePath } from "./release-view.js";

const POLL_MS = 300;

export interface Followed {
  round: Round;
  job?: Job;
  release?: Release;
  /** Names of the job's outputs, once its end shows. */
  outputs?: string[];
}

export interface ResultFlags {
  wait?: boolean;
  why?: string;
}

/** @param flags wait: to the end of what goes by itself; why: a release is asked for */
export async function followRound(
  context: Context,
  id: string,
  number: number,
  { wait, why }: ResultFlags,
): Promise<Outcome> {
  const client = context.client();
  const round = wait ? await awaitRound(context, id, number) : await client.get<Round>(roundPath(id, number));
  if (round.job === undefined || round.result !== undefined) return shown(context, id, { round });
  const job = wait ? await waitFor(context, round.job) : await client.get<Job>(jobPath(round.job));
  const over = job.state === "held" || job.state === "ended";
  if (!over) return shown(context, id, { round, job });
  const { items } = await client.get<{ items: Output[] }>(`${jobPath(job.id)}/outputs`);
  const outputs = items.map((o) => o.name);
  const release = await releaseOf(context, id, job, items, { wait, why });
  if (release === undefined) return shown(context, id, { round, job, outputs });
  const last = release.state === "released" ? await client.get<Round>(roundPath(id, number)) : round;
  return shown(context, id, { round: last, job, release, outputs });
}

async function awaitRound(context: Context, id: string, number: number): Promise<Round> {
  for (;;) {
    const round = await context.client().get<Round>(roundPath(id, number));
    if (round.state !== "running" || context.signal.aborted) return round;
    context.progress.show(context.say(`round ${number} …`, `第 ${number} 轮……`));
    await pause(POLL_MS, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/**
 * The one that there is; else one that is asked for, where a reason was given, or where the owner lets such results out
 * without people, for the agreed purpose.
 */
async function releaseOf(
  context: Context,
  id: string,
  job: Job,
  items: readonly Output[],
  { wait, why }: ResultFlags,
): Promise<Release | undefined> {
  const client = context.client();
  const there = (await readAll<Release>(client, "/api/v1/releases")).find(
    (r) => r.job === job.id && !["rejected", "withdrawn"].includes(r.state),
  );
  if (there !== undefined) return there;
  const justification = why ?? (wait ? await purposeByPolicy(context, id, job) : undefined);
  if (justification === undefined) return undefined;
  const outputs = items.map((o) => o.id);
  const asked = await client.post<Release>("/api/v1/releases", { job: job.id, outputs, justification });
  return client.post<Release>(`${releasePath(asked.id)}/submit`);
}

async function purposeByPolicy(context: Context, id: string, job: Job): Promise<string | undefined> {
  const client = context.client();
  // Only who submitted a job asks for the release of its outputs; an auditor only looks.
  const { name: me } = await client.get<{ name: string }>("/api/v1/me");
  if (job.verdict !== "pass" || job.principal !== me) return undefined;
  for (const name of job.datasets) {
    const path = `/api/v1/datasets/${encodeURIComponent(name)}/release-policy`;
    try {
      const { auto_release } = await client.get<{ auto_release: string }>(path);
      if (auto_release === "none") return undefined;
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }
  return (await client.get<Collaboration>(collaborationPath(id))).spec.purpose;
}

/** @param followed as far as it was looked at */
export function shown(context: Context, id: string, followed: Followed): Outcome {
  const { round, job, release } = followed;
  const refused = round.state === "refused" || round.withheld === true;
  const json = {
    ...round,
    ...(job === undefined ? {} : { job_state: job.state, verdict: job.verdict }),
    ...(release === undefined ? {} : { release: release.id, release_state: release.state }),
  };
  return {
    json,
    text: () => [roundLines(context, round), ...nextLines(context, id, followed)].join("\n"),
    exit: refused ? EXIT.refused : job === undefined ? EXIT.done : exitOf(job),
  };
}

function nextLines(context: Context, id: string, { round, job, release, outputs }: Followed): string[] {
  const { say } = context;
  if (round.result !== undefined || round.job === undefined) return [];
  const of = round.job;
  const after = `glovebox collab result ${id} ${round.round}`;
  if (release !== undefined)
    return [
      say(
        `Release ${release.id} is ${release.state}. Once it is released: ${after}`,
        `放行 ${release.id}：${release.state}。放行后：${after}`,
      ),
    ];
  const verdict = job?.verdict === undefined ? "" : say(`, verdict ${job.verdict}`, `，结论 ${job.verdict}`);
  const state = job?.state ?? say("under way", "进行中");
  const held = say(
    `The result is the output of ${of} (${state}${verdict}).`,
    `结果为任务 ${of} 的产出（${state}${verdict}）。`,
  );
  if (outputs === undefined)
    return [held, say(`Next: glovebox job show ${of}`, `下一步：glovebox job show ${of}`)];
  const ask = `glovebox release request ${of} ${outputs.join(" ")} --why`;
  return [held, say(`Next: ${ask} TEXT, then ${after}`, `下一步：${ask} 理由，放行后 ${after}`)];
}
