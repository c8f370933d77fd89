/**
 * Carries this domain's part in the rounds of a collaboration on, step by step, from what stands on the board.
 *
 * Rules: a step's secrets, its blobs and its message are kept in one commit before anything is posted, so that whoever
 * dies in between says the same again. The owner's consent is looked at before a round is entered and again before data
 * are encrypted. Whatever goes wrong is said as a refusal with a word of a short list; details stay at home.
 */
import type { Attempt, SealRing } from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type Board, blobsOf } from "../board/board.js";
import { type CollaborationRow, lastRound, messagesOfRound } from "../collaborations/rows.js";
import { participantNamed } from "../collaborations/spec.js";
import { type SharedStatistic, sharedStatistic } from "../statistic/shared.js";
import { AttemptRun, Breach, type Said } from "./attempt.js";
import { blobsFrom } from "./blobs.js";
import { requireStep } from "./chain.js";
import { contribute } from "./consent.js";
import { finishRound } from "./finish.js";
import type { MemberParts } from "./parts.js";
import { refuseRound } from "./refusal.js";
import { keysOf, type RoundView, recipientKeys, roundOf } from "./round.js";
import { dropSecret, keepSecret, secretOf } from "./secrets.js";
import { say } from "./speaking.js";
import { attemptState, nextStep, type Step } from "./steps.js";

export class RoundKeeper {
  constructor(private readonly parts: MemberParts) {}

  /** Does what can be done now. @returns whether anything was said */
  async act(row: CollaborationRow, board: Board): Promise<boolean> {
    const me = this.parts.keys.identity.publicKey;
    if (row.state !== "active" || !keysOf(row).includes(me)) return false;
    let spoke = false;
    const last = lastRound(this.parts.store.db, row.id);
    for (let round = Math.max(1, last - 20); round <= last; round++) {
      const view = roundOf(this.parts.store, row, round);
      if (view !== undefined && (await this.actIn(row, board, view))) spoke = true;
    }
    return spoke;
  }

  private async actIn(row: CollaborationRow, board: Board, view: RoundView): Promise<boolean> {
    const me = this.parts.keys.identity.publicKey;
    const messages = view.messages.map((m) => m.message);
    const attempt = { participants: keysOf(row), messages };
    if (attemptState(attempt, row.spec.recipients.length) !== "running") return this.tidy(row, view);
    const step = nextStep(attempt, { key: me, recipient: recipientKeys(row).includes(me) });
    if (step === "wait" || step === "over") return false;
    try {
      await this.take(row, board, view, step);
    } catch (error) {
      refuseRound(this.parts, row, view, error);
    }
    return true;
  }

  /** When an attempt is over, what it drew is forgotten. */
  private tidy(row: CollaborationRow, { round, attempt }: RoundView): false {
    const id = { collaboration: row.id, round, attempt };
    if (secretOf(this.parts.store.db, this.parts.keys.sealer, id) !== undefined)
      this.parts.ledger.commit((tx) => dropSecret(tx, id));
    return false;
  }

  private async take(row: CollaborationRow, board: Board, view: RoundView, step: Step): Promise<void> {
    const { keys, clock, catalog, ring } = this.parts;
    const sealRing = await ring();
    const statistic = this.statisticOf(row, view, sealRing);
    const id = { collaboration: row.id, round: view.round, attempt: view.attempt };
    const attempt: Attempt = {
      spec: row.spec_sha256,
      round: view.round,
      attempt: view.attempt,
      participants: keysOf(row),
    };
    const run = new AttemptRun(
      {
        ring: sealRing,
        attempt,
        statistic,
        messages: view.messages.map((m) => m.message),
        blobs: blobsFrom(this.parts, row, board),
      },
      keys.identity.publicKey,
    );
    const secret = () => {
      const kept = secretOf(this.parts.store.db, keys.sealer, id);
      if (kept === undefined) throw new GloveboxError("internal", { detail: "what was drawn is gone" });
      return kept;
    };
    const contributor = { catalog, row, operator: this.parts.operator(row.operator), now: clock.now() };
    switch (step) {
      case "commit_key":
        // Consent first: nothing of a round is entered that could not be gone through.
        await contribute(contributor, statistic);
        return this.saySo(row, view, await run.commitKey(), "round.entered");
      case "reveal_key":
        return this.saySo(row, view, run.revealKey(secret()));
      case "commit_data":
        return this.saySo(
          row,
          view,
          await run.commitData(secret(), await contribute(contributor, statistic)),
        );
      case "reveal_data":
        return this.saySo(row, view, run.revealData(secret()), "round.contributed");
      case "sign":
        return this.saySo(row, view, await run.sign());
      case "share":
        return this.saySo(row, view, await run.share(secret(), this.recipients(row)), "round.shared");
      case "combine":
        return finishRound(
          this.parts,
          row,
          view,
          statistic,
          await run.combined(participantNamed(row.spec, keys.identity.publicKey)!, this.parts.sealing),
        );
      default:
        throw new Breach(keys.identity.publicKey, "transcripts differ");
    }
  }

  private statisticOf(row: CollaborationRow, view: RoundView, ring: SealRing): SharedStatistic {
    if (view.round > row.spec.max_rounds)
      throw new GloveboxError("state_conflict", { detail: "the spec allows no more rounds" });
    if (view.asked === undefined || !recipientKeys(row).includes(view.opener))
      throw new Breach(view.opener, "what it opened is no statistic, or not its to open");
    requireStep(this.parts, row, view, view.asked);
    return sharedStatistic(row.spec, view.asked, ring.modulus.t);
  }

  /** By name: the sealing key that each recipient joined with. */
  private recipients(row: CollaborationRow): Map<string, string> {
    const joined = messagesOfRound(this.parts.store.db, row.id, 0).filter((m) => m.message.kind === "join");
    return new Map(
      row.spec.recipients.map((name) => {
        const { key } = row.spec.participants.find((p) => p.name === name)!;
        const join = joined.find((m) => m.message.author === key);
        return [name, String(join?.message.body.sealing_key)];
      }),
    );
  }

  private saySo(row: CollaborationRow, view: RoundView, said: Said, entry?: string): void {
    const { ledger, keys } = this.parts;
    const { round, attempt } = view;
    ledger.commit((tx) => {
      if (said.secret !== undefined)
        keepSecret(tx, keys.sealer, { collaboration: row.id, round, attempt }, said.secret);
      const signed = say(tx, keys.identity, row.id, { kind: said.kind, round, attempt, body: said.body });
      if (entry !== undefined)
        tx.entry({
          kind: entry,
          actor: row.operator,
          subject: row.id,
          ...(row.dataset === null ? {} : { dataset: row.dataset }),
          data: { round, attempt, spec: row.spec_sha256, blobs: blobsOf(signed) },
        });
    });
  }
}
