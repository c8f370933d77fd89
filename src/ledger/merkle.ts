/**
 * Merkle tree hashing and proof checking (RFC 6962 §2.1, verification after RFC 9162 §2.1.3.2 and §2.1.4.2). Pure:
 * the hash is passed in, tree positions are plain numbers up to 2^53.
 * A leaf and a node never hash alike: the first byte is 0x00 for the one, 0x01 for the other.
 */
import { concat, sameBytes } from "./encoding.js";
import type { VerifierCrypto } from "./hash.js";

type Hasher = Pick<VerifierCrypto, "sha256">;

export const LEAF_PREFIX = Uint8Array.of(0);
export const NODE_PREFIX = Uint8Array.of(1);

export const hashLeaf = (h: Hasher, leaf: Uint8Array): Uint8Array => h.sha256(concat(LEAF_PREFIX, leaf));
export const hashNode = (h: Hasher, left: Uint8Array, right: Uint8Array): Uint8Array =>
  h.sha256(concat(NODE_PREFIX, left, right));
export const emptyRoot = (h: Hasher): Uint8Array => h.sha256(new Uint8Array(0));

const half = (n: number) => Math.floor(n / 2);
const odd = (n: number) => n % 2 === 1;

/** The largest power of two below `n`, for n ≥ 2. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

const HASH_BYTES = 32;
const isIndex = (n: number) => Number.isSafeInteger(n) && n >= 0;

/** Does `proof` lead from this leaf at `index` to `root` of the tree of `size`? */
export function checkInclusion(
  h: Hasher,
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isIndex(index) || !isIndex(size) || index >= size || leaf.length !== HASH_BYTES) return false;
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of proof) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      r = hashNode(h, p, r);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      r = hashNode(h, r, p);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameBytes(r, root);
}

/**
 * Does `proof` show that the tree of `from` leaves with root `fromRoot` is the beginning of the tree of `to`? Nothing
 * can be shown of an empty tree, with which every tree begins: `from` 0 is refused.
 */
export function checkConsistency(
  h: Hasher,
  from: number,
  to: number,
  fromRoot: Uint8Array,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isIndex(from) || !isIndex(to) || from === 0 || from > to) return false;
  if (from === to) return proof.length === 0 && sameBytes(fromRoot, toRoot);
  let fn = from - 1;
  let sn = to - 1;
  while (odd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  // A complete first tree is a node of the second, so its root needs no sending.
  const path = fn === 0 ? [fromRoot, ...proof] : [...proof];
  const first = path.shift();
  if (first === undefined) return false;
  let fr = first;
  let sr = first;
  for (const c of path) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      fr = hashNode(h, c, fr);
      sr = hashNode(h, c, sr);
      while (!odd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      sr = hashNode(h, sr, c);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && sameBytes(fr, fromRoot) && sameBytes(sr, toRoot);
}
