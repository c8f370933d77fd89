/**
 * Collaborations, rounds and results as this domain shows them to its own people.
 *
 * Rules: a result is shown at a recipient alone, and its file only where no rule of the spec refuses it; of a refused one
 * not even in which cells.
 */
import type { Catalog } from "../catalog/index.js";
import { type ClaimStatistic, type Finding, verdictOf } from "../privacy/index.js";
import type { Keys, Store } from "../store/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { type CollaborationRow, lastRound, messagesOfRound } from "./collaborations/rows.js";
import { type CollaborationSpec, participantNamed } from "./collaborations/spec.js";
import type { CollaborationState } from "./collaborations/states.js";
import { chainOf } from "./member/chain.js";
import { type Found, resultOf } from "./member/results.js";
import { keysOf, roundState } from "./member/round.js";
import type { AttemptState } from "./member/steps.js";

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
  dataset?: string;
  rounds: number;
  rev: number;
}

export interface RoundResultView {
  round: number;
  state: AttemptState;
  /** Of its last round; from 1. */
  attempt?: number;
  /** Where not all participants contribute. */
  contributors?: string[];
  statistic?: ClaimStatistic;
  /** Rounds that it took, or has taken so far, where it takes more than one. */
  steps?: number;
  /** What a recipient learnt; the file only where no rule refuses it. */
  verdict?: string;
  findings?: Finding[];
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
export function roundView({ store, keys }: ViewParts, row: CollaborationRow, round: number): RoundResultView {
  const chain = chainOf(store, row, round);
  const [first, last] = [chain[0], chain.at(-1)];
  if (first === undefined || last === undefined) {
    if (round >= 1 && round <= lastRound(store.db, row.id)) return { round, state: "running" };
    throw new GloveboxError("not_found");
  }
  const messages = last.messages.map((m) => m.message);
  const found = resultOf(store.db, keys.sealer, row.id, last.round);
  const state = roundState(row, last);
  const refusal = messages.find((m) => m.kind === "refuse" && last.contributors.includes(m.author));
  const left = last.contributors.length < row.spec.participants.length;
  return {
    round,
    // Another step is about to be opened.
    state: state === "done" && found?.kind === "step" ? "running" : state,
    attempt: last.attempt,
    ...(left ? { contributors: last.contributors.map((key) => participantNamed(row.spec, key)!) } : {}),
    ...(chain.length > 1 ? { steps: chain.length } : {}),
    ...(first.asked === undefined ? {} : { statistic: first.asked.statistic }),
    ...(refusal === undefined
      ? {}
      : {
          refused_by: participantNamed(row.spec, refusal.author)!,
          reason: String(refusal.body.reason),
        }),
    ...(found?.kind === "result" ? shownResult(found) : {}),
  };
}

export function collaborationView(
  { store, keys, catalog }: ViewParts,
  row: CollaborationRow,
): CollaborationView {
  const me = keys.identity.publicKey;
  const takesPart = keysOf(row).includes(me);
  const joins = messagesOfRound(store.db, row.id, 0).filter((m) => m.message.kind === "join");
  const joined = row.spec.participants.filter((p) => joins.some((m) => m.message.author === p.key));
  return {
    id: row.id,
    spec: row.spec,
    spec_sha256: row.spec_sha256,
    state: row.state,
    role: row.url !== null ? "participant" : takesPart ? "both" : "coordinator",
    joined: joined.map((p) => p.name),
    ...(row.dataset === null ? {} : { dataset: catalog.datasets.row(row.dataset).name }),
    rounds: lastRound(store.db, row.id),
    rev: row.rev,
  };
}

function shownResult({
  findings,
  text,
  media_type,
}: Extract<Found, { kind: "result" }>): Pick<
  RoundResultView,
  "verdict" | "findings" | "result" | "media_type"
> {
  const verdict = verdictOf(findings);
  // What a rule refuses shows in nothing: not in which cells, either.
  if (verdict === "fail")
    return { verdict, findings: findings.map(({ rule, verdict }) => ({ rule, verdict, message: "" })) };
  return { verdict, findings, result: text, media_type };
}
