/** Noise is drawn from exactly the distribution it claims, by tables and by rejection. */
import { describe, expect, test } from "@jest/globals";
import { BlockSampler } from "../../../src/privacy/dp/noise/blocks.js";
import { RandomBits } from "../../../src/privacy/dp/noise/random.js";
import {
  bernoulliExp,
  bernoulliExpAfter,
  rejectionGaussian,
  rejectionLaplace,
} from "../../../src/privacy/dp/noise/rejection.js";
import { gaussianRatios, NoiseTable } from "../../../src/privacy/dp/noise/table.js";
import { createNoise } from "../../../src/privacy/index.js";
import type { Rational } from "../../../src/vocabulary/index.js";
import { parseDecimal, rational } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { chiSquareLimit, seeded } from "./random.js";

const seed = String(testSeed());
console.info(`noise: seed ${seed}`);
const DRAWS = 30_000;
const toFloat = (r: Rational) => Number(r.num) / Number(r.den);

/** Exact probabilities of −k … k and of all beyond, from a weight. */
function probabilities(weight: (x: number) => number, k: number): number[] {
  let whole = weight(0);
  for (let x = 1; weight(x) > 1e-18; x++) whole += 2 * weight(x);
  const inside = Array.from({ length: 2 * k + 1 }, (_, i) => weight(Math.abs(i - k)) / whole);
  return [...inside, Math.max(0, 1 - inside.reduce((a, b) => a + b, 0))];
}

/** Chi-square of draws against probabilities; cells expected fewer than 8 times are taken together. */
function assertDistributed(draws: readonly bigint[], weight: (x: number) => number, k: number): void {
  const expected = probabilities(weight, k).map((p) => p * draws.length);
  const seen = new Array<number>(expected.length).fill(0);
  for (const d of draws) {
    const i = Number(d) + k;
    seen[i >= 0 && i < 2 * k + 1 ? i : 2 * k + 1]!++;
  }
  const small = { expected: 0, seen: 0 };
  let statistic = 0;
  let cells = 0;
  expected.forEach((e, i) => {
    if (e < 8) {
      small.expected += e;
      small.seen += seen[i]!;
    } else {
      statistic += (seen[i]! - e) ** 2 / e;
      cells++;
    }
  });
  if (small.expected >= 8) {
    statistic += (small.seen - small.expected) ** 2 / small.expected;
    cells++;
  } else expect(small.seen).toBeLessThan(40);
  expect(statistic).toBeLessThan(chiSquareLimit(cells - 1));
}

const SCALES = ["0.2", "1", "2.5", "10", "0.333333333333"];
const VARIANCES = ["0.1", "0.5", "1", "6.25", "100", "12.3456789"];

describe("discrete Laplace noise has its exact probabilities", () => {
  test.each(SCALES)("at scale %s, from a table and by rejection", (text) => {
    const scale = parseDecimal(text, "scale");
    const b = toFloat(scale);
    const weight = (x: number) => Math.exp(-x / b);
    const k = Math.ceil(b * 12) + 2;
    assertDistributed(createNoise(seeded(`${seed} lt ${text}`)).laplaceMany(scale, DRAWS), weight, k);
    const random = new RandomBits(seeded(`${seed} lr ${text}`));
    assertDistributed(
      Array.from({ length: DRAWS }, () => rejectionLaplace(random, scale)),
      weight,
      k,
    );
  });
});

describe("discrete Gaussian noise has its exact probabilities", () => {
  test.each(VARIANCES)("at variance %s, from a table and by rejection", (text) => {
    const variance = parseDecimal(text, "variance");
    const v = toFloat(variance);
    const weight = (x: number) => Math.exp((-x * x) / (2 * v));
    const k = Math.ceil(Math.sqrt(v) * 6) + 2;
    assertDistributed(createNoise(seeded(`${seed} gt ${text}`)).gaussianMany(variance, DRAWS), weight, k);
    const random = new RandomBits(seeded(`${seed} gr ${text}`));
    assertDistributed(
      Array.from({ length: DRAWS }, () => rejectionGaussian(random, variance)),
      weight,
      k,
    );
  });

  test.each([
    ["blocks of a table", 20_000],
    ["rejection", 4_000],
  ])("beyond the tables, mean and variance are right, by %s", (_, each) => {
    const variance = rational(4_000_000n);
    const noise = createNoise(seeded(`${seed} big ${each}`));
    const draws = Array.from({ length: 20_000 / each }, () => noise.gaussianMany(variance, each))
      .flat()
      .map(Number);
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const spread = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan((5 * 2000) / Math.sqrt(20_000));
    expect(Math.abs(spread / 4_000_000 - 1)).toBeLessThan(5 * Math.sqrt(2 / 20_000));
  });
});

describe("noise in blocks has its exact probabilities", () => {
  test.each(["128", "200.5", "1000.333"])("discrete Laplace at scale %s", (text) => {
    const scale = parseDecimal(text, "scale");
    const random = new RandomBits(seeded(`${seed} lb ${text}`));
    const sampler = BlockSampler.laplace(scale);
    const draws = Array.from({ length: 2 * DRAWS }, () => sampler.draw(random));
    assertDistributed(draws, (x) => Math.exp(-x / toFloat(scale)), Math.ceil(toFloat(scale) * 6));
  });

  test.each(["16384", "40000.7", "1000000"])("discrete Gaussian at variance %s", (text) => {
    const variance = parseDecimal(text, "variance");
    const random = new RandomBits(seeded(`${seed} gb ${text}`));
    const sampler = BlockSampler.gaussian(variance);
    const draws = Array.from({ length: 2 * DRAWS }, () => sampler.draw(random));
    const v = toFloat(variance);
    assertDistributed(draws, (x) => Math.exp((-x * x) / (2 * v)), Math.ceil(Math.sqrt(v) * 4));
  });

  test("a trial whose first bits are those of γ is decided by more", () => {
    // γ = 1/3: 2^48/3 = 93824992236885.33, so that further bits from 0x5555… on are not below
    const u = 93824992236885n;
    const decided = (then: number) =>
      bernoulliExpAfter(new RandomBits((n) => Buffer.alloc(n, then)), 1n, 3n, u);
    expect(decided(0xff)).toBe(true);
    // below: the first trial holds, the second with U = 0 too, and so on; with U = 0.33… the second, γ/2, fails
    expect(decided(0x54)).toBe(false);
    expect(bernoulliExpAfter(new RandomBits(seeded(seed)), 1n, 3n, u + 1n)).toBe(true);
  });
});

test("Bernoulli(e^−γ) is right for γ below, at and above 1", () => {
  const random = new RandomBits(seeded(`${seed} bernoulli`));
  for (const [num, den] of [
    [0n, 1n],
    [1n, 3n],
    [1n, 1n],
    [7n, 3n],
  ] as const) {
    const p = Math.exp(-Number(num) / Number(den));
    let hits = 0;
    for (let i = 0; i < 20_000; i++) if (bernoulliExp(random, num, den)) hits++;
    expect(Math.abs(hits - 20_000 * p)).toBeLessThanOrEqual(5 * Math.sqrt(20_000 * p * (1 - p)));
  }
});

describe("a table", () => {
  /** Bytes that spell the given 48-bit number for the magnitude, after one byte for the sign, then more. */
  const spelling = (u: bigint, then: number): ((n: number) => Uint8Array) => {
    const first = Buffer.alloc(7);
    first.writeUIntBE(Number(u), 1, 6);
    return (n) => Buffer.concat([first, Buffer.alloc(n - 7, then)]);
  };

  test("refines a draw that its first bits do not decide, to either side of the entry", () => {
    const table = new NoiseTable(gaussianRatios(rational(4n)));
    // F(0) = 1/Σe^(−x²/8): its first 48 bits are an entry, and U with the same bits may lie on either side of it
    const weight = (x: number) => Math.exp((-x * x) / 8);
    const [p0] = probabilities(weight, 0);
    const guess = BigInt(Math.floor(p0! * 2 ** 48));
    const found = new Set<string>();
    for (let u = guess - 8n; u <= guess + 8n; u++) {
      const low = table.draw(new RandomBits(spelling(u, 0x00)));
      const high = table.draw(new RandomBits(spelling(u, 0xff)));
      found.add(`${low} ${high}`);
    }
    expect([...found].sort()).toEqual(["0 0", "0 1", "1 1"]);
  });

  test("draws even what its first bits have no entry for", () => {
    const table = new NoiseTable(gaussianRatios(rational(4n)));
    const beyond = table.draw(new RandomBits(spelling(2n ** 48n - 1n, 0xab)));
    expect(beyond).toBeGreaterThan(12n);
    expect(beyond).toBeLessThan(40n);
  });

  test("takes a source that runs dry for an error, not for zeros", () => {
    expect(() => createNoise(() => new Uint8Array(0)).laplace(rational(1n))).toThrow("too few bytes");
  });
});

test("a scale that is not above zero is refused", () => {
  const noise = createNoise(seeded(seed));
  expect(() => noise.laplace(rational(0n))).toThrow();
  expect(() => noise.gaussian(rational(0n))).toThrow();
});

test("a batch of 100,000 cells takes well under a second", () => {
  const noise = createNoise(seeded(seed));
  noise.gaussianMany(rational(100n), 1000);
  const start = performance.now();
  noise.gaussianMany(rational(100n), 100_000);
  console.info(`100,000 discrete Gaussians: ${(performance.now() - start).toFixed(0)} ms`);
  expect(performance.now() - start).toBeLessThan(2000);
});
