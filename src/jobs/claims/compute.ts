/**
 * What a claim shows, computed by an engine from the version that the job was submitted on, over what its grant's View
 * shows: the same for a declared table, for a claim in a job's spec, and for one that running code wrote.
 *
 * Rules: no row comes here: an engine answers with cells. A rehearsal is computed from the twin.
 */
import {
  type AnswerRow,
  askTable,
  type Canonical,
  type Claim,
  columnsOf,
  compareCurves,
  compareModels,
  compareTables,
  type DisclosurePolicy,
  type ExpressionColumns,
  type Finding,
  filterOf,
  isModel,
  judgeFacts,
  judgeModel,
  layoutOf,
  type ModelFacts,
  type ModelStatistic,
  modelFacts,
  modelQuestion,
  planTable,
  renderFacts,
  renderModel,
  requireRecomputed,
  type TableFacts,
} from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { JobsParts } from "../jobs.js";
import { datasetsOf, type JobRow } from "../rows.js";
import { safeFacts } from "./protect.js";

/** One of the job's datasets as its grant shows it. */
export interface SeenView {
  view: { grant: ReturnType<JobsParts["catalog"]["grants"]["row"]>; versionId: string };
  columns: ExpressionColumns;
}

/** What a claim shows: the cells of a table, or the figures of a model or of curves. */
export type ClaimFacts = { table: TableFacts } | { model: ModelFacts };

/** Undefined where the job has no dataset of that name. */
export function seenView(parts: JobsParts, job: JobRow, dataset: string): SeenView | undefined {
  const data = datasetsOf(parts.store.db, job.id).find((d) => d.name === dataset);
  if (data === undefined) return undefined;
  const view = { grant: parts.catalog.grants.row(data.grant_id), versionId: data.version };
  return { view, columns: columnsOf(parts.catalog.views.columns(view)) };
}

/** @throws too_large, engine_unavailable */
export async function factsOfClaim(
  parts: JobsParts,
  job: JobRow,
  claim: Claim,
  policy: DisclosurePolicy,
): Promise<ClaimFacts> {
  const seen = seenView(parts, job, claim.dataset);
  if (seen === undefined) throw new GloveboxError("internal", { detail: "a stored spec is damaged" });
  return isModel(claim.statistic)
    ? { model: await modelOf(parts, job, claim.statistic, seen, policy) }
    : { table: await tableOf(parts, job, claim, seen, policy) };
}

async function modelOf(
  parts: JobsParts,
  job: JobRow,
  statistic: ModelStatistic,
  { view, columns }: SeenView,
  policy: DisclosurePolicy,
): Promise<ModelFacts> {
  const facts = await parts.catalog.views.fit({
    ...view,
    mode: job.mode,
    question: (stored) => modelQuestion(statistic, columns, stored, policy.threshold),
  });
  return modelFacts.parse({ ...facts, filter: filterOf(statistic) });
}

async function tableOf(
  parts: JobsParts,
  job: JobRow,
  claim: Claim,
  { view, columns }: SeenView,
  policy: DisclosurePolicy,
): Promise<TableFacts> {
  const plan = planTable(requireRecomputed(claim.statistic, "statistic"), columns);
  const oneRowPerUnit = parts.catalog.datasets.row(view.grant.dataset).max_rows_per_unit === 1;
  const facts = await askTable({
    plan,
    columns,
    policy,
    oneRowPerUnit,
    async ask(question) {
      const asked = { ...view, mode: job.mode, question, maxRows: policy.max_csv_cells };
      return (await parts.catalog.views.ask(asked)).rows as AnswerRow[];
    },
  });
  return safeFacts(parts, facts, claim, view.grant.dataset, policy);
}

/** The bytes that are let out of it. */
export const renderedClaim = (facts: ClaimFacts, { statistic }: Claim, policy: DisclosurePolicy): Buffer =>
  "model" in facts ? renderModel(facts.model, policy) : renderFacts(facts.table, layoutOf(statistic));

export const judgedClaim = (facts: ClaimFacts, { statistic }: Claim, policy: DisclosurePolicy): Canonical =>
  "model" in facts
    ? judgeModel(facts.model, policy, { compared: true })
    : judgeFacts(facts.table, layoutOf(statistic), policy);

/** What the node makes of a claim, and how it is told whether a program's own file says the same. */
export interface Computed {
  canonical: Canonical;
  /** Both in canonical form. */
  compare(own: Buffer, written: Buffer): Finding[];
}

/** Why the node did not compute it: of the data no word. */
export interface NotComputed {
  problem: string;
}

/**
 * A claim computed and judged, for an output of a program. A claim that asks for more than is let out is not computed, and so
 * is one under which an engine fails again and again; until then it is tried anew.
 * @throws when it may be tried again
 */
export async function computeClaim(
  parts: JobsParts,
  job: JobRow,
  claim: Claim,
  policy: DisclosurePolicy,
  patience: AbortSignal,
): Promise<Computed | NotComputed> {
  try {
    const facts = await within(patience, () => factsOfClaim(parts, job, claim, policy));
    return {
      canonical: judgedClaim(facts, claim, policy),
      compare: (own, written) => comparedClaim(facts, claim, policy, own, written),
    };
  } catch (error) {
    if (patience.aborted) return { problem: "it takes longer than is waited for" };
    if (error instanceof GloveboxError && error.code === "too_large")
      return { problem: "it is larger than what is let out" };
    if (job.check_attempts + 1 < parts.config.maxChecks) throw error;
    return { problem: "its computation failed" };
  }
}

/** A question that nobody waits for any more may go on in its engine; its answer goes nowhere. */
async function within<T>(patience: AbortSignal, work: () => Promise<T>): Promise<T> {
  patience.throwIfAborted();
  const working = work();
  let stop = (): void => undefined;
  const over = new Promise<never>((_resolve, reject) => {
    stop = () => reject(patience.reason);
    patience.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([working, over]);
  } finally {
    patience.removeEventListener("abort", stop);
    working.catch(() => undefined);
  }
}

function comparedClaim(
  facts: ClaimFacts,
  { statistic }: Claim,
  policy: DisclosurePolicy,
  own: Buffer,
  written: Buffer,
): Finding[] {
  // A program's file holds counts as they are; what a safe version rounded or hid of them is no lie of its.
  if ("table" in facts) {
    const rounded = "protect" in statistic && statistic.protect?.how === "round";
    return rounded ? [] : compareTables(own, written, layoutOf(statistic).down);
  }
  const { model } = facts;
  return model.kind === "survival"
    ? compareCurves(written, model)
    : compareModels(written, model, policy.significant_digits);
}
