/** One round of a collaboration, as this domain sees it on the board. */
import type { Store } from "../../store/index.js";
import { type BoardMessage, type CollaborationRow, messagesOfRound } from "../collaborations/rows.js";
import { type Asked, askedSchema } from "../statistic/shared.js";

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
