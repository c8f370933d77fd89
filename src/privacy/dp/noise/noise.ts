/**
 * Noise for answers: exact discrete Laplace and discrete Gaussian, one value or a table full.
 *
 * Rules: parameters are exact rationals and come from public metadata only. A value is drawn after its charge is
 * durable, once, and stored before it is sent; that is the caller's duty.
 */
import type { Rational } from "../../../vocabulary/index.js";
import { BlockSampler } from "./blocks.js";
import type { RandomBytes } from "./random.js";
import { RandomBits } from "./random.js";
import { rejectionGaussian, rejectionLaplace } from "./rejection.js";
import { gaussianRatios, laplaceRatios, NoiseTable } from "./table.js";

/** Largest scale (Laplace) or σ (Gaussian) that is served from a table; the tables have some 34 and 9 times as many entries. */
const TABLE_LAPLACE = 256n;
const TABLE_GAUSSIAN = 1024n;
/** From so many on, a table of blocks pays for larger ones; fewer are drawn by rejection. */
const BLOCKS_FROM = 5000;
/** Tables kept; the least recently used goes. */
const KEPT_TABLES = 32;

export interface Noise {
  /** P(x) ∝ e^(−|x|/scale); ε-DP for a whole-number query of ℓ1 sensitivity scale·ε. scale > 0. */
  laplace(scale: Rational): bigint;
  laplaceMany(scale: Rational, count: number): bigint[];
  /** P(x) ∝ e^(−x²/2σ²), σ² given; Δ²/2σ²-zCDP for a whole-number query of ℓ2 sensitivity Δ. σ² > 0. */
  gaussian(variance: Rational): bigint;
  gaussianMany(variance: Rational, count: number): bigint[];
}

interface Sampler {
  draw(random: RandomBits): bigint;
}

class ExactNoise implements Noise {
  private readonly random: RandomBits;
  private readonly tables = new Map<string, Sampler>();

  constructor(source: RandomBytes) {
    this.random = new RandomBits(source);
  }

  laplace(scale: Rational): bigint {
    return this.laplaceMany(scale, 1)[0]!;
  }

  laplaceMany(scale: Rational, count: number): bigint[] {
    assertPositive(scale);
    const key = `laplace ${scale.num}/${scale.den}`;
    if (scale.num <= TABLE_LAPLACE * scale.den)
      return this.fromTable(key, () => new NoiseTable(laplaceRatios(scale)), count);
    if (count >= BLOCKS_FROM) return this.fromTable(key, () => BlockSampler.laplace(scale), count);
    return Array.from({ length: count }, () => rejectionLaplace(this.random, scale));
  }

  gaussian(variance: Rational): bigint {
    return this.gaussianMany(variance, 1)[0]!;
  }

  gaussianMany(variance: Rational, count: number): bigint[] {
    assertPositive(variance);
    const key = `gaussian ${variance.num}/${variance.den}`;
    if (variance.num <= TABLE_GAUSSIAN ** 2n * variance.den)
      return this.fromTable(key, () => new NoiseTable(gaussianRatios(variance)), count);
    if (count >= BLOCKS_FROM) return this.fromTable(key, () => BlockSampler.gaussian(variance), count);
    return Array.from({ length: count }, () => rejectionGaussian(this.random, variance));
  }

  private fromTable(key: string, make: () => Sampler, count: number): bigint[] {
    const table = this.tables.get(key) ?? make();
    this.tables.delete(key);
    this.tables.set(key, table);
    if (this.tables.size > KEPT_TABLES) this.tables.delete(this.tables.keys().next().value!);
    return Array.from({ length: count }, () => table.draw(this.random));
  }
}

function assertPositive(r: Rational): void {
  if (r.num <= 0n || r.den <= 0n) throw new RangeError("noise needs a scale above zero");
}

/** @param source cryptographically secure bytes: node:crypto's randomBytes in production */
export function createNoise(source: RandomBytes): Noise {
  return new ExactNoise(source);
}
