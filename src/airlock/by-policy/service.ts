/**
 * Release policies: setting one, reading the one that stands, and what a submitted release meets of it.
 *
 * Rules: only the owner sets one, signed with the owner's own key, and it takes effect as a ledger entry. Whether a
 * release goes out by policy is decided inside the transaction that submits it, against all that went out before: two
 * releases that race are decided one after the other.
 */
import type { Tx } from "../../ledger/index.js";
import { nodeCrypto } from "../../ledger/index.js";
import { type Claim, columnsOf, verdictFor } from "../../privacy/index.js";
import { type Actor, GloveboxError, invalidInput, type PrincipalId } from "../../vocabulary/index.js";
import type { AirlockParts } from "../airlock.js";
import type { Release } from "../release.js";
import {
  barsOf,
  type ClaimRelation,
  type PolicyCase,
  type PolicyDataset,
  relateClaims,
  type ToldClaim,
} from "./bars.js";
import {
  DECLARED_KINDS,
  type PolicyStatement,
  policyData,
  policySigned,
  type SignedPolicy,
  signedPolicy,
} from "./statement.js";

export const POLICY_ENTRY = "dataset.release_policy_set";

export interface StandingPolicy extends SignedPolicy {
  owner: PrincipalId;
  /** Place of its entry in the ledger. */
  entry: number;
}

/** What may be known of a dataset's policy by whoever may know of the dataset. */
export interface ReleasePolicyView {
  dataset: string;
  auto_release: PolicyStatement["auto_release"];
  max_grade: number | null;
  /** Of the last statement; 0 before the first. The next one has the next number. */
  number: number;
}

export type PolicyInput = Pick<PolicyStatement, "auto_release" | "max_grade" | "number"> & {
  signature: string;
};

/** @throws not_found, forbidden, stale, invalid_input */
export function setPolicy(
  parts: AirlockParts,
  actor: Actor,
  name: string,
  input: PolicyInput,
): ReleasePolicyView {
  const { id } = parts.catalog.datasets.get(actor, name);
  parts.ledger.commit((tx) => {
    const dataset = parts.catalog.datasets.row(id);
    if (dataset.owner !== actor.id)
      throw new GloveboxError("forbidden", { detail: "only the dataset's owner does this" });
    const { auto_release, max_grade, number, signature } = input;
    const next = (lastPolicy(parts, dataset.id)?.statement.number ?? 0) + 1;
    if (number !== next)
      throw new GloveboxError("stale", { detail: `the next policy has the number ${next}` });
    const statement = { dataset: dataset.id, auto_release, max_grade, number };
    const key = parts.catalog.principals
      .keys(actor.id)
      .find((k) => policySigned(nodeCrypto, { statement, public_key: k, signature }));
    if (key === undefined)
      throw invalidInput(
        "signature",
        "is not one of your keys' over {auto_release, dataset (its id), max_grade, number}",
      );
    tx.entry({
      kind: POLICY_ENTRY,
      actor: actor.id,
      subject: dataset.id,
      dataset: dataset.id,
      data: policyData({ statement, public_key: key, signature }),
    });
  });
  return policyView(parts, actor, name);
}

/** @throws not_found */
export function policyView(parts: AirlockParts, actor: Actor, name: string): ReleasePolicyView {
  const { id } = parts.catalog.datasets.get(actor, name);
  const statement = lastPolicy(parts, id)?.statement;
  return {
    dataset: id,
    auto_release: statement?.auto_release ?? "none",
    max_grade: statement?.max_grade ?? null,
    number: statement?.number ?? 0,
  };
}

/** The last statement in the ledger, whatever it says. */
function lastPolicy(parts: AirlockParts, dataset: string): StandingPolicy | undefined {
  const row = parts.ledger.latest(dataset, POLICY_ENTRY);
  const policy = row && signedPolicy.safeParse(parts.ledger.opening(row.seq).data);
  if (!row || !policy?.success) return undefined;
  return { ...policy.data, owner: row.actor as PrincipalId, entry: row.seq };
}

/** The last one, if the present owner signed it with a key that is the owner's. */
function standingPolicy(
  parts: AirlockParts,
  dataset: string,
  owner: PrincipalId,
): StandingPolicy | undefined {
  const last = lastPolicy(parts, dataset);
  if (last === undefined || last.owner !== owner || last.statement.dataset !== dataset) return undefined;
  const known = parts.catalog.principals.keys(owner).includes(last.public_key);
  return known && policySigned(nodeCrypto, last) ? last : undefined;
}

export interface PolicyDecision {
  /** The policies by which it goes out; undefined: it goes to people. */
  policies: StandingPolicy[] | undefined;
  /** Which bars hold. */
  bars: string[];
  /** An owner has said that tables may go out: then the ledger says why these do not. */
  asked: boolean;
}

/** Inside the transaction that submits. */
export function decideByPolicy(
  parts: AirlockParts,
  tx: Pick<Tx, "db" | "now">,
  actor: Actor,
  release: Release,
): PolicyDecision {
  const job = parts.jobs.record(release.job);
  const policies = release.datasets.map((d) => standingPolicy(parts, d.dataset, d.owner));
  const asked = policies.some((p) => p?.statement.auto_release === "verified_tables");
  // Nothing of what follows is looked at where no owner wants it.
  if (!asked || !DECLARED_KINDS.includes(job.kind)) return { policies: undefined, bars: [], asked: false };
  const held = new Map(parts.jobs.heldOutputs(release.job).map((o) => [o.id, o]));
  const files = release.files.flatMap(({ output }) => held.get(output) ?? []);
  const models = new Set<string>(
    parts.jobs.heldTables(release.job).flatMap((t) => (t.model === undefined ? [] : [t.output])),
  );
  const shown = parts.jobs.get(actor, release.job).verdict;
  const c: PolicyCase = {
    kind: job.kind,
    grade: job.grade,
    requester: release.principal,
    shownVerdict: files.length === release.files.length ? shown : undefined,
    // As the requester may know them: a bar that hung on what is for auditors only would tell it.
    files: files.map(({ id, findings, evidence }) => ({
      verdict: verdictFor(findings, "requester"),
      evidence,
      model: models.has(id),
    })),
    datasets: release.datasets.map((d, i) => policyDataset(parts, tx, release, d, policies[i])),
  };
  const bars = barsOf(c);
  const standing = policies.flatMap((p) => p ?? []);
  return { policies: bars.length === 0 ? standing : undefined, bars, asked };
}

function policyDataset(
  parts: AirlockParts,
  tx: Pick<Tx, "db" | "now">,
  release: Release,
  { dataset, grant }: Release["datasets"][number],
  policy: StandingPolicy | undefined,
): PolicyDataset {
  const row = parts.catalog.datasets.row(dataset);
  const { state, expires_at } = parts.catalog.grants.row(grant);
  return {
    grade: row.grade,
    published: row.state === "published",
    oneRowAUnit: row.row_is_unit || row.max_rows_per_unit === 1,
    owner: row.owner,
    grantUsable: state === "active" && expires_at > tx.now,
    policy,
    relations: relationsOf(parts, tx, release, dataset),
  };
}

/** More than these are not compared while all else waits. */
const MAX_EARLIER = 1_000;

interface ToldRow {
  name: string;
  spec: string;
  version: string;
}

function relationsOf(
  parts: AirlockParts,
  tx: Pick<Tx, "db">,
  release: Release,
  dataset: string,
): ClaimRelation[] {
  if (parts.jobs.record(release.job).kind === "aggregate")
    return parts.jobs.apart(release.job) ? [] : ["undecided"];
  const name = parts.catalog.datasets.row(dataset).name;
  const rows = tx.db.prepare(TOLD).all(dataset, release.id) as ToldRow[];
  const now = rows.flatMap((row): ToldClaim[] => {
    const claim = (JSON.parse(row.spec) as { claims: Record<string, Claim> }).claims[row.name];
    return claim?.dataset === name ? [{ claim, version: row.version }] : [];
  });
  // Whatever job it was of, and whoever let it out.
  const earlier = parts.catalog.memory.claims(dataset, MAX_EARLIER + 1);
  if (earlier.length > MAX_EARLIER) return ["undecided"];
  const columns = (version: string) => columnsOf(parts.catalog.datasets.version(version).columns);
  const pairs = now.flatMap((one, i) =>
    [...earlier, ...now.slice(i + 1)].map((other) => [one, other] as const),
  );
  return pairs.map(([a, b]) => relateClaims(a, b, { a: columns(a.version), b: columns(b.version) }));
}

/** What a release declares. */
const TOLD = `
  SELECT o.name AS name, j.spec AS spec, jd.version AS version
  FROM releases r JOIN release_files rf ON rf.release = r.id JOIN outputs o ON o.id = rf.output
  JOIN jobs j ON j.id = r.job AND j.kind = 'table' JOIN job_datasets jd ON jd.job = j.id AND jd.dataset = ?
  WHERE o.evidence = 'verified' AND r.id = ?`;
