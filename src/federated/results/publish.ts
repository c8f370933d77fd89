/**
 * What follows once a statistic was found: every contributor shows what its ledger says of its part (`attest`), every
 * contributor witnesses the others' heads (`cosign`), and at a recipient the result becomes a job, whose output is held for
 * a release like any other.
 *
 * Rules: nobody is shown a figure here. A head is cosigned when it goes on from the last that this domain saw of that log,
 * and the entries say what the board says. A domain that shows two histories is caught with both signed heads in this
 * domain's ledger, and its part ends. What is not there in time is missed in the bundle, and the bundle says so.
 */
import { cosign, type Note, nodeCrypto } from "../../ledger/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Board } from "../board/board.js";
import { type CollaborationRow, messagesOfRound } from "../collaborations/rows.js";
import { blobsFrom } from "../member/blobs.js";
import { chainOf } from "../member/chain.js";
import type { MemberParts } from "../member/parts.js";
import { resultOf } from "../member/results.js";
import { keysOf, type RoundView, recipientKeys } from "../member/round.js";
import { say } from "../member/speaking.js";
import { said } from "../member/steps.js";
import type { Message } from "../messages/message.js";
import { enterResult } from "./enter.js";
import { ShownHeads } from "./heads.js";
import { jobOfRound, notedEntries, setPeerHead } from "./rows.js";
import { type Attest, PART_KINDS, witnessedEntries } from "./witnessed.js";

type Db = MemberParts["store"]["db"];

/** How long a result waits for the others' ledgers. */
export const WITNESS_MS = 300_000;

/** A finished statistic: its rounds, and who contributed. */
export interface Finished {
  row: CollaborationRow;
  /** The last round. */
  view: RoundView;
  chain: readonly RoundView[];
  messages: readonly Message[];
}

export class Publisher {
  /** Rounds of which nothing more is to do; all is looked up again after a restart. */
  private readonly settled = new Set<string>();
  private readonly heads: ShownHeads;

  constructor(private readonly parts: MemberParts) {
    this.heads = new ShownHeads(parts);
  }

  /** Of a round that is over. @returns whether anything was said or changed */
  async act(row: CollaborationRow, board: Board, view: RoundView): Promise<boolean> {
    const place = `${row.id} ${view.round} ${view.attempt}`;
    if (this.settled.has(place)) return false;
    const { store, keys, clock } = this.parts;
    const me = keys.identity.publicKey;
    const finished = this.finished(row, view);
    if (finished === undefined) return this.settle(place);
    const attests = said(messagesIn(view), "attest");
    if (view.contributors.includes(me) && !attests.has(me)) return this.attest(finished, board);
    const late = clock.now() - lastDone(store.db, row.id, view) > WITNESS_MS;
    if (attests.size < view.contributors.length && !late) return false;
    const cosigns = said(messagesIn(view), "cosign");
    if (view.contributors.includes(me) && !cosigns.has(me)) return this.cosign(finished, board, attests);
    if (this.heads.splitSeen(finished, cosigns)) return true;
    if (!recipientKeys(row).includes(me) || jobOfRound(store.db, row.id, view.round) !== undefined)
      return this.settle(place);
    if (cosigns.size < view.contributors.length && !late) return false;
    if (resultOf(store.db, keys.sealer, row.id, view.round)?.kind !== "result") return this.settle(place);
    const holding = await this.holding(finished, board, attests);
    if (holding !== undefined)
      await enterResult(this.parts, finished, blobsFrom(this.parts, row, board), new Set(holding.keys()));
    return true;
  }

  private settle(place: string): false {
    this.settled.add(place);
    return false;
  }

  /** undefined: it was given up, or goes on with another step. */
  private finished(row: CollaborationRow, view: RoundView): Finished | undefined {
    const done = said({ participants: keysOf(row), messages: messagesIn(view).messages }, "done");
    if (![...done.values()].some((m) => m.body.result === true)) return undefined;
    const { store } = this.parts;
    const chain = chainOf(store, row, view.asked?.step?.of ?? view.round).filter(
      ({ round }) => round <= view.round,
    );
    const rounds = [0, ...chain.map(({ round }) => round)];
    const messages = rounds.flatMap((round) =>
      messagesOfRound(store.db, row.id, round).map((m) => m.message),
    );
    return { row, view, chain, messages };
  }

  /** What this domain's ledger says, under its head of now. */
  private async attest({ row, view, chain }: Finished, board: Board): Promise<boolean> {
    const { ledger, keys, store } = this.parts;
    const last = this.heads.lastShown(row);
    if (last === undefined) return this.settle(`${row.id} ${view.round} ${view.attempt}`);
    const { note, size } = ledger.checkpoint();
    const seqs = chain.flatMap(({ round, attempt }) =>
      notedEntries(store.db, { collaboration: row.id, round, attempt }),
    );
    const entries = witnessedEntries(ledger, seqs, size).filter(({ leaf }) =>
      PART_KINDS.some((kind) => kind === leaf.kind),
    );
    const content = Buffer.from(JSON.stringify({ version: 1, entries }), "utf8");
    const blob = await blobsFrom(this.parts, row, board).put(content);
    // A ledger that lost entries cannot show that it goes on; the others see that.
    const consistency = last.size <= size ? ledger.consistencyProof(last.size, size) : [];
    const body = { blobs: [blob], head: note, consistency } satisfies Attest;
    const { round, attempt } = view;
    ledger.commit((tx) => {
      say(tx, keys.identity, row.id, { kind: "attest", round, attempt, body });
    });
    return true;
  }

  private async cosign(
    finished: Finished,
    board: Board,
    attests: ReadonlyMap<string, Message>,
  ): Promise<boolean> {
    const { row, view } = finished;
    const { ledger, keys, clock } = this.parts;
    const holding = await this.holding(finished, board, attests);
    if (holding === undefined) return true;
    holding.delete(keys.identity.publicKey);
    const { publicKey } = keys.identity;
    const sign = (bytes: Uint8Array): Buffer => keys.identity.sign(bytes);
    const witness = { name: ledger.origin, publicKey, sign };
    const seconds = Math.floor(clock.now() / 1000);
    const notes: Record<string, string> = {};
    for (const [author, { head }] of holding) notes[author] = cosign(nodeCrypto, head, witness, seconds);
    const { round, attempt } = view;
    ledger.commit((tx) => {
      for (const [author, { head }] of holding) setPeerHead(tx, row.id, author, head);
      say(tx, keys.identity, row.id, { kind: "cosign", round, attempt, body: { notes } });
      tx.entry({
        kind: "collaboration.heads_cosigned",
        actor: row.operator,
        subject: row.id,
        ...(row.dataset === null ? {} : { dataset: row.dataset }),
        data: {
          round,
          heads: Object.fromEntries(
            [...holding].map(([author, { note }]) => [author, { size: note.size, root: note.root }]),
          ),
        },
      });
    });
    return true;
  }

  /** Those whose ledger holds what they said, its own among them; undefined: one shows two histories. */
  private async holding(
    finished: Finished,
    board: Board,
    attests: ReadonlyMap<string, Message>,
  ): Promise<Map<string, { note: Note; head: string }> | undefined> {
    const holding = new Map<string, { note: Note; head: string }>();
    for (const [author, message] of attests) {
      const checked =
        author === this.parts.keys.identity.publicKey
          ? this.heads.own(message)
          : await this.heads.check(finished, board, author, message);
      if (checked === "suspended") return undefined;
      if (checked !== undefined) holding.set(author, checked);
    }
    return holding;
  }
}

const messagesIn = (view: RoundView) => ({
  participants: view.contributors,
  messages: view.messages.map((m) => m.message),
});

/** When this domain last heard that the round was done. */
function lastDone(db: Db, id: string, { round, attempt }: RoundView): number {
  const at = db
    .prepare(
      "SELECT max(at) FROM board_messages WHERE collaboration = ? AND round = ? AND attempt = ? AND kind = 'done'",
    )
    .pluck()
    .get(id, round, attempt) as number | null;
  if (at === null) throw new GloveboxError("internal", { detail: "a round is done that nobody ended" });
  return at;
}
