/**
 * What follows once a statistic was found: every contributor shows what its ledger says of its part (`attest`), every
 * contributor witnesses the others' heads (`cosign`), and at a recipient the result becomes a job, whose output is held for
 * a release like any other.
 *
 * Rules: nobody is shown a figure here. A head is cosigned when it goes on from the last that this domain saw of that log,
 * and the entries say what the board says. A domain that shows two histories is caught with both signed heads in this
 * domain's ledger, and its part ends. What is not there in time is missed in the bundle, and the bundle says so.
 */
import {
  checkNote,
  cosign,
  type JsonObject,
  type Note,
  nodeCrypto,
  parseNote,
  type Tx,
} from "../../ledger/index.js";
import { GloveboxError } from "../../vocabulary/index.js";
import type { Board } from "../board/board.js";
import { type CollaborationRow, messagesOfRound, setState } from "../collaborations/rows.js";
import { COLLABORATION_TABLE } from "../collaborations/states.js";
import { blobsFrom } from "../member/blobs.js";
import { chainOf } from "../member/chain.js";
import type { MemberParts } from "../member/parts.js";
import { resultOf } from "../member/results.js";
import type { RoundView } from "../member/round.js";
import { keysOf, recipientKeys } from "../member/round.js";
import { say } from "../member/speaking.js";
import { said } from "../member/steps.js";
import type { Message } from "../messages/message.js";
import { enterResult } from "./enter.js";
import { jobOfRound, notedEntries, peerHead, setPeerHead } from "./rows.js";
import {
  type Attest,
  attestSchema,
  attestsRead,
  checkShownHead,
  cosignSchema,
  entriesSchema,
  logsOf,
  PART_KINDS,
  witnessedEntries,
  wrongInEntries,
} from "./witnessed.js";

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

  constructor(private readonly parts: MemberParts) {}

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
    if (this.splitSeen(finished, cosigns)) return true;
    if (!recipientKeys(row).includes(me) || jobOfRound(store.db, row.id, view.round) !== undefined)
      return this.settle(place);
    if (cosigns.size < view.contributors.length && !late) return false;
    if (resultOf(store.db, keys.sealer, row.id, view.round)?.kind !== "result") return this.settle(place);
    await enterResult(this.parts, finished, blobsFrom(this.parts, row, board));
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
    const last = this.lastShown(row);
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

  /** The head that this domain has shown last in this collaboration. */
  private lastShown(row: CollaborationRow): Note | undefined {
    const { store, keys } = this.parts;
    const author = keys.identity.publicKey;
    const shown = shownBy(store.db, row.id, author).at(-1)?.head;
    const joined = messagesOfRound(store.db, row.id, 0).map((m) => m.message);
    const note = shown ?? logsOf(joined).get(author)?.head;
    return note === undefined ? undefined : parseNote(note);
  }

  private async cosign(
    finished: Finished,
    board: Board,
    attests: ReadonlyMap<string, Message>,
  ): Promise<boolean> {
    const { row, view } = finished;
    const { ledger, keys, clock } = this.parts;
    const me = keys.identity.publicKey;
    const seconds = Math.floor(clock.now() / 1000);
    const name = ledger.origin;
    const seen = new Map<string, Note>();
    const notes: Record<string, string> = {};
    for (const [author, message] of attests) {
      if (author === me) continue;
      const checked = await this.checkAttest(finished, board, author, message);
      if (checked === "suspended") return true;
      if (checked === undefined) continue;
      seen.set(author, checked.note);
      notes[author] = cosign(nodeCrypto, checked.head, { name, ...witnessKey(keys.identity) }, seconds);
    }
    const { round, attempt } = view;
    ledger.commit((tx) => {
      for (const [author, { head }] of attestsRead(attests))
        if (seen.has(author)) setPeerHead(tx, row.id, author, head);
      say(tx, keys.identity, row.id, { kind: "cosign", round, attempt, body: { notes } });
      tx.entry({
        kind: "collaboration.heads_cosigned",
        actor: row.operator,
        subject: row.id,
        ...(row.dataset === null ? {} : { dataset: row.dataset }),
        data: {
          round,
          heads: Object.fromEntries([...seen].map(([author, { size, root }]) => [author, { size, root }])),
        },
      });
    });
    return true;
  }

  /** @returns its head; undefined where what it shows proves nothing; `suspended` where it shows two histories */
  private async checkAttest(
    { row, view, chain, messages }: Finished,
    board: Board,
    author: string,
    message: Message,
  ): Promise<{ note: Note; head: string } | "suspended" | undefined> {
    const body = attestSchema.safeParse(message.body);
    const log = logsOf(messages).get(author);
    if (!body.success || log === undefined) return undefined;
    let last = peerHead(this.parts.store.db, row.id, author) ?? log.head;
    let note: Note | undefined;
    // Each head goes on from the one before it on the board, from the last that was cosigned on.
    for (const shown of shownAfter(this.parts.store.db, row.id, author, last, message.number)) {
      const head = checkShownHead(nodeCrypto, log, last, shown);
      if (head.kind === "unsigned") return undefined;
      if (head.kind === "split") return this.caught(row, author, [last, shown.head]);
      last = shown.head;
      note = head.note;
    }
    if (note === undefined) return undefined;
    const content = await blobsFrom(this.parts, row, board).get(body.data.blobs[0]!);
    const parsed = entriesSchema.safeParse(jsonOf(content));
    const expected = {
      collaboration: row.id,
      spec: row.spec_sha256,
      author,
      rounds: chain.map(({ round, attempt }) => ({ round, attempt })),
      messages,
    };
    const wrong = parsed.success
      ? wrongInEntries(nodeCrypto, parsed.data.entries, note, expected)
      : "its entries are malformed";
    if (wrong === undefined) return { note, head: body.data.head };
    this.parts.log.warn(
      { collaboration: row.id, round: view.round, wrong },
      "a peer's ledger is not cosigned",
    );
    return undefined;
  }

  /** Of one size, another head than this domain was shown: its author told peers different things. */
  private splitSeen({ row, messages }: Finished, cosigns: ReadonlyMap<string, Message>): boolean {
    const logs = logsOf(messages);
    for (const message of cosigns.values()) {
      const body = cosignSchema.safeParse(message.body);
      for (const [author, text] of Object.entries(body.success ? body.data.notes : {})) {
        const log = logs.get(author);
        if (log === undefined || author === this.parts.keys.identity.publicKey) continue;
        const other = checkNote(nodeCrypto, text, { origin: log.origin, publicKey: log.key });
        const heads = [log.head, ...shownBy(this.parts.store.db, row.id, author).map((s) => s.head)];
        const against = heads.find((head) => {
          const note = parseNote(head);
          return note?.size === other?.size && note?.root !== other?.root;
        });
        if (other === undefined || against === undefined) continue;
        this.caught(row, author, [against, text]);
        return true;
      }
    }
    return false;
  }

  /** Both heads are signed with the log's key: they speak for themselves. */
  private caught(row: CollaborationRow, author: string, heads: readonly string[]): "suspended" {
    const { ledger, log } = this.parts;
    log.warn({ collaboration: row.id, author }, "a peer's ledger shows two histories");
    ledger.commit((tx) => suspendFor(tx, row, author, heads));
    return "suspended";
  }
}

function suspendFor(tx: Tx, row: CollaborationRow, author: string, heads: readonly string[]): void {
  const about = {
    actor: row.operator,
    subject: row.id,
    ...(row.dataset === null ? {} : { dataset: row.dataset }),
  };
  tx.entry({ kind: "collaboration.two_histories_seen", ...about, data: { author, heads: [...heads] } });
  if (COLLABORATION_TABLE[row.state].suspend === undefined) return;
  setState(tx, row.id, "suspended");
  const data: JsonObject = { reason: "a domain's ledger shows two histories", author };
  tx.entry({ kind: "collaboration.suspended", ...about, data });
}

const messagesIn = (view: RoundView) => ({
  participants: view.contributors,
  messages: view.messages.map((m) => m.message),
});

const witnessKey = (key: { publicKey: string; sign(bytes: Uint8Array): Buffer }) => ({
  publicKey: key.publicKey,
  sign: (bytes: Uint8Array) => key.sign(bytes),
});

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** What a domain has shown of its ledger, up to one of its messages, in its order. */
function shownBy(db: Db, id: string, author: string, upTo = Number.MAX_SAFE_INTEGER): Attest[] {
  const rows = db
    .prepare(
      `SELECT signed FROM board_messages WHERE collaboration = ? AND author = ? AND kind = 'attest' AND number <= ?
       ORDER BY number`,
    )
    .pluck()
    .all(id, author, upTo) as string[];
  return rows.flatMap((signed) => {
    const parsed = attestSchema.safeParse((JSON.parse(signed) as { message: Message }).message.body);
    return parsed.success ? [parsed.data] : [];
  });
}

/** Those after a head that it has shown; all, where it is the one that it joined with. */
function shownAfter(db: Db, id: string, author: string, head: string, upTo: number): Attest[] {
  const shown = shownBy(db, id, author, upTo);
  return shown.slice(shown.findIndex((s) => s.head === head) + 1);
}

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
