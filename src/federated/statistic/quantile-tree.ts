/**
 * Which part of a column's range a rank is shown to lie in: the range is halved and halved again, as far as units allow.
 *
 * Rules: a node is parted only into halves that each hold the threshold of units, or nobody. A half that holds fewer, but
 * somebody, goes to the part beside it in the other half, which is then shown as wide as both. So whatever ranks are
 * asked, what is shown are parts of one partition with no part of few units, and its edges are halves of the declared
 * range: never a value because somebody has it. A single value shows where so many units have it, and nobody lies in
 * what goes with it. Pure.
 */

/** Units and rows of a node; of its halves, where they are known. */
export interface Counted {
  units: number;
  rows: number;
  halves?: readonly [Counted, Counted];
}

/** Offsets from the least value that the spec declares, in whole numbers of its decimals. */
export interface Part {
  /** The node: from `low`, 2^bits values. */
  low: bigint;
  bits: number;
  /** What is shown: the node, and what goes with it on either side. */
  from: bigint;
  to: bigint;
  /** It is parted no further. */
  done: boolean;
}

export const wholeRange = (bits: number): Part => ({
  low: 0n,
  bits,
  from: 0n,
  to: (1n << BigInt(bits)) - 1n,
  done: false,
});

/**
 * Follows a rank as far down as is counted.
 * @param rank among all rows, from 0; @param below rows with values under the node's
 * @returns the part, and the units of its node
 */
export function follow(
  part: Part,
  counted: Counted,
  rank: number,
  below: number,
  threshold: number,
): { part: Part; units: number } {
  let [at, node, under] = [part, counted, below];
  if (node.units < threshold) return { part: { ...at, done: true }, units: node.units };
  while (!at.done) {
    if (at.bits === 0) return { part: { ...at, done: true }, units: node.units };
    if (node.halves === undefined) break;
    const [left, right] = node.halves;
    const side = sideOf(node.halves, rank - under, threshold);
    if (side === undefined) return { part: { ...at, done: true }, units: node.units };
    at = halfOf(at, side, side === 0 ? right : left, threshold);
    if (side === 1) under += left.rows;
    node = side === 0 ? left : right;
  }
  return { part: at, units: node.units };
}

/** The half to follow into: the rank's own where both hold enough, else the one that does. */
function sideOf([left, right]: readonly [Counted, Counted], rank: number, threshold: number) {
  const [l, r] = [left.units >= threshold, right.units >= threshold];
  if (l && r) return rank < left.rows ? 0 : 1;
  return l ? 0 : r ? 1 : undefined;
}

/** Without the other half, or with it where it holds few: then, and where few lie beyond it, it goes with this one. */
function halfOf({ low, bits, from, to }: Part, side: 0 | 1, other: Counted, threshold: number): Part {
  const half = 1n << BigInt(bits - 1);
  const apart = other.units >= threshold;
  const middle = low + half;
  const shown =
    side === 0
      ? { from, to: apart || (other.units === 0 && to === low + 2n * half - 1n) ? middle - 1n : to }
      : { from: apart || (other.units === 0 && from === low) ? middle : from, to };
  return { low: side === 0 ? low : middle, bits: bits - 1, ...shown, done: false };
}
