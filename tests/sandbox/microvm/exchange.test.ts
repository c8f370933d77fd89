/** The exchange disk: what a guest may say, and every kind of nonsense that a broken one could. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  BLOCK,
  encodeOrder,
  layoutOf,
  ORDER_BYTES,
  type Order,
  parseResult,
} from "../../../src/sandbox/microvm/exchange.js";
import { testSeed } from "../../harness/seed.js";

const LAYOUT = layoutOf(64 * 1024, 1024 * 1024);
const ORDER = { outputs: ["a.csv", "b.csv"], maxOutputBytes: 512 * 1024 };
const FIELDS = {
  state: 8,
  how: 12,
  exitCode: 16,
  count: 20,
  stdout: 64,
  stderr: 72,
  undeclared: 88,
} as const;
const file = (i: number): number => 96 + 24 * i;

/** A block as the guest's init writes it: one output kept, one missing. */
function honest(): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write("GBRESULT", "latin1");
  block.writeUInt32LE(2, FIELDS.state);
  block.writeInt32LE(7, FIELDS.exitCode);
  block.writeUInt32LE(2, FIELDS.count);
  block.writeBigUInt64LE(3n, FIELDS.stdout);
  block.writeBigUInt64LE(1n, FIELDS.undeclared);
  block.writeBigUInt64LE(BigInt(LAYOUT.outputs), file(0) + 8);
  block.writeBigUInt64LE(100n, file(0) + 16);
  block.writeUInt32LE(1, file(1));
  return block;
}
const changed = (change: (block: Buffer) => void) => {
  const block = honest();
  change(block);
  return parseResult(block, LAYOUT, ORDER);
};

describe("the exchange disk", () => {
  test("an honest guest's block says how the program ended and where its outputs lie", () => {
    expect(parseResult(honest(), LAYOUT, ORDER)).toMatchObject({
      ended: true,
      how: "by itself",
      exitCode: 7,
      stdoutBytes: 3,
      undeclared: 1,
      outputs: [{ at: LAYOUT.outputs, bytes: 100 }, "missing"],
    });
  });

  test("one that was ended before its end has logs and no outputs", () => {
    const result = changed((block) => block.writeUInt32LE(1, FIELDS.state));
    expect(result).toMatchObject({ ended: false, stdoutBytes: 3, outputs: [] });
  });

  const lies: [string, (block: Buffer) => void][] = [
    ["no block at all", (block) => block.fill(0)],
    ["a state that there is not", (block) => block.writeUInt32LE(3, FIELDS.state)],
    ["a reason that there is not", (block) => block.writeUInt32LE(9, FIELDS.how)],
    ["an exit code that is no byte", (block) => block.writeInt32LE(-1, FIELDS.exitCode)],
    ["more files than were declared", (block) => block.writeUInt32LE(3, FIELDS.count)],
    ["a log longer than its place", (block) => block.writeBigUInt64LE(65_537n, FIELDS.stdout)],
    ["a log of 2^64 - 1 bytes", (block) => block.writeBigUInt64LE(2n ** 64n - 1n, FIELDS.stderr)],
    ["a refusal that there is not", (block) => block.writeUInt32LE(6, file(1))],
    ["an output in the order", (block) => block.writeBigUInt64LE(0n, file(0) + 8)],
    ["an output in the logs", (block) => block.writeBigUInt64LE(BigInt(LAYOUT.stdout), file(0) + 8)],
    ["an output past the disk", (block) => block.writeBigUInt64LE(BigInt(LAYOUT.bytes - 99), file(0) + 8)],
    ["an output larger than allowed", (block) => block.writeBigUInt64LE(524_289n, file(0) + 16)],
    ["an output of 2^64 - 1 bytes", (block) => block.writeBigUInt64LE(2n ** 64n - 1n, file(0) + 16)],
    [
      "two outputs in one place",
      (block) => {
        block.writeUInt32LE(0, file(1));
        block.writeBigUInt64LE(BigInt(LAYOUT.outputs + 50), file(1) + 8);
        block.writeBigUInt64LE(100n, file(1) + 16);
      },
    ],
  ];
  test.each(lies)("nothing is believed of a guest that says: %s", (_, lie) => {
    expect(changed(lie)).toBeUndefined();
  });

  test("a short disk says nothing", () => {
    expect(parseResult(honest().subarray(0, BLOCK - 1), LAYOUT, ORDER)).toBeUndefined();
    expect(parseResult(Buffer.alloc(0), LAYOUT, ORDER)).toBeUndefined();
  });

  test("whatever bytes a block has, what is taken from it lies within the disk, apart and bounded", () => {
    const seed = testSeed();
    const patches = fc.array(
      fc.record({
        at: fc.nat(BLOCK - 8),
        value: fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 21n)),
      }),
      { maxLength: 12 },
    );
    let believed = 0;
    fc.assert(
      fc.property(fc.boolean(), patches, (wild, list) => {
        const block = wild ? Buffer.alloc(BLOCK) : honest();
        for (const { at, value } of list) block.writeBigUInt64LE(value, wild ? at : (at % 140) + 8);
        const result = parseResult(block, LAYOUT, ORDER);
        if (!result) return;
        believed++;
        expect(result.stdoutBytes).toBeLessThanOrEqual(LAYOUT.logCap);
        expect(result.stderrBytes).toBeLessThanOrEqual(LAYOUT.logCap);
        expect(result.exitCode).toBeLessThanOrEqual(255);
        let end = LAYOUT.outputs;
        for (const place of result.outputs) {
          if (typeof place === "string") continue;
          expect(place.at).toBeGreaterThanOrEqual(end);
          expect(place.bytes).toBeLessThanOrEqual(ORDER.maxOutputBytes);
          end = place.at + place.bytes;
        }
        expect(end).toBeLessThanOrEqual(LAYOUT.bytes);
        for (const value of Object.values(result))
          if (typeof value === "number") expect(value).toBeGreaterThanOrEqual(0);
      }),
      { seed, numRuns: 3000 },
    );
    expect(believed).toBeGreaterThan(0);
  });

  test("an order that does not fit its place is no order", () => {
    const order: Order = {
      ...{ command: ["true"], environment: [], outputs: [], masked: [], readOnly: [], hosts: "" },
      ...{ filter: Buffer.alloc(8), user: 1, group: 1, memoryBytes: 1, pids: 1, diskBytes: 1, diskFiles: 1 },
      ...{ shmBytes: 1, cpus: 1, openFiles: 1, wallMs: 1, logFlood: 1, maxOutputBytes: 1 },
    };
    expect(encodeOrder(order, LAYOUT)?.toString("latin1", 0, 8)).toBe("GBORDER1");
    expect(encodeOrder({ ...order, command: ["x".repeat(ORDER_BYTES)] }, LAYOUT)).toBeUndefined();
  });
});
