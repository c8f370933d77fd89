/**
 * Carries this domain's part in the rounds of a collaboration on, step by step, from what stands on the board.
 *
 * Rules: a step's secrets, its blobs and its message are kept in one commit before anything is posted, so that whoever
 * dies in between says the same again. The owner's consent is looked at before a round is entered and again before data
 * are encrypted. Whatever goes wrong is said as a refusal with a word of a short list; details stay at home.
 */
import type { JsonObject } from "../../ledger/index.js";
import type { Attempt } from "../../privacy/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type Board, blobsOf } from "../board/board.js";
import { type CollaborationRow, lastRound, messagesOfRound } from "../collaborations/rows.js";
import { participantNamed } from "../collaborations/spec.js";
import { Publisher } from "../results/publish.js";
import { noteEntry } from "../results/rows.js";
import { type SharedStatistic, sharedStatistic } from "../statistic/shared.js";
import { AttemptRun, type Said } from "./attempt.js";
import { blobsFrom } from "./blobs.js";
import { requireStep } from "./chain.js";
import { type Contributor, contribute } from "./consent.js";
import { requireContributors } from "./contributors.js";
import { finishRound } from "./finish.js";
import { dueIn, lookAtClock } from "./late.js";
import { paidFor, pay, requireBudget, saltOf, withShare } from "./noise.js";
import type { MemberParts } from "./parts.js";
import { refuseRound } from "./refusal.js";
import { Breach } from "./revealed.js";
import { keysOf, type RoundView, recipientKeys, roundOf, roundState } from "./round.js";
import { type AttemptSecret, dropSecrets, keepSecret, keptAttempts, secretOf } from "./secrets.js";
import { say } from "./speaking.js";
import { nextStep, type Step } from "./steps.js";

export class RoundKeeper {
  private readonly publisher: Publisher;

  constructor(private readonly parts: MemberParts) {
    this.publisher = new Publisher(parts);
  }

  /** Does what can be done now. @returns whether anything was said */
  async act(row: CollaborationRow, board: Board): Promise<boolean> {
    const me = this.parts.keys.identity.publicKey;
    if (row.state !== "active" || !keysOf(row).includes(me)) return false;
    let spoke = false;
    for (const view of this.views(row)) if (await this.actIn(row, board, view)) spoke = true;
    return spoke;
  }

  /** Milliseconds until something may have become late; undefined while nothing is waited for. */
  due(row: CollaborationRow): number | undefined {
    if (row.state !== "active") return undefined;
    const times = this.views(row)
      .filter((view) => view.contributors.includes(this.parts.keys.identity.publicKey))
      .filter((view) => roundState(row, view) === "running" && this.step(row, view) === "wait")
      .map((view) => dueIn(this.parts, row, view));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The last rounds, in order. */
  private views(row: CollaborationRow): RoundView[] {
    const last = lastRound(this.parts.store.db, row.id);
    const views: RoundView[] = [];
    for (let round = Math.max(1, last - 20); round <= last; round++) {
      const view = roundOf(this.parts.store, row, round);
      if (view !== undefined) views.push(view);
    }
    return views;
  }

  private step(row: CollaborationRow, view: RoundView): Step {
    const key = this.parts.keys.identity.publicKey;
    const attempt = { participants: view.contributors, messages: view.messages.map((m) => m.message) };
    return nextStep(attempt, { key, recipient: recipientKeys(row).includes(key) });
  }

  private async actIn(row: CollaborationRow, board: Board, view: RoundView): Promise<boolean> {
    const me = this.parts.keys.identity.publicKey;
    const step = this.step(row, view);
    const state = roundState(row, view);
    const running = state === "running";
    this.tidy(row, view, running && view.contributors.includes(me));
    if (state === "done" && step === "over") return this.publisher.act(row, board, view);
    if (step === "over" || (!running && step !== "combine")) return false;
    if (step === "wait") return lookAtClock(this.parts, row, view);
    try {
      await this.take(row, board, view, step);
    } catch (error) {
      refuseRound(this.parts, row, view, error);
    }
    return true;
  }

  /** What was drawn for an attempt that is over is forgotten. */
  private tidy(row: CollaborationRow, { round, attempt }: RoundView, running: boolean): void {
    const id = { collaboration: row.id, round, attempt: running ? attempt : attempt + 1 };
    if (keptAttempts(this.parts.store.db, id).some((kept) => kept < id.attempt))
      this.parts.ledger.commit((tx) => dropSecrets(tx, id));
  }

  private async take(row: CollaborationRow, board: Board, view: RoundView, step: Step): Promise<void> {
    const { keys, clock, catalog, sums } = this.parts;
    const statistic = this.statisticOf(row, view, (await sums.parameters()).t);
    const id = { collaboration: row.id, round: view.round, attempt: view.attempt };
    const attempt: Attempt = {
      spec: row.spec_sha256,
      round: view.round,
      attempt: view.attempt,
      question: view.question,
      participants: view.contributors,
    };
    const run = new AttemptRun(
      {
        sums,
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
    const contributor = {
      catalog,
      row,
      operator: this.parts.operator(row.operator),
      now: clock.now(),
      salt: saltOf(keys.sealer, row.id),
    };
    const { noise } = statistic;
    switch (step) {
      case "commit_key":
        // Consent first: nothing of a round is entered that could not be gone through.
        await contribute(contributor, statistic);
        if (noise !== undefined) await requireBudget(this.parts.store.db, { contributor, view, noise });
        return this.saySo(row, view, await run.commitKey(), "round.entered");
      case "reveal_key":
        return this.saySo(row, view, run.revealKey(secret()));
      case "commit_data":
        return this.saySo(row, view, await this.committed(run, secret(), contributor, statistic, view));
      case "reveal_data":
        return this.saySo(row, view, run.revealData(secret()), "round.contributed", {
          version: secret().data_version,
          ...paidFor(this.parts.store.db, row.id, view),
        });
      case "sign":
        return this.saySo(row, view, await run.sign(secret(), this.recipients(row)));
      case "share":
      case "differs":
        return this.saySo(row, view, run.share(secret()), "round.shared");
      case "combine":
        return finishRound(
          this.parts,
          row,
          view,
          statistic,
          await run.combined(participantNamed(row.spec, keys.identity.publicKey)!, this.parts.sealing),
        );
      default:
        throw new GloveboxError("internal", { detail: "there is no such step" });
    }
  }

  /** With the version that the numbers are of, which this domain's ledger will say. */
  private async committed(
    run: AttemptRun,
    secret: AttemptSecret,
    contributor: Contributor,
    statistic: SharedStatistic,
    view: RoundView,
  ): Promise<Said> {
    const version = () => contributor.catalog.datasets.row(contributor.row.dataset!).current_version!;
    const before = version();
    const numbers = withShare(statistic, await contribute(contributor, statistic));
    const said = await run.commitData(secret, numbers);
    if (version() !== before)
      throw new GloveboxError("state_conflict", { detail: "the data have another version now" });
    const { noise } = statistic;
    const committed = { ...said, secret: { ...said.secret!, data_version: before } };
    if (noise === undefined) return committed;
    const paying = { contributor, view, noise };
    return { ...committed, with: (tx) => pay(tx, paying, String(said.body.commitment)) };
  }

  private statisticOf(row: CollaborationRow, view: RoundView, t: bigint): SharedStatistic {
    if (view.round > row.spec.max_rounds)
      throw new GloveboxError("state_conflict", { detail: "the spec allows no more rounds" });
    if (view.wrong !== undefined || view.asked === undefined)
      throw new Breach(view.opener, view.wrong ?? "what it opened is no statistic");
    requireContributors(this.parts, row, view);
    requireStep(this.parts, row, view, view.asked);
    return sharedStatistic(row.spec, view.asked, t);
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

  private saySo(
    row: CollaborationRow,
    view: RoundView,
    said: Said,
    entry?: string,
    more: JsonObject = {},
  ): void {
    const { ledger, keys } = this.parts;
    const { round, attempt } = view;
    ledger.commit((tx) => {
      said.with?.(tx);
      if (said.secret !== undefined)
        keepSecret(tx, keys.sealer, { collaboration: row.id, round, attempt }, said.secret);
      const signed = say(tx, keys.identity, row.id, { kind: said.kind, round, attempt, body: said.body });
      if (entry === undefined) return;
      const seq = tx.entry({
        kind: entry,
        actor: row.operator,
        subject: row.id,
        ...(row.dataset === null ? {} : { dataset: row.dataset }),
        data: { round, attempt, spec: row.spec_sha256, blobs: blobsOf(signed), ...more },
      });
      noteEntry(tx, { collaboration: row.id, round, attempt }, seq);
    });
  }
}
