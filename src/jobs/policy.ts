/**
 * Whether a job may run, where, and which one next. Pure.
 *
 * Rules: between principals, the one with the fewest running jobs is served first, then the one who used least
 * of late, then the one who waited longest; a principal's own jobs go by priority, then by age. On data of
 * grade 3 and above a dry run never runs beside a real run of the same principal, nor before the end of that
 * run shows: else its start, or what it feels of the machine, would tell what the signals hide. From grade 4 on a
 * real run shares its machine with nobody's dry run: two who work together would read one run from the other.
 */
import {
  type FailureClass,
  GloveboxError,
  GRADES,
  type Grade,
  ISOLATION_LEVELS,
  type IsolationLevel,
  type JobId,
  type JobMode,
  type LimitName,
  type PrincipalId,
} from "../vocabulary/index.js";
import type { WaitingFor } from "./job.js";
import type { RunOutcomeName } from "./lease.js";

/** From this grade on, real and dry runs of one principal keep apart. */
export const KEPT_APART_FROM: Grade = 3;

/** From this grade on, a real run of anyone shares its machine with no dry run of anyone. */
export const ALONE_FROM: Grade = 4;

/** What a job's data, their owners and its submitter ask of the machine. */
export interface IsolationNeed {
  grade: Grade;
  /** The owner's recorded decision for data of grade 4 on a machine with nothing stronger. */
  containerAccepted: boolean;
  /** The strictest of what the owners and the submitter ask for beyond the grade. */
  atLeast?: IsolationLevel | undefined;
}

const strength = (level: IsolationLevel): number => ISOLATION_LEVELS.indexOf(level);

/** The stricter of two wishes. */
export function stricter(
  a: IsolationLevel | undefined,
  b: IsolationLevel | undefined,
): IsolationLevel | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return strength(a) >= strength(b) ? a : b;
}

/**
 * The weakest level that the need allows and the machines offer.
 * @throws isolation_unavailable
 */
export function isolationFor(need: IsolationNeed, offered: readonly IsolationLevel[]): IsolationLevel {
  const { grade, containerAccepted, atLeast = "container" } = need;
  const enough = (level: IsolationLevel) => strength(level) >= strength(atLeast);
  const allowed = GRADES[grade].isolation.filter(enough);
  const level = ISOLATION_LEVELS.find((l) => allowed.includes(l) && offered.includes(l));
  if (level) return level;
  if (grade === 4 && containerAccepted && enough("container") && offered.includes("container"))
    return "container";
  throw new GloveboxError("isolation_unavailable", {
    detail: `these data need ${allowed.join(" or ")}; this node offers ${offered.join(", ") || "none"}`,
  });
}

/** At which of its levels a worker runs a job that needs one: the weakest that is as strong, or none. */
export const levelAt = (
  needed: IsolationLevel,
  levels: readonly IsolationLevel[],
): IsolationLevel | undefined =>
  ISOLATION_LEVELS.find((level) => strength(level) >= strength(needed) && levels.includes(level));

export interface Candidate {
  job: JobId;
  principal: PrincipalId;
  mode: JobMode;
  grade: Grade;
  /** What it needs at least. */
  isolation: IsolationLevel;
  priority: number;
  created_at: number;
  not_before: number;
}

/** What a principal has on the machines now and had of late. */
export interface Standing {
  running: number;
  /** Milliseconds of runs in the window of recent use. */
  used: number;
  /** A real job of kept-apart grade runs, is checked, or its end does not show yet. */
  realRun: boolean;
  /** A dry run is under way. */
  dryRun: boolean;
}

/** What runs on a worker's machine, whoever's it is. */
export interface MachineStanding {
  /** A real run on data of a grade that is kept alone. */
  realRun: boolean;
  dryRun: boolean;
}

const EMPTY: MachineStanding = { realRun: false, dryRun: false };

export const IDLE: Standing = { running: 0, used: 0, realRun: false, dryRun: false };

/** What keeps a queued job from any worker; undefined: only a free worker is missing. */
export function heldBack(
  c: Candidate,
  standing: Standing,
  earlierReal: boolean,
  now: number,
): WaitingFor | undefined {
  if (c.not_before > now) return "retry";
  if (c.mode === "dry_run" && (standing.realRun || earlierReal)) return "own_real_run";
  if (c.mode === "real" && c.grade >= KEPT_APART_FROM && standing.dryRun) return "own_dry_run";
  return undefined;
}

type Side = "dry_run" | "alone" | undefined;

/** Dry runs and real runs that are kept alone take turns on a machine; the other jobs are of neither side. */
const sideOf = ({ mode, grade }: Candidate): Side =>
  mode === "dry_run" ? "dry_run" : grade >= ALONE_FROM ? "alone" : undefined;

const taken = (side: Side, machine: MachineStanding): boolean =>
  (side === "dry_run" && machine.realRun) || (side === "alone" && machine.dryRun);

/**
 * The job that a worker offering `levels` gets, if any. Whose turn it is and cannot start, for the machine has the
 * other side's run, lets no more of that side go first: so neither waits for longer than the runs that are under way.
 */
export function chooseNext(
  queued: readonly Candidate[],
  standings: ReadonlyMap<PrincipalId, Standing>,
  levels: readonly IsolationLevel[],
  now: number,
  machine: MachineStanding = EMPTY,
): Candidate | undefined {
  let waiting: Side;
  for (const candidate of inTurn(queued, standings, levels, now, machine)) {
    const side = sideOf(candidate);
    if (taken(side, machine)) waiting ??= side;
    else if (waiting === undefined || side === undefined) return candidate;
  }
  return undefined;
}

/** Each principal's next job, and behind one that the machine has no place for also the next that it has. */
function inTurn(
  queued: readonly Candidate[],
  standings: ReadonlyMap<PrincipalId, Standing>,
  levels: readonly IsolationLevel[],
  now: number,
  machine: MachineStanding,
): Candidate[] {
  const heads: { candidate: Candidate; standing: Standing }[] = [];
  for (const [principal, own] of byPrincipal(queued)) {
    const standing = standings.get(principal) ?? IDLE;
    const candidate = firstEligible(own, standing, levels, now);
    if (!candidate) continue;
    heads.push({ candidate, standing });
    if (!taken(sideOf(candidate), machine)) continue;
    const placed = own.filter((c) => !taken(sideOf(c), machine));
    const instead = firstEligible(placed, standing, levels, now);
    if (instead) heads.push({ candidate: instead, standing });
  }
  heads.sort(
    (a, b) =>
      a.standing.running - b.standing.running ||
      a.standing.used - b.standing.used ||
      byAge(a.candidate, b.candidate),
  );
  return heads.map(({ candidate }) => candidate);
}

/** The first of a principal's jobs that nothing holds back. A dry run does not overtake a real job that is ready. */
function firstEligible(
  own: Candidate[],
  standing: Standing,
  levels: readonly IsolationLevel[],
  now: number,
): Candidate | undefined {
  let earlierReal = false;
  for (const c of own.sort((a, b) => b.priority - a.priority || byAge(a, b))) {
    if (heldBack(c, standing, earlierReal, now) === undefined && levelAt(c.isolation, levels)) return c;
    if (c.mode === "real" && c.grade >= KEPT_APART_FROM && c.not_before <= now && standing.dryRun)
      earlierReal = true;
  }
  return undefined;
}

function byPrincipal(queued: readonly Candidate[]): Map<PrincipalId, Candidate[]> {
  const groups = new Map<PrincipalId, Candidate[]>();
  for (const c of queued) {
    const group = groups.get(c.principal);
    if (group) group.push(c);
    else groups.set(c.principal, [c]);
  }
  return groups;
}

const byAge = (a: Candidate, b: Candidate) =>
  a.created_at - b.created_at || (a.job < b.job ? -1 : a.job > b.job ? 1 : 0);

export interface RunEnd {
  failure?: { class: FailureClass; limit?: LimitName };
  /** The platform's fault: worth another run. */
  again: boolean;
}

/** What a run's outcome means for its job. */
export function judgeOutcome(outcome: RunOutcomeName, exitCode: number | undefined): RunEnd {
  switch (outcome) {
    case "exited":
      return exitCode === 0 ? { again: false } : { failure: { class: "program_failed" }, again: false };
    case "killed":
      // Killed by nobody who had asked for it: the machine's doing.
      return { failure: { class: "system_failed" }, again: true };
    case "system":
      return { failure: { class: "system_failed" }, again: true };
    default:
      return { failure: { class: "limit_exceeded", limit: outcome }, again: false };
  }
}

/** Pause before the next run after `attempts` runs were lost. */
export function retryPause(attempts: number, pauses: readonly number[]): number {
  return pauses[Math.min(attempts, pauses.length) - 1] ?? 0;
}
