/** What control and the thread of sums say to each other. */
import type { ThresholdSums } from "../../privacy/index.js";
import type { ErrorCode, ErrorParams, Trace } from "../../vocabulary/index.js";

/** The steps that the thread takes. */
export const OPERATIONS = ["keyShare", "collective", "encrypt", "addUp", "share", "open"] as const;
export type Operation = (typeof OPERATIONS)[number];
export type Given<O extends Operation> = Parameters<ThresholdSums[O]>;
export type Made<O extends Operation> = ReturnType<ThresholdSums[O]>;

export interface SumsRequest<O extends Operation = Operation> {
  id: number;
  operation: O;
  given: Given<O>;
}

/** Of the sums' parameters, what callers count with. */
export interface SumsParameters {
  /** Plaintext modulus. */
  t: bigint;
  /** Numbers in one ciphertext. */
  slots: number;
  ciphertextBytes: number;
}

export type SumsAnswer =
  | { id: 0; parameters: SumsParameters }
  | { id: number; made: Made<Operation> }
  | { id: number; malformed: number }
  | { id: number; wrong: true }
  | { id: number; refused: { code: ErrorCode; params: ErrorParams } }
  | { id: number; failed: Trace };
