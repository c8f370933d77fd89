/**
 * Protocol Buffers on the wire, read strictly and written in one form.
 *
 * Rules: a field of a number that the caller does not know, of a wire type that it does not expect, or a singular
 * field given twice, is never passed on: the last two are refusals, the first is hidden content. Written fields stand
 * in the order of their numbers, and what is empty or nought is left out.
 */

import { cannotRead } from "../../rules/unreadable.js";
import type { HiddenBytes } from "../hidden-bytes.js";

export const wrongModel = (what: string) => cannotRead(`Not a model: ${what}.`);

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  wire: number;
  /** Of a varint. */
  value: bigint;
  /** Of all others. */
  bytes: Buffer;
}

const NONE = Buffer.alloc(0);
const MAX_FIELDS = 1_000_000;

class WireReader {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw wrongModel("a number never ends");
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.at) throw wrongModel("a field is longer than the file");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  field(): [number, Field] {
    const key = this.varint();
    const wire = Number(key & 7n);
    const number = key >> 3n;
    if (number < 1n || number > 536_870_911n) throw wrongModel("a field has no valid number");
    if (wire === VARINT) return [Number(number), { wire, value: this.varint(), bytes: NONE }];
    const length = wire === FIXED64 ? 8n : wire === FIXED32 ? 4n : wire === BYTES ? this.varint() : -1n;
    if (length < 0n) throw wrongModel("a field is of an unknown kind");
    return [Number(number), { wire, value: 0n, bytes: this.take(Number(length)) }];
  }
}

/** One message. Each field is asked for once; `rest` then says what nobody asked for. */
export class Message {
  private readonly fields = new Map<number, Field[]>();

  constructor(bytes: Buffer) {
    const reader = new WireReader(bytes);
    for (let i = 0; !reader.done; i++) {
      if (i > MAX_FIELDS) throw wrongModel("it has too many fields");
      const [number, field] = reader.field();
      const same = this.fields.get(number);
      if (same === undefined) this.fields.set(number, [field]);
      else same.push(field);
    }
  }

  private take(number: number): Field[] {
    const fields = this.fields.get(number) ?? [];
    this.fields.delete(number);
    return fields;
  }

  private one(number: number, wire: number): Field | undefined {
    const fields = this.take(number);
    if (fields.length > 1 || fields.some((f) => f.wire !== wire))
      throw wrongModel("a field is given twice or in a wrong way");
    return fields[0];
  }

  /** A whole number, as signed 64 bits. */
  int(number: number): bigint | undefined {
    const field = this.one(number, VARINT);
    return field && BigInt.asIntN(64, field.value);
  }

  float(number: number): Buffer | undefined {
    return this.one(number, FIXED32)?.bytes;
  }

  bytes(number: number): Buffer | undefined {
    return this.one(number, BYTES)?.bytes;
  }

  message(number: number): Message | undefined {
    const bytes = this.bytes(number);
    return bytes && new Message(bytes);
  }

  all(number: number): Buffer[] {
    const fields = this.take(number);
    if (fields.some((f) => f.wire !== BYTES)) throw wrongModel("a field is given in a wrong way");
    return fields.map((f) => f.bytes);
  }

  messages(number: number): Message[] {
    return this.all(number).map((b) => new Message(b));
  }

  /** Repeated whole numbers, packed or not. */
  ints(number: number): bigint[] {
    return this.take(number).flatMap(({ wire, value, bytes }) => {
      if (wire === VARINT) return [BigInt.asIntN(64, value)];
      if (wire !== BYTES) throw wrongModel("a field is given in a wrong way");
      const reader = new WireReader(bytes);
      const values: bigint[] = [];
      while (!reader.done) values.push(BigInt.asIntN(64, reader.varint()));
      return values;
    });
  }

  /** Repeated numbers of four or eight bytes, packed or not, end to end. */
  fixed(number: number, width: 4 | 8): Buffer {
    const fields = this.take(number);
    const wire = width === 4 ? FIXED32 : FIXED64;
    if (fields.some((f) => f.wire !== BYTES && f.wire !== wire))
      throw wrongModel("a field is given in a wrong way");
    return Buffer.concat(fields.map((f) => f.bytes));
  }

  /** Fields that are known and not kept. */
  drop(numbers: readonly number[], where: string, hidden: HiddenBytes): void {
    for (const number of numbers) this.report("metadata", where, this.take(number), hidden);
  }

  /** Names that nothing needs. */
  dropNames(numbers: readonly number[], where: string, hidden: HiddenBytes): void {
    for (const number of numbers) this.report("name", where, this.take(number), hidden);
  }

  /** Fields that stand for something that is not accepted. */
  refuse(numbers: Readonly<Record<number, string>>): void {
    for (const [number, what] of Object.entries(numbers))
      if (this.fields.has(Number(number))) throw wrongModel(`it has ${what}, which is not accepted`);
  }

  rest(hidden: HiddenBytes): void {
    for (const fields of this.fields.values()) this.report("outside", "in unknown fields", fields, hidden);
    this.fields.clear();
  }

  private report(
    kind: "metadata" | "outside" | "name",
    where: string,
    fields: Field[],
    hidden: HiddenBytes,
  ): void {
    const parts = fields.map((f) => (f.wire === VARINT ? Buffer.from(`${f.value} `) : f.bytes));
    const content = Buffer.concat(parts);
    if (kind === "name") hidden.addName(where, content);
    else hidden.add(kind, where, content);
  }
}

function varint(value: bigint): Buffer {
  const out: number[] = [];
  let left = BigInt.asUintN(64, value);
  do {
    out.push(Number(left & 127n) | (left > 127n ? 128 : 0));
    left >>= 7n;
  } while (left > 0n);
  return Buffer.from(out);
}

/** Fields are to be written in the order of their numbers. */
export class MessageWriter {
  private readonly parts: Buffer[] = [];

  private key(number: number, wire: number): void {
    this.parts.push(varint((BigInt(number) << 3n) | BigInt(wire)));
  }

  int(number: number, value: bigint): this {
    if (value !== 0n) this.always(number, value);
    return this;
  }

  /** Also a nought: an element of a list, or a value whose absence means something else. */
  always(number: number, value: bigint): this {
    this.key(number, VARINT);
    this.parts.push(varint(value));
    return this;
  }

  float(number: number, four: Buffer): this {
    this.key(number, FIXED32);
    this.parts.push(four);
    return this;
  }

  bytes(number: number, value: Buffer | string): this {
    const bytes = Buffer.from(value);
    this.key(number, BYTES);
    this.parts.push(varint(BigInt(bytes.length)), bytes);
    return this;
  }

  /** Left out where empty. */
  text(number: number, value: string): this {
    return value === "" ? this : this.bytes(number, value);
  }

  ints(number: number, values: readonly bigint[]): this {
    return values.length === 0 ? this : this.bytes(number, Buffer.concat(values.map(varint)));
  }

  end(): Buffer {
    return Buffer.concat(this.parts);
  }
}
