/**
 * A stream of random numbers that a seed determines: AES-256-CTR keyed with the seed's SHA-256. For synthetic rows
 * only, where the same seed must give the same bytes; never for noise or keys.
 */
import { type Cipher, createCipheriv, createHash } from "node:crypto";

const BLOCK = Buffer.alloc(64 * 1024);

export class Seeded {
  private readonly cipher: Cipher;
  private block = Buffer.alloc(0);
  private at = 0;

  constructor(seed: string) {
    const key = createHash("sha256").update(seed).digest();
    this.cipher = createCipheriv("aes-256-ctr", key, Buffer.alloc(16));
  }

  private uint32(): number {
    if (this.at + 4 > this.block.length) {
      this.block = this.cipher.update(BLOCK);
      this.at = 0;
    }
    this.at += 4;
    return this.block.readUInt32LE(this.at - 4);
  }

  /** Uniform in [0, 1) with 53 bits. */
  fraction(): number {
    return (this.uint32() * 2 ** 21 + (this.uint32() >>> 11)) / 2 ** 53;
  }

  /** A whole number from 0 to n − 1. n is at most 2^53. */
  below(n: number): number {
    return Math.floor(this.fraction() * n);
  }

  /** True once in `1 / probability` times. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }
}
