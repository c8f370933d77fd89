/**
 * Collaborations, rounds and results as this domain shows them to its own people.
 *
 * Rules: a result is shown at a recipient alone, and its table only where no rule of the spec refuses it; of a refused one
 * not even in which cells.
 */
import type { Catalog } from "../catalog/index.js";
import type { ClaimStatistic, Finding } from "../privacy/index.js";
import type { Keys, Store } from "../store/index.js";
import { GloveboxError } from "../vocabulary/index.js";
import { type CollaborationRow, lastRound, messagesOfRound } from "./collaborations/rows.js";
import { type CollaborationSpec, participantNamed } from "./collaborations/spec.js";
import type { CollaborationState } from "./collaborations/states.js";
import { keysOf, resultContext, roundOf } from "./member/rounds.js";
import { type AttemptState, attemptState } from "./member/steps.js";

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
  statistic?: ClaimStatistic;
  /** What a recipient learnt; the table only where no rule refuses it. */
  verdict?: string;
  findings?: Finding[];
  table?: string;
  refused_by?: string;
  reason?: string;
}

interface ViewParts {
  store: Store;
  keys: Keys;
  catalog: Catalog;
}

/** @throws not_found */
export function roundView({ store, keys }: ViewParts, row: CollaborationRow, round: number): RoundResultView {
  const view = roundOf(store, row, round);
  if (view === undefined) {
    if (round >= 1 && round <= lastRound(store.db, row.id)) return { round, state: "running" };
    throw new GloveboxError("not_found");
  }
  const messages = view.messages.map((m) => m.message);
  const state = attemptState({ participants: keysOf(row), messages }, row.spec.recipients.length);
  const refusal = messages.find((m) => m.kind === "refuse");
  const kept = store.db
    .prepare("SELECT facts_sealed, verdict FROM round_results WHERE collaboration = ? AND round = ?")
    .get(row.id, round) as { facts_sealed: Buffer; verdict: string } | undefined;
  return {
    round,
    state,
    ...(view.statistic === undefined ? {} : { statistic: view.statistic }),
    ...(refusal === undefined
      ? {}
      : {
          refused_by: participantNamed(row.spec, refusal.author) ?? "coordinator",
          reason: String(refusal.body.reason),
        }),
    ...(kept === undefined ? {} : shownResult(keys, row.id, round, kept)),
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

function shownResult(
  keys: Keys,
  id: string,
  round: number,
  kept: { facts_sealed: Buffer; verdict: string },
): Pick<RoundResultView, "verdict" | "findings" | "table"> {
  const opened = JSON.parse(
    keys.sealer.open(kept.facts_sealed, resultContext(id, round)).toString("utf8"),
  ) as {
    findings: Finding[];
    text: string;
  };
  const refused = kept.verdict === "fail";
  // What a rule refuses shows in nothing: not in which cells, either.
  const findings = refused
    ? opened.findings.map(({ rule, verdict }) => ({ rule, verdict, message: "" }))
    : opened.findings;
  return { verdict: kept.verdict, findings, ...(refused ? {} : { table: opened.text }) };
}
