/**
 * What control and a worker tell each other. A lease names one run and its fencing number; every later call
 * repeats both, and a call with an old number changes nothing.
 *
 * Never in here: a raw version, the wrapping key, another job's keys.
 */
import type { ImageRef, Limits, Outcome, Refusal } from "../sandbox/index.js";
import type { IsolationLevel, JobId, JobKindName, JobMode, RunId } from "../vocabulary/index.js";

/** What the worker executes. */
export interface RunOrder {
  image: string;
  command: string[];
  env: Record<string, string>;
  outputs: string[];
  limits: Limits;
}

export interface Lease {
  run: RunId;
  job: JobId;
  fence: number;
  kind: JobKindName;
  mode: JobMode;
  isolation: IsolationLevel;
  /** 1 for the first run of a job. */
  attempt: number;
  lease_ms: number;
  heartbeat_ms: number;
  order: RunOrder;
  /** What to decrypt into the run's folders. Absent until the Views exist: ask with `stage`. */
  stage?: StageInfo;
}

/** One encrypted object and the data key that opens it, for this run only. */
export interface StagedObject {
  object: string;
  sha256: string;
  bytes: number;
  data_key: string;
}

export interface StageInfo {
  /** Files for /data. */
  views: (StagedObject & { file: string })[];
  /** What the helper library in the image reads beside the Views; public things only. */
  context: { file: string; text: string };
  /** A tar of the job's files for /work; null where a kind brings none. Its hash is the vault's to check. */
  code: Pick<StagedObject, "object" | "data_key"> | null;
}

export interface Heartbeat {
  /** Stop the run: it was cancelled, its grant ended, or its time is over. */
  cancel: boolean;
}

/** The image that a run really used, pinned by its layers. */
export type RunImage = ImageRef;

/** What a worker states when the program is about to run: which image, and at which level. */
export interface RunFacts {
  image: RunImage;
  isolation: IsolationLevel;
  /** It was given a container that had been started beforehand. */
  ready?: boolean;
}

/** What one worker's ready containers are and cost now, and what became of its runs since it began. */
export interface ReadyCounts {
  waiting: number;
  memory_bytes: number;
  /** Runs that were given one, and that started cold. */
  given: number;
  cold: number;
}

/** `output`: what came of a run of control's is larger than what is let out. */
export type RunOutcomeName = Outcome | "output";

export interface RunOutcome {
  outcome: RunOutcomeName;
  exit_code?: number;
  logs_truncated?: boolean;
  /** Files that were declared and written but not taken, and why. For auditors. */
  refusals?: Refusal[];
  /** What was uploaded, by name and hash: control takes the run only if it holds exactly these. */
  outputs: { name: string; sha256: string; bytes: number }[];
}

/** What is kept of a worker. */
export interface WorkerLabels {
  /** What its token may offer. */
  isolation: IsolationLevel[];
  /** What its machine truly has, as its process said when it began. */
  offered?: IsolationLevel[];
  /** What names the machine among those of this node: workers with the same one share its processors and memory. */
  machine?: string;
}

export type { Limits };
