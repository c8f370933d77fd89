/**
 * The segments of a JPEG (ITU-T T.81, Annex B), read strictly: frame, tables, scans, and everything else as hidden.
 *
 * Rules: Huffman-coded, 8 bits, sequential or progressive, one or three components, sampling of one or two. Anything
 * else is refused, as are segments out of order. Application data, comments, thumbnails and tails are hidden content.
 */
import { overLimit } from "../../rules/limits.js";
import { HiddenBytes } from "../hidden-bytes.js";
import type { CodeTable } from "./huffman.js";
import { codeTable, wrongPicture } from "./huffman.js";

export interface Component {
  id: number;
  h: number;
  v: number;
  quantisation: number;
  /** Blocks with the padding that whole units of coding need. */
  across: number;
  down: number;
  /** Blocks that the picture touches: what a scan of this component alone codes. */
  ownAcross: number;
  ownDown: number;
  /** 64 a block, in zigzag order, before quantisation is undone. */
  coefficients: Int16Array;
}

export interface Frame {
  width: number;
  height: number;
  progressive: boolean;
  components: Component[];
  /** Units of coding: a unit holds h × v blocks of each component. */
  unitsAcross: number;
  unitsDown: number;
}

export interface Scan {
  components: { component: Component; dc: CodeTable | undefined; ac: CodeTable | undefined }[];
  start: number;
  end: number;
  high: number;
  low: number;
  restart: number;
  /** One stretch between restart markers each. */
  stretches: Buffer[];
}

/** More scans than any encoder writes: each goes over the whole picture. */
const MAX_SCANS = 64;
const JFIF = Buffer.from("JFIF\0");
const ADOBE = Buffer.from("Adobe");

export class JpegReader {
  readonly hidden = new HiddenBytes();
  readonly quantisation: (Uint16Array | undefined)[] = [];
  frame: Frame | undefined;
  private readonly dc: (CodeTable | undefined)[] = [];
  private readonly ac: (CodeTable | undefined)[] = [];
  private restart = 0;
  private scans = 0;
  private at = 2;

  constructor(
    private readonly bytes: Buffer,
    private readonly maxPixels: number,
  ) {}

  /** Calls back for each scan in turn, because tables may change between scans. */
  read(onScan: (scan: Scan, frame: Frame) => void): Frame {
    if (this.bytes.length < 4 || this.bytes.readUInt16BE(0) !== 0xffd8)
      throw wrongPicture("no JPEG signature");
    for (;;) {
      const marker = this.marker();
      if (marker === 0xd9) break;
      const body = this.segment();
      if (marker === 0xda) onScan(this.scan(body), this.frame!);
      else this.table(marker, body);
    }
    this.hidden.add("outside", "after the end of the picture", this.bytes.subarray(this.at));
    if (this.frame === undefined || this.scans === 0) throw wrongPicture("it holds no image data");
    return this.frame;
  }

  private marker(): number {
    if (this.at + 2 > this.bytes.length || this.bytes[this.at] !== 0xff)
      throw wrongPicture("it ends in the middle");
    // fill bytes may stand before a marker
    while (this.bytes[this.at + 1] === 0xff) this.at++;
    this.at += 2;
    return this.bytes[this.at - 1] ?? 0;
  }

  private segment(): Buffer {
    const length = this.at + 2 > this.bytes.length ? 0 : this.bytes.readUInt16BE(this.at);
    if (length < 2 || this.at + length > this.bytes.length)
      throw wrongPicture("a segment is longer than the file");
    const body = this.bytes.subarray(this.at + 2, this.at + length);
    this.at += length;
    return body;
  }

  private table(marker: number, body: Buffer): void {
    if (marker === 0xdb) this.readQuantisation(body);
    else if (marker === 0xc4) this.readCodes(body);
    else if (marker === 0xdd && body.length === 2) this.restart = body.readUInt16BE(0);
    else if (marker === 0xc0 || marker === 0xc1 || marker === 0xc2) this.readFrame(body, marker === 0xc2);
    else if ((marker >= 0xe0 && marker <= 0xef) || marker === 0xfe) this.application(marker, body);
    else throw wrongPicture("it is coded in a way that is not accepted");
  }

  private application(marker: number, body: Buffer): void {
    const plain = marker === 0xe0 && body.length === 14 && body.subarray(0, 5).equals(JFIF);
    const adobe = marker === 0xee && body.length === 12 && body.subarray(0, 5).equals(ADOBE);
    if (adobe && body[11] !== 1) throw wrongPicture("its colours are not of the usual kind");
    if (plain || adobe) return;
    const where = marker === 0xfe ? "in a comment" : `in application segment ${marker - 0xe0}`;
    this.hidden.add("metadata", where, body);
  }

  private readQuantisation(body: Buffer): void {
    for (let at = 0; at < body.length; ) {
      const wide = body[at]! >> 4 === 1;
      const id = body[at]! & 15;
      const length = wide ? 128 : 64;
      if (body[at]! >> 4 > 1 || id > 3 || at + 1 + length > body.length)
        throw wrongPicture("a table is not valid");
      const table = Uint16Array.from({ length: 64 }, (_, i) =>
        wide ? body.readUInt16BE(at + 1 + 2 * i) : body[at + 1 + i]!,
      );
      if (table.includes(0)) throw wrongPicture("a table is not valid");
      // scans that are done were made of the table that stood before
      if (this.scans > 0) throw wrongPicture("a table comes too late");
      this.quantisation[id] = table;
      at += 1 + length;
    }
  }

  private readCodes(body: Buffer): void {
    for (let at = 0; at < body.length; ) {
      if (at + 17 > body.length) throw wrongPicture("a table is not valid");
      const kind = body[at]! >> 4;
      const id = body[at]! & 15;
      const counts = body.subarray(at + 1, at + 17);
      const total = counts.reduce((sum, n) => sum + n, 0);
      if (kind > 1 || id > 3 || at + 17 + total > body.length) throw wrongPicture("a table is not valid");
      (kind === 0 ? this.dc : this.ac)[id] = codeTable(counts, body.subarray(at + 17, at + 17 + total));
      at += 17 + total;
    }
  }

  private readFrame(body: Buffer, progressive: boolean): void {
    const count = body[5] ?? 0;
    if (
      this.frame !== undefined ||
      body.length !== 6 + 3 * count ||
      body[0] !== 8 ||
      (count !== 1 && count !== 3)
    )
      throw wrongPicture("its header is not valid, or of a kind that is not accepted");
    const [height, width] = [body.readUInt16BE(1), body.readUInt16BE(3)];
    if (width === 0 || height === 0) throw wrongPicture("its header is not valid");
    if (width * height > this.maxPixels) throw overLimit(`More than ${this.maxPixels} pixels.`);
    const given = Array.from({ length: count }, (_, i) => {
      const [id, sampling, quantisation] = body.subarray(6 + 3 * i, 9 + 3 * i) as unknown as [
        number,
        number,
        number,
      ];
      // a single component is coded block by block, whatever its sampling says
      const [h, v] = count === 1 ? [1, 1] : [sampling >> 4, sampling & 15];
      if (h < 1 || h > 2 || v < 1 || v > 2 || quantisation > 3)
        throw wrongPicture("its sampling is not accepted");
      return { id, h, v, quantisation };
    });
    if (new Set(given.map((c) => c.id)).size !== count) throw wrongPicture("its header is not valid");
    this.frame = frameOf(width, height, progressive, given);
  }

  private scan(header: Buffer): Scan {
    const { frame } = this;
    const count = header[0] ?? 0;
    if (frame === undefined || count < 1 || count > 3 || header.length !== 4 + 2 * count)
      throw wrongPicture("a scan's header is not valid");
    if (++this.scans > MAX_SCANS) throw overLimit(`More than ${MAX_SCANS} scans.`);
    const components = Array.from({ length: count }, (_, i) => {
      const component = frame.components.find((c) => c.id === header[1 + 2 * i]);
      const tables = header[2 + 2 * i]!;
      if (component === undefined) throw wrongPicture("a scan's header is not valid");
      return { component, dc: this.dc[tables >> 4], ac: this.ac[tables & 15] };
    });
    if (new Set(components.map((c) => c.component)).size !== count)
      throw wrongPicture("a scan's header is not valid");
    const [start, end, approximation] = header.subarray(1 + 2 * count) as unknown as [number, number, number];
    const stretches = this.stretches();
    return {
      components,
      start,
      end,
      high: approximation >> 4,
      low: approximation & 15,
      restart: this.restart,
      stretches,
    };
  }

  /** The image data up to the next marker that is no restart. */
  private stretches(): Buffer[] {
    const out: Buffer[] = [];
    let piece: Buffer[] = [];
    let from = this.at;
    for (;;) {
      const at = this.bytes.indexOf(0xff, this.at);
      if (at < 0 || at + 1 >= this.bytes.length) throw wrongPicture("it ends in the middle");
      const next = this.bytes[at + 1]!;
      this.at = at + 2;
      if (next === 0) {
        piece.push(this.bytes.subarray(from, at + 1));
        from = at + 2;
        continue;
      }
      piece.push(this.bytes.subarray(from, at));
      out.push(Buffer.concat(piece));
      if (next !== 0xd0 + ((out.length - 1) & 7)) {
        this.at = at;
        return out;
      }
      piece = [];
      from = at + 2;
    }
  }
}

function frameOf(
  width: number,
  height: number,
  progressive: boolean,
  given: readonly Pick<Component, "id" | "h" | "v" | "quantisation">[],
): Frame {
  const hMax = Math.max(...given.map((c) => c.h));
  const vMax = Math.max(...given.map((c) => c.v));
  const unitsAcross = Math.ceil(width / (8 * hMax));
  const unitsDown = Math.ceil(height / (8 * vMax));
  const components = given.map((c) => ({
    ...c,
    across: unitsAcross * c.h,
    down: unitsDown * c.v,
    ownAcross: Math.ceil(Math.ceil((width * c.h) / hMax) / 8),
    ownDown: Math.ceil(Math.ceil((height * c.v) / vMax) / 8),
    coefficients: new Int16Array(unitsAcross * c.h * unitsDown * c.v * 64),
  }));
  return { width, height, progressive, components, unitsAcross, unitsDown };
}
