/** Jobs as the other rooms see them, and how the room is put together. */
import type { Readable } from "node:stream";
import type { Logger } from "pino";
import type { Catalog, HeldTable } from "../catalog/index.js";
import type { JsonObject, Ledger, Tx } from "../ledger/index.js";
import type { Checker, Finding, Protector } from "../privacy/index.js";
import type { Keys, Store, Vault } from "../store/index.js";
import type { Actor, Clock, IsolationLevel, JobId, Page, PageRequest, RunId } from "../vocabulary/index.js";
import type { JobsConfig } from "./config.js";
import type { HeldOutput, JobEvent, JobRecord, JobView, OutputName, OutputView, RunState } from "./job.js";
import type { JobKinds } from "./kinds/kind.js";
import type { Heartbeat, Lease, ReadyCounts, RunFacts, RunOutcome, StageInfo } from "./lease.js";
import type { EnteredJob } from "./submit.js";

/** What the room works with. */
export interface JobsParts {
  store: Store;
  ledger: Ledger;
  vault: Vault;
  keys: Pick<Keys, "sealer">;
  clock: Clock;
  catalog: Catalog;
  checker: Checker;
  protector: Protector;
  log: Logger;
  config: JobsConfig;
  kinds: JobKinds;
}

/** What a worker process says of where it runs. */
export interface WorkerOffer {
  levels: readonly IsolationLevel[];
  machine: string;
}

export interface WorkerIdentity {
  id: string;
  /** Once its process has said it. */
  machine?: string | undefined;
  levels: readonly IsolationLevel[];
}

/** Names a run and proves to be its newest holder. */
export interface RunClaim {
  worker: string;
  run: RunId;
  fence: number;
}

/** What workers may ask of control. Every call but `claim` is refused as `stale` with an old fence. */
export interface WorkerCalls {
  /** A token for one worker process; only its hash is kept. */
  registerWorker(input: { levels: readonly IsolationLevel[] }): { id: string; token: string };
  revokeWorker(id: string): void;
  /** @throws unauthenticated */
  workerByToken(token: string): WorkerIdentity;
  /** A worker process begins: what an earlier process under its token left running is lost. */
  begin(worker: WorkerIdentity): { node: string };
  /** What the worker's machine truly has, of what its token may offer. Until it is said, the container alone. */
  offer(worker: WorkerIdentity, offer: WorkerOffer): void;
  /** What its ready containers are and cost now. */
  ready(worker: WorkerIdentity, counts: ReadyCounts): void;
  claim(worker: WorkerIdentity): Lease | undefined;
  heartbeat(claim: RunClaim): Heartbeat;
  stage(claim: RunClaim): Promise<StageInfo>;
  advance(claim: RunClaim, state: RunState, facts?: Partial<RunFacts>): void;
  /** Ciphertext of an object that this run was given the key of. @throws not_found for any other */
  object(claim: RunClaim, object: string): Readable;
  putOutput(claim: RunClaim, name: string, source: Readable): Promise<{ sha256: string; bytes: number }>;
  /** Ends the run. The same call again has no further effect. */
  finish(claim: RunClaim, outcome: RunOutcome): Promise<void>;
  /** The worker cannot go on (it is being stopped): the job goes back to the queue. */
  giveBack(claim: RunClaim): void;
  /** Which of these runs are over, or not this node's: a machine may remove what they left. */
  deadRuns(runs: readonly string[]): string[];
}

export interface Jobs {
  submit(actor: Actor, input: unknown): Promise<JobView>;
  /** A new job: a safe version of a table of one's own ended job. */
  safe(actor: Actor, id: string, name: string, input: unknown): Promise<JobView>;
  get(actor: Actor, id: string): JobView;
  list(actor: Actor, page?: PageRequest): Page<JobView>;
  cancel(actor: Actor, id: string, ifMatch?: number): Promise<JobView>;
  /** The requester is done with a held job. */
  closeJob(actor: Actor, id: string, ifMatch?: number): JobView;
  outputs(actor: Actor, id: string): (OutputView | OutputName)[];
  dryRunOutput(
    actor: Actor,
    id: string,
    name: string,
  ): Promise<{ stream: Readable; info: { media_type: string; bytes: number; sha256: string } }>;
  /** The job's files as a tar: for its submitter and its auditors. */
  code(actor: Actor, id: string): { stream: Readable };
  history(actor: Actor, id: string): JobEvent[];
  /** The view now and after each change of it, until it is final or the signal aborts. */
  watch(actor: Actor, id: string, signal: AbortSignal): AsyncIterable<JobView>;
  /** For other rooms: not filtered by who asks. @throws not_found */
  record(id: string): JobRecord;
  /** For other rooms: outputs that a release may name, by their ids. @throws not_found */
  heldOutputs(id: string): HeldOutput[];
  /** Among them the tables that the node computed, as a dataset's memory takes them. @throws not_found */
  heldTables(id: string): HeldTable[];
  /** For other rooms: makes a job of what the node itself found, in the transaction that found it. */
  enter(tx: Tx, actor: Actor, entered: EnteredJob): JobId;
  /** Of what the node found: moves on when what it is judged with does; undefined for other jobs. */
  mark(id: string): number | undefined;
  /** Of what the node found: what it tells together with what went out by now. */
  together(id: string): Promise<Finding[]>;
  /** Of what the node found: whether it is provably the same as, or apart from, all that went out before. */
  apart(id: string): boolean;
  /** Of what the node found: size of a head of the ledger that others know. */
  knownHead(id: string): number | undefined;
  /** Of what the node found: further files of a release's bundle, by path. @throws not_found */
  papers(id: string): Record<string, JsonObject>;
  /** Below so many units a count of this job's is small. @throws not_found */
  threshold(id: string): number;
  /** How many jobs are in each true state. For the node's metrics, which no submitter reads. */
  stateCounts(): Record<string, number>;
  /** The ready containers of all workers. For the node's metrics. */
  readyCounts(): ReadyCounts;
  internal: WorkerCalls;
  /** Lease expiry, wall clocks, retries, retention, checks to do: call it about once a second. */
  tick(): Promise<void>;
  /** Resolves when no run of control's own and no check is under way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}
