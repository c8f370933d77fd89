/**
 * How this domain refuses a round.
 *
 * Rules: the others are told one word of a short list; what exactly it was stands in this domain's own ledger. Who cannot
 * be reached now is refused nothing: the step is taken again.
 */
import { GloveboxError, traceOf } from "../../vocabulary/index.js";
import { Unreached } from "../board/client.js";
import type { CollaborationRow } from "../collaborations/rows.js";
import { messageHash } from "../messages/message.js";
import type { MemberParts } from "./parts.js";
import { Breach } from "./revealed.js";
import type { RoundView } from "./round.js";
import { dropSecret } from "./secrets.js";
import { say } from "./speaking.js";
import { stopPart } from "./stopping.js";

/** What the others are told. */
export const REASONS = [
  "protocol",
  "consent",
  "statistic",
  "cannot",
  "late",
  "contributors",
  "budget",
] as const;
export type Reason = (typeof REASONS)[number];

/** Who was waited for did not speak in time. */
export class Late extends Error {}

/** The sum would be over other domains than one that this domain gave a share of. */
export class OtherContributors extends Error {}

function reasonOf(error: unknown): Reason {
  if (error instanceof Breach) return "protocol";
  if (error instanceof Late) return "late";
  if (error instanceof OtherContributors) return "contributors";
  if (!(error instanceof GloveboxError)) return "cannot";
  if (["no_grant", "grant_expired", "forbidden", "not_found"].includes(error.code)) return "consent";
  if (error.code === "budget_exhausted") return "budget";
  return error.code === "invalid_input" ? "statistic" : "cannot";
}

/** @throws what may be otherwise later: nothing was said then */
export function refuseRound(
  parts: MemberParts,
  row: CollaborationRow,
  { round, attempt }: RoundView,
  error: unknown,
): void {
  const { ledger, keys, log } = parts;
  if (error instanceof Unreached) throw error;
  if (error instanceof GloveboxError && error.code === "engine_unavailable") throw error;
  const breach = error instanceof Breach ? error : undefined;
  const reason = reasonOf(error);
  log.warn(
    { collaboration: row.id, round, reason, ...(breach ? { breach: breach.what } : traceOf(error)) },
    "a round is refused",
  );
  ledger.commit((tx) => {
    say(tx, keys.identity, row.id, { kind: "refuse", round, attempt, body: { reason } });
    dropSecret(tx, { collaboration: row.id, round, attempt });
    tx.entry({
      kind: "round.refused",
      actor: row.operator,
      subject: row.id,
      ...(row.dataset === null ? {} : { dataset: row.dataset }),
      data: { round, attempt, reason, ...(breach ? evidenceOf(breach) : {}) },
    });
    // Whose owner does not consent takes part in nothing more until its operator looks at it.
    if (reason === "consent")
      stopPart(tx, parts, row, {
        state: "suspended",
        stopped: { why: "consent" },
        says: { kind: "suspend", body: { reason } },
        actor: row.operator,
        entry: "collaboration.suspended",
      });
  });
}

/** Whose breach it is, in words, and the message that its author signed. */
const evidenceOf = ({ author, what, said }: Breach) => ({
  ...(author === undefined ? {} : { author }),
  what,
  ...(said === undefined ? {} : { number: said.number, hash: messageHash(said) }),
});
