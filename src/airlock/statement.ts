/**
 * What a reviewer signs, and what the ledger keeps of it. Pure but for the hash, which is passed in.
 *
 * Rules: the signature is over the canonical JSON of the statement, members that are absent left out; the node never
 * has a reviewer's private key. While the other reviewer is still to vote, the ledger holds only a salted commitment.
 */
import { canonicalJson, concat, fromBase64, toHex, utf8, type VerifierCrypto } from "../ledger/index.js";
import type { Review, Statement } from "./release.js";

/** Only the members that are signed, in a fresh object. */
export function statementOf(release: string, input: Omit<Statement, "release">): Statement {
  const { files, decision, comment, overrides } = input;
  return {
    release,
    files,
    decision,
    ...(comment === undefined ? {} : { comment }),
    ...(overrides === undefined ? {} : { overrides }),
  };
}

export const statementBytes = (statement: Statement): Uint8Array => utf8(canonicalJson({ ...statement }));

/** Base64 in; false for whatever is no valid key or signature. */
export function signatureHolds(
  crypto: VerifierCrypto,
  statement: Statement,
  publicKey: string,
  signature: string,
): boolean {
  const key = fromBase64(publicKey);
  const bytes = fromBase64(signature);
  return (
    key?.length === 32 && bytes?.length === 64 && crypto.verifyEd25519(key, statementBytes(statement), bytes)
  );
}

/** Hex SHA-256 of salt ‖ canonical JSON of the signed vote. */
export function voteCommitment(
  crypto: Pick<VerifierCrypto, "sha256">,
  review: Pick<Review, "reviewer" | "round" | "statement" | "salt" | "public_key" | "signature">,
): string {
  const { reviewer, round, statement, public_key, signature } = review;
  const vote = canonicalJson({ reviewer, round, statement: { ...statement }, public_key, signature });
  return toHex(crypto.sha256(concat(fromBase64(review.salt) ?? new Uint8Array(0), utf8(vote))));
}
