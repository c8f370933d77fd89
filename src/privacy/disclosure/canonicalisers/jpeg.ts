/**
 * Photographs and plots as JPEG: read down to their coefficients, which are then coded anew.
 *
 * Canonical form: JFIF baseline of one scan, the standard tables, quantisation at quality 75. Coefficients that are
 * multiples of it already stay as they are, so that canonicalising again changes nothing, which decoding to pixels
 * would not give. Requantising takes the low-order bits in which such pictures hide messages. The picture grows to
 * whole blocks: what a file holds behind its right and lower edge becomes visible instead of staying hidden.
 */
import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { foreignBytes } from "../rules/media-type.js";
import type { Component, Frame } from "./jpeg/container.js";
import { JpegReader } from "./jpeg/container.js";
import { wrongPicture } from "./jpeg/huffman.js";
import { pixelsOf } from "./jpeg/pixels.js";
import { readScan } from "./jpeg/scan.js";
import { QUANTISATION } from "./jpeg/tables.js";
import { writeJpeg } from "./jpeg/write.js";
import { lowBits, pixelTexts, printableRuns } from "./printable.js";
import type { Rebuilt } from "./rebuilt.js";

/** No baseline code holds more. */
const MAX_COEFFICIENT = 1_023;

function requantise(component: Component, from: Uint16Array | undefined, to: Uint16Array): void {
  if (from === undefined) throw wrongPicture("a table is missing");
  const { coefficients } = component;
  for (let i = 0; i < coefficients.length; i++) {
    const value = coefficients[i]!;
    if (value === 0) continue;
    const size = Math.round((Math.abs(value) * from[i & 63]!) / to[i & 63]!);
    coefficients[i] = Math.sign(value) * Math.min(size, MAX_COEFFICIENT);
  }
}

/** Where messages hide in a JPEG: the low bits of the coefficients that are neither 0 nor 1, in order. */
function carriedBits(frame: Frame): Buffer {
  const carried = frame.components.flatMap((c) => [c.coefficients.filter((v) => v !== 0 && v !== 1)]);
  return printableRuns(
    lowBits(Buffer.concat(carried.map((c) => Buffer.from(Uint8Array.from(c, (v) => v & 1))))),
  );
}

export function rebuildJpeg(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const format = foreignFormat(bytes);
  if (format !== undefined && format !== "a JPEG picture") throw foreignBytes(extension, format);
  const reader = new JpegReader(bytes, policy.max_png_pixels);
  const frame = reader.read((scan, of) => readScan(scan, of, reader.hidden));
  const carried = carriedBits(frame);
  frame.components.forEach((c, i) => {
    requantise(c, reader.quantisation[c.quantisation], QUANTISATION[Math.min(i, 1)]!);
  });
  const canonical = writeJpeg(frame);
  return {
    canonical,
    findings: judgeHidden(reader.hidden.pieces, policy),
    texts: [
      ...reader.hidden.texts,
      ...(carried.length > 0 ? [{ name: "low bits of the coefficients", content: carried }] : []),
      ...pixelTexts(pixelsOf(frame)),
    ],
  };
}
