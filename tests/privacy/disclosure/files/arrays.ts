/** Files of arrays made by hand, honest and hostile: NumPy arrays, zip archives, tensors. */
import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../../../src/privacy/disclosure/canonicalisers/png-container.js";

export function npy(descr: string, shape: readonly number[], data: Buffer, fortran = false): Buffer {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${axes}), }`;
  const text = `${dict.padEnd(117, " ")}\n`;
  const head = Buffer.alloc(10);
  head.write("\x93NUMPY\x01\x00", "latin1");
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, Buffer.from(text, "latin1"), data]);
}

export const f64 = (...values: number[]): Buffer => Buffer.from(new Float64Array(values).buffer);
export const f32 = (...values: number[]): Buffer => Buffer.from(new Float32Array(values).buffer);
export const i64 = (...values: bigint[]): Buffer => Buffer.from(new BigInt64Array(values).buffer);

export interface ZipTrick {
  comment?: Buffer;
  extra?: Buffer;
  gap?: Buffer;
  prefix?: Buffer;
  /** Bytes behind a compressed member, inside its packed length. */
  slack?: Buffer;
  deflate?: boolean;
}

/** A zip archive with what its readers never show. */
export function zip(members: readonly [string, Buffer][], trick: ZipTrick = {}): Buffer {
  const { comment, extra, gap, prefix, slack } = { ...EMPTY, ...trick };
  const parts: Buffer[] = [prefix];
  const directory: Buffer[] = [];
  let at = prefix.length;
  for (const [name, content] of members) {
    const raw = trick.deflate ? deflateRawSync(content) : content;
    const packed = Buffer.concat([raw, slack]);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    for (const [header, o] of [
      [local, 4],
      [central, 6],
    ] as const) {
      header.writeUInt16LE(20, o);
      header.writeUInt16LE(trick.deflate ? 8 : 0, o + 4);
      header.writeUInt32LE(crc32(content), o + 10);
      header.writeUInt32LE(packed.length, o + 14);
      header.writeUInt32LE(content.length, o + 18);
      header.writeUInt16LE(name.length, o + 22);
      header.writeUInt16LE(extra.length, o + 24);
    }
    central.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name, "latin1"), extra, packed, gap);
    directory.push(central, Buffer.from(name, "latin1"), extra);
    at += 30 + name.length + extra.length + packed.length + gap.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, listed, end, comment]);
}

const NONE = Buffer.alloc(0);
const EMPTY = { comment: NONE, extra: NONE, gap: NONE, prefix: NONE, slack: NONE };

export function safetensors(header: object | string, data: Buffer): Buffer {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}
