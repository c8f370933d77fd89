/**
 * The part of the ledger that needs neither a database nor Node: what an offline verifier is made of. A browser build
 * takes this in the place of index.ts and passes its own hashes.
 */
export { cosign, cosignedAt, type Witness } from "./cosignature.js";
export { concat, fromBase64, sameBytes, toBase64, toHex, utf8 } from "./encoding.js";
export type { VerifierCrypto } from "./hash.js";
export { canonicalJson, type JsonObject, type JsonValue } from "./json.js";
export {
  commit as commitmentHash,
  type Leaf,
  leafText,
  type Opening,
  parseLeaf,
} from "./leaves.js";
export { checkConsistency, checkInclusion, hashLeaf, hashNode } from "./merkle.js";
export { checkNote, type Note, type NoteSignature, parseNote } from "./note.js";
