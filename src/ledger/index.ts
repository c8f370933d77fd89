/** The ledger: one transaction per change of state, an append-only Merkle log, proofs, the offline verifier. */
export { type AuditProblem, type AuditReport, auditLedger } from "./audit.js";
export type { Closing, Committed, DomainEvent, Entry, Handler, Listener, Tx } from "./commit.js";
export { concat, fromBase64, sameBytes, toBase64, toHex, utf8 } from "./encoding.js";
export { nodeCrypto, type VerifierCrypto } from "./hash.js";
export { canonicalJson, type JsonObject, type JsonValue } from "./json.js";
export { commit as commitmentHash, type Leaf, type Opening, parseLeaf } from "./leaves.js";
export {
  type Checkpoint,
  type Ledger,
  type LedgerOptions,
  type LedgerRow,
  MAX_ENTRIES,
  openLedger,
  originOf,
} from "./ledger.js";
export { checkConsistency, checkInclusion, hashLeaf, hashNode } from "./merkle.js";
export { checkNote, type Note, type NoteSignature, parseNote } from "./note.js";
export { commitmentOf, leafHash, verifyConsistency, verifyInclusion, verifyNote } from "./verifier.js";
