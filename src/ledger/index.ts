/** The ledger: one transaction per change of state, an append-only Merkle log, proofs, the offline verifier. */
export { type AuditProblem, type AuditReport, auditLedger } from "./audit.js";
export type { Closing, Committed, DomainEvent, Entry, Handler, Listener, Tx } from "./commit.js";
export { nodeCrypto } from "./hash.js";
export {
  type Checkpoint,
  datasetsIn,
  type Ledger,
  type LedgerOptions,
  type LedgerRow,
  MAX_ENTRIES,
  openLedger,
  originOf,
} from "./ledger.js";
export * from "./offline.js";
export { commitmentOf, leafHash, verifyConsistency, verifyInclusion, verifyNote } from "./verifier.js";
