/**
 * Charges: what an answer with noise costs, paid before it exists. The interface for every room that draws noise
 * (queries, tables, training, synthetic data).
 *
 * Rules: a charge is a row, a ledger entry and raised sums in one transaction, committed before a bit of noise is
 * drawn. One request of one principal on the same versions is one charge and has one answer, for ever: it is stored
 * before it is sent, and a second one is never given. A charge whose answer was not stored (a crash between) is
 * completed by asking again: nothing is charged again, and what was drawn then was shown to nobody.
 */
import type { JsonObject, Tx } from "../../ledger/index.js";
import type { RenyiCurve } from "../../privacy/index.js";
import type { DatasetId, GrantId, Id, JobKindName, PrincipalId, VersionId } from "../../vocabulary/index.js";

export type ChargeId = Id<"charge">;

export interface ChargedOn {
  dataset: DatasetId;
  version: VersionId;
  /** The active grant that allows it (`grants.usable`); its share pays, and the dataset's budget. */
  grant: GrantId;
}

export interface ChargeRequest {
  principal: PrincipalId;
  kind: JobKindName;
  /** Every dataset that the answer reads; all of them pay. */
  on: readonly ChargedOn[];
  /**
   * What is asked, in canonical form (the plan or IR with ε and δ, never the user's text): equal requests are equal
   * JSON. With principal, kind and versions it tells whether this was asked before.
   */
  request: JsonObject;
  /**
   * Bounds the divergence between the answers with and without any one unit, the unit taken out of all of `on` at
   * once, in both directions. `delta` is the probability that the mechanism fails outright (thresholding).
   */
  cost: RenyiCurve;
  /** What was drawn from, for the ledger: names and public parameters only, no value of the data. */
  mechanism: JsonObject;
}

/** Decimal strings. `rho`: the least ρ of zCDP that bounds the cost; `delta`: twice the failures' (docs/dp.md). */
export interface Cost {
  rho: string;
  delta: string;
}

export interface Charge extends Cost {
  id: ChargeId;
  state: ChargeState;
  /** Place of its `charge.made` entry in the ledger. */
  ledger_seq: number;
  at: number;
  /** What was answered, byte for byte, once it is. */
  answer: Buffer | undefined;
}
export type ChargeState = "charged" | "answered";

export interface Answered extends Charge {
  answer: Buffer;
  /** It was asked before, or at the same time: this costs nothing more. */
  repeated: boolean;
}

export interface Price extends Cost {
  /** Whether it would be admitted now. */
  fits: boolean;
  /** The request was charged before: asking again costs nothing. */
  free: boolean;
  /** What may still be spent of the tightest of the budgets and shares concerned, after nothing is charged. */
  left: Cost;
}

export interface Kept {
  version: VersionId;
  answer: Buffer;
}

export interface Charges {
  /**
   * The whole way: charge, draw, store, give. The same request under way at the same time is waited for. Where
   * `draw` fails the charge stands, and the next call completes it.
   * @param draw evaluates, draws the noise once and returns the answer's bytes
   * @throws budget_exhausted, no_grant, grant_expired, state_conflict; and what `draw` throws
   */
  once(request: ChargeRequest, draw: (charge: Charge) => Promise<Buffer>): Promise<Answered>;
  /** The charge of this request if there is one. */
  find(request: ChargeRequest): Charge | undefined;
  /** What was answered to a charge on this dataset, for rooms that decide who may see it. */
  kept(dataset: DatasetId, id: string): Kept | undefined;
  /**
   * Looks whether the versions are the same rows as another dataset's of their owner, whose budget they then share. Comes before
   * `charge`; `once` does it. @throws engine_unavailable
   */
  prepare(request: Pick<ChargeRequest, "on">): Promise<void>;
  /** Makes the charge, or finds it: then nothing is paid. @throws budget_exhausted, no_grant, grant_expired, state_conflict */
  charge(tx: Tx, request: ChargeRequest): Charge;
  /** Stores the answer, which may be sent once this is committed. @returns what is stored: the first answer wins. */
  answered(tx: Tx, id: ChargeId, answer: Buffer): Buffer;
  /** For a quote: writes nothing, reads no row of data. */
  price(request: ChargeRequest): Price;
}

/** Largest answer that is kept. */
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
