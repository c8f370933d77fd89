/**
 * The right edge of a growing tree: the hash of the complete subtree at each level whose bit is set in the size. Enough
 * to append and to know the root. Pure; an edge is never changed, a grown one is returned.
 */
import type { VerifierCrypto } from "./hash.js";
import { emptyRoot, hashNode } from "./merkle.js";

export interface Edge {
  readonly size: number;
  readonly hashes: readonly (Uint8Array | undefined)[];
}

/** A subtree of 2^level leaves beginning at leaf index·2^level. */
export interface Subtree {
  level: number;
  index: number;
  hash: Uint8Array;
}

export const EMPTY_EDGE: Edge = { size: 0, hashes: [] };

/** The edge with one more leaf, and the subtrees (level 1 and up) which that leaf completes. */
export function grow(
  h: Pick<VerifierCrypto, "sha256">,
  edge: Edge,
  leafHash: Uint8Array,
): { edge: Edge; complete: Subtree[] } {
  const hashes = [...edge.hashes];
  const complete: Subtree[] = [];
  let hash = leafHash;
  let index = edge.size;
  let level = 0;
  while (index % 2 === 1) {
    hash = hashNode(h, hashes[level]!, hash);
    hashes[level] = undefined;
    level += 1;
    index = (index - 1) / 2;
    complete.push({ level, index, hash });
  }
  hashes[level] = hash;
  return { edge: { size: edge.size + 1, hashes }, complete };
}

export function edgeRoot(h: Pick<VerifierCrypto, "sha256">, edge: Edge): Uint8Array {
  let root: Uint8Array | undefined;
  for (const hash of edge.hashes) {
    if (hash !== undefined) root = root === undefined ? hash : hashNode(h, hash, root);
  }
  return root ?? emptyRoot(h);
}
