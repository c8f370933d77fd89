/**
 * Exact discrete noise by inversion, with tables that are refined only when a draw needs it.
 *
 * A uniform real U in [0, 1) is drawn bit by bit. The table holds ⌊F(m)·2^b⌋ for the distribution function F of the
 * magnitude: b bits of U decide unless they equal an entry, which happens with a probability of about 2^−38 a draw;
 * then more bits are drawn and a finer table is computed. So the result is exactly distributed, as if U and F were
 * known to infinitely many digits. Entries are proven by intervals, never rounded on trust.
 * A draw takes the same steps whatever it yields (binary search over a fixed length, no early exit).
 */
import type { Rational } from "../../../vocabulary/index.js";
import { rational } from "../../../vocabulary/index.js";
import type { Interval } from "../accounting/interval.js";
import { Precise } from "../accounting/interval.js";
import type { RandomBits } from "./random.js";

/** Weight of magnitude m relative to that of m − 1, for m = 1, 2, …; falls with m and is below 1. */
export type Ratios = (p: Precise) => () => Interval;

/** Bits of the first table, held in doubles. */
const FIRST_BITS = 48;
const MORE_BITS = 64;
const GUARD_BITS = 64;

/** e^(−1/scale) each time. */
export function laplaceRatios(scale: Rational): Ratios {
  return (p) => {
    const ratio = p.exp(p.of(rational(-scale.den, scale.num)));
    return () => ratio;
  };
}

/** e^(−(2m−1)/2σ²): each ratio is the one before times e^(−1/σ²). */
export function gaussianRatios(variance: Rational): Ratios {
  return (p) => {
    const step = p.exp(p.of(rational(-variance.den, variance.num)));
    let ratio = p.exp(p.of(rational(-variance.den, 2n * variance.num)));
    return () => {
      const now = ratio;
      ratio = p.mul(ratio, step);
      return now;
    };
  };
}

/** Of how many numbers a magnitude above 0 is. */
type Sides = 1 | 2;

/** Weights of magnitude 0, 1, 2 … (both signs together where there are two), until what is left is below 2^−(bits+2) of the whole. */
function weights(
  p: Precise,
  ratios: Ratios,
  bits: number,
  sides: Sides,
): { list: Interval[]; rest: Interval } {
  const next = ratios(p);
  let weight = p.whole(1);
  const list = [weight];
  let total = weight;
  for (;;) {
    const ratio = next();
    weight = p.mul(weight, ratio);
    // later ratios are no larger: what follows is at most a geometric series
    const rest = p.div(p.add(weight, weight), p.sub(p.whole(1), ratio)).hi;
    if (rest << BigInt(bits + 2) < total.lo) return { list, rest: { lo: 0n, hi: rest } };
    const all = sides === 2 ? p.add(weight, weight) : weight;
    list.push(all);
    total = p.add(total, all);
  }
}

/** ⌊F(m)·2^bits⌋ for m = 0, 1, … up to its largest value; undefined when the intervals were too wide to tell. */
function floors(ratios: Ratios, bits: number, working: number, sides: Sides): bigint[] | undefined {
  const p = new Precise(working);
  // the whole is known far more finely than the entries, and less finely than the working precision can tell
  const { list, rest } = weights(p, ratios, (bits + working) >> 1, sides);
  const whole = p.add(...list, rest);
  const shift = BigInt(working - bits);
  const largest = (1n << BigInt(bits)) - 1n;
  const result: bigint[] = [];
  let sum = p.whole(0);
  for (const weight of list) {
    sum = p.add(sum, weight);
    const f = p.div(sum, whole);
    const floor = f.lo >> shift;
    if (floor !== f.hi >> shift) return undefined;
    result.push(floor);
    if (floor === largest) break;
  }
  return result;
}

function exactFloors(ratios: Ratios, bits: number, sides: Sides): bigint[] {
  for (let working = bits + GUARD_BITS; ; working += GUARD_BITS) {
    const result = floors(ratios, bits, working, sides);
    if (result !== undefined) return result;
  }
}

export class NoiseTable {
  private readonly first: Float64Array;
  private readonly finer = new Map<number, bigint[]>();

  /** @param sides 1: of magnitudes alone, weighted by the ratios as they are */
  constructor(
    private readonly ratios: Ratios,
    private readonly sides: Sides = 2,
  ) {
    this.first = Float64Array.from(exactFloors(ratios, FIRST_BITS, sides), Number);
  }

  /** One draw of the signed value. */
  draw(random: RandomBits): bigint {
    const sign = random.bit();
    const magnitude = this.magnitude(random);
    return sign ? -magnitude : magnitude;
  }

  magnitude(random: RandomBits): bigint {
    const u = random.uint48();
    const { first } = this;
    // the least index whose entry is above u, in as many steps whatever u is
    let low = 0;
    for (let size = first.length; size > 1; ) {
      const half = size >> 1;
      low += first[low + half - 1]! <= u ? half : 0;
      size -= half;
    }
    low += first[low]! <= u ? 1 : 0;
    const decided = low < first.length && (low === 0 || first[low - 1] !== u);
    return decided ? BigInt(low) : this.refine(random, BigInt(u), FIRST_BITS);
  }

  /** The bits so far equal an entry, or lie beyond the table: draw more of them. */
  private refine(random: RandomBits, u: bigint, bits: number): bigint {
    const more = bits + MORE_BITS;
    const longer = (u << BigInt(MORE_BITS)) | random.uint(MORE_BITS);
    const entries = this.finer.get(more) ?? exactFloors(this.ratios, more, this.sides);
    this.finer.set(more, entries);
    const index = entries.findIndex((entry) => entry > longer);
    const decided = index === 0 || (index > 0 && entries[index - 1] !== longer);
    return decided ? BigInt(index) : this.refine(random, longer, more);
  }
}
