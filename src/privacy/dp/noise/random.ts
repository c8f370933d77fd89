/**
 * Uniform random numbers from a stream of random bytes that is passed in: node:crypto in production.
 *
 * Rules: a number below n is drawn by rejection, never by remainder, so it is exactly uniform. How many bytes a
 * draw takes depends on n and on chance alone.
 */

/** Cryptographically secure random bytes, such as node:crypto's randomBytes. */
export type RandomBytes = (n: number) => Uint8Array;

const BLOCK = 8192;

export class RandomBits {
  private block: Uint8Array = new Uint8Array(0);
  private at = 0;

  constructor(private readonly source: RandomBytes) {}

  private byte(): number {
    if (this.at >= this.block.length) {
      this.block = this.source(BLOCK);
      if (this.block.length !== BLOCK) throw new RangeError("the source of randomness gave too few bytes");
      this.at = 0;
    }
    const b = this.block[this.at]!;
    // what was used is wiped: noise must not be read from memory later
    this.block[this.at++] = 0;
    return b;
  }

  bit(): boolean {
    return (this.byte() & 1) === 1;
  }

  /** 48 uniform bits. */
  uint48(): number {
    let n = 0;
    for (let i = 0; i < 6; i++) n = n * 256 + this.byte();
    return n;
  }

  /** `bits` uniform bits, a multiple of 8. */
  uint(bits: number): bigint {
    let n = 0n;
    for (let i = 0; i < bits; i += 8) n = (n << 8n) | BigInt(this.byte());
    return n;
  }

  /** Uniform in 0 … n − 1. */
  below(n: bigint): bigint {
    const bits = (n - 1n).toString(2).length;
    const bytes = Math.ceil(bits / 8);
    const surplus = BigInt(bytes * 8 - bits);
    for (;;) {
      const candidate = this.uint(bytes * 8) >> surplus;
      if (candidate < n) return candidate;
    }
  }
}
