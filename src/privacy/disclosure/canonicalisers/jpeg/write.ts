/** A canonical JPEG: JFIF, baseline, one scan, the tables of tables.ts, no restart, no other segment. */
import type { Component, Frame } from "./container.js";
import { BitWriter, codesOf } from "./huffman.js";
import { CODES, QUANTISATION } from "./tables.js";

const WRITERS = CODES.map(({ dc, ac }) => ({
  dc: codesOf(dc.counts, dc.values),
  ac: codesOf(ac.counts, ac.values),
}));

function segment(marker: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, p) => sum + p.length, 2);
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), ...parts]);
}

const sizeOf = (value: number) => 32 - Math.clz32(Math.abs(value));

class BlockWriter {
  private before = 0;
  constructor(
    private readonly out: BitWriter,
    private readonly codes: (typeof WRITERS)[number],
  ) {}

  write(values: Int16Array, at: number): void {
    const difference = values[at]! - this.before;
    this.before = values[at]!;
    this.value(this.codes.dc, 0, difference);
    let run = 0;
    for (let k = 1; k < 64; k++) {
      const value = values[at + k]!;
      if (value === 0) {
        run++;
        continue;
      }
      for (; run > 15; run -= 16) this.symbol(this.codes.ac, 0xf0);
      this.value(this.codes.ac, run << 4, value);
      run = 0;
    }
    if (run > 0) this.symbol(this.codes.ac, 0);
  }

  private symbol(codes: { code: Uint16Array; length: Uint8Array }, symbol: number): void {
    this.out.put(codes.code[symbol]!, codes.length[symbol]!);
  }

  private value(codes: { code: Uint16Array; length: Uint8Array }, run: number, value: number): void {
    const size = sizeOf(value);
    this.symbol(codes, run | size);
    this.out.put(value < 0 ? value + (1 << size) - 1 : value, size);
  }
}

function imageData(frame: Frame): Buffer {
  const out = new BitWriter();
  const writers = frame.components.map((_, i) => new BlockWriter(out, WRITERS[Math.min(i, 1)]!));
  const block = (c: Component, i: number, x: number, y: number) => {
    for (let v = 0; v < c.v; v++)
      for (let h = 0; h < c.h; h++)
        writers[i]!.write(c.coefficients, ((y * c.v + v) * c.across + x * c.h + h) * 64);
  };
  for (let y = 0; y < frame.unitsDown; y++)
    for (let x = 0; x < frame.unitsAcross; x++)
      for (const [i, c] of frame.components.entries()) block(c, i, x, y);
  return out.end();
}

/** @param frame coefficients in units of QUANTISATION; it is written as large as its blocks, so that all of them show */
export function writeJpeg(frame: Frame): Buffer {
  const { components } = frame;
  const hMax = Math.max(...components.map((c) => c.h));
  const vMax = Math.max(...components.map((c) => c.v));
  const [width, height] = [frame.unitsAcross * 8 * hMax, frame.unitsDown * 8 * vMax];
  const kinds = components.length === 1 ? [0] : [0, 1];
  const size = Buffer.alloc(6);
  size[0] = 8;
  size.writeUInt16BE(height, 1);
  size.writeUInt16BE(width, 3);
  size[5] = components.length;
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, Buffer.from("4a46494600010100000100010000", "hex")),
    ...kinds.map((k) => segment(0xdb, Buffer.from([k, ...QUANTISATION[k]!]))),
    segment(0xc0, size, ...components.map((c, i) => Buffer.from([i + 1, (c.h << 4) | c.v, Math.min(i, 1)]))),
    ...kinds.flatMap((k) => [
      segment(0xc4, Buffer.from([k]), CODES[k]!.dc.counts, CODES[k]!.dc.values),
      segment(0xc4, Buffer.from([0x10 | k]), CODES[k]!.ac.counts, CODES[k]!.ac.values),
    ]),
    segment(
      0xda,
      Buffer.from([components.length]),
      ...components.map((_, i) => Buffer.from([i + 1, Math.min(i, 1) * 0x11])),
      Buffer.from([0, 63, 0]),
    ),
    imageData(frame),
    Buffer.from([0xff, 0xd9]),
  ]);
}
