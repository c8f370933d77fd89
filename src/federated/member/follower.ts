/**
 * Follows one collaboration: posts what this domain said, hears what the others said, and acts on it, until the node stops.
 *
 * Rules: what could not be posted is posted again, in order; what was heard is checked and kept before it is acted on. A
 * board that shows something that cannot be is trusted no more: this domain's part is suspended, with the evidence in
 * its ledger.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Tx } from "../../ledger/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import { type Board, blobsOf, MAX_BLOB_BYTES } from "../board/board.js";
import {
  type BoardMessage,
  blobObject,
  type CollaborationRow,
  collaborationRow,
  lastSeq,
  messagesOfRound,
  setState,
  unposted,
} from "../collaborations/rows.js";
import { namesOf } from "../collaborations/spec.js";
import { COLLABORATION_TABLE, type CollaborationState, type Stop } from "../collaborations/states.js";
import type { Message } from "../messages/message.js";
import { rotationIn } from "../peers/rotation.js";
import { isRevoked, replacePeer } from "../peers/rows.js";
import type { MemberParts } from "./parts.js";
import { keysOf } from "./round.js";
import type { RoundKeeper } from "./rounds.js";
import { evidenceOf, hear, setPlace } from "./speaking.js";
import { stopPart } from "./stopping.js";

const WAIT_SECONDS = 20;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;

const OVER: ReadonlySet<CollaborationState> = new Set(["suspended", "withdrawn", "ended"]);

export class Follower {
  private readonly stopping = new AbortController();
  private kicked = new AbortController();
  private running: Promise<void> | undefined;
  /** The one poll that is under way; a kick does not end it, and goes on beside it. */
  private poll: Promise<void> | undefined;

  constructor(
    private readonly parts: MemberParts,
    private readonly id: string,
    private readonly board: Board,
    private readonly keeper: RoundKeeper,
    private readonly onError: (error: unknown) => void,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  kick(): void {
    this.kicked.abort();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.kick();
    await this.running;
  }

  private async run(): Promise<void> {
    let backoff = FIRST_BACKOFF_MS;
    while (!this.stopping.signal.aborted) {
      this.kicked = new AbortController();
      try {
        await this.once();
        backoff = FIRST_BACKOFF_MS;
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.onError(error);
        await sleep(backoff, undefined, { signal: this.stopping.signal }).catch(() => undefined);
        backoff = Math.min(2 * backoff, MAX_BACKOFF_MS);
      }
    }
  }

  private async once(): Promise<void> {
    if (mayTell(this.parts, this.row())) await this.post();
    this.settle();
    if (await this.keeper.act(this.row(), this.board)) return;
    // Nothing more is asked of a board that is trusted no more, or of a collaboration that is over.
    if (OVER.has(this.row().state)) return aborted(this.kicked.signal);
    this.poll ??= this.hearNext().finally(() => {
      this.poll = undefined;
    });
    const raced = new AbortController();
    await Promise.race([this.poll, aborted(this.kicked.signal), this.deadline(raced.signal)]).finally(() =>
      raced.abort(),
    );
  }

  /** When something may have become late; never, while nothing is waited for. */
  private async deadline(signal: AbortSignal): Promise<void> {
    const due = this.keeper.due(this.row());
    if (due === undefined) return aborted(signal);
    await sleep(due + 1, undefined, { signal }).catch(() => undefined);
  }

  private row(): CollaborationRow {
    return collaborationRow(this.parts.store.db, this.id);
  }

  private async post(): Promise<void> {
    const { store, vault, ledger } = this.parts;
    for (const own of unposted(store.db, this.id)) {
      for (const sha256 of blobsOf(own)) {
        const { object } = blobObject(store.db, this.id, sha256)!;
        if (this.row().url !== null)
          await this.board.putBlob(this.id, sha256, await vault.read(object, MAX_BLOB_BYTES));
      }
      const seq = await this.board.post({ message: own.message, signature: own.signature });
      ledger.commit((tx) => {
        if (!setPlace(tx, own.message, seq)) this.distrust(tx, own, "a place of the board is given twice");
      });
    }
  }

  private async hearNext(): Promise<void> {
    const { store, ledger } = this.parts;
    const after = lastSeq(store.db, this.id);
    const heard = await this.board.messages(this.id, after, this.stopping.signal.aborted ? 0 : WAIT_SECONDS);
    if (this.row().url === null || heard.length === 0) return;
    const wrong = ledger.commit((tx) => {
      const row = collaborationRow(tx.db, this.id);
      // It was stopped while the board was asked.
      if (OVER.has(row.state)) return undefined;
      for (const [i, message] of heard.entries()) {
        const reason = hear(tx, row, message, after + 1 + i);
        if (reason === undefined) continue;
        this.distrust(tx, message, reason);
        return reason;
      }
      return undefined;
    });
    // Also who has no part to suspend asks such a board less and less often.
    if (wrong !== undefined) throw new GloveboxError("state_conflict", { detail: wrong });
  }

  private distrust(tx: Tx, message: BoardMessage, reason: string): void {
    const row = collaborationRow(tx.db, this.id);
    const state = COLLABORATION_TABLE[row.state].suspend;
    if (state === undefined) return;
    stopPart(tx, this.parts, row, {
      state,
      stopped: { why: "evidence" },
      actor: row.operator,
      entry: "collaboration.suspended",
      data: { reason, ...evidenceOf(message) },
    });
  }

  /** From what all said, the state: active when every participant has joined; over for all when one leaves. */
  private settle(): void {
    const row = this.row();
    const said = messagesOfRound(this.parts.store.db, row.id, 0).map((m) => m.message);
    const left = said.find((m) => leaves(row, m));
    if (left !== undefined && COLLABORATION_TABLE[row.state].end !== undefined) {
      this.parts.ledger.commit((tx) => endBy(tx, this.parts, row, left));
      return;
    }
    const joined = keysOf(row).every((key) =>
      said.some((m) => m.kind === "join" && m.author === key && m.body.spec === row.spec_sha256),
    );
    const coordinates = row.url === null && row.dataset === null;
    if (!joined || (row.state !== "joined" && !(coordinates && row.state === "invited"))) return;
    this.parts.ledger.commit((tx) => {
      setState(tx, row.id, "active");
      tx.entry({
        kind: "collaboration.activated",
        actor: row.operator,
        subject: row.id,
        data: { spec: row.spec_sha256 },
      });
    });
  }
}

/** A board that is trusted no more is told nothing. */
const mayTell = ({ store }: MemberParts, { spec, stopped }: CollaborationRow): boolean =>
  stopped?.why !== "evidence" && !isRevoked(store.db, spec.coordinator);

/** What ends a collaboration for all. */
const leaves = ({ spec }: CollaborationRow, { kind, author }: Message): boolean =>
  kind === "withdraw" || kind === "rotate" || (kind === "end" && author === spec.coordinator);

const ENDED_BY: Partial<Record<Message["kind"], Stop>> = { withdraw: "withdrawn", rotate: "rotated" };

function endBy(tx: Tx, parts: MemberParts, row: CollaborationRow, left: Message): void {
  const rotation = left.kind === "rotate" ? rotationIn(left) : undefined;
  const [by] = namesOf(row.spec, [left.author]);
  stopPart(tx, parts, row, {
    state: "ended",
    stopped: { why: ENDED_BY[left.kind] ?? "ended", by: by! },
    actor: row.operator,
    entry: "collaboration.ended",
    data: { by: left.author },
  });
  if (rotation === undefined) return;
  replacePeer(tx, rotation.from, rotation.to);
  tx.entry({ kind: "peer.replaced", actor: row.operator, subject: rotation.from, data: { ...rotation } });
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
