/** Puts the room together: one service over the steps, the pump of checks and the sweep. */
import { createHash, randomBytes } from "node:crypto";
import type { Committed, JsonObject, Tx } from "../ledger/index.js";
import type { Finding } from "../privacy/index.js";
import { prepared } from "../store/index.js";
import {
  type Actor,
  GloveboxError,
  type IsolationLevel,
  type JobId,
  type Page,
  type PageRequest,
  pageOf,
  parsePage,
} from "../vocabulary/index.js";
import { moveJob } from "./change.js";
import { claimNext, kindOf } from "./claim.js";
import { DEFAULT_JOBS_CONFIG, type JobsConfig } from "./config.js";
import { heldTables, thresholdOf } from "./differencing.js";
import { finishRun } from "./finish.js";
import { levelsOf, machineOf, noteSeen, offerLevels } from "./isolation.js";
import type { JobView } from "./job.js";
import type { Jobs, JobsParts, WorkerCalls, WorkerIdentity } from "./jobs.js";
import { type JobKind, jobKinds } from "./kinds/kind.js";
import { sandboxKind } from "./kinds/sandbox.js";
import { tableKind } from "./kinds/table.js";
import type { ReadyCounts } from "./lease.js";
import { beginWorker, giveBack } from "./lost.js";
import { dropStray } from "./objects.js";
import { CheckPump } from "./pump.js";
import { readCode, readDryRunOutput, readHeld, readOutputs, readRecord } from "./reading.js";
import { ReadyReports } from "./ready.js";
import { Recomputer } from "./recompute.js";
import { isLive, type JobRow, jobRow, jobRows, runRow } from "./rows.js";
import { advance, heartbeat, objectOf, putOutput, stage } from "./runs.js";
import { safeJob } from "./safe.js";
import { historyOf, seenJob, viewOf } from "./sight.js";
import { cancelJob, stopOnRevocation } from "./stop.js";
import { type EnteredJob, enterJob, submitJob } from "./submit.js";
import { renewLeases, sweep } from "./sweep.js";
import { nextChange, type Sight, show } from "./visibility.js";
import { isFinal, Movements, watchJob } from "./watch.js";

export interface JobsOptions extends Omit<JobsParts, "config" | "kinds"> {
  config?: Partial<JobsConfig>;
  /** Kinds besides `sandbox` and `table`. */
  kinds?: readonly JobKind[];
}

export function createJobs(options: JobsOptions): Jobs {
  const parts: JobsParts = {
    ...options,
    config: { ...DEFAULT_JOBS_CONFIG, ...options.config },
    kinds: jobKinds([sandboxKind, tableKind, ...(options.kinds ?? [])]),
  };
  stopOnRevocation(parts.ledger, parts);
  renewLeases(parts);
  dropStray(parts.store.db, parts.vault, parts.clock.now());
  return new JobService(parts);
}

class JobService implements Jobs {
  readonly internal: WorkerCalls;
  private readonly pump: CheckPump;
  private readonly recomputer: Recomputer;
  private readonly movements = new Movements();
  private readonly readyReports = new ReadyReports();
  private readonly readOne;

  constructor(private readonly parts: JobsParts) {
    this.readOne = parts.store.db.transaction((actor: Actor, id: string) => {
      const { job, sight } = seenJob(parts.store.db, actor, id);
      return this.view(job, sight);
    });
    this.pump = new CheckPump(parts);
    this.recomputer = new Recomputer(parts);
    this.internal = workerCalls(parts, this.readyReports);
    parts.ledger.afterCommit((committed) => this.onCommit(committed));
    this.pump.kick();
    this.recomputer.kick();
  }

  private onCommit({ events }: Committed): void {
    const moved = new Set(events.filter((e) => e.type === "job.changed").map((e) => e.subject));
    for (const job of moved) this.movements.moved(job);
    if (moved.size === 0) return;
    this.pump.kick();
    this.recomputer.kick();
  }

  private get db() {
    return this.parts.store.db;
  }

  private view(job: JobRow, sight: Sight): JobView {
    return viewOf(this.db, this.parts.catalog, job, sight, this.parts.clock.now());
  }

  async submit(actor: Actor, input: unknown): Promise<JobView> {
    return this.view(await submitJob(this.parts, actor, input), "signals");
  }

  async safe(actor: Actor, id: string, name: string, input: unknown): Promise<JobView> {
    return this.view(await safeJob(this.parts, actor, id, name, input), "signals");
  }

  /** One snapshot for all that a view is made of, and one lock on the database instead of one a statement. */
  get(actor: Actor, id: string): JobView {
    return this.readOne.deferred(actor, id);
  }

  list(actor: Actor, page: PageRequest = {}): Page<JobView> {
    const { limit, cursor } = parsePage(page);
    const rows = jobRows(this.db, LIST, {
      actor: actor.id,
      admin: actor.roles.includes("admin") ? 1 : 0,
      auditor: actor.roles.includes("auditor") ? 1 : 0,
      cursor: cursor ?? "~",
      limit: limit + 1,
    });
    return pageOf(rows, limit, (row) => this.get(actor, row.id));
  }

  async cancel(actor: Actor, id: string, ifMatch?: number): Promise<JobView> {
    cancelJob(this.parts, actor, id, ifMatch);
    return this.get(actor, id);
  }

  closeJob(actor: Actor, id: string, ifMatch?: number): JobView {
    this.parts.ledger.commit((tx) => {
      const { job, sight } = seenJob(tx.db, actor, id);
      if (job.principal !== actor.id) throw new GloveboxError("forbidden");
      const shown = show(job, sight, tx.now);
      if (ifMatch !== undefined && ifMatch !== shown.rev) throw new GloveboxError("stale");
      if (shown.state !== "held") throw new GloveboxError("state_conflict");
      moveJob(tx, job, "close", { actor: actor.id, changes: { closed_at: tx.now } });
    });
    return this.get(actor, id);
  }

  outputs(actor: Actor, id: string) {
    return readOutputs(this.parts, actor, id);
  }
  async dryRunOutput(actor: Actor, id: string, name: string) {
    return readDryRunOutput(this.parts, actor, id, name);
  }
  code(actor: Actor, id: string) {
    return readCode(this.parts, actor, id);
  }
  history(actor: Actor, id: string) {
    const { job, sight } = seenJob(this.db, actor, id);
    return historyOf(job, sight, this.parts.clock.now());
  }
  record(id: string) {
    return readRecord(this.parts, id);
  }
  heldOutputs(id: string) {
    return readHeld(this.parts, id);
  }
  heldTables(id: string) {
    return heldTables(this.parts, id);
  }
  threshold(id: string) {
    return thresholdOf(this.parts, id);
  }
  enter(tx: Tx, actor: Actor, entered: EnteredJob): JobId {
    return enterJob(tx, this.parts, actor, entered).id;
  }
  mark(id: string): number | undefined {
    const job = jobRow(this.db, id);
    return kindOf(this.parts, job).finder?.mark(job);
  }
  async together(id: string): Promise<Finding[]> {
    const job = jobRow(this.db, id);
    return (await kindOf(this.parts, job).finder?.together(job)) ?? [];
  }
  apart(id: string): boolean {
    const job = jobRow(this.db, id);
    return kindOf(this.parts, job).finder?.apart(job) ?? false;
  }
  knownHead(id: string): number | undefined {
    const job = jobRow(this.db, id);
    return kindOf(this.parts, job).finder?.knownHead(job);
  }
  papers(id: string): Record<string, JsonObject> {
    const job = jobRow(this.db, id);
    return kindOf(this.parts, job).finder?.papers(job) ?? {};
  }

  stateCounts(): Record<string, number> {
    const rows = prepared(this.db, "SELECT state, count(*) AS n FROM jobs GROUP BY state").all();
    return Object.fromEntries((rows as { state: string; n: number }[]).map(({ state, n }) => [state, n]));
  }

  readyCounts(): ReadyCounts {
    return this.readyReports.sum(this.parts.clock.now());
  }

  watch(actor: Actor, id: string, signal: AbortSignal): AsyncIterable<JobView> {
    const { job } = seenJob(this.db, actor, id);
    const { clock } = this.parts;
    const read = () => {
      const seen = seenJob(this.db, actor, id);
      const view = this.view(seen.job, seen.sight);
      const next = nextChange(seen.job, clock.now());
      return { view, next, final: isFinal(view) };
    };
    return watchJob(this.movements, job.id, read, () => clock.now(), signal);
  }

  async tick(): Promise<void> {
    sweep(this.parts);
    this.pump.kick();
    this.recomputer.kick();
  }
  async idle(): Promise<void> {
    await this.recomputer.idle();
    await this.pump.idle();
  }
  async close(): Promise<void> {
    await Promise.all([this.recomputer.close(), this.pump.close()]);
  }
}

/** Newest first: one's own, those of one's datasets, those one audits; all for the admin. */
const LIST = `
  SELECT j.* FROM jobs j WHERE j.id < @cursor AND (
    j.principal = @actor OR @admin = 1
    OR EXISTS (SELECT 1 FROM job_datasets jd JOIN datasets d ON d.id = jd.dataset WHERE jd.job = j.id AND d.owner = @actor)
    OR (@auditor = 1 AND EXISTS (SELECT 1 FROM job_datasets jd JOIN dataset_auditors a ON a.dataset = jd.dataset
         WHERE jd.job = j.id AND a.principal = @actor)))
  ORDER BY j.id DESC LIMIT @limit`;

const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

function workerCalls(parts: JobsParts, readyReports: ReadyReports): WorkerCalls {
  const { db } = parts.store;
  return {
    registerWorker: ({ levels }) => registerWorker(parts, levels),
    revokeWorker(id) {
      parts.ledger.commit((tx) => {
        tx.db
          .prepare("UPDATE workers SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
          .run(tx.now, id);
      });
    },
    workerByToken(token): WorkerIdentity {
      const row = db
        .prepare("SELECT id, labels FROM workers WHERE token_sha256 = ? AND revoked_at IS NULL")
        .get(hashOf(token)) as { id: string; labels: string } | undefined;
      if (!row) throw new GloveboxError("unauthenticated");
      return { id: row.id, machine: machineOf(row.labels), levels: levelsOf(row.labels) };
    },
    begin: (worker) => beginWorker(parts, worker),
    offer: (worker, offer) => offerLevels(parts, worker, offer),
    ready: (worker, counts) => readyReports.note(worker.id, counts, parts.clock.now()),
    claim(worker) {
      noteSeen(parts, worker);
      return claimNext(parts, worker);
    },
    heartbeat: (claim) => heartbeat(parts, claim),
    stage: (claim) => stage(parts, claim),
    advance: (claim, state, facts) => advance(parts, claim, state, facts),
    object: (claim, object) => objectOf(parts, claim, object),
    putOutput: (claim, name, source) => putOutput(parts, claim, name, source),
    finish: async (claim, outcome) => finishRun(parts, claim, outcome),
    giveBack: (claim) => giveBack(parts, claim),
    deadRuns: (runs) => runs.filter((id) => !isLive(runRow(db, id))),
  };
}

function registerWorker(parts: JobsParts, levels: readonly IsolationLevel[]) {
  const token = `gbw_${randomBytes(32).toString("base64url")}`;
  const id = `wrk_${randomBytes(12).toString("hex")}`;
  parts.ledger.commit((tx) => {
    tx.db
      .prepare("INSERT INTO workers (id, token_sha256, labels, seen_at, created_at) VALUES (?, ?, ?, ?, ?)")
      .run(id, hashOf(token), JSON.stringify({ isolation: levels }), tx.now, tx.now);
    tx.entry({
      kind: "worker.registered",
      actor: "system",
      subject: id,
      data: { worker: id, isolation: [...levels] },
    });
  });
  return { id, token };
}
