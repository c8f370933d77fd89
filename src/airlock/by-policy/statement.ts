/**
 * What an owner signs to let verified tables out without people: the dataset's release policy. Pure but for the hash.
 *
 * Rules: the signature is over the RFC 8785 JSON of the statement, with a key that the node never has. Each statement has
 * the next number of its dataset, so that one of before cannot be set again. What stands is the last one in the ledger;
 * nothing else of the node's is asked.
 */
import { z } from "zod";
import { canonicalJson, fromBase64, type JsonObject, utf8, type VerifierCrypto } from "../../ledger/index.js";
import type { JobKindName } from "../../vocabulary/index.js";

export const AUTO_RELEASE = ["none", "verified_tables"] as const;
/** Data of grade 5 never leave without people. */
export const HIGHEST_AUTO_GRADE = 4;

/** Kinds of job without a program: what is computed stood before any data were read. */
export const DECLARED_KINDS: readonly JobKindName[] = ["table", "aggregate"];

export const policyStatement = z.strictObject({
  /** dst_… */
  dataset: z.string().max(64),
  auto_release: z.enum(AUTO_RELEASE),
  max_grade: z.int().min(1).max(HIGHEST_AUTO_GRADE),
  number: z.int().min(1).max(1_000_000),
});
export type PolicyStatement = z.output<typeof policyStatement>;

export const signedPolicy = z.strictObject({
  statement: policyStatement,
  public_key: z.string().max(64),
  signature: z.string().max(128),
});
export type SignedPolicy = z.output<typeof signedPolicy>;

/** Only the members that are signed, in a fresh object. */
export const policyBytes = ({ dataset, auto_release, max_grade, number }: PolicyStatement): Uint8Array =>
  utf8(canonicalJson({ dataset, auto_release, max_grade, number }));

/** Base64 in; false for whatever is no valid key or signature. */
export function policySigned(
  crypto: VerifierCrypto,
  { statement, public_key, signature }: SignedPolicy,
): boolean {
  const [key, bytes] = [fromBase64(public_key), fromBase64(signature)];
  return (
    key?.length === 32 && bytes?.length === 64 && crypto.verifyEd25519(key, policyBytes(statement), bytes)
  );
}

/** What the ledger's entry of it holds: all of it, so that the chain of a release does. */
export const policyData = ({ statement, public_key, signature }: SignedPolicy): JsonObject => ({
  statement: { ...statement },
  public_key,
  signature,
});

/** Whether it lets verified tables of data of this grade out. */
export const lets = ({ auto_release, max_grade }: PolicyStatement, grade: number): boolean =>
  auto_release === "verified_tables" && grade <= max_grade;
