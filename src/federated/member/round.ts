/** One round of a collaboration, as this domain sees it on the board. */
import { canonicalJson, type JsonObject } from "../../ledger/index.js";
import type { Store } from "../../store/index.js";
import {
  type BoardMessage,
  type CollaborationRow,
  heardAt,
  messagesOfRound,
} from "../collaborations/rows.js";
import { type CollaborationSpec, leastContributors } from "../collaborations/spec.js";
import { type Message, messageHash } from "../messages/message.js";
import { type Asked, askedSchema } from "../statistic/shared.js";
import { attemptsOf, type OpenAttempt, type Opening, type Terms } from "./attempts.js";
import { type AttemptState, attemptState } from "./steps.js";

/** The last attempt of one round, as this domain sees it. */
export interface RoundView {
  round: number;
  attempt: number;
  /** undefined: what was opened is no question. */
  asked: Asked | undefined;
  opener: string;
  /** Keys of those who contribute, in the order of the spec. */
  contributors: readonly string[];
  /** SHA-256, hex, of the message that opened the attempt. */
  question: string;
  /** When this domain learnt of it. */
  openedAt: number;
  /** Why nobody should take part in it. */
  wrong?: string;
  messages: readonly BoardMessage[];
}

export const keysOf = ({ spec }: CollaborationRow): string[] => spec.participants.map((p) => p.key);

/** Who may learn results: their keys. */
export const recipientKeys = ({ spec }: CollaborationRow): string[] =>
  spec.participants.filter((p) => spec.recipients.includes(p.name)).map((p) => p.key);

export const termsOf = (row: CollaborationRow): Terms => ({
  participants: keysOf(row),
  recipients: recipientKeys(row),
  least: leastContributors(row.spec),
});

function openingOf({ spec }: CollaborationRow, message: Message): Opening {
  const parsed = askedSchema.safeParse(message.body);
  if (!parsed.success) return { message, question: undefined, contributors: undefined };
  const { contributors, ...asked } = parsed.data;
  const key = (name: string): string => spec.participants.find((p) => p.name === name)?.key ?? name;
  return {
    message,
    question: canonicalJson(asked as unknown as JsonObject),
    contributors: contributors?.map(key),
  };
}

/** The attempts of a round, from its messages. The first `open` on the board says whose round it is. */
export function attemptsIn(row: CollaborationRow, messages: readonly BoardMessage[]): OpenAttempt[] {
  const opens = messages.filter((m) => m.message.kind === "open");
  if (opens[0] === undefined || opens[0].seq === null) return [];
  return attemptsOf(
    termsOf(row),
    opens.map((m) => openingOf(row, m.message)),
  );
}

/** By the messages that it was read from: while nothing is said, it is the same. */
const views = new WeakMap<
  readonly BoardMessage[],
  { spec: CollaborationSpec; view: RoundView | undefined }
>();

/** undefined before anybody opened it. */
export function roundOf(store: Store, row: CollaborationRow, round: number): RoundView | undefined {
  const messages = messagesOfRound(store.db, row.id, round);
  const known = views.get(messages);
  if (known?.spec === row.spec) return known.view;
  const view = viewOf(store, row, round, messages);
  views.set(messages, { spec: row.spec, view });
  return view;
}

function viewOf(
  store: Store,
  row: CollaborationRow,
  round: number,
  messages: readonly BoardMessage[],
): RoundView | undefined {
  const last = attemptsIn(row, messages).at(-1);
  if (last === undefined) return undefined;
  const { attempt, opener, contributors, opening, wrong } = last;
  const parsed = askedSchema.safeParse(opening.body);
  return {
    round,
    attempt,
    opener,
    contributors,
    question: messageHash(opening),
    openedAt: heardAt(store.db, opening),
    asked: parsed.success ? parsed.data : undefined,
    ...(wrong === undefined ? {} : { wrong }),
    messages: messages.filter((m) => m.message.attempt === attempt),
  };
}

export function roundState(row: CollaborationRow, view: RoundView): AttemptState {
  const learn = recipientKeys(row).filter((key) => view.contributors.includes(key));
  return attemptState(
    { participants: view.contributors, messages: view.messages.map((m) => m.message) },
    learn.length,
  );
}
