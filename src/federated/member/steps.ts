/**
 * What a participant does next in an attempt, from what stands on the board. Pure.
 *
 * Rules: nobody reveals before all have committed, nobody signs before all have revealed, nobody gives a share before all
 * have signed the very same transcript. A share is given once. A refusal by anyone ends the attempt.
 */
import type { Message } from "../messages/message.js";

export const STEPS = [
  "commit_key",
  "reveal_key",
  "commit_data",
  "reveal_data",
  "sign",
  "share",
  "combine",
  "wait",
  "over",
  "differs",
] as const;
export type Step = (typeof STEPS)[number];

export interface AttemptView {
  /** Keys of all participants, in the order of the spec. */
  participants: readonly string[];
  /** Of one attempt, in any order. */
  messages: readonly Message[];
}

/** Author by author, the one message of a kind. */
export function said(view: AttemptView, kind: Message["kind"]): Map<string, Message> {
  const found = new Map<string, Message>();
  for (const message of view.messages)
    if (message.kind === kind && view.participants.includes(message.author) && !found.has(message.author))
      found.set(message.author, message);
  return found;
}

const ORDER = [
  ["key_commit", "commit_key"],
  ["key_reveal", "reveal_key"],
  ["data_commit", "commit_data"],
  ["data_reveal", "reveal_data"],
  ["transcript", "sign"],
  ["share", "share"],
] as const;

export function nextStep(view: AttemptView, me: { key: string; recipient: boolean }): Step {
  const n = view.participants.length;
  if (view.messages.some((m) => m.kind === "refuse" || m.kind === "done")) {
    const mine = view.messages.some((m) => m.kind === "done" && m.author === me.key);
    const refused = view.messages.some((m) => m.kind === "refuse");
    if (refused || mine) return "over";
  }
  for (const [kind, step] of ORDER) {
    if (kind === "share" && hashesOf(view).size > 1) return "differs";
    const all = said(view, kind);
    if (!all.has(me.key)) return step;
    if (all.size < n) return "wait";
  }
  return me.recipient ? "combine" : "over";
}

/** Transcript hashes that were signed. */
export const hashesOf = (view: AttemptView): Set<string> =>
  new Set([...said(view, "transcript").values()].map((m) => String(m.body.transcript)));

export const ATTEMPT_STATES = ["running", "done", "refused"] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** As anybody sees it from the board. */
export function attemptState(view: AttemptView, recipients: number): AttemptState {
  if (view.messages.some((m) => m.kind === "refuse")) return "refused";
  return said(view, "done").size >= recipients ? "done" : "running";
}
