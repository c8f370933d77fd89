/**
 * The exchange disk: how the host and a guest speak. No file system, and nothing that asks to be interpreted: places
 * fixed by the host, an order written before the guest starts, a block of numbers, two logs and the outputs read when
 * it is dead. guest/guest.h is the other side: change both or neither.
 *
 * Rules. The program may have broken the guest's kernel, so every byte that comes back is hostile. It holds no names
 * (outputs are known by their place in the order), no lengths that are not checked against the disk, and no text.
 * What is wrong makes the whole block worthless: a guest that lies has not ended.
 */

import type { RefusalReason } from "../executor.js";
import { MAX_COLLECTED } from "../outputs.js";

export const BLOCK = 4096;
/** Room for the order; a command line and its environment are bounded far below. */
export const ORDER_BYTES = 1024 * 1024;

export interface Layout {
  result: number;
  stdout: number;
  stderr: number;
  logCap: number;
  outputs: number;
  outputsBytes: number;
  /** Of the whole disk. */
  bytes: number;
}

const blocks = (bytes: number): number => Math.ceil(bytes / BLOCK) * BLOCK;

/** Places on the disk of a run whose outputs together are at most so many bytes. */
export function layoutOf(logCap: number, outputsBytes: number): Layout {
  const stdout = ORDER_BYTES + BLOCK;
  const stderr = stdout + blocks(logCap);
  const outputs = stderr + blocks(logCap);
  // Each output begins a block.
  const room = blocks(outputsBytes) + MAX_COLLECTED * BLOCK;
  return { result: ORDER_BYTES, stdout, stderr, logCap, outputs, outputsBytes: room, bytes: outputs + room };
}

export interface Order {
  command: readonly string[];
  /** NAME=value. */
  environment: readonly string[];
  outputs: readonly string[];
  masked: readonly string[];
  readOnly: readonly string[];
  hosts: string;
  /** The system call filter, as struct sock_filter[]. */
  filter: Buffer;
  user: number;
  group: number;
  memoryBytes: number;
  pids: number;
  diskBytes: number;
  diskFiles: number;
  shmBytes: number;
  cpus: number;
  openFiles: number;
  wallMs: number;
  logFlood: number;
  maxOutputBytes: number;
}

const MAGIC = { order: "GBORDER1", result: "GBRESULT" } as const;

function record(kind: string, bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(kind.charCodeAt(0), 0);
  head.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

const texts = (kind: string, list: readonly string[]): Buffer[] =>
  list.map((text) => record(kind, Buffer.from(`${text}\0`)));

/** struct numbers of guest.h, in its order. */
function numbers(order: Order, layout: Layout): Buffer {
  const list = [
    ...[order.user, order.group, order.memoryBytes, order.pids, order.diskBytes, order.diskFiles],
    ...[order.shmBytes, Math.max(1, Math.round(order.cpus * 1000)), order.openFiles, Math.ceil(order.wallMs)],
    ...[layout.logCap, order.logFlood, order.maxOutputBytes],
    ...[layout.result, layout.stdout, layout.stderr, layout.outputs, layout.outputsBytes],
  ];
  const bytes = Buffer.alloc(list.length * 8);
  list.forEach((value, at) => {
    bytes.writeBigUInt64LE(BigInt(Math.floor(value)), at * 8);
  });
  return bytes;
}

/** The beginning of the disk; undefined where it does not fit. */
export function encodeOrder(order: Order, layout: Layout): Buffer | undefined {
  const records = Buffer.concat([
    record("n", numbers(order, layout)),
    ...texts("a", order.command),
    ...texts("e", order.environment),
    ...texts("o", order.outputs),
    ...texts("m", order.masked),
    ...texts("r", order.readOnly),
    ...texts("h", [order.hosts]),
    record("f", order.filter),
  ]);
  const head = Buffer.alloc(16);
  head.write(MAGIC.order, "latin1");
  head.writeBigUInt64LE(BigInt(records.length), 8);
  return head.length + records.length > ORDER_BYTES ? undefined : Buffer.concat([head, records]);
}

export interface OutputPlace {
  at: number;
  bytes: number;
}
/** What a guest says of its end, checked for being possible; whether it is true, nobody can know. */
export interface Result {
  ended: boolean;
  how: "by itself" | "wall" | "log";
  exitCode: number;
  oomKills: number;
  pidsRefused: number;
  memoryPeakBytes: number;
  diskFreeBytes: number;
  diskFreeFiles: number;
  stdoutBytes: number;
  stderrBytes: number;
  logsTruncated: boolean;
  undeclared: number;
  /** One for each declared output, in order. Empty until the end. */
  outputs: (OutputPlace | RefusalReason)[];
}

const HOW = ["by itself", "wall", "log"] as const;
/** By the guest's numbers; 0 means kept. */
const REFUSALS: readonly (RefusalReason | undefined)[] = [
  undefined,
  "missing",
  "not_a_file",
  "linked",
  "too_large",
  "unreadable",
];
const STATES = { running: 1, ended: 2 } as const;
/** An exit code is a byte: 128 + signal is one too. */
const MOST_EXIT_CODE = 255;
const MOST_UNDECLARED = 100_000;
/** Offset of the files' table in the block, and length of an entry. */
const TABLE = { at: 96, entry: 24 } as const;

/** Thrown on the way, never out of this module. */
class Impossible extends Error {}

/** A number of 64 bits that is at most `most`. */
function bounded(block: Buffer, at: number, most: number): number {
  const value = block.readBigUInt64LE(at);
  if (value > BigInt(most)) throw new Impossible();
  return Number(value);
}

/** For numbers that are compared and never used as a size. */
const clamped = (block: Buffer, at: number): number => {
  const value = block.readBigUInt64LE(at);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
};

function output(block: Buffer, at: number, layout: Layout, maxBytes: number): OutputPlace | RefusalReason {
  const code = block.readUInt32LE(at);
  if (code >= REFUSALS.length) throw new Impossible();
  const refusal = REFUSALS[code];
  if (refusal !== undefined) return refusal;
  const place = { at: bounded(block, at + 8, layout.bytes), bytes: bounded(block, at + 16, maxBytes) };
  if (place.at < layout.outputs || place.at + place.bytes > layout.bytes) throw new Impossible();
  return place;
}

/** Outputs that lie on each other would let a guest hand out more than its disk holds. */
function assertApart(outputs: readonly (OutputPlace | RefusalReason)[]): void {
  let end = 0;
  for (const place of outputs) {
    if (typeof place === "string") continue;
    if (place.at < end) throw new Impossible();
    end = place.at + place.bytes;
  }
}

function read(block: Buffer, layout: Layout, order: Pick<Order, "outputs" | "maxOutputBytes">): Result {
  if (block.length < BLOCK || block.toString("latin1", 0, 8) !== MAGIC.result) throw new Impossible();
  const state = block.readUInt32LE(8);
  const how = HOW[block.readUInt32LE(12)];
  const exitCode = block.readInt32LE(16);
  const count = block.readUInt32LE(20);
  const ended = state === STATES.ended;
  if ((!ended && state !== STATES.running) || how === undefined) throw new Impossible();
  if (exitCode < 0 || exitCode > MOST_EXIT_CODE) throw new Impossible();
  if (ended && count !== order.outputs.length) throw new Impossible();
  const outputs = ended
    ? order.outputs.map((_, i) => output(block, TABLE.at + i * TABLE.entry, layout, order.maxOutputBytes))
    : [];
  assertApart(outputs);
  return {
    ended,
    how,
    exitCode,
    oomKills: clamped(block, 24),
    pidsRefused: clamped(block, 32),
    memoryPeakBytes: clamped(block, 40),
    diskFreeBytes: clamped(block, 48),
    diskFreeFiles: clamped(block, 56),
    stdoutBytes: bounded(block, 64, layout.logCap),
    stderrBytes: bounded(block, 72, layout.logCap),
    logsTruncated: block.readBigUInt64LE(80) !== 0n,
    undeclared: Math.min(clamped(block, 88), MOST_UNDECLARED),
    outputs,
  };
}

/** The block of results of a dead guest; undefined where it says nothing possible. */
export function parseResult(
  block: Buffer,
  layout: Layout,
  order: Pick<Order, "outputs" | "maxOutputBytes">,
): Result | undefined {
  try {
    return read(block, layout, order);
  } catch (error) {
    if (error instanceof Impossible) return undefined;
    throw error;
  }
}
