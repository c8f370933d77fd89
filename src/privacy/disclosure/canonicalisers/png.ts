/**
 * Pictures: read strictly, then painted anew.
 *
 * Canonical form: 8-bit RGB on white, no interlacing, one compressed stream, no other chunk. Transparency is
 * flattened, because colours under transparent pixels are not seen. What the container hid (png-container.ts)
 * is reported and searched, never kept. Pixels themselves can carry a message in their low bits: the capacity
 * finding says how much, and printable runs in pixel bytes and low bits are offered to the search.
 */
import { deflateSync } from "node:zlib";
import { PNG } from "pngjs";
import type { ScanText } from "../canonical.js";
import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import type { HiddenPiece } from "../rules/hidden-content.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { foreignBytes } from "../rules/media-type.js";
import { cannotRead } from "../rules/unreadable.js";
import type { PngContainer } from "./png-container.js";
import { crc32, PNG_SIGNATURE, readPng } from "./png-container.js";
import type { Rebuilt } from "./rebuilt.js";

function chunk(type: string, data: Buffer): Buffer {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, "latin1");
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, data.length + 8)), data.length + 8);
  return out;
}

/** The picture alone, in a file that holds nothing else: safe to hand to a decoder that trusts its input. */
function minimalPng(png: PngContainer): Buffer {
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk("IHDR", png.header.raw),
    ...(png.palette === undefined ? [] : [chunk("PLTE", png.palette)]),
    ...(png.transparency === undefined ? [] : [chunk("tRNS", png.transparency)]),
    chunk("IDAT", deflateSync(png.scanlines, { level: 1 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function decode(png: PngContainer): Buffer {
  try {
    return PNG.sync.read(minimalPng(png)).data;
  } catch {
    throw cannotRead("Not a picture: its pixels cannot be decoded.");
  }
}

/** Paints RGBA on white in place; returns the colours that stood unseen under transparent pixels. */
function flatten(rgba: Buffer): Buffer {
  const unseen: number[] = [];
  let first = -1;
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!;
    if (alpha === 255) continue;
    if (alpha === 0) {
      const color = rgba.readUIntBE(i, 3);
      if (first < 0) first = color;
      if (color !== first) unseen.push(rgba[i]!, rgba[i + 1]!, rgba[i + 2]!);
    }
    for (let c = i; c < i + 3; c++) rgba[c] = Math.round((rgba[c]! * alpha + 255 * (255 - alpha)) / 255);
    rgba[i + 3] = 255;
  }
  return Buffer.from(unseen);
}

/** Shorter runs of printable bytes occur in any picture. */
const MIN_RUN = 8;
const MAX_RUN_TEXT = 2 * 1024 * 1024;

/** Runs of printable ASCII in a byte stream, one a line, as `strings` would show them. */
function printableRuns(bytes: Uint8Array): Buffer {
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
function lowBits(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length >> 3);
  for (let i = 0; i < out.length; i++) {
    let b = 0;
    for (let k = 0; k < 8; k++) b = (b << 1) | (bytes[i * 8 + k]! & 1);
    out[i] = b;
  }
  return out;
}

function pixelTexts(rgba: Buffer): ScanText[] {
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

export function rebuildPng(bytes: Buffer, extension: string, policy: DisclosurePolicy): Rebuilt {
  const format = foreignFormat(bytes);
  if (format !== undefined && !bytes.subarray(0, 8).equals(PNG_SIGNATURE))
    throw foreignBytes(extension, format);
  const png = readPng(bytes, policy.max_png_pixels);
  const rgba = decode(png);
  const unseen = flatten(rgba);
  const hidden: HiddenPiece[] = [
    ...png.hidden,
    { kind: "metadata", where: "under transparent pixels", bytes: unseen.length },
  ];
  const picture = new PNG({ width: png.header.width, height: png.header.height });
  picture.data = rgba;
  const canonical = PNG.sync.write(picture, { colorType: 2, deflateLevel: 9, deflateStrategy: 0 });
  return {
    canonical,
    findings: judgeHidden(hidden, policy),
    texts: [
      ...png.texts,
      ...(unseen.length > 0 ? [{ name: "colours under transparent pixels", content: unseen }] : []),
      ...pixelTexts(rgba),
    ],
  };
}
