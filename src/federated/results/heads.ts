/**
 * The heads of ledgers that the domains of a collaboration show each other, and what this domain makes of the others'.
 *
 * Rules: every head goes on from the one before it on the board, from the last that this domain cosigned on, and from the one
 * that its domain joined with; two heads of one size are one. What does not hold is evidence by itself, for both heads are
 * signed with the log's key: both stand in this domain's ledger, and its part is suspended for good.
 */
import { checkNote, type Note, nodeCrypto, parseNote } from "../../ledger/index.js";
import type { Board } from "../board/board.js";
import { Unreached } from "../board/client.js";
import { type CollaborationRow, messagesOfRound } from "../collaborations/rows.js";
import { participantNamed } from "../collaborations/spec.js";
import { COLLABORATION_TABLE } from "../collaborations/states.js";
import { blobsFrom } from "../member/blobs.js";
import type { MemberParts } from "../member/parts.js";
import { stopPart } from "../member/stopping.js";
import type { Message } from "../messages/message.js";
import type { Finished } from "./publish.js";
import { peerHead } from "./rows.js";
import {
  type Attest,
  attestSchema,
  checkShownHead,
  cosignSchema,
  entriesSchema,
  logsOf,
  wrongInEntries,
} from "./witnessed.js";

type Db = MemberParts["store"]["db"];

/** Of one domain, for one statistic. */
const MAX_ENTRIES_BYTES = 4 * 1024 * 1024;

export class ShownHeads {
  constructor(private readonly parts: MemberParts) {}

  /** The head that this domain has shown last in this collaboration. */
  lastShown(row: CollaborationRow): Note | undefined {
    const { store, keys } = this.parts;
    const author = keys.identity.publicKey;
    const shown = shownBy(store.db, row.id, author).at(-1)?.head;
    const joined = messagesOfRound(store.db, row.id, 0).map((m) => m.message);
    const note = shown ?? logsOf(joined).get(author)?.head;
    return note === undefined ? undefined : parseNote(note);
  }

  /** This domain's own head, as it said it. */
  own({ body }: Message): { note: Note; head: string } {
    const { head } = attestSchema.parse(body);
    return { note: parseNote(head)!, head };
  }

  /** @returns its head; undefined where what it shows proves nothing; `suspended` where it shows two histories */
  async check(
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
    // It was checked before, to the end.
    if (last === body.data.head && last !== log.head) return { note: parseNote(last)!, head: last };
    // Each head goes on from the one before it on the board, from the last that was cosigned on.
    for (const shown of shownAfter(this.parts.store.db, row.id, author, last, message.number)) {
      const head = checkShownHead(nodeCrypto, log, last, shown);
      if (head.kind === "unsigned") return undefined;
      if (head.kind === "split") return this.caught(row, author, [last, shown.head]);
      last = shown.head;
      note = head.note;
    }
    if (note === undefined) return undefined;
    const parsed = entriesSchema.safeParse(await this.entriesOf(row, board, body.data));
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

  /** undefined where it cannot be had or read. @throws Unreached */
  private async entriesOf(row: CollaborationRow, board: Board, { blobs }: Attest): Promise<unknown> {
    try {
      const content = await blobsFrom(this.parts, row, board).get(blobs[0]!);
      return content.length > MAX_ENTRIES_BYTES ? undefined : JSON.parse(content.toString("utf8"));
    } catch (error) {
      if (error instanceof Unreached) throw error;
      return undefined;
    }
  }

  /** Of one size, another head than this domain was shown: its author told peers different things. */
  splitSeen({ row, messages }: Finished, cosigns: ReadonlyMap<string, Message>): boolean {
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
    const about = {
      actor: row.operator,
      subject: row.id,
      ...(row.dataset === null ? {} : { dataset: row.dataset }),
    };
    const state = COLLABORATION_TABLE[row.state].suspend;
    const by = participantNamed(row.spec, author);
    ledger.commit((tx) => {
      const data = { author, heads: [...heads] };
      tx.entry({ kind: "collaboration.two_histories_seen", ...about, data });
      if (state === undefined) return;
      stopPart(tx, this.parts, row, {
        state,
        stopped: { why: "evidence", ...(by === undefined ? {} : { by }) },
        says: { kind: "suspend", body: { reason: "evidence" } },
        actor: row.operator,
        entry: "collaboration.suspended",
        data: { author },
      });
    });
    return "suspended";
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
