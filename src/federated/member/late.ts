/**
 * What becomes of attempts whose time is over: they are opened again by who opened them, or given up.
 *
 * Rules: a further attempt has keys, ciphertexts and noise of its own; what was drawn for the one before is forgotten in the
 * same commit that opens it. Where results are exact they all stand on the same domains (attempts.ts), so once there is
 * one, further attempts ask them all again. Time is this domain's own, from when it learnt of the attempt.
 */
import type { CollaborationRow } from "../collaborations/rows.js";
import { attemptMs, leastContributors, namesOf } from "../collaborations/spec.js";
import { lateness, PATIENCE } from "./attempts.js";
import { sharedSet } from "./contributors.js";
import type { MemberParts } from "./parts.js";
import { Late, refuseRound } from "./refusal.js";
import type { RoundView } from "./round.js";
import { dropSecrets } from "./secrets.js";
import { say } from "./speaking.js";

/** Looks at an attempt in which this domain waits for others. @returns whether anything was said */
export function lookAtClock(parts: MemberParts, row: CollaborationRow, view: RoundView): boolean {
  const { keys, clock } = parts;
  const me = keys.identity.publicKey;
  if (!view.contributors.includes(me)) return false;
  const fixed = view.asked?.step !== undefined || sharedSet(parts, row, view.round) !== undefined;
  const attempt = {
    participants: view.contributors,
    messages: view.messages.map((m) => m.message),
    opener: view.opener,
    attempt: view.attempt,
  };
  const late = lateness(attempt, me, (clock.now() - view.openedAt) / attemptMs(row.spec), {
    least: fixed ? view.contributors.length : leastContributors(row.spec),
  });
  switch (late.kind) {
    case "in_time":
      return false;
    case "give_up":
      refuseRound(parts, row, view, new Late());
      return true;
    case "again":
      openAgain(parts, row, view, late.contributors);
      return true;
  }
}

function openAgain(
  { ledger, keys, log }: MemberParts,
  row: CollaborationRow,
  view: RoundView,
  contributors: readonly string[],
): void {
  const { round } = view;
  const attempt = view.attempt + 1;
  const all = contributors.length === row.spec.participants.length;
  const { contributors: _before, ...asked } = view.asked!;
  const body = { ...asked, ...(all ? {} : { contributors: namesOf(row.spec, contributors) }) };
  log.warn({ collaboration: row.id, round, attempt }, "an attempt was late and is opened again");
  ledger.commit((tx) => {
    say(tx, keys.identity, row.id, { kind: "open", round, attempt, body: body as never });
    dropSecrets(tx, { collaboration: row.id, round, attempt });
    tx.entry({
      kind: "round.reopened",
      actor: row.operator,
      subject: row.id,
      data: { round, attempt, spec: row.spec_sha256, contributors: namesOf(row.spec, contributors) },
    });
  });
}

/** Milliseconds until an attempt in which this domain waits is to be looked at again. */
export function dueIn({ keys, clock }: MemberParts, row: CollaborationRow, view: RoundView): number {
  const elapsed = clock.now() - view.openedAt;
  const time = attemptMs(row.spec);
  const mine = view.opener === keys.identity.publicKey && elapsed < time;
  return Math.max(0, (mine ? time : PATIENCE * time) - elapsed);
}
