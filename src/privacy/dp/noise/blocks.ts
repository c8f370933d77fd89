/**
 * Exact discrete noise of large scale in batches: the block from a table, the place within it uniform, and a rejection
 * that is rarely looked at closely. Any scale takes a table of a few thousand entries. See derivation.md.
 *
 * Rules: whole-number arithmetic; what a draw repeats turns on randomness alone.
 */
import { type Rational, rational } from "../../../vocabulary/index.js";
import type { RandomBits } from "./random.js";
import { bernoulliExp, bernoulliExpAfter } from "./rejection.js";
import { gaussianRatios, laplaceRatios, NoiseTable } from "./table.js";

/** Blocks are the largest powers of two that leave this many in a scale (Laplace) or σ (Gaussian). */
const BLOCKS = 64n;
const ONE = 2 ** 48;

/** The exponent of a block's place, γ = num/den, and 2^48·γ of a block's end, rounded up. */
interface Law {
  gamma(block: bigint, place: bigint): readonly [num: bigint, den: bigint];
  limit(block: number): number;
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** The largest k for which num/den ≥ least·4^k or 2^k. */
function doublings({ num, den }: Rational, least: bigint, step: bigint): bigint {
  let k = 0n;
  for (let most = den * least; most << step <= num; most <<= step) k++;
  return k;
}

export class BlockSampler {
  private readonly bytes: number;

  private constructor(
    private readonly table: NoiseTable,
    /** A block is 2^shift long. */
    private readonly shift: bigint,
    private readonly law: Law,
  ) {
    this.bytes = Number((shift + 7n) / 8n);
  }

  /** P(x) ∝ e^(−|x|/scale) */
  static laplace(scale: Rational): BlockSampler {
    const shift = doublings(scale, BLOCKS, 1n);
    const table = new NoiseTable(laplaceRatios(rational(scale.num, scale.den << shift)), 1);
    const end = Number(ceilDiv((BigInt(ONE) << shift) * scale.den, scale.num));
    return new BlockSampler(table, shift, {
      gamma: (_, place) => [place * scale.den, scale.num],
      limit: () => end,
    });
  }

  /** P(x) ∝ e^(−x²/2σ²), σ² given */
  static gaussian(variance: Rational): BlockSampler {
    const shift = doublings(variance, BLOCKS * BLOCKS, 2n);
    const { num, den } = variance;
    const table = new NoiseTable(gaussianRatios(rational(num, den << (2n * shift))), 1);
    const half = Number(ceilDiv((BigInt(ONE) << (2n * shift)) * den, 2n * num));
    return new BlockSampler(table, shift, {
      gamma: (block, place) => [((block << (shift + 1n)) + place) * place * den, 2n * num],
      limit: (block) => (2 * block + 1) * half,
    });
  }

  draw(random: RandomBits): bigint {
    const mask = (1n << this.shift) - 1n;
    for (;;) {
      const block = this.table.magnitude(random);
      const place = random.uint(this.bytes * 8) & mask;
      if (!this.keeps(random, block, place)) continue;
      const magnitude = (block << this.shift) | place;
      const negative = random.bit();
      // zero would otherwise be drawn twice as often
      if (negative && magnitude === 0n) continue;
      return negative ? -magnitude : magnitude;
    }
  }

  /** True with probability e^−γ. */
  private keeps(random: RandomBits, block: bigint, place: bigint): boolean {
    const limit = this.law.limit(Number(block));
    if (limit < ONE) {
      const u = random.uint48();
      // U ≥ γ whatever its further bits and wherever in its block: the first trial of Algorithm 1 fails, which keeps
      return u >= limit || bernoulliExpAfter(random, ...this.law.gamma(block, place), BigInt(u));
    }
    return bernoulliExp(random, ...this.law.gamma(block, place));
  }
}
