/**
 * Over whom a domain gives shares.
 *
 * Rules: a domain gives one share in a round: who gave one in an attempt takes part in no other of that round. Exact results
 * of a collaboration all stand on the same domains, those of its first shares: the difference of two sums over other
 * domains would be the figures of those who are in one alone. Who cannot be waited for any longer leaves by a new spec.
 */
import { GloveboxError, invalidInput } from "../../vocabulary/index.js";
import { type CollaborationRow, firstShare, messagesOfRound } from "../collaborations/rows.js";
import { leastContributors, namesOf } from "../collaborations/spec.js";
import { sameSet, sharedEarlier } from "./attempts.js";
import type { MemberParts } from "./parts.js";
import { OtherContributors } from "./refusal.js";
import { attemptsIn, type RoundView } from "./round.js";
import { awayIn } from "./stopping.js";

type Look = Pick<MemberParts, "store">;

/** Over whom the shares of the collaboration's other rounds were given; undefined while there are none. */
export function sharedSet(
  { store }: Look,
  row: CollaborationRow,
  round: number,
): readonly string[] | undefined {
  // With noise the difference of two sums tells no more than both were paid for.
  if (row.spec.privacy !== undefined) return undefined;
  const first = firstShare(store.db, row.id, round);
  if (first === undefined) return undefined;
  const attempts = attemptsIn(row, messagesOfRound(store.db, row.id, first.round));
  return attempts.find(({ attempt }) => attempt === first.attempt)?.contributors;
}

/** @throws OtherContributors */
export function requireContributors(
  { store, keys }: Look & Pick<MemberParts, "keys">,
  row: CollaborationRow,
  view: RoundView,
): void {
  const said = messagesOfRound(store.db, row.id, view.round).map((m) => m.message);
  if (sharedEarlier(said, keys.identity.publicKey, view.attempt))
    throw new OtherContributors("a share was given in an earlier attempt");
  const set = sharedSet({ store }, row, view.round);
  if (set !== undefined && !sameSet(set, view.contributors))
    throw new OtherContributors("shares were given over other contributors");
}

/**
 * Whom a new round asks: all but those who are away or are to be left out; undefined: all.
 * @throws state_conflict, invalid_input
 */
export function contributorsWithout(
  { store, keys }: Look & Pick<MemberParts, "keys">,
  row: CollaborationRow,
  without: readonly string[],
): string[] | undefined {
  const { participants } = row.spec;
  without.forEach((name, i) => {
    const one = participants.find((p) => p.name === name);
    if (one === undefined || one.key === keys.identity.publicKey)
      throw invalidInput(`without.${i}`, "is no other participant");
  });
  const away = awayIn(store, row);
  const conflict = (detail: string) => new GloveboxError("state_conflict", { detail });
  if (away.includes("coordinator")) throw conflict("the coordinator has suspended it");
  const left = participants.filter(({ name }) => !away.includes(name) && !without.includes(name));
  if (left.length < leastContributors(row.spec))
    throw conflict(
      away.length > 0
        ? `${away.join(", ")} suspended its part, and the spec asks for at least ${leastContributors(row.spec)} domains`
        : `the spec asks for at least ${leastContributors(row.spec)} domains`,
    );
  const set = sharedSet({ store }, row, 0);
  const asked = left.map(({ key }) => key);
  if (set !== undefined && !sameSet(set, asked))
    throw conflict(
      `results so far stand on ${namesOf(row.spec, set).join(", ")}: over others, the difference would show single domains`,
    );
  return left.length === participants.length ? undefined : left.map(({ name }) => name);
}
