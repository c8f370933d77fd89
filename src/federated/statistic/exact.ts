/** Whole numbers of any length, and the doubles nearest to their quotients. Pure. */

/** a / b to a double's digits, however long they are. */
export function quotient(a: bigint, b: bigint): number {
  if (a === 0n) return 0;
  const bits = (n: bigint) => (n < 0n ? -n : n).toString(2).length;
  const shift = Math.max(0, 64 + bits(b) - bits(a));
  return Number((a << BigInt(shift)) / b) * 2 ** -shift;
}

/** ⌊√n⌋ by Newton's steps from above. */
export function rootOf(n: bigint): bigint {
  if (n < 2n) return n;
  let x = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (let next = (x + n / x) >> 1n; next < x; next = (x + n / x) >> 1n) x = next;
  return x;
}
