/** The pixels of a canonical JPEG, for the search: good to a level or two, which is all that a reader promises. */
import type { Component, Frame } from "./container.js";
import { QUANTISATION, ZIGZAG } from "./tables.js";

/** BASIS[x * 8 + u]: how much frequency u adds at x. */
const BASIS = Float64Array.from({ length: 64 }, (_, i) => {
  const [x, u] = [i >> 3, i & 7];
  return (u === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * x + 1) * u * Math.PI) / 16);
});

const block = new Float64Array(64);
const half = new Float64Array(64);

function transform(values: Int16Array, at: number, quantisation: Uint16Array): void {
  let last = 63;
  while (last > 0 && values[at + last] === 0) last--;
  if (last === 0) {
    block.fill((values[at]! * quantisation[0]!) / 8);
    return;
  }
  for (let k = 0; k < 64; k++) block[ZIGZAG[k]!] = values[at + k]! * quantisation[k]!;
  for (let v = 0; v < 8; v++)
    for (let x = 0; x < 8; x++) {
      let sum = 0;
      for (let u = 0; u < 8; u++) sum += BASIS[x * 8 + u]! * block[v * 8 + u]!;
      half[v * 8 + x] = sum;
    }
  for (let x = 0; x < 8; x++)
    for (let y = 0; y < 8; y++) {
      let sum = 0;
      for (let v = 0; v < 8; v++) sum += BASIS[y * 8 + v]! * half[v * 8 + x]!;
      block[y * 8 + x] = sum;
    }
}

function plane(component: Component, quantisation: Uint16Array): Uint8ClampedArray {
  const width = component.across * 8;
  const out = new Uint8ClampedArray(width * component.down * 8);
  for (let by = 0; by < component.down; by++)
    for (let bx = 0; bx < component.across; bx++) {
      transform(component.coefficients, (by * component.across + bx) * 64, quantisation);
      for (let i = 0; i < 64; i++) out[(by * 8 + (i >> 3)) * width + bx * 8 + (i & 7)] = block[i]! + 128;
    }
  return out;
}

/** Where in a component's plane each pixel of a line stands, and how far the plane's lines are apart. */
function places(component: Component, width: number, hMax: number): { across: Int32Array; line: number } {
  const across = Int32Array.from({ length: width }, (_, x) => Math.floor((x * component.h) / hMax));
  return { across, line: component.across * 8 };
}

/** RGBA, as large as the blocks. */
export function pixelsOf(frame: Frame): Buffer {
  const { components } = frame;
  const planes = components.map((c, i) => plane(c, QUANTISATION[Math.min(i, 1)]!));
  const hMax = Math.max(...components.map((c) => c.h));
  const vMax = Math.max(...components.map((c) => c.v));
  const [width, height] = [frame.unitsAcross * 8 * hMax, frame.unitsDown * 8 * vMax];
  const out = new Uint8ClampedArray(width * height * 4);
  const at = components.map((c) => places(c, width, hMax));
  const grey = components.length === 1;
  for (let y = 0, to = 0; y < height; y++) {
    const lines = components.map((c, i) => Math.floor((y * c.v) / vMax) * at[i]!.line);
    for (let x = 0; x < width; x++, to += 4) {
      const luma = planes[0]![lines[0]! + at[0]!.across[x]!]!;
      const blue = grey ? 0 : planes[1]![lines[1]! + at[1]!.across[x]!]! - 128;
      const red = grey ? 0 : planes[2]![lines[2]! + at[2]!.across[x]!]! - 128;
      out[to] = luma + 1.402 * red;
      out[to + 1] = luma - 0.344136 * blue - 0.714136 * red;
      out[to + 2] = luma + 1.772 * blue;
      out[to + 3] = 255;
    }
  }
  return Buffer.from(out.buffer);
}
