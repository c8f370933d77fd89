/** The end of a round at a recipient: what was found is kept, and the next step of its statistic opened. */
import type { JsonObject, Tx } from "../../ledger/index.js";
import { type CollaborationRow, lastRound } from "../collaborations/rows.js";
import type { SharedStatistic } from "../statistic/shared.js";
import type { MemberParts } from "./parts.js";
import { foundOf, keepResult } from "./results.js";
import type { RoundView } from "./round.js";
import { dropSecret } from "./secrets.js";
import { say } from "./speaking.js";

/** What was found is kept, sealed; another step that it needs is opened by who opened this one. */
export function finishRound(
  { ledger, keys }: MemberParts,
  row: CollaborationRow,
  view: RoundView,
  statistic: SharedStatistic,
  sums: readonly bigint[],
): void {
  const { round, attempt } = view;
  const outcome = statistic.outcome(sums);
  const found = foundOf(outcome);
  ledger.commit((tx) => {
    keepResult(tx, keys.sealer, row.id, view, found);
    say(tx, keys.identity, row.id, {
      kind: "done",
      round,
      attempt,
      body: { result: found.kind === "result" },
    });
    dropSecret(tx, { collaboration: row.id, round, attempt });
    tx.entry({
      kind: "round.completed",
      actor: row.operator,
      subject: row.id,
      ...(row.dataset === null ? {} : { dataset: row.dataset }),
      data: {
        round,
        attempt,
        spec: row.spec_sha256,
        // What was found is held: who reads this entry learns nothing of it.
        ...(found.kind === "step" ? { step: true } : {}),
      },
    });
    if (found.kind === "step" && view.opener === keys.identity.publicKey)
      openNext(tx, keys.identity, row, view, found.state);
  });
}

function openNext(
  tx: Tx,
  key: MemberParts["keys"]["identity"],
  row: CollaborationRow,
  view: RoundView,
  state: JsonObject,
): void {
  const round = lastRound(tx.db, row.id) + 1;
  const { step } = view.asked!;
  const next = { of: step?.of ?? view.round, number: (step?.number ?? 1) + 1, state };
  // Over the same contributors, under the same terms.
  const body = { ...view.asked, step: next };
  say(tx, key, row.id, { kind: "open", round, attempt: 1, body: body as never });
  tx.entry({
    kind: "round.opened",
    actor: row.operator,
    subject: row.id,
    data: { round, spec: row.spec_sha256, step: { of: next.of, number: next.number } },
  });
}
