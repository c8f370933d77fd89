/**
 * What a job is to the rest of the node: the words in which it is asked about, never how it is stored.
 *
 * Rule: a JobView is made only by `visibility.ts`; whatever else leaves this room carries no true state.
 */
import type { JsonObject } from "../ledger/index.js";
import type { Audience } from "../privacy/index.js";
import type {
  DatasetId,
  Evidence,
  FailureClass,
  IsolationLevel,
  JobId,
  JobKindName,
  JobMode,
  LimitName,
  OutputId,
  PrincipalId,
  RunId,
  Verdict,
} from "../vocabulary/index.js";

export const JOB_STATES = ["queued", "running", "checking", "held", "done", "failed", "cancelled"] as const;
export type JobState = (typeof JOB_STATES)[number];

export const RUN_STATES = ["leased", "staged", "executing", "collected", "ended", "lost"] as const;
export type RunState = (typeof RUN_STATES)[number];

/** What a view may say: a true state, or `ended`, which covers held, done, failed and cancelled. */
export type ShownState = JobState | "ended";

/** Why a queued job has not started, in words that depend on no data. */
export type WaitingFor = "worker" | "own_real_run" | "own_dry_run" | "retry";

export interface JobView {
  id: JobId;
  kind: JobKindName;
  mode: JobMode;
  state: ShownState;
  failure?: { class: FailureClass; limit?: LimitName; detail?: string };
  datasets: string[];
  principal: string;
  purpose: string;
  /** The stored spec: as submitted, with the code's bytes replaced by hashes. */
  spec: JsonObject;
  spec_sha256: string;
  created_at: string;
  /** When the view says it started and ended: moments of the view, not of the run, unless an auditor looks. */
  started_at?: string;
  ended_at?: string;
  ahead?: number;
  waiting_for?: WaitingFor;
  verdict?: Verdict;
  /** Bits that this job's signals were charged, and what is left of the smallest allowance (null: unlimited). */
  signals: { bits: number; left: number | null };
  /** For the ETag: the revision of this view. It moves only when the view does. */
  rev: number;
}

export interface FindingView {
  rule: string;
  verdict: Verdict;
  message: string;
  message_zh?: string;
  cells?: [string, string][];
  /** Why each of the cells. */
  reasons?: { en: string; zh: string }[];
  /** Absent: all. What is for auditors hangs on values of tables that were not released. */
  audience?: Audience;
}

/** An output as a requester sees it before a release. */
export interface OutputName {
  id: OutputId;
  name: string;
}

/** An output as an auditor of the dataset (or the submitter of a dry run) sees it. */
export interface OutputView extends OutputName {
  media_type: string;
  bytes: number;
  sha256: string;
  verdict: Verdict | null;
  evidence: Evidence;
  capacity_bytes?: number;
  /** Of what the node computed: what it shows, in words. */
  shows?: string;
  /** Of what is recomputed: the claim that running code made. */
  claim?: JsonObject;
  findings: FindingView[];
}

export interface JobEvent {
  id: number;
  state: ShownState;
  at: string;
}

/** A held output as the airlock needs it: canonical object, hash, verdict. */
export interface HeldOutput {
  id: OutputId;
  job: JobId;
  run: RunId;
  name: string;
  object: string;
  media_type: string;
  bytes: number;
  sha256: string;
  verdict: Verdict;
  evidence: Evidence;
  capacity_bytes: number | null;
  shows?: string;
  claim?: JsonObject;
  findings: FindingView[];
  /** SHA-256 of a salt and the auditors' findings: what a bundle says of them. */
  findings_commitment: string;
}

/** In place of an isolation level: control ran the job in a confined engine, and no program of anyone's. */
export const NO_PROGRAM = "engine";

/** Facts of a job that the airlock builds a bundle from. Never shown as such. */
export interface JobRecord {
  id: JobId;
  kind: JobKindName;
  mode: JobMode;
  state: JobState;
  principal: PrincipalId;
  purpose: string;
  grade: number;
  /** At which its run ran; before one did, the level that it needs at least. */
  isolation: IsolationLevel | typeof NO_PROGRAM;
  spec: JsonObject;
  spec_sha256: string;
  code_object: string | null;
  datasets: { dataset: DatasetId; name: string; grant: string; version: string; view: string | null }[];
  run: { id: RunId; fence: number; image: JsonObject | null } | null;
  created_at: number;
}
