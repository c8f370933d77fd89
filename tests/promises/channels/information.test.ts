import { describe, expect, test } from "@jest/globals";
import {
  bitsBySample,
  bitsInRange,
  capacity,
  mutualInformation,
  type Pair,
  type Sample,
} from "./information.js";

const repeat = (count: number, make: (i: number) => Pair): Pair[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** Numbers that look random and are the same each time. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe("bits told", () => {
  test("by a sight that shows all of 8 symbols are three", () => {
    const pairs = repeat(8000, (i) => [String(i % 8), `seen ${i % 8}`]);
    expect(mutualInformation(pairs)).toBeCloseTo(3, 1);
    expect(capacity(pairs)).toBeCloseTo(3, 1);
  });

  test("by a sight that is always the same are none", () => {
    expect(capacity(repeat(12, (i) => [String(i % 4), "same"]))).toBe(0);
  });

  test("by chance are none, although few counts look like some", () => {
    const random = chance(7);
    const pairs = repeat(2000, (i) => [String(i % 4), String(Math.floor(random() * 4))]);
    expect(mutualInformation(pairs)).toBeLessThan(0.01);
  });

  test("by a sight that is wrong one time in ten are 0.53 (1 − H(0.1))", () => {
    const random = chance(11);
    const pairs = repeat(20_000, (i) => [String(i % 2), String((i % 2) ^ (random() < 0.1 ? 1 : 0))]);
    expect(capacity(pairs)).toBeCloseTo(0.531, 1);
  });

  test("to the sender who chooses best are more than to one who sends all alike: the Z channel holds 0.32 at one half", () => {
    const random = chance(13);
    const pairs = repeat(40_000, (i) => [String(i % 2), i % 2 === 1 && random() < 0.5 ? "0" : String(i % 2)]);
    expect(capacity(pairs)).toBeCloseTo(Math.log2(1.25), 2);
    expect(mutualInformation(pairs)).toBeLessThan(capacity(pairs));
  });

  test("by a number between 0 and 64, seen with errors of up to one half, are about six", () => {
    const random = chance(19);
    const errors = Array.from({ length: 4000 }, () => random() - 0.5);
    const deviation = 1 / Math.sqrt(12);
    const expected = Math.log2(64 / (deviation * Math.sqrt(2 * Math.PI * Math.E)));
    expect(bitsInRange(64, errors)).toBeCloseTo(expected, 1);
  });

  test("uncorrected are never fewer than corrected", () => {
    const pairs = repeat(12, (i) => [String(i % 3), String(i % 5)]);
    expect(capacity(pairs, false)).toBeGreaterThan(capacity(pairs));
  });

  test("by a number with a cut somewhere are found without being told where", () => {
    const random = chance(17);
    const samples = Array.from({ length: 4000 }, (_, i): Sample => {
      const bit = random() < 0.5;
      return [bit, (bit ? 30 : 50) + random() * (i % 20 === 0 ? 100 : 10)];
    });
    expect(bitsBySample(samples)).toBeGreaterThan(0.6);
    const noise = Array.from({ length: 4000 }, (): Sample => [random() < 0.5, random()]);
    expect(bitsBySample(noise)).toBeLessThan(0.02);
  });
});
