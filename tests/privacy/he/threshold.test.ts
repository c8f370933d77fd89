import { describe, expect, test } from "@jest/globals";
import {
  addCiphertexts,
  assertRoom,
  type Ciphertext,
  collectiveKey,
  combine,
  DEGREE,
  decryptionShare,
  encrypt,
  roomOf,
} from "../../../src/privacy/he/index.js";
import { add, coefficients, fromBig, negate, zero } from "../../../src/privacy/he/ring.js";
import type { RandomBytes } from "../../../src/privacy/he/sampling.js";
import { testSeed } from "../../harness/seed.js";
import { encryptAll, extreme, modulus, parties, ring, sharesOf, smallest } from "./fixture.js";

const { t, q } = modulus;

/** Numbers of a seeded generator, for inputs only. */
function numbers(seed: number): (below: bigint) => bigint {
  let state = BigInt(seed) + 1n;
  return (below) => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & (2n ** 64n - 1n);
    return (state >> 11n) % below;
  };
}

describe("sums that only all can open", () => {
  test.each([2, 3, 10])("%i parties get the exact sum, also at the ends of the range", (n) => {
    const random = numbers(testSeed() + n);
    const most = (t / 2n - 1n) / BigInt(n);
    const vectors = Array.from({ length: n }, () =>
      BigInt64Array.from({ length: DEGREE }, (_, i) =>
        i === 0 ? most : i === 1 ? -most : random(2n * most + 1n) - most,
      ),
    );
    const all = parties(n);
    const sum = encryptAll(all, vectors);
    const { slots } = combine(ring, sum, sharesOf(all, sum), n);
    const expected = BigInt64Array.from({ length: DEGREE }, (_, i) =>
      vectors.reduce((s, v) => s + v[i]!, 0n),
    );
    expect(slots).toEqual(expected);
  });

  test("fewer slots than there are decrypt to themselves and zeros", () => {
    const all = parties(2);
    const sum = encryptAll(all, [BigInt64Array.of(5n, -7n), BigInt64Array.of(1n)]);
    const { slots } = combine(ring, sum, sharesOf(all, sum), 2);
    expect([...slots.slice(0, 3)]).toEqual([6n, -7n, 0n]);
    expect(slots.slice(3).every((x) => x === 0n)).toBe(true);
  });

  test("a number outside of the range, too many numbers, or none are refused", () => {
    const all = parties(2);
    const key = { collective: all.collective, common: all.common };
    expect(() => encrypt(ring, key, BigInt64Array.of(t / 2n))).toThrow("out of range");
    expect(() => encrypt(ring, key, BigInt64Array.of(-t / 2n))).toThrow("out of range");
    expect(() => encrypt(ring, key, new BigInt64Array(DEGREE + 1))).toThrow("1 to 8192");
    expect(() => encrypt(ring, key, new BigInt64Array(0))).toThrow("1 to 8192");
    expect(() => addCiphertexts(ring, [])).toThrow("none to add");
  });

  test("one party alone and more than fifty are refused", () => {
    const [key] = parties(2).keys;
    expect(() => collectiveKey(ring, [key!.public])).toThrow("2 to 50");
    expect(() => assertRoom(51, q, t)).toThrow("2 to 50");
  });
});

describe("the room for noise", () => {
  test("holds 3 to 50 parties with 40 bits of flooding over 2^20 decryptions, and the standard's modulus", () => {
    for (let n = 3; n <= 50; n++) {
      const room = assertRoom(n, q, t);
      expect(room.flooding).toBeGreaterThanOrEqual(40);
      expect(room.decrypted < room.limit).toBe(true);
    }
    expect(q.toString(2).length + 52).toBeLessThanOrEqual(218);
    for (const p of modulus.primes) expect(p % (2 * DEGREE)).toBe(1);
  });

  test("the largest noise that honest parties can make stays within the bound, and decrypts", () => {
    const n = 3;
    const all = parties(n, extreme(1));
    const vectors = Array.from({ length: n }, () => new BigInt64Array(DEGREE).fill((t / 2n - 1n) / 3n));
    const sum = encryptAll(all, vectors, extreme(-1));
    // The noise before smudging, measured with all secrets in one hand.
    const opened = all.keys.reduce(
      (x, { secret }) => add(x, ring.timesSmall([sum[1], zero(modulus)], secret)[0], modulus),
      sum[0],
    );
    const room = roomOf(n, q, t);
    const { noise } = combine(ring, [opened, sum[1]], [zero(modulus), zero(modulus), zero(modulus)], n);
    expect(noise <= room.sum).toBe(true);
    expect(noise > (room.sum * 9n) / 10n).toBe(true); // the bound is no idle one
    expect(combine(ring, sum, sharesOf(all, sum), n).slots).toEqual(
      new BigInt64Array(DEGREE).fill(3n * ((t / 2n - 1n) / 3n)),
    );
  });
});

describe("whoever lacks a share", () => {
  test("is refused with any other share in its place", () => {
    const all = parties(3);
    const sum = encryptAll(
      all,
      [1n, 2n, 3n].map((x) => BigInt64Array.of(x)),
    );
    const [a, b] = sharesOf(all, sum);
    expect(() => combine(ring, sum, [a!, b!], 3)).toThrow("one of each");
    expect(() => combine(ring, sum, [a!, b!, b!], 3)).toThrow("a decryption share is wrong");
    expect(() => combine(ring, sum, [a!, b!, zero(modulus)], 3)).toThrow("a decryption share is wrong");
    const other = encryptAll(all, [BigInt64Array.of(9n)]);
    const stray = decryptionShare(ring, other, all.keys[2]!.secret);
    expect(() => combine(ring, sum, [a!, b!, stray], 3)).toThrow("a decryption share is wrong");
  });

  test("sees numbers that are uniform, whatever was summed", () => {
    // c₀ + d₁ + d₂ without d₃, for sums that differ as much as they can.
    const top = t / 2n - 1n;
    for (const value of [0n, top / 3n]) {
      const all = parties(3);
      const sum = encryptAll(
        all,
        [value, value, value].map((x) => new BigInt64Array(DEGREE).fill(x)),
      );
      const [a, b] = sharesOf(all, sum);
      const seen = add(add(sum[0], a!, modulus), b!, modulus);
      const counts = new Float64Array(64);
      for (const x of coefficients(seen, modulus)) counts[Number((64n * x) / q)]!++;
      const expected = DEGREE / 64;
      const chi = counts.reduce((s, n) => s + (n - expected) ** 2 / expected, 0);
      expect(chi).toBeLessThan(145); // 63 degrees of freedom: beyond this once in 10^8
    }
  });
});

describe("flooding", () => {
  /** The sizes of decryption's noise in units of 2^102. */
  function noises(ofKeys: RandomBytes, ofCiphertexts: RandomBytes): number[] {
    const all = parties(2, ofKeys);
    const sum = encryptAll(all, [BigInt64Array.of(1n), BigInt64Array.of(1n)], ofCiphertexts);
    const shares = sharesOf(all, sum);
    const x = shares.reduce((s, d) => add(s, d, modulus), sum[0]);
    return [...coefficients(x, modulus)].map((c) => {
      const m = (t * c + q / 2n) / q;
      return Number(c - (m * q + t / 2n) / t) / 2 ** 102;
    });
  }

  test("the noise that decryption shows is that of the shares, with no trace of the ciphertext's", () => {
    const [a, b] = [noises(smallest, smallest), noises(extreme(1), extreme(-1))].map((list) =>
      [...list].sort((x, y) => x - y),
    );
    // Two samples of 8,192: the largest gap of their distributions (Kolmogorov–Smirnov).
    let [i, gap] = [0, 0];
    for (const [k, x] of a!.entries()) {
      while (i < b!.length && b![i]! <= x) i++;
      gap = Math.max(gap, Math.abs((k + 1) / DEGREE - i / DEGREE));
    }
    expect(gap).toBeLessThan(0.05); // beyond this once in 10^8
    const mean = (list: number[]) => list.reduce((s, x) => s + x, 0) / DEGREE;
    // Uniform on (−1, 1) twice: the mean of 8,192 has a deviation of √(2/3)/√8192 ≈ 0.009.
    for (const list of [a!, b!]) expect(Math.abs(mean(list))).toBeLessThan(0.054);
  });
});

describe("a ciphertext that is chosen after the others were seen", () => {
  test("turns an honest share into its key, which is why all commit before any reveals", () => {
    const all = parties(3);
    const honest = encryptAll(all, [BigInt64Array.of(1n), BigInt64Array.of(2n)]);
    // c₁ of the sum becomes 2^140: far above the smudging, far below q.
    const spike = fromBig(
      Array.from({ length: DEGREE }, (_, i) => (i === 0 ? 2n ** 140n : 0n)),
      modulus,
    );
    const last: Ciphertext = [zero(modulus), add(spike, negate(honest[1], modulus), modulus)];
    const sum = addCiphertexts(ring, [honest, last]);
    const { secret } = all.keys[0]!;
    const read = [...coefficients(decryptionShare(ring, sum, secret), modulus)].map((x) => {
      const centred = x > q / 2n ? x - q : x;
      return Number((centred + 2n ** 139n * (centred < 0n ? -1n : 1n)) / 2n ** 140n);
    });
    expect(read).toEqual([...secret]);
  });
});
