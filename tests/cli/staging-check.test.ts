/** Doctor tells whether plaintext could be swapped out. */
import { expect, test } from "@jest/globals";
import { stagingCheck } from "../../src/cli/staging-check.js";
import { stagingMemory, swapsOf } from "../../src/node/memory.js";

const HEADER = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

test.each([
  ["tmpfs-noswap", 3, true],
  ["ramfs", 3, true],
  ["tmpfs", 0, true],
  ["tmpfs", 1, false],
] as const)("%s with %i swap devices: %s", (kind, swaps, ok) => {
  expect(stagingCheck({ kind, swaps })).toMatchObject({ name: "staging", ok, needed: false });
});

test("swap devices are counted without the line of names", () => {
  expect(swapsOf(HEADER)).toBe(0);
  expect(swapsOf(`${HEADER}/dev/sda2 partition 1 0 -2\n/swap file 1 0 -3\n`)).toBe(2);
});

test("it is told by a mount that is really made", async () => {
  const { kind, swaps } = await stagingMemory();
  expect(["tmpfs-noswap", "ramfs", "tmpfs"]).toContain(kind);
  expect(swaps).toBeGreaterThanOrEqual(0);
});
