/**
 * Thrift's compact encoding, in which Parquet writes its footers: structs as maps from field number to value, in the
 * order in which they came, so that what is decoded and encoded again is the same bytes.
 */

const TYPE = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  set: 10,
  struct: 12,
};

export interface Field {
  type: number;
  value: Value;
}
export type Struct = Map<number, Field>;
/** A list keeps the type of its entries. */
export type List = Value[] & { of: number };
export type Value = number | Buffer | List | Struct;

/** Deeper than any footer. */
const MAX_DEPTH = 16;

class Decoder {
  at = 0;
  constructor(private readonly bytes: Buffer) {}

  byte(): number {
    const b = this.bytes[this.at++];
    if (b === undefined) throw new Error("engine: a footer was cut short");
    return b;
  }

  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const b = this.byte();
      value += (b & 127) * unit;
      if (value > Number.MAX_SAFE_INTEGER) throw new Error("engine: a number in a footer is too large");
      if (b < 128) return value;
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  take(length: number): Buffer {
    if (this.at + length > this.bytes.length) throw new Error("engine: a footer was cut short");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  value(type: number, depth: number): Value {
    switch (type) {
      case TYPE.byte:
        return this.byte();
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        return this.zigzag();
      case TYPE.double:
        return this.take(8);
      case TYPE.binary:
        return this.take(this.varint());
      case TYPE.list:
      case TYPE.set:
        return this.list(depth);
      case TYPE.struct:
        return this.struct(depth + 1);
      default:
        throw new Error("engine: a footer with something unknown in it");
    }
  }

  private list(depth: number): List {
    const head = this.byte();
    const of = head & 15;
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    const list: List = Object.assign([], { of });
    // A truth value within a list is a byte.
    const type = of === TYPE.true || of === TYPE.false ? TYPE.byte : of;
    for (let i = 0; i < size; i++) list.push(this.value(type, depth));
    return list;
  }

  struct(depth: number): Struct {
    if (depth > MAX_DEPTH) throw new Error("engine: a footer nests too deeply");
    const struct: Struct = new Map();
    for (let id = 0; ; ) {
      const head = this.byte();
      if (head === 0) return struct;
      const type = head & 15;
      id = head >> 4 === 0 ? this.zigzag() : id + (head >> 4);
      const value = type === TYPE.true || type === TYPE.false ? type : this.value(type, depth);
      struct.set(id, { type, value });
    }
  }
}

class Encoder {
  private bytes = Buffer.allocUnsafe(64 * 1024);
  private length = 0;

  taken(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  private byte(b: number): void {
    this.room(1);
    this.bytes[this.length++] = b;
  }

  private varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) + 128);
    this.byte(rest);
  }

  private zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  private raw(bytes: Buffer): void {
    this.room(bytes.length);
    bytes.copy(this.bytes, this.length);
    this.length += bytes.length;
  }

  private value(type: number, value: Value): void {
    if (value instanceof Map) this.struct(value);
    else if (Array.isArray(value)) this.list(value);
    else if (typeof value === "number") {
      if (type === TYPE.byte) this.byte(value);
      else this.zigzag(value);
    } else {
      if (type === TYPE.binary) this.varint(value.length);
      this.raw(value);
    }
  }

  private list(list: List): void {
    this.byte((Math.min(list.length, 15) << 4) | list.of);
    if (list.length >= 15) this.varint(list.length);
    const type = list.of === TYPE.true || list.of === TYPE.false ? TYPE.byte : list.of;
    for (const entry of list) this.value(type, entry);
  }

  struct(struct: Struct): void {
    let before = 0;
    for (const [id, { type, value }] of struct) {
      const step = id - before;
      if (step > 0 && step < 16) this.byte((step << 4) | type);
      else {
        this.byte(type);
        this.zigzag(id);
      }
      before = id;
      if (type !== TYPE.true && type !== TYPE.false) this.value(type, value);
    }
    this.byte(0);
  }
}

/** @throws an Error for anything that is not one whole struct. */
export function decodeStruct(bytes: Buffer): Struct {
  const decoder = new Decoder(bytes);
  const struct = decoder.struct(0);
  if (decoder.at !== bytes.length) throw new Error("engine: bytes after a footer");
  return struct;
}

export function encodeStruct(struct: Struct): Buffer {
  const encoder = new Encoder();
  encoder.struct(struct);
  return encoder.taken();
}
