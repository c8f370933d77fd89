/** Text inside bytes that are no text: what `strings` would show of pixels, of their low bits, or of numbers. */
import type { ScanText } from "../canonical.js";

/** Shorter runs of printable bytes occur in any picture. */
const MIN_RUN = 8;
const MAX_RUN_TEXT = 2 * 1024 * 1024;

/** Runs of printable ASCII in a byte stream, one a line, as `strings` would show them. */
export function printableRuns(bytes: Uint8Array): Buffer {
  const runs: Uint8Array[] = [];
  let total = 0;
  let start = -1;
  for (let i = 0; i <= bytes.length; i++) {
    const b = bytes[i] ?? 0;
    const printable = (b >= 0x20 && b < 0x7f) || b === 9 || b === 10 || b === 13;
    if (printable && start < 0) start = i;
    if (printable || start < 0) continue;
    if (i - start >= MIN_RUN && total < MAX_RUN_TEXT) {
      runs.push(bytes.subarray(start, i), Buffer.from("\n"));
      total += i - start;
    }
    start = -1;
  }
  return Buffer.concat(runs);
}

/** Every low bit of the stream, eight to a byte, first bit highest. */
export function lowBits(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length >> 3);
  for (let i = 0; i < out.length; i++) {
    let b = 0;
    for (let k = 0; k < 8; k++) b = (b << 1) | (bytes[i * 8 + k]! & 1);
    out[i] = b;
  }
  return out;
}

/** Text in the bytes of a picture, all planes and one, whole and in their low bits. */
export function pixelTexts(rgba: Buffer): ScanText[] {
  const pixels = rgba.length / 4;
  const rgb = new Uint8Array(pixels * 3);
  const red = new Uint8Array(pixels);
  for (let p = 0; p < pixels; p++) {
    red[p] = rgba[p * 4]!;
    rgb[p * 3] = rgba[p * 4]!;
    rgb[p * 3 + 1] = rgba[p * 4 + 1]!;
    rgb[p * 3 + 2] = rgba[p * 4 + 2]!;
  }
  return [
    { name: "pixel bytes", content: printableRuns(rgb) },
    { name: "pixel bytes of the red plane", content: printableRuns(red) },
    { name: "low bits of the pixels", content: printableRuns(lowBits(rgb)) },
    { name: "low bits of the red plane", content: printableRuns(lowBits(red)) },
  ].filter((t) => t.content.length > 0);
}
