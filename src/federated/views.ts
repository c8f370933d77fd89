/**
 * Collaborations, rounds and results as this domain shows them to its own people.
 *
 * Rules: a result is shown at a recipient alone, once its release went out, and then to the operator whose job it is and to
 * the auditors of the dataset; before, not even whether a rule refuses it. What may be known of its job, the job says.
 */
import type { Catalog } from "../catalog/index.js";
import type { Keys, Store } from "../store/index.js";
import { fingerprint } from "../store/index.js";
import { type Actor, type DatasetId, GloveboxError, rfc3339 } from "../vocabulary/index.js";
import type { RoundTerms } from "./collaborations/privacy.js";
import { type CollaborationRow, lastRound, messagesOfRound } from "./collaborations/rows.js";
import { type CollaborationSpec, participantNamed } from "./collaborations/spec.js";
import type { CollaborationState, Stopped } from "./collaborations/states.js";
import { chainOf } from "./member/chain.js";
import { chargesOfRound, type NoiseAccount, noiseAccount } from "./member/noise.js";
import { type Found, resultOf } from "./member/results.js";
import { keysOf, roundState } from "./member/round.js";
import type { AttemptState } from "./member/steps.js";
import { awayIn, identityIn } from "./member/stopping.js";
import type { Peer } from "./peers/pins.js";
import { releasedBy } from "./results/released.js";
import { isReleased, jobOfRound, type RoundJob } from "./results/rows.js";
import type { SharedQuestion } from "./statistic/asked.js";

export interface DomainView {
  name: string;
  key: string;
  fingerprint: string;
}

export interface CollaborationView {
  id: string;
  spec: CollaborationSpec;
  spec_sha256: string;
  state: CollaborationState;
  role: "coordinator" | "participant" | "both";
  joined: string[];
  /** Why it is suspended or over. */
  stopped?: Stopped;
  /** Participants, or the coordinator, who have suspended their part. */
  away?: string[];
  /** Of all participants, and the coordinator: what their operators read out. */
  fingerprints: Record<string, string>;
  dataset?: string;
  rounds: number;
  /** Where results have noise: what this domain spent of what the spec allows. */
  noise?: NoiseAccount;
  rev: number;
}

export type PeerView = Omit<Peer, "pinned_at" | "ended_at" | "successor" | "reason"> & {
  fingerprint: string;
  pinned_at: string;
  ended_at?: string;
  successor?: string;
  reason?: string;
};

export const peerView = ({ key, name, state, successor, reason, pinned_at, ended_at }: Peer): PeerView => ({
  name,
  key,
  fingerprint: fingerprint(key),
  state,
  pinned_at: rfc3339(pinned_at),
  ...(ended_at === null ? {} : { ended_at: rfc3339(ended_at) }),
  ...(successor === null ? {} : { successor }),
  ...(reason === null ? {} : { reason }),
});

export interface RoundResultView {
  round: number;
  state: AttemptState;
  /** Of its last round; from 1. */
  attempt?: number;
  /** Where not all participants contribute. */
  contributors?: string[];
  statistic?: SharedQuestion;
  /** What it may cost each domain, where results have noise; and what this domain was charged, attempt by attempt. */
  privacy?: RoundTerms;
  charges?: string[];
  /** Rounds that it took, or has taken so far, where it takes more than one. */
  steps?: number;
  /** At a recipient: what the result became. Of whoever may not read it, nothing. */
  job?: string;
  /** At a recipient: consent had ended when the result was there, so it became nothing. */
  withheld?: true;
  /** Recipients who said that they released it. */
  released_by?: string[];
  /** The file, once it was released. */
  result?: string;
  media_type?: string;
  refused_by?: string;
  reason?: string;
}

interface ViewParts {
  store: Store;
  keys: Keys;
  catalog: Catalog;
}

/** Of the round in which a statistic began: what came of it, over all its steps. @throws not_found */
export function roundView(
  parts: ViewParts,
  actor: Actor,
  row: CollaborationRow,
  round: number,
): RoundResultView {
  const { store, keys } = parts;
  const chain = chainOf(store, row, round);
  const [first, last] = [chain[0], chain.at(-1)];
  if (first === undefined || last === undefined) {
    if (round >= 1 && round <= lastRound(store.db, row.id)) return { round, state: "running" };
    throw new GloveboxError("not_found");
  }
  const messages = last.messages.map((m) => m.message);
  const found = resultOf(store.db, keys.sealer, row.id, last.round);
  const state = roundState(row, last);
  const became = jobOfRound(store.db, row.id, last.round);
  const released = releasedBy(store.db, row.id, row.spec, last.round);
  const refusal = messages.find((m) => m.kind === "refuse" && last.contributors.includes(m.author));
  const left = last.contributors.length < row.spec.participants.length;
  return {
    round,
    // Another step is about to be opened, or the others' ledgers are waited for.
    state: state === "done" && found !== undefined && became === undefined ? "running" : state,
    attempt: last.attempt,
    ...(left ? { contributors: last.contributors.map((key) => participantNamed(row.spec, key)!) } : {}),
    ...(chain.length > 1 ? { steps: chain.length } : {}),
    ...(first.asked === undefined ? {} : { statistic: first.asked.statistic }),
    ...(first.asked?.privacy === undefined
      ? {}
      : {
          privacy: first.asked.privacy,
          charges: chain.flatMap((view) => chargesOfRound(store.db, row.id, view.round)),
        }),
    ...(refusal === undefined
      ? {}
      : {
          refused_by: participantNamed(row.spec, refusal.author)!,
          reason: String(refusal.body.reason),
        }),
    ...(released.length === 0 ? {} : { released_by: released }),
    ...(became === undefined ? {} : shownResult(parts, actor, row, became, found)),
  };
}

export function collaborationView(
  { store, keys, catalog }: ViewParts,
  row: CollaborationRow,
): CollaborationView {
  const me = identityIn(keys, row.spec).publicKey;
  const away = awayIn(store, row);
  const takesPart = keysOf(row).includes(me);
  const joins = messagesOfRound(store.db, row.id, 0).filter((m) => m.message.kind === "join");
  const noise = noiseAccount(store.db, row);
  const joined = row.spec.participants.filter((p) => joins.some((m) => m.message.author === p.key));
  return {
    id: row.id,
    spec: row.spec,
    spec_sha256: row.spec_sha256,
    state: row.state,
    role: row.url !== null ? "participant" : takesPart ? "both" : "coordinator",
    joined: joined.map((p) => p.name),
    ...(row.stopped === undefined ? {} : { stopped: row.stopped }),
    ...(away.length === 0 ? {} : { away }),
    fingerprints: Object.fromEntries([
      ["coordinator", fingerprint(row.spec.coordinator)],
      ...row.spec.participants.map(({ name, key }) => [name, fingerprint(key)]),
    ]),
    ...(row.dataset === null ? {} : { dataset: catalog.datasets.row(row.dataset).name }),
    rounds: lastRound(store.db, row.id),
    ...(noise === undefined ? {} : { noise }),
    rev: row.rev,
  };
}

function shownResult(
  { store, catalog }: ViewParts,
  actor: Actor,
  row: CollaborationRow,
  { job }: RoundJob,
  found: Found | undefined,
): Pick<RoundResultView, "job" | "withheld" | "result" | "media_type"> {
  if (job === null) return { withheld: true };
  const asked = store.db.prepare("SELECT principal FROM jobs WHERE id = ?").pluck().get(job) === actor.id;
  const audits =
    row.dataset !== null &&
    actor.roles.includes("auditor") &&
    catalog.datasets.auditors(row.dataset as DatasetId).includes(actor.id);
  if (!asked && !audits) return {};
  if (found?.kind !== "result" || !isReleased(store.db, job)) return { job };
  return { job, result: found.text, media_type: found.media_type };
}
