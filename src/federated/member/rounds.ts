/**
 * Carries this domain's part in the rounds of a collaboration on, step by step, from what stands on the board.
 *
 * Rules: a step's secrets, its blobs and its message are kept in one commit before anything is posted, so that whoever
 * dies in between says the same again. The owner's consent is looked at before a round is entered and again before data
 * are encrypted. Whatever goes wrong is said as a refusal with a word of a short list; details stay at home.
 */
import type { Logger } from "pino";
import type { Catalog } from "../../catalog/index.js";
import type { JsonObject, Ledger, Tx } from "../../ledger/index.js";
import { type Attempt, type SealRing, verdictOf } from "../../privacy/index.js";
import type { Keys, Store, Vault } from "../../store/index.js";
import { type Actor, type Clock, GloveboxError, traceOf } from "../../vocabulary/index.js";
import { type Board, blobsOf, MAX_BLOB_BYTES } from "../board/board.js";
import { Unreached } from "../board/client.js";
import {
  type BoardMessage,
  blobObject,
  type CollaborationRow,
  insertBlob,
  lastRound,
  messagesOfRound,
} from "../collaborations/rows.js";
import { participantNamed } from "../collaborations/spec.js";
import type { SealingKey } from "../messages/seal.js";
import { type Asked, askedSchema, type SharedStatistic, sharedStatistic } from "../statistic/shared.js";
import { AttemptRun, Breach, type Said } from "./attempt.js";
import { requireStep } from "./chain.js";
import { contribute } from "./consent.js";
import { foundOf, keepResult } from "./results.js";
import { dropSecret, keepSecret, secretOf } from "./secrets.js";
import { say } from "./speaking.js";
import { attemptState, nextStep, type Step } from "./steps.js";

export interface MemberParts {
  store: Store;
  keys: Keys;
  ledger: Ledger;
  vault: Vault;
  catalog: Catalog;
  clock: Clock;
  log: Logger;
  ring(): Promise<SealRing>;
  sealing: SealingKey;
  operator(id: string): Actor;
}

/** One attempt of one round, as this domain sees it. */
export interface RoundView {
  round: number;
  attempt: number;
  /** undefined: what was opened is no question. */
  asked: Asked | undefined;
  opener: string;
  messages: BoardMessage[];
}

/** The first `open` on the board says what a round is; undefined before there is one. */
export function roundOf(store: Store, row: CollaborationRow, round: number): RoundView | undefined {
  const messages = messagesOfRound(store.db, row.id, round);
  const open = messages.find((m) => m.message.kind === "open" && m.seq !== null);
  if (open === undefined) return undefined;
  const { attempt, author, body } = open.message;
  const parsed = askedSchema.safeParse(body);
  return {
    round,
    attempt,
    opener: author,
    asked: parsed.success ? parsed.data : undefined,
    messages: messages.filter((m) => m.message.attempt === attempt),
  };
}

export const keysOf = ({ spec }: CollaborationRow): string[] => spec.participants.map((p) => p.key);

/** Who may learn results: their keys. */
export const recipientKeys = ({ spec }: CollaborationRow): string[] =>
  spec.participants.filter((p) => spec.recipients.includes(p.name)).map((p) => p.key);

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
      this.refuse(row, view, error);
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
        blobs: this.blobs(row, board),
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
        return this.finish(
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

  private blobs(row: CollaborationRow, board: Board) {
    const { vault, ledger, store } = this.parts;
    const keep = async (content: Buffer): Promise<string> => {
      const stored = await vault.put(content);
      ledger.commit((tx) => insertBlob(tx, row.id, stored));
      return stored.sha256;
    };
    return {
      put: keep,
      async get(sha256: string): Promise<Buffer> {
        const kept = blobObject(store.db, row.id, sha256);
        if (kept !== undefined) return vault.read(kept.object, MAX_BLOB_BYTES);
        const content = await board.blob(row.id, sha256);
        await keep(content);
        return content;
      },
    };
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

  /** What was found is kept, sealed; another step that it needs is opened by who opened this one. */
  private finish(
    row: CollaborationRow,
    view: RoundView,
    statistic: SharedStatistic,
    sums: readonly bigint[],
  ): void {
    const { ledger, keys } = this.parts;
    const { round, attempt } = view;
    const outcome = statistic.outcome(sums);
    const found = foundOf(outcome);
    ledger.commit((tx) => {
      keepResult(tx, keys.sealer, row.id, view, found);
      say(tx, keys.identity, row.id, { kind: "done", round, attempt, body: {} });
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
          ...(found.kind === "step"
            ? { step: true }
            : { verdict: verdictOf(found.findings), result: found.sha256 ?? null }),
        },
      });
      if (found.kind === "step" && view.opener === keys.identity.publicKey)
        this.openNext(tx, row, view, found.state);
    });
  }

  private openNext(tx: Tx, row: CollaborationRow, view: RoundView, state: JsonObject): void {
    const round = lastRound(tx.db, row.id) + 1;
    const { statistic, step } = view.asked!;
    const next = { of: step?.of ?? view.round, number: (step?.number ?? 1) + 1, state };
    const body = { statistic, step: next };
    say(tx, this.parts.keys.identity, row.id, { kind: "open", round, attempt: 1, body: body as never });
    tx.entry({
      kind: "round.opened",
      actor: row.operator,
      subject: row.id,
      data: { round, spec: row.spec_sha256, step: { of: next.of, number: next.number } },
    });
  }

  private refuse(row: CollaborationRow, { round, attempt }: RoundView, error: unknown): void {
    const { ledger, keys, log } = this.parts;
    // Whoever cannot be reached now may be later: nothing was said, and the step is taken again.
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
        data: { round, attempt, reason, ...(breach ? { author: breach.author, what: breach.what } : {}) },
      });
    });
  }
}

/** What the others are told. */
function reasonOf(error: unknown): "protocol" | "consent" | "statistic" | "cannot" {
  if (error instanceof Breach) return "protocol";
  if (!(error instanceof GloveboxError)) return "cannot";
  if (["no_grant", "grant_expired", "forbidden", "not_found"].includes(error.code)) return "consent";
  return error.code === "invalid_input" ? "statistic" : "cannot";
}
