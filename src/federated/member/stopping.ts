/**
 * How this domain's part in a collaboration stops: suspended, withdrawn or over.
 *
 * Rules: with the state, in one commit, every attempt is refused in which this domain still owes its share, what was drawn
 * is forgotten, and the others are told; only what the board itself did is told to nobody there. A share that was given
 * stands.
 */
import type { Tx } from "../../ledger/index.js";
import type { KeyPair, Keys, Store } from "../../store/index.js";
import { type CollaborationRow, lastRound, messagesOfRound, setStopped } from "../collaborations/rows.js";
import type { CollaborationSpec } from "../collaborations/spec.js";
import type { CollaborationState, Stopped } from "../collaborations/states.js";
import type { Message } from "../messages/message.js";
import { roundOf, roundState } from "./round.js";
import { dropAllSecrets } from "./secrets.js";
import { say } from "./speaking.js";

/** This domain's key that a spec names: the present one, or one that it had when the spec was agreed on. */
export const identityIn = (keys: Pick<Keys, "identity" | "retired">, spec: CollaborationSpec): KeyPair =>
  [keys.identity, ...keys.retired].find(({ publicKey }) => isOf(spec, publicKey)) ?? keys.identity;

export const isOf = ({ coordinator, participants }: CollaborationSpec, key: string): boolean =>
  coordinator === key || participants.some((p) => p.key === key);

export interface Stopping {
  state: CollaborationState;
  stopped: Stopped;
  /** What the others are told; undefined: nothing. */
  says?: { kind: Message["kind"]; body: Message["body"] };
  actor: string;
  /** Of the ledger. */
  entry: string;
  data?: Record<string, string | number>;
}

export function stopPart(
  tx: Tx,
  { store, keys }: { store: Store; keys: Keys },
  row: CollaborationRow,
  { state, stopped, says, actor, entry, data = {} }: Stopping,
): void {
  const key = identityIn(keys, row.spec);
  if (says !== undefined) {
    for (const { round, attempt } of owing(store, row, key.publicKey))
      say(tx, key, row.id, { kind: "refuse", round, attempt, body: { reason: "consent" } });
    say(tx, key, row.id, says);
  }
  dropAllSecrets(tx, row.id);
  setStopped(tx, row.id, state, stopped);
  tx.entry({
    kind: entry,
    actor,
    subject: row.id,
    ...(row.dataset === null ? {} : { dataset: row.dataset }),
    data: { spec: row.spec_sha256, reason: stopped.why, ...data },
  });
}

/** The running attempts in which a domain contributes and gave no share yet. */
function owing(store: Store, row: CollaborationRow, key: string): { round: number; attempt: number }[] {
  const owed = [];
  const last = lastRound(store.db, row.id);
  for (let round = Math.max(1, last - 20); round <= last; round++) {
    const view = roundOf(store, row, round);
    if (view === undefined || !view.contributors.includes(key) || roundState(row, view) !== "running")
      continue;
    const shared = view.messages.some(({ message }) => message.kind === "share" && message.author === key);
    if (!shared) owed.push({ round, attempt: view.attempt });
  }
  return owed;
}

/** Names of the participants, or "coordinator", whose part is suspended as they last said. */
export function awayIn(store: Store, row: CollaborationRow): string[] {
  const away = new Map<string, boolean>();
  for (const { message } of messagesOfRound(store.db, row.id, 0))
    if (message.kind === "suspend" || message.kind === "resume")
      away.set(message.author, message.kind === "suspend");
  const names = row.spec.participants.filter(({ key }) => away.get(key)).map(({ name }) => name);
  const apart = row.spec.participants.every(({ key }) => key !== row.spec.coordinator);
  return apart && away.get(row.spec.coordinator) ? [...names, "coordinator"] : names;
}
