/** Jobs, runs and outputs as the database keeps them, and the one place that turns rows into values. */
import type Database from "better-sqlite3";
import type { JsonObject } from "../ledger/index.js";
import { prepared } from "../store/index.js";
import {
  type DatasetId,
  type Evidence,
  GloveboxError,
  type Grade,
  type GrantId,
  type IsolationLevel,
  isId,
  type JobId,
  type JobKindName,
  type OutputId,
  type PrincipalId,
  type RunId,
  type Verdict,
  type VersionId,
} from "../vocabulary/index.js";
import type { RunState } from "./job.js";
import type { RunImage } from "./lease.js";
import type { JobMoments } from "./visibility.js";

export interface JobRow extends JobMoments {
  id: JobId;
  kind: JobKindName;
  principal: PrincipalId;
  purpose: string;
  spec: JsonObject;
  spec_sha256: string;
  code_object: string | null;
  grade: Grade;
  isolation: IsolationLevel;
  priority: number;
  attempts: number;
  not_before: number;
  held_at: number | null;
  retain_until: number | null;
  run: RunId | null;
  /** When its run was over and the check began. */
  run_over_at: number | null;
  check_attempts: number;
}

export interface JobDatasetRow {
  job: JobId;
  dataset: DatasetId;
  name: string;
  owner: PrincipalId;
  grant_id: GrantId;
  version: VersionId;
  view: string | null;
  grade: Grade;
}

export interface RunRow {
  id: RunId;
  job: JobId;
  fence: number;
  worker: string;
  state: RunState;
  leased_at: number;
  lease_expires_at: number;
  staged_at: number | null;
  executing_at: number | null;
  collected_at: number | null;
  ended_at: number | null;
  outcome: JsonObject | null;
  image: RunImage | null;
  /** The level that it was leased for; null: before levels were told apart, when there was the container alone. */
  isolation: IsolationLevel | null;
  /** From when on it is to be killed; null: it may go on. */
  kill_at: number | null;
}

export interface OutputRow {
  id: OutputId;
  job: JobId;
  run: RunId;
  name: string;
  raw_object: string | null;
  object: string | null;
  media_type: string;
  bytes: number;
  sha256: string | null;
  verdict: Verdict | null;
  evidence: Evidence;
  capacity_bytes: number | null;
  facts_sealed: Buffer | null;
  findings_commitment: string | null;
  /** Of a held table: which units its cells stand on. */
  units_object: string | null;
  created_at: number;
}

type Db = Database.Database;
type Raw = Record<string, unknown>;

const json = (text: unknown) => (text === null ? null : JSON.parse(text as string));
const toJob = (raw: Raw): JobRow => ({ ...(raw as unknown as JobRow), spec: json(raw.spec) });
const toRun = (raw: Raw): RunRow => ({
  ...(raw as unknown as RunRow),
  outcome: json(raw.outcome),
  image: json(raw.image),
});

export const jobRows = (db: Db, sql: string, ...params: unknown[]): JobRow[] =>
  (prepared(db, sql).all(...params) as Raw[]).map(toJob);
export const runRows = (db: Db, sql: string, ...params: unknown[]): RunRow[] =>
  (prepared(db, sql).all(...params) as Raw[]).map(toRun);
export const outputRows = (db: Db, sql: string, ...params: unknown[]): OutputRow[] =>
  prepared(db, sql).all(...params) as OutputRow[];

const unknownJob = () =>
  new GloveboxError("not_found", { detail: "no such job, or none that you may know of" });

/** @throws not_found */
export function jobRow(db: Db, id: string): JobRow {
  const [row] = isId("job", id) ? jobRows(db, "SELECT * FROM jobs WHERE id = ?", id) : [];
  if (!row) throw unknownJob();
  return row;
}

export const runRow = (db: Db, id: string): RunRow | undefined =>
  runRows(db, "SELECT * FROM runs WHERE id = ?", id)[0];

export const isLive = (run: RunRow | undefined): boolean =>
  run !== undefined && run.state !== "ended" && run.state !== "lost";

/** The run of a job that is under way; undefined when none is. */
export const liveRunOf = (db: Db, job: JobId): RunRow | undefined =>
  runRows(
    db,
    "SELECT * FROM runs WHERE job = ? AND state NOT IN ('ended', 'lost') ORDER BY fence DESC LIMIT 1",
    job,
  )[0];

export const datasetsOf = (db: Db, job: JobId): JobDatasetRow[] =>
  prepared(
    db,
    `SELECT jd.*, d.name AS name, d.owner AS owner FROM job_datasets jd JOIN datasets d ON d.id = jd.dataset
       WHERE jd.job = ? ORDER BY d.name`,
  ).all(job) as JobDatasetRow[];

export const auditorsOf = (db: Db, job: JobId): PrincipalId[] =>
  prepared(
    db,
    `SELECT DISTINCT a.principal FROM job_datasets jd JOIN dataset_auditors a ON a.dataset = jd.dataset
       WHERE jd.job = ?`,
  )
    .pluck()
    .all(job) as PrincipalId[];

/** The outputs that count: those of the job's accepted run. */
export const outputsOf = (db: Db, job: JobRow): OutputRow[] =>
  job.run === null
    ? []
    : outputRows(db, "SELECT * FROM outputs WHERE job = ? AND run = ? ORDER BY name", job.id, job.run);

export { unknownJob };
