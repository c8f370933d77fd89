/**
 * The way of an answer that is paid for: open, charge, draw, and send at the deadline.
 *
 * Rules: what is refused before the charge follows from public things and is told at once. From the charge on, every
 * way ends at the deadline, with the stored answer or with an error that says nothing of the data.
 */
import type { Vault } from "../../store/index.js";
import type { Answered, ChargeRequest, Charges } from "../budgets/charges.js";
import type { VersionRow } from "../datasets/rows.js";
import type { Engine } from "../engine/index.js";
import { openable } from "./exact.js";
import { atDeadline, type Pace, paced } from "./pace.js";

export interface PayingParts {
  engine: Engine;
  vault: Vault;
  charges: Charges;
  pace?: Pace;
}

export interface Paying {
  request: ChargeRequest;
  versions: readonly VersionRow[];
  /** Public, like all that it follows from. */
  deadlineMs: number;
  /** The answer's bytes: drawn once, then stored. */
  draw: () => Promise<Buffer>;
}

const LATE = "the answer was not ready at its deadline; it was charged: ask again, which costs nothing";
const STILL_OPENING = "the dataset is being opened; nothing was charged: ask again";

/** Failures that follow from the charge, so from public things: they are told at once. */
class NotCharged extends Error {
  constructor(readonly refusal: unknown) {
    super("not charged");
  }
}

export async function answerPaid(parts: PayingParts, paying: Paying): Promise<Answered> {
  const { charges } = parts;
  if (charges.find(paying.request)?.answer)
    // Whether the grants still stand is looked at again; nothing is drawn.
    return charges.once(paying.request, () => Promise.reject(new Error("drawn twice")));
  await opened(parts, paying);
  return charged(parts, paying);
}

/**
 * Versions that no engine has open are opened before anything is charged, and that takes as long as an answer
 * whatever their size.
 */
async function opened(
  { engine, vault, pace = atDeadline }: PayingParts,
  { versions, deadlineMs }: Paying,
): Promise<void> {
  const opening = engine.open(openable(vault, versions));
  const cold = new Promise<boolean>((resolve) => setImmediate(() => resolve(true)));
  const isCold = await Promise.race([opening.then(() => false), cold]);
  if (isCold) await paced(opening, deadlineMs, pace, STILL_OPENING);
}

async function charged(
  { charges, pace = atDeadline }: PayingParts,
  { request, deadlineMs, draw }: Paying,
): Promise<Answered> {
  let drawing = false;
  const work = charges
    .once(request, () => {
      drawing = true;
      return draw();
    })
    .catch((error: unknown) => {
      if (!drawing) throw new NotCharged(error);
      throw error;
    });
  const refused = work.then(
    () => new Promise<never>(() => undefined),
    (error: unknown) => {
      if (error instanceof NotCharged) throw error.refusal;
      return new Promise<never>(() => undefined);
    },
  );
  return Promise.race([refused, paced(work, deadlineMs, pace, LATE)]);
}
