/**
 * Finds which of very many short strings occur anywhere in a text, without holding them: a Bloom filter of their
 * rolling hashes names candidates, which the caller confirms against the data. Time: text length × distinct lengths.
 */

const BASE = 0x01000193;
/** Longer strings are looked for by their beginning. */
export const LONGEST = 32;
const MAX_LENGTHS = 32;

const mix = (h: number, salt: number): number => {
  let x = Math.imul(h ^ salt, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
};

export class Needles {
  private readonly bits: Uint32Array;
  private readonly mask: number;
  private readonly byLength = new Map<number, number>();

  /** For about `expected` strings. */
  constructor(expected: number) {
    const size = Math.min(28, Math.max(16, Math.ceil(Math.log2(Math.max(1, expected) * 24))));
    this.bits = new Uint32Array(2 ** (size - 5));
    this.mask = 2 ** size - 1;
  }

  add(needle: string): void {
    const length = Math.min(needle.length, LONGEST);
    let h = 0;
    for (let i = 0; i < length; i++) h = (Math.imul(h, BASE) + needle.charCodeAt(i)) | 0;
    for (const salt of [length, length + 0x9e37]) {
      const bit = mix(h, salt) & this.mask;
      this.bits[bit >>> 5]! |= 1 << (bit & 31);
    }
    this.byLength.set(length, (this.byLength.get(length) ?? 0) + 1);
  }

  /** The lengths looked for, those of most strings first. Rarer ones past the limit are left out. */
  get lengths(): number[] {
    const sorted = [...this.byLength.entries()].sort((a, b) => b[1] - a[1]);
    return sorted.slice(0, MAX_LENGTHS).map(([length]) => length);
  }

  get leftOut(): number {
    return Math.max(0, this.byLength.size - MAX_LENGTHS);
  }

  /** Calls `found` with the start of each window of `length` that may be one of the strings. */
  search(text: string, length: number, found: (start: number) => void): void {
    if (text.length < length) return;
    let power = 1;
    for (let i = 1; i < length; i++) power = Math.imul(power, BASE);
    let h = 0;
    for (let i = 0; i < length - 1; i++) h = (Math.imul(h, BASE) + text.charCodeAt(i)) | 0;
    for (let i = length - 1; i < text.length; i++) {
      h = (Math.imul(h, BASE) + text.charCodeAt(i)) | 0;
      if (this.has(h, length)) found(i - length + 1);
      h = (h - Math.imul(text.charCodeAt(i - length + 1), power)) | 0;
    }
  }

  private has(h: number, length: number): boolean {
    const first = mix(h, length) & this.mask;
    if ((this.bits[first >>> 5]! & (1 << (first & 31))) === 0) return false;
    const second = mix(h, length + 0x9e37) & this.mask;
    return (this.bits[second >>> 5]! & (1 << (second & 31))) !== 0;
  }
}
