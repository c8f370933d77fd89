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
import { foreignFormat } from "../media.js";
import type { DisclosurePolicy } from "../policy.js";
import type { HiddenPiece } from "../rules/hidden-content.js";
import { judgeHidden } from "../rules/hidden-content.js";
import { foreignBytes } from "../rules/media-type.js";
import { cannotRead } from "../rules/unreadable.js";
import type { PngContainer } from "./png-container.js";
import { crc32, PNG_SIGNATURE, readPng } from "./png-container.js";
import { pixelTexts } from "./printable.js";
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
