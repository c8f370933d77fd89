/**
 * What a kind of job must say of itself. The steps of a job (submit, claim, stage, execute, collect, check,
 * hold) are the same for all kinds; a kind says what is submitted, what it needs of the data, and what runs.
 *
 * Rule: a kind decides nothing about grants, grades, signals or releases: those belong to the dataset.
 */
import type { ColumnSchema } from "../../catalog/index.js";
import type { JsonObject } from "../../ledger/index.js";
import type { Canonical, Finding } from "../../privacy/index.js";
import type { AccessMode, IsolationLevel, JobId, JobKindName, JobMode } from "../../vocabulary/index.js";
import type { JobsConfig } from "../config.js";
import type { RunOrder } from "../lease.js";

export interface ParsedJob {
  purpose: string;
  /** Dataset names or ids, as submitted. */
  datasets: string[];
  mode: JobMode;
  /** The least isolation that the submitter wants, beyond what the data ask for. */
  isolation?: IsolationLevel;
  /** What is stored and hashed: the job as submitted, defaults filled in, code replaced by hashes. */
  spec: JsonObject;
  /** The job's files as a canonical tar; undefined where the kind brings none. */
  code?: Buffer;
}

/** What a job's grant shows of one of its datasets. */
export interface SeenData {
  id: string;
  name: string;
  columns: readonly ColumnSchema[];
}

/** What a job of a kind that finds its outputs is looked up by. */
export interface FindingJob {
  id: JobId;
  spec: JsonObject;
}

/** An output that the node found elsewhere than by a program or a claim, judged by rules of its own. */
export interface FoundOutput {
  name: string;
  canonical: Canonical;
  /** What it shows, in words. */
  shows: string;
}

/** A kind whose outputs are found by the node itself; every answer is of what lies in its database. */
export interface Finder {
  outputs(job: FindingJob): readonly FoundOutput[];
  /** What it tells together with what went out before. */
  together(job: FindingJob): Promise<Finding[]>;
  /** Moves on with each that goes out; what was judged before is judged again then. */
  mark(job: FindingJob): number;
  /** Whether it is provably the same as, or apart from, all that went out before. */
  apart(job: FindingJob): boolean;
  /** Size of a head of this node's ledger that others know, and that a bundle's head is shown to go on from. */
  knownHead(job: FindingJob): number | undefined;
  /** Further files of a release's bundle, by path. */
  papers(job: FindingJob): Record<string, JsonObject>;
}

export interface JobKind {
  readonly name: JobKindName;
  /** Who runs it: a worker in a sandbox, or control itself, which runs no program. */
  readonly runner: "worker" | "control";
  /** Access modes of a grant of which one must cover the job: the first that does is used. */
  access(mode: JobMode): readonly AccessMode[];
  /** @throws invalid_input, too_large */
  parse(input: unknown, config: JobsConfig): Promise<ParsedJob>;
  /** What can be said only with the data's columns at hand. @throws invalid_input, query_unsupported */
  bind?(job: ParsedJob, data: readonly SeenData[]): ParsedJob;
  /** Names of all outputs that a job of this spec ends with, logs included. */
  outputs(spec: JsonObject): string[];
  /** How long a run of it may take. */
  wallSeconds(spec: JsonObject): number;
  /** What a worker executes for a stored spec. */
  order?(job: { id: string; mode: JobMode; spec: JsonObject }): RunOrder;
  /** In the place of claims. */
  readonly finder?: Finder;
}

export type JobKinds = ReadonlyMap<JobKindName, JobKind>;

export function jobKinds(kinds: readonly JobKind[]): JobKinds {
  return new Map(kinds.map((k) => [k.name, k]));
}
