/** Asking for a statistic: a round is opened in the name of this domain, where it is a recipient. */
import type { JsonObject } from "../../ledger/index.js";
import { type Actor, GloveboxError } from "../../vocabulary/index.js";
import type { RoundTerms } from "../collaborations/privacy.js";
import { type CollaborationRow, lastRound } from "../collaborations/rows.js";
import { questionFromWritten, type SharedQuestion, type WrittenQuestion } from "../statistic/asked.js";
import { sharedStatistic } from "../statistic/shared.js";
import { contributorsWithout } from "./contributors.js";
import { mayOpen } from "./noise.js";
import type { MemberParts } from "./parts.js";
import { recipientKeys } from "./round.js";
import { say } from "./speaking.js";

export interface Asking {
  statistic: WrittenQuestion;
  /** Where results have noise: what this one may cost. */
  privacy?: RoundTerms | undefined;
  /** Names of participants who are not asked. */
  without?: readonly string[] | undefined;
}

/** @throws forbidden, state_conflict, invalid_input, budget_exhausted */
export async function openRound(
  parts: MemberParts,
  actor: Actor,
  row: CollaborationRow,
  { statistic: written, privacy, without = [] }: Asking,
): Promise<{ round: number; statistic: SharedQuestion; privacy?: RoundTerms }> {
  const { ledger, keys, sums } = parts;
  if (!recipientKeys(row).includes(keys.identity.publicKey))
    throw new GloveboxError("forbidden", { detail: "only a recipient's domain asks for statistics" });
  if (row.state !== "active")
    throw new GloveboxError("state_conflict", { detail: `the collaboration is ${row.state}` });
  if (row.operator !== actor.id)
    throw new GloveboxError("forbidden", {
      detail: "the operator who joined, under the owner's grant, asks for statistics",
    });
  const contributors = contributorsWithout(parts, row, without);
  const question = {
    statistic: questionFromWritten(written, row.spec),
    ...(privacy === undefined ? {} : { privacy }),
  };
  const asked = { ...question, ...(contributors === undefined ? {} : { contributors }) };
  const { noise } = sharedStatistic(row.spec, asked, (await sums.parameters()).t);
  if (noise !== undefined) await mayOpen(parts, row, noise);
  const body = asked as unknown as JsonObject;
  const round = ledger.commit((tx) => {
    const next = lastRound(tx.db, row.id) + 1;
    if (next > row.spec.max_rounds)
      throw new GloveboxError("state_conflict", { detail: "the spec allows no more rounds" });
    say(tx, keys.identity, row.id, { kind: "open", round: next, attempt: 1, body: body as never });
    tx.entry({
      kind: "round.opened",
      actor: actor.id,
      subject: row.id,
      data: { round: next, spec: row.spec_sha256, ...body },
    });
    return next;
  });
  return { round, ...question };
}
