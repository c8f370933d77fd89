/** Huffman codes of JPEG (ITU-T T.81, Annexes C and F): reading with no bit beyond the data, writing by the standard tables. */
import { cannotRead } from "../../rules/unreadable.js";

export const wrongPicture = (what: string) => cannotRead(`Not a picture: ${what}.`);

/** Codes by their length, as T.81 F.2.2.3 reads them. */
export interface CodeTable {
  /** Largest code of each length, -1 where there is none. */
  max: Int32Array;
  /** What to add to a code of this length to find its value. */
  offset: Int32Array;
  values: Uint8Array;
}

/** @param counts how many codes of each length from 1 to 16 */
export function codeTable(counts: Uint8Array, values: Uint8Array): CodeTable {
  const max = new Int32Array(17).fill(-1);
  const offset = new Int32Array(17);
  let code = 0;
  let at = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    offset[length] = at - code;
    code += count;
    at += count;
    if (code > 1 << length) throw wrongPicture("its codes overlap");
    if (count > 0) max[length] = code - 1;
    code <<= 1;
  }
  return { max, offset, values };
}

/** Bits of one stretch between restart markers, stuffing taken out. */
export class BitReader {
  private at = 0;
  private held = 0;
  private count = 0;
  constructor(private readonly bytes: Buffer) {}

  bit(): number {
    if (this.count === 0) {
      if (this.at >= this.bytes.length) throw wrongPicture("its image data is too short");
      this.held = this.bytes[this.at++]!;
      this.count = 8;
    }
    this.count--;
    return (this.held >> this.count) & 1;
  }

  bits(n: number): number {
    let value = 0;
    for (let i = 0; i < n; i++) value = (value << 1) | this.bit();
    return value;
  }

  /** A number of so many bits, negative where its first bit is 0 (T.81 F.2.2.1). */
  signed(n: number): number {
    if (n === 0) return 0;
    const value = this.bits(n);
    return value < 1 << (n - 1) ? value - (1 << n) + 1 : value;
  }

  symbol({ max, offset, values }: CodeTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.bit();
      if (max[length]! >= 0 && code <= max[length]!) return values[code + offset[length]!]!;
    }
    throw wrongPicture("its image data holds no valid code");
  }

  /** Whole bytes that were not needed. */
  rest(): Buffer {
    return this.bytes.subarray(this.at);
  }
}

/** Writes bits with stuffing. */
export class BitWriter {
  private out = Buffer.allocUnsafe(1 << 16);
  private length = 0;
  private held = 0;
  private count = 0;

  /** @param bits at most 16 */
  put(value: number, bits: number): void {
    this.held = (this.held << bits) | (value & ((1 << bits) - 1));
    this.count += bits;
    while (this.count >= 8) {
      this.count -= 8;
      this.byte((this.held >> this.count) & 0xff);
    }
    this.held &= (1 << this.count) - 1;
  }

  private byte(byte: number): void {
    if (this.length + 2 > this.out.length)
      this.out = Buffer.concat([this.out, Buffer.allocUnsafe(this.out.length)]);
    this.out[this.length++] = byte;
    if (byte === 0xff) this.out[this.length++] = 0;
  }

  /** All bits, the last byte filled with ones. */
  end(): Buffer {
    if (this.count > 0) this.put(0xff, 8 - this.count);
    return this.out.subarray(0, this.length);
  }
}

/** Code and length by value, for writing. */
export function codesOf(counts: Uint8Array, values: Uint8Array): { code: Uint16Array; length: Uint8Array } {
  const out = { code: new Uint16Array(256), length: new Uint8Array(256) };
  let code = 0;
  let at = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]!; i++) {
      out.code[values[at]!] = code++;
      out.length[values[at]!] = length;
      at++;
    }
    code <<= 1;
  }
  return out;
}
