/**
 * What a participant does next in an attempt, from what stands on the board. Pure.
 *
 * Rules: nobody reveals before all have committed, nobody signs before all have revealed, nobody gives a share before all
 * have signed the very same transcript. A share is given once. A refusal by anyone who contributes ends the attempt. A
 * recipient that does not contribute waits for the shares, which are sealed to it as well.
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
  /** Keys of those who contribute to the attempt, in the order of the spec. */
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
  if (said(view, "refuse").size > 0 || view.messages.some((m) => m.kind === "done" && m.author === me.key))
    return "over";
  if (!view.participants.includes(me.key)) {
    if (!me.recipient) return "over";
    return missingAt(view).length > 0 ? "wait" : "combine";
  }
  for (const [kind, step] of ORDER) {
    if (kind === "share" && hashesOf(view).size > 1) return "differs";
    const all = said(view, kind);
    if (!all.has(me.key)) return step;
    if (all.size < n) return "wait";
  }
  return me.recipient ? "combine" : "over";
}

/** Who has not spoken yet of those whom all wait for; nobody once every share is there. */
export function missingAt(view: AttemptView): string[] {
  for (const [kind] of ORDER) {
    const all = said(view, kind);
    if (all.size < view.participants.length) return view.participants.filter((key) => !all.has(key));
  }
  return [];
}

/** Transcript hashes that were signed. */
export const hashesOf = (view: AttemptView): Set<string> =>
  new Set([...said(view, "transcript").values()].map((m) => String(m.body.transcript)));

export const ATTEMPT_STATES = ["running", "done", "refused"] as const;
export type AttemptState = (typeof ATTEMPT_STATES)[number];

/** As anybody sees it from the board. @param recipients how many of those who contribute learn the result */
export function attemptState(view: AttemptView, recipients: number): AttemptState {
  if (said(view, "refuse").size > 0) return "refused";
  return said(view, "done").size >= recipients ? "done" : "running";
}
