/**
 * What this domain says in a collaboration: the next message of its chain, with what must be kept beside it, in one
 * commit; and the board's messages, checked, in its own copy.
 */
import type { Tx } from "../../ledger/index.js";
import type { KeyPair } from "../../store/index.js";
import {
  type BoardMessage,
  type CollaborationRow,
  chainEnd,
  hashOfNumber,
  insertMessage,
  placeOf,
  placeTaken,
  setSeq,
} from "../collaborations/rows.js";
import {
  linkOf,
  type Message,
  messageHash,
  messageSigned,
  type SignedMessage,
  signMessage,
} from "../messages/message.js";

export interface Words {
  kind: Message["kind"];
  round?: number;
  attempt?: number;
  body: Message["body"];
}

/** Appends a message of this domain; it is posted afterwards, and as often as it takes. */
export function say(tx: Tx, key: KeyPair, collaboration: string, words: Words): SignedMessage {
  const end = chainEnd(tx.db, collaboration, key.publicKey);
  const signed = signMessage(
    {
      version: 1,
      collaboration,
      author: key.publicKey,
      number: end.number + 1,
      previous: end.hash,
      kind: words.kind,
      round: words.round ?? 0,
      attempt: words.attempt ?? 0,
      body: words.body,
    },
    key,
  );
  insertMessage(tx, signed, null);
  return signed;
}

/**
 * Takes one message of the board into this domain's copy.
 * @param place the next on the board
 * @returns what is wrong with it, which ends all trust in this board; undefined when it is in order
 */
export function hear(tx: Tx, row: CollaborationRow, heard: BoardMessage, place: number): string | undefined {
  const { message } = heard;
  const { spec } = row;
  const isOne =
    message.author === spec.coordinator || spec.participants.some((p) => p.key === message.author);
  if (message.collaboration !== row.id || !isOne) return "a message of nobody who is of it";
  if (!messageSigned(heard)) return "a message that its author did not sign";
  if (heard.seq !== place) return "a place of the board is left out, or comes twice";
  if ("spec" in message.body && message.body.spec !== row.spec_sha256)
    return "its author names another spec of this collaboration";
  const known = hashOfNumber(tx.db, message);
  switch (linkOf(message, chainEnd(tx.db, row.id, message.author), known)) {
    case "known":
      return setPlace(tx, message, place) ? undefined : "a message has two places on the board";
    case "gap":
      return "a message before one that is there is missing";
    case "fork":
      return "two messages of one number";
    case "next":
      if (placeTaken(tx.db, row.id, place)) return "a place of the board is given twice";
      insertMessage(tx, heard, place);
      return undefined;
  }
}

/** Where the board says that a message stands. @returns false when it has another place, or another message this one */
export function setPlace(tx: Tx, message: Message, place: number): boolean {
  const [own, taken] = [placeOf(tx.db, message), placeTaken(tx.db, message.collaboration, place)];
  if (own === null && !taken) setSeq(tx, message, place);
  return own === place || (own === null && !taken);
}

/** The evidence that stands in the ledger. */
export const evidenceOf = ({ message }: SignedMessage) => ({
  author: message.author,
  number: message.number,
  hash: messageHash(message),
});
