/**
 * The steps of one statistic: which round goes on from which, and whether a step may be taken.
 *
 * Rules: a step follows the last round of its statistic, which its opener has done and nobody refused, in the same words,
 * opened by the same domain, over the same contributors, and numbered one more; a statistic is gone on with once. A
 * recipient knows from its own sums where the step must start, and refuses another start, and one after a round of which
 * it has no sums: else whoever opens could choose starts that ask for sums nobody agreed to.
 */
import { canonicalJson, type JsonObject } from "../../ledger/index.js";
import type { Keys, Store } from "../../store/index.js";
import { type CollaborationRow, lastRound } from "../collaborations/rows.js";
import type { Asked } from "../statistic/shared.js";
import { sameSet } from "./attempts.js";
import { resultOf } from "./results.js";
import { Breach } from "./revealed.js";
import { type RoundView, recipientKeys, roundOf } from "./round.js";

interface ChainParts {
  store: Store;
  keys: Keys;
}

const text = (value: unknown): string => canonicalJson(value as JsonObject);

/** The rounds of the statistic that began in a round, in order; from it alone for one that has one step. */
export function chainOf(store: Store, row: CollaborationRow, first: number): RoundView[] {
  const chain: RoundView[] = [];
  for (let round = first; round <= lastRound(store.db, row.id); round++) {
    const view = roundOf(store, row, round);
    if (view !== undefined && (round === first || view.asked?.step?.of === first)) chain.push(view);
  }
  return chain;
}

/** Others may have it done later: their word comes after that of who opens the next step. */
const wasDone = ({ opener, contributors, messages }: RoundView): boolean =>
  messages.some(({ message }) => message.kind === "done" && message.author === opener) &&
  !messages.some(({ message }) => message.kind === "refuse" && contributors.includes(message.author));

/** @throws Breach naming who opened it */
export function requireStep(
  { store, keys }: ChainParts,
  row: CollaborationRow,
  view: RoundView,
  { statistic, step, privacy }: Asked,
): void {
  if (step === undefined) return;
  const chain = chainOf(store, row, step.of).filter(({ round }) => round <= view.round);
  const before = chain.at(-2);
  const follows =
    step.of < view.round &&
    before?.asked !== undefined &&
    before.opener === view.opener &&
    wasDone(before) &&
    (before.asked.step?.number ?? 1) + 1 === step.number &&
    chain.length === step.number &&
    sameSet(before.contributors, view.contributors) &&
    text(before.asked.statistic) === text(statistic) &&
    text(before.asked.privacy ?? null) === text(privacy ?? null);
  if (!follows) throw new Breach(view.opener, "what it opened is no next step of its statistic");
  const me = keys.identity.publicKey;
  if (!recipientKeys(row).includes(me) || !before.contributors.includes(me)) return;
  const found = resultOf(store.db, keys.sealer, row.id, before.round);
  if (found?.kind !== "step" || text(found.state) !== text(step.state))
    throw new Breach(view.opener, "the step that it opened starts from elsewhere than the sums say");
}
