/** The offline verifier with Node's hashes: base64 and text in, yes or no out. Needs no ledger, no network. */
import { fromBase64, toBase64, utf8 } from "./encoding.js";
import { nodeCrypto } from "./hash.js";
import { commit, type Opening } from "./leaves.js";
import { checkConsistency, checkInclusion, hashLeaf } from "./merkle.js";
import { checkNote, type Note } from "./note.js";

/** Hex; undefined when the opening's salt is malformed. */
export const commitmentOf = (opening: Opening): string | undefined => commit(nodeCrypto, opening);

/** Base64 of the RFC 6962 leaf hash of a leaf's text. */
export const leafHash = (leaf: string): string => toBase64(hashLeaf(nodeCrypto, utf8(leaf)));

function hashes(texts: readonly string[]): Uint8Array[] | undefined {
  const all = texts.map(fromBase64);
  return all.every((h) => h?.length === 32) ? (all as Uint8Array[]) : undefined;
}

export function verifyInclusion(input: {
  leaf: string;
  index: number;
  size: number;
  proof: readonly string[];
  root: string;
}): boolean {
  const all = hashes([input.root, ...input.proof]);
  if (all === undefined) return false;
  const [root, ...proof] = all;
  return checkInclusion(
    nodeCrypto,
    input.index,
    input.size,
    hashLeaf(nodeCrypto, utf8(input.leaf)),
    proof,
    root!,
  );
}

export function verifyConsistency(input: {
  from: number;
  to: number;
  fromRoot: string;
  toRoot: string;
  proof: readonly string[];
}): boolean {
  const all = hashes([input.fromRoot, input.toRoot, ...input.proof]);
  if (all === undefined) return false;
  const [fromRoot, toRoot, ...proof] = all;
  return checkConsistency(nodeCrypto, input.from, input.to, fromRoot!, toRoot!, proof);
}

export const verifyNote = (note: string, expected: { publicKey: string; origin: string }): Note | undefined =>
  checkNote(nodeCrypto, note, expected);
