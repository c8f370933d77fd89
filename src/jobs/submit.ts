/** Submission: schema, grants, isolation, price of the signals; then job, entry and wake-up in one commit. */
import { createHash } from "node:crypto";
import type { DatasetRow, GrantRow } from "../catalog/index.js";
import { canonicalJson, type JsonObject, type Tx } from "../ledger/index.js";
import {
  type Actor,
  GloveboxError,
  GRADES,
  type Grade,
  invalidInput,
  JOB_KINDS,
  type JobId,
  type JobKindName,
  newId,
  type VersionId,
} from "../vocabulary/index.js";
import { needOf, offeredLevels } from "./isolation.js";
import type { JobsParts } from "./jobs.js";
import type { JobKind, ParsedJob } from "./kinds/kind.js";
import { isolationFor } from "./policy.js";
import { type JobRow, jobRow } from "./rows.js";
import { priceSignals, type SignalPrice, signalsShown } from "./signals.js";

/** The topic of wake-ups for workers. */
export const WAKE_WORKERS = "jobs.wake";

interface JobData {
  dataset: DatasetRow;
  grant: GrantRow;
  version: VersionId;
}

/** @throws invalid_input, too_large, not_found, no_grant, grant_expired, isolation_unavailable, rate_limited */
export async function submitJob(parts: JobsParts, actor: Actor, input: unknown): Promise<JobRow> {
  const kind = kindOf(parts, input);
  return submitParsed(parts, actor, kind, await kind.parse(input, parts.config));
}

/** @throws as submitJob, but for what parsing says */
export async function submitParsed(
  parts: JobsParts,
  actor: Actor,
  kind: JobKind,
  parsed: ParsedJob,
): Promise<JobRow> {
  // Before anything is stored for it; decided again inside the commit.
  bound(parts, kind, parsed, dataFor(parts, actor, kind, parsed, parts.clock.now()));
  const code = parsed.code ? await parts.vault.put(parsed.code) : undefined;
  return parts.ledger.commit((tx) => {
    refuseTooMany(tx, parts, actor);
    const data = dataFor(parts, actor, kind, parsed, tx.now);
    const job = bound(parts, kind, parsed, data);
    return insertJob(tx, parts, actor, kind, job, data, code?.object ?? null);
  });
}

/** What the job says of columns is held against those that its grants show. */
function bound(parts: JobsParts, kind: JobKind, job: ParsedJob, data: readonly JobData[]): ParsedJob {
  if (!kind.bind) return job;
  const seen = data.map(({ dataset, grant, version }) => ({
    id: dataset.id,
    name: dataset.name,
    columns: parts.catalog.views.columns({ grant, versionId: version }),
  }));
  return kind.bind(job, seen);
}

function kindOf(parts: JobsParts, input: unknown): JobKind {
  const name = (input as { kind?: unknown } | null)?.kind;
  const kind = JOB_KINDS.find((k) => k === name);
  const registered = kind && parts.kinds.get(kind);
  if (!registered) throw invalidInput("kind", `must be one of: ${[...parts.kinds.keys()].join(", ")}`);
  return registered;
}

function dataFor(parts: JobsParts, actor: Actor, kind: JobKind, job: ParsedJob, now: number): JobData[] {
  const data = job.datasets.map((name): JobData => {
    const grant = grantFor(parts, actor, kind, job, name, now);
    const dataset = parts.catalog.datasets.row(grant.dataset);
    if (dataset.current_version === null)
      throw new GloveboxError("state_conflict", { detail: `${dataset.name} has no version yet` });
    return { dataset, grant, version: dataset.current_version };
  });
  if (new Set(data.map((d) => d.dataset.id)).size < data.length)
    throw invalidInput("datasets", "names a dataset twice");
  return data;
}

/** The first access mode that a grant covers; when none does, what is said is what the first mode lacked. */
function grantFor(
  parts: JobsParts,
  actor: Actor,
  kind: JobKind,
  job: ParsedJob,
  dataset: string,
  now: number,
): GrantRow {
  let refusal: unknown;
  for (const access of kind.access(job.mode)) {
    try {
      return parts.catalog.grants.usable({ principal: actor.id, dataset, access, kind: kind.name, now });
    } catch (error) {
      refusal ??= error;
    }
  }
  throw refusal;
}

/** Counted over what shows as live, so that the answer tells nothing of ends that do not show yet. */
function refuseTooMany(tx: Tx, parts: JobsParts, actor: Actor): void {
  const live = tx.db
    .prepare("SELECT count(*) FROM jobs WHERE principal = ? AND (end_shown_at IS NULL OR end_shown_at > ?)")
    .pluck()
    .get(actor.id, tx.now) as number;
  if (live >= parts.config.maxLiveJobs)
    throw new GloveboxError("rate_limited", {
      detail: `at most ${parts.config.maxLiveJobs} live jobs a principal`,
    });
}

/** What the node itself has found out of a dataset under a grant, and makes a job of. */
export interface EnteredJob {
  kind: JobKindName;
  purpose: string;
  spec: JsonObject;
  grant: GrantRow;
  version: VersionId;
}

/** In the transaction that found it. */
export function enterJob(tx: Tx, parts: JobsParts, actor: Actor, entered: EnteredJob): JobRow {
  const kind = parts.kinds.get(entered.kind);
  if (!kind) throw new GloveboxError("internal", { detail: `no kind ${entered.kind} is registered` });
  const { purpose, spec, grant, version } = entered;
  const dataset = parts.catalog.datasets.row(grant.dataset);
  const parsed: ParsedJob = { purpose, datasets: [dataset.name], mode: "real", spec };
  return insertJob(tx, parts, actor, kind, parsed, [{ dataset, grant, version }], null);
}

function insertJob(
  tx: Tx,
  parts: JobsParts,
  actor: Actor,
  kind: JobKind,
  job: ParsedJob,
  data: JobData[],
  codeObject: string | null,
): JobRow {
  const grade = Math.max(...data.map((d) => d.dataset.grade)) as Grade;
  const need = needOf(
    job,
    data.map(({ dataset }) => dataset),
  );
  // Where no program runs there is nothing to isolate: the column then says what any machine has.
  const isolation =
    kind.runner === "control" ? "container" : isolationFor(need, offeredLevels(parts, tx.now));
  const signals =
    job.mode === "dry_run"
      ? ({ showing: "exact", bits: 0 } as const)
      : priceSignals(
          grade,
          data.map((d) => allowanceOf(parts, d)),
        );
  const id: JobId = newId("job", tx.now);
  const spec = canonicalJson(job.spec);
  const specSha256 = createHash("sha256").update(spec).digest("hex");
  tx.db
    .prepare(
      `INSERT INTO jobs (id, kind, mode, state, principal, purpose, spec, spec_sha256, code_object, grade, isolation,
         created_at, signal_bits, signals_shown)
       VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    // biome-ignore format: in the order of the columns
    .run(
    id,
    kind.name,
    job.mode,
    actor.id,
    job.purpose,
    spec,
    specSha256,
    codeObject,
    grade,
    isolation,
    tx.now,
    signals.bits,
    signals.showing,
  );
  const insert = tx.db.prepare(
    "INSERT INTO job_datasets (job, dataset, grant_id, version, grade) VALUES (?, ?, ?, ?, ?)",
  );
  for (const d of data) insert.run(id, d.dataset.id, d.grant.id, d.version, d.dataset.grade);
  tx.entry({
    kind: "job.submitted",
    actor: actor.id,
    subject: id,
    dataset: data.map((d) => d.dataset.id),
    data: {
      job: id,
      kind: kind.name,
      mode: job.mode,
      spec_sha256: specSha256,
      datasets: data.map((d) => ({ dataset: d.dataset.id, version: d.version, grant: d.grant.id })),
      isolation,
      signals: { showing: signals.showing, bits: signals.bits },
    },
  });
  charge(tx, parts, actor, id, data, signals);
  tx.event("job.changed", id, {});
  tx.outbox(WAKE_WORKERS, {});
  return jobRow(tx.db, id);
}

/** A dataset of grade 1 has no allowance to spend. */
function allowanceOf(parts: JobsParts, d: JobData): number | null {
  return d.dataset.grade === 1 ? null : parts.catalog.signals.left(d.grant.id);
}

/**
 * The signals are charged when the job is accepted, before they exist: a charge at the job's end would show that
 * end, through the budget, sooner than the grid does, and two jobs that race could overdraw.
 */
function charge(
  tx: Tx,
  parts: JobsParts,
  actor: Actor,
  job: JobId,
  data: JobData[],
  price: SignalPrice,
): void {
  if (price.bits === 0) return;
  for (const { dataset, grant } of data) {
    if (GRADES[dataset.grade].end_grid === null) continue;
    parts.catalog.signals.charge(tx, {
      job,
      principal: actor.id,
      dataset: dataset.id,
      grant: grant.id,
      bits: price.bits,
      shown: [...signalsShown(price.showing)],
    });
  }
}
