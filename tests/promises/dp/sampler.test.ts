/**
 * Jin, McMurtry, Rubinstein, Ohrimenko 2022, *Are We There Yet? Timing and Floating-Point Attacks on Differential
 * Privacy Systems*: the time of a geometric or rejection sampler tells the noise that it drew, and so the value under it.
 *
 * Must never happen: work of a sampler that depends on the data, or, from tables, on the value drawn. Counted in random
 * bytes taken, which is what loops turn on; not in milliseconds, which a test cannot judge.
 *
 * Weak randomness besides (Garfinkel, Leclerc 2020, *Randomness Concerns When Deploying Differential Privacy*): nothing but
 * node:crypto may be reachable from what draws.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { RandomBits } from "../../../src/privacy/dp/noise/random.js";
import { rejectionLaplace } from "../../../src/privacy/dp/noise/rejection.js";
import { gaussianRatios, laplaceRatios, NoiseTable } from "../../../src/privacy/dp/noise/table.js";
import { answerOf, createNoise, priceOf, termsOf } from "../../../src/privacy/index.js";
import { packageRoot } from "../../../src/store/index.js";
import { rational } from "../../../src/vocabulary/index.js";
import { testSeed } from "../../harness/seed.js";
import { seeded } from "../../privacy/dp/random.js";
import { asked } from "./audit.js";
import { CASES } from "./audit-cases.js";

const seed = testSeed();

/** Bits from a seed that count the bytes taken. */
class Counting extends RandomBits {
  taken = 0;
  override bit(): boolean {
    this.taken += 1;
    return super.bit();
  }
  override uint48(): number {
    this.taken += 6;
    return super.uint48();
  }
  override uint(bits: number): bigint {
    this.taken += bits / 8;
    return super.uint(bits);
  }
}

describe(`work of a sampler (seed ${seed})`, () => {
  const tables = [
    ["Laplace, scale 1", laplaceRatios(rational(1n))],
    ["Laplace, scale 200", laplaceRatios(rational(200n))],
    ["Gaussian, σ 0.5", gaussianRatios(rational(1n, 4n))],
    ["Gaussian, σ 1000", gaussianRatios(rational(1_000_000n))],
  ] as const;
  test.each(tables)("%s: as many bytes and steps whatever is drawn", (name, ratios) => {
    const table = new NoiseTable(ratios);
    const random = new Counting(seeded(`work ${seed} ${name}`));
    const seen = new Map<number, Set<number>>();
    for (let i = 0; i < 3000; i++) {
      random.taken = 0;
      const magnitude = Math.min(9, Math.abs(Number(table.draw(random))));
      seen.set(magnitude, (seen.get(magnitude) ?? new Set()).add(random.taken));
    }
    expect(seen.size).toBeGreaterThan(1);
    // One for the sign, six for the magnitude; more only where 48 bits do not decide, once in 2^38 draws.
    for (const taken of seen.values()) expect([...taken]).toEqual([7]);
  });

  test("beyond tables, rejection takes work that is not the magnitude's: unlike a loop that counts up to it", () => {
    const random = new Counting(seeded(`rejection ${seed}`));
    const scale = rational(100_000n);
    const work: [number, number][] = [];
    for (let i = 0; i < 3000; i++) {
      random.taken = 0;
      const magnitude = Math.abs(Number(rejectionLaplace(random, scale)));
      work.push([magnitude, random.taken]);
    }
    const low = work.filter(([m]) => m < 70_000);
    const high = work.filter(([m]) => m >= 70_000 && m < 100_000);
    const mean = (list: [number, number][]) => list.reduce((sum, [, t]) => sum + t, 0) / list.length;
    // The part below the scale is uniform: its size takes no steps. A textbook loop would take a step for each unit.
    expect(Math.abs(mean(low) - mean(high))).toBeLessThan(0.5 * mean(low));
    expect(Math.max(...work.map(([, t]) => t))).toBeLessThan(5000);
  });

  test("the same bytes of randomness are taken over neighbouring datasets, draw by draw", async () => {
    for (const { question } of CASES.filter(({ name }) => !name.startsWith("thresholded"))) {
      const { plan, pricing, cells } = await asked(question);
      const taken = cells.map((side) => {
        const calls: number[] = [];
        const source = seeded(`neighbours ${seed}`);
        const noise = createNoise((n) => {
          calls.push(n);
          return source(n);
        });
        for (let i = 0; i < 60; i++) answerOf(plan, pricing, side, noise);
        // What comes next out of the source is the same, so as much of it was taken.
        return [calls.length, noise.laplaceMany(rational(50n), 4).join(" ")];
      });
      expect(taken[0]).toEqual(taken[1]);
    }
  });

  test("parameters of the noise follow from the declaration and the question alone", async () => {
    const [{ question }] = CASES as [(typeof CASES)[number]];
    const [one, two] = [await asked(question), await asked({ ...question, without: question.and })];
    expect(one.pricing.laws).toEqual(two.pricing.laws);
    expect(priceOf(one.plan, termsOf("1", undefined)).laws).toEqual(one.pricing.laws);
  });
});

const SRC = join(packageRoot(), "src");

/** All files that a file leads to by its imports. */
function reachable(from: string, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen;
  seen.add(from);
  const text = readFileSync(from, "utf8");
  for (const [, path] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)\.js"/g))
    reachable(resolve(dirname(from), `${path}.ts`), seen);
  return seen;
}

const sources = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));

describe("randomness", () => {
  test("no file of the product asks Math.random or makes a generator of its own", () => {
    const weak =
      /Math\s*(\.|\[\s*["'])\s*random|getRandomValues|pseudoRandomBytes|mulberry|xorshift|seedrandom|mersenne|Date\.now\(\)\s*%/i;
    const found = sources(SRC).filter((file) => weak.test(readFileSync(file, "utf8")));
    expect(found.map((file) => relative(SRC, file))).toEqual([]);
  });

  test("all noise of the product is made from node:crypto's randomBytes", () => {
    // Mechanisms are given their bytes; whoever makes one stands outside of their room.
    const makes = /\b(?:createNoise|createChance)\(([^)]*)\)/g;
    const makers = sources(SRC)
      .filter((file) => !relative(SRC, file).startsWith("privacy/"))
      .map((file) => ({ file: relative(SRC, file), text: readFileSync(file, "utf8") }))
      .filter(({ text }) => text.match(makes));
    expect(makers.length).toBeGreaterThan(0);
    for (const { file, text } of makers) {
      const given = [...text.matchAll(makes)].map(([, source]) => source);
      expect([file, ...new Set(given)]).toEqual([file, "randomBytes"]);
      expect(text).toMatch(/import \{[^}]*\brandomBytes\b[^}]*\} from "node:crypto"/);
      expect(text).not.toMatch(/(const|let|function)\s+randomBytes/);
    }
  });

  test("what draws and prices is given its bytes, and leads to no clock and no other source", () => {
    const files = [...reachable(join(SRC, "privacy", "dp", "index.ts"))];
    expect(files.length).toBeGreaterThan(30);
    const own = /node:crypto|Math\.random|Date\.now|performance\.now|new Date\(\)|process\.|hrtime/;
    const code = (file: string): string =>
      readFileSync(file, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const draws = files.filter((file) => relative(SRC, file).startsWith("privacy/dp/"));
    expect(draws.filter((file) => own.test(code(file))).map((f) => relative(SRC, f))).toEqual([]);
  });

  test("a draw's bytes are wiped once they are used", () => {
    const given: Uint8Array[] = [];
    const source = seeded(`wiped ${seed}`);
    const noise = createNoise((n) => {
      const block = source(n);
      given.push(block);
      return block;
    });
    noise.laplaceMany(rational(5n), 100);
    expect(given).toHaveLength(1);
    expect(given[0]!.subarray(0, 700).every((byte) => byte === 0)).toBe(true);
  });
});
