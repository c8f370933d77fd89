/**
 * What is seen of a job, by whom, and when. Pure: a job's record and the time in, a view's moving part out.
 *
 * Rules: the submitter of a real job sees `queued`, `running` (which covers checking and any retry) and, from the
 * grid point on, `ended`, or the true state if the allowance paid for it. Nothing else in the view may move with
 * the data: not its revision, not its times, not its place in the queue, not the bits left. One who is submitter
 * and auditor sees the submitter's view. Owners and admins see what the submitter sees. Others see nothing.
 */
import type { FailureClass, JobMode, LimitName, PrincipalId, Role, Verdict } from "../vocabulary/index.js";
import type { JobState, ShownState } from "./job.js";
import type { Showing } from "./signals.js";

/** `true`: the job as it is. `signals`: what the submitter may see. */
export type Sight = "true" | "signals";

/** The part of a job's record that a view is made from. */
export interface JobMoments {
  mode: JobMode;
  state: JobState;
  created_at: number;
  /** When its first run began, and from when on that shows. */
  started_at: number | null;
  start_shown_at: number | null;
  /** When it left the hands of workers and checks, and from when on that shows. */
  ended_at: number | null;
  end_shown_at: number | null;
  /** Since when it is to be stopped, and why. */
  stop_requested_at: number | null;
  stop_reason: "cancel" | "refused" | null;
  closed_at: number | null;
  failure_class: FailureClass | null;
  failure_limit: LimitName | null;
  failure_detail: string | null;
  verdict: Verdict | null;
  signal_bits: number;
  signals_shown: Showing;
  rev: number;
}

export interface ShownJob {
  state: ShownState;
  failure?: { class: FailureClass; limit?: LimitName; detail?: string };
  verdict?: Verdict;
  startedAt?: number;
  endedAt?: number;
  bits: number;
  rev: number;
}

export interface Relation {
  submitter: PrincipalId;
  owners: readonly PrincipalId[];
  auditors: readonly PrincipalId[];
}

/** How `actor` sees a job; undefined: it may not know that the job exists. */
export function sightOf(
  actor: { id: PrincipalId; roles: readonly Role[] },
  relation: Relation,
): Sight | undefined {
  if (relation.submitter === actor.id) return "signals";
  if (actor.roles.includes("auditor") && relation.auditors.includes(actor.id)) return "true";
  if (relation.owners.includes(actor.id) || actor.roles.includes("admin")) return "signals";
  return undefined;
}

export function show(job: JobMoments, sight: Sight, now: number): ShownJob {
  if (sight === "true") return { ...truth(job), ...detailOf(job) };
  if (job.mode === "dry_run" || job.signals_shown === "exact") return { ...truth(job), ...detailOf(job) };
  if (stoppedBeforeItShowed(job)) return neverStarted(job);
  if (job.end_shown_at !== null && job.end_shown_at <= now) return shownEnd(job, job.end_shown_at);
  if (hasStarted(job, now))
    return { state: "running", startedAt: job.start_shown_at ?? undefined, bits: job.signal_bits, rev: 2 };
  return { state: "queued", bits: job.signal_bits, rev: 1 };
}

/** From when on the submitter's view changes next, as far as is known; undefined: only an event will tell. */
export function nextChange(job: JobMoments, now: number): number | undefined {
  const moments = [job.start_shown_at, job.end_shown_at].filter((t): t is number => t !== null && t > now);
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

export function hasStarted(job: Pick<JobMoments, "start_shown_at">, now: number): boolean {
  return job.start_shown_at !== null && job.start_shown_at <= now;
}

/**
 * Stopped while it still showed as queued. Whether its run had in truth begun (or even ended) must not show:
 * the view is that of a job that no worker ever took.
 */
export function stoppedBeforeItShowed(
  job: Pick<JobMoments, "stop_requested_at" | "start_shown_at">,
): boolean {
  return job.stop_requested_at !== null && !hasStarted(job, job.stop_requested_at);
}

function neverStarted(job: JobMoments): ShownJob {
  const endedAt = job.stop_requested_at ?? undefined;
  return job.stop_reason === "cancel"
    ? { state: "cancelled", endedAt, bits: 0, rev: 3 }
    : { state: "failed", failure: { class: "refused" }, endedAt, bits: 0, rev: 3 };
}

function shownEnd(job: JobMoments, endedAt: number): ShownJob {
  const startedAt = job.start_shown_at === null ? undefined : Math.min(job.start_shown_at, endedAt);
  const common = { startedAt, endedAt, bits: job.signal_bits };
  if (job.signals_shown !== "full") return { ...common, state: "ended", rev: 3 };
  const { state, failure, verdict } = truth(job);
  return {
    ...common,
    state,
    ...(failure ? { failure } : {}),
    ...(verdict ? { verdict } : {}),
    rev: state === "done" ? 4 : 3,
  };
}

function truth(job: JobMoments): ShownJob {
  const failed = job.state === "failed" && job.failure_class !== null;
  const stopped = job.state === "cancelled" || (failed && job.failure_class === "refused");
  const over = job.ended_at !== null;
  return {
    state: job.state,
    ...(failed && job.failure_class
      ? {
          failure: {
            class: job.failure_class,
            ...(job.failure_limit ? { limit: job.failure_limit } : {}),
          },
        }
      : {}),
    // A stopped job shows no verdict: its end and its reason are the requester's or the owner's own doing.
    ...(over && !stopped && job.verdict ? { verdict: job.verdict } : {}),
    ...(job.started_at === null ? {} : { startedAt: job.started_at }),
    ...(job.ended_at === null ? {} : { endedAt: job.ended_at }),
    bits: job.signal_bits,
    rev: job.rev,
  };
}

/** Why it failed, for those who see the truth. */
function detailOf(job: JobMoments): Pick<ShownJob, "failure"> {
  const { failure } = truth(job);
  return failure && job.failure_detail ? { failure: { ...failure, detail: job.failure_detail } } : {};
}
