/**
 * The attempts of a round: which there are, who contributes to each, and what becomes of one that is late. Pure.
 *
 * Rules: who opened a round opens its further attempts, of the same question, each over the contributors of the one before
 * or fewer of them, never fewer than the spec allows, and itself among them. Once a domain has given a share in a round
 * it takes part in no other attempt of it: so of two attempts of one round never both open, unless all of the smaller one
 * lie. After any share there is no further attempt: the round ends as it stands, or is given up.
 */
import type { Message } from "../messages/message.js";
import { type AttemptView, missingAt, said } from "./steps.js";

/** What the spec says of attempts. Domains are named by their keys here. */
export interface Terms {
  /** In the order of the spec. */
  participants: readonly string[];
  recipients: readonly string[];
  /** Fewest contributors of an attempt. */
  least: number;
}

/** What an `open` says, read; undefined where it is no question. */
export interface Opening {
  message: Message;
  /** Canonical text of what is asked. */
  question: string | undefined;
  /** Keys, as it lists them; undefined: all. */
  contributors: readonly string[] | undefined;
}

export interface OpenAttempt {
  attempt: number;
  opener: string;
  /** In the order of the spec. */
  contributors: readonly string[];
  opening: Message;
  /** Why nobody should take part. */
  wrong?: string;
}

export const MAX_ATTEMPTS = 5;

/**
 * The attempts of one round in their order; empty before there is one. What others than the round's opener opened under
 * its number is nothing. The first wrong one is the last.
 * @param openings the `open`s of the round in the board's order
 */
export function attemptsOf(terms: Terms, openings: readonly Opening[]): OpenAttempt[] {
  const attempts: OpenAttempt[] = [];
  const [first] = openings;
  for (const opening of openings) {
    const { author, attempt } = opening.message;
    if (author !== first!.message.author) continue;
    const contributors = opening.contributors ?? terms.participants;
    const wrong = wrongIn(terms, opening, contributors, first!, attempts.at(-1));
    attempts.push({
      attempt,
      opener: author,
      opening: opening.message,
      contributors: wrong === undefined ? contributors : terms.participants,
      ...(wrong === undefined ? {} : { wrong }),
    });
    if (wrong !== undefined) break;
  }
  return attempts;
}

function wrongIn(
  terms: Terms,
  { message, question }: Opening,
  contributors: readonly string[],
  first: Opening,
  before: OpenAttempt | undefined,
): string | undefined {
  const order = contributors.map((key) => terms.participants.indexOf(key));
  if (question === undefined || !terms.recipients.includes(message.author))
    return "what it opened is no statistic, or not its to open";
  if (order.some((place, i) => place < 0 || place <= (order[i - 1] ?? -1)))
    return "whom it asks are no participants in their order";
  if (contributors.length < terms.least || !contributors.includes(message.author))
    return "it asks fewer domains than the spec allows, or not itself";
  if (message.attempt !== (before?.attempt ?? 0) + 1 || message.attempt > MAX_ATTEMPTS)
    return "the attempt that it opened is not the next";
  if (before === undefined) return undefined;
  if (question !== first.question) return "the attempt that it opened asks something else";
  return contributors.every((key) => before.contributors.includes(key))
    ? undefined
    : "the attempt that it opened asks domains that the one before did not";
}

export type Lateness =
  | { kind: "in_time" }
  /** By whom it was opened: it is opened again. */
  | { kind: "again"; contributors: readonly string[] }
  | { kind: "give_up" };

/** For how many times of an attempt its participants wait before they give it up themselves. */
export const PATIENCE = 2;

/**
 * What becomes of an attempt in which this domain waits for others.
 * @param view its contributors and messages; @param times how many times of an attempt have gone by since it was opened
 * @param terms least: of further attempts of this very round
 */
export function lateness(
  view: AttemptView & { opener: string; attempt: number },
  me: string,
  times: number,
  terms: Pick<Terms, "least">,
): Lateness {
  const missing = missingAt(view);
  if (missing.length === 0) return { kind: "in_time" };
  if (times >= PATIENCE) return { kind: "give_up" };
  if (view.opener !== me || times < 1 || said(view, "share").size > 0) return { kind: "in_time" };
  if (view.attempt >= MAX_ATTEMPTS) return { kind: "give_up" };
  const present = view.participants.filter((key) => !missing.includes(key));
  return { kind: "again", contributors: present.length >= terms.least ? present : view.participants };
}

/** Whether a domain gave a share in an attempt of the round before this one. */
export const sharedEarlier = (round: readonly Message[], key: string, attempt: number): boolean =>
  round.some((m) => m.kind === "share" && m.author === key && m.attempt < attempt);

/**
 * Whether a round may be over other contributors than an earlier one that shares were given in: with exact results the
 * difference of the two would be the figures of those who are in one alone.
 */
export const sameSet = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((key, i) => key === other[i]);
