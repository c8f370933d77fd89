/**
 * Which units each cell of a table stands on, over a dataset's stable unit ordinals: what the vault keeps of a released table.
 *
 * Form: one class for each unit, a class being a cell of the full table (all dimensions) together with which of the nullable
 * measures have a value there. Where units have several rows a unit's class is a list of such cells (`lists`). So a table
 * is always a partition of the units, in one array, and every set that the table tells of is a union of its classes:
 * cells, margins, and cells less those without a value. The array is deflated; its header says what the classes are.
 * It holds ordinals and no value of a row; it is data all the same, and lies in the vault or in memory, never elsewhere.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";

const cell = z.strictObject({
  /** Level index by dimension, as in the table's facts. */
  at: z.array(z.int().nonnegative()),
  /** The same as the engine writes it; null is missing. */
  keys: z.array(z.string().nullable()),
  /** A bit for each nullable measure that has a value. */
  present: z.int().nonnegative(),
});
export type UnitCell = z.output<typeof cell>;

const header = z.strictObject({
  format: z.literal(1),
  cells: z.array(cell),
  /** Cells of each class; absent: class k is cell k. */
  lists: z.array(z.array(z.int().nonnegative())).optional(),
  /** Which bit of `present` says whether a measure has a value; null: it always has. */
  bits: z.array(z.int().nonnegative().nullable()),
  units: z.int().nonnegative(),
  width: z.union([z.literal(1), z.literal(2), z.literal(4)]),
});

export interface UnitSets {
  cells: UnitCell[];
  lists: number[][] | undefined;
  bits: (number | null)[];
  /** By ordinal: 0 for a unit in no cell, else its class + 1. */
  of: Uint8Array | Uint16Array | Uint32Array;
}

const MAGIC = Buffer.from("GBXU");
/** What an array may grow to when it is read back. */
export const MAX_UNITS = 100_000_000;

export const classCount = ({ cells, lists }: Pick<UnitSets, "cells" | "lists">): number =>
  lists?.length ?? cells.length;

/** Cells of a class. */
export const cellsOf = ({ lists }: Pick<UnitSets, "lists">, of: number): readonly number[] =>
  lists ? (lists[of] ?? []) : [of];

export function encodeUnitSets({ cells, lists, bits, of }: UnitSets): Buffer {
  const head = Buffer.from(
    JSON.stringify({
      format: 1,
      cells,
      ...(lists ? { lists } : {}),
      bits,
      units: of.length,
      width: of.BYTES_PER_ELEMENT,
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  const body = deflateRawSync(Buffer.from(of.buffer, of.byteOffset, of.byteLength), { level: 1 });
  return Buffer.concat([MAGIC, length, head, body]);
}

/** @throws RangeError for anything that `encodeUnitSets` did not write */
export function decodeUnitSets(bytes: Buffer): UnitSets {
  if (bytes.length < 8 || !bytes.subarray(0, 4).equals(MAGIC)) throw new RangeError("not unit sets");
  const end = 8 + bytes.readUInt32LE(4);
  const { cells, lists, bits, units, width } = header.parse(
    JSON.parse(bytes.subarray(8, end).toString("utf8")),
  );
  if (units > MAX_UNITS) throw new RangeError("more units than are kept");
  const body = inflateRawSync(bytes.subarray(end), { maxOutputLength: Math.max(1, units * width) });
  if (body.length !== units * width) throw new RangeError("not all units are there");
  const copy = new Uint8Array(body).buffer;
  const of = width === 1 ? new Uint8Array(copy) : width === 2 ? new Uint16Array(copy) : new Uint32Array(copy);
  return { cells, lists, bits, of };
}
