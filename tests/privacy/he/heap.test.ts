import { expect, test } from "@jest/globals";
import { combine } from "../../../src/privacy/he/index.js";
import { encryptAll, parties, ring, sharesOf } from "./fixture.js";

/** `npm run test:full` goes on for a thousand rounds. */
const ROUNDS = process.env.GLOVEBOX_TEST_FULL === "1" ? 1000 : 60;

/** WASM's memory is outside of V8's heap and never shrinks: what is leaked shows here. */
function wasmBytes(): number {
  const { external, arrayBuffers } = process.memoryUsage();
  return external - arrayBuffers;
}

test(`the heap of SEAL does not grow over ${ROUNDS} rounds`, () => {
  const round = (value: bigint) => {
    const all = parties(2);
    const sum = encryptAll(all, [BigInt64Array.of(value), BigInt64Array.of(1n)]);
    expect(combine(ring, sum, sharesOf(all, sum), 2).slots[0]).toBe(value + 1n);
  };
  for (let i = 0; i < 5; i++) round(BigInt(i));
  const before = wasmBytes();
  for (let i = 0; i < ROUNDS; i++) round(BigInt(i));
  // A ciphertext is 393 kB in there: one that is not given back, in each round, would be 24 MB in the short run.
  expect(wasmBytes() - before).toBeLessThan(1024 * 1024);
}, 900_000);
