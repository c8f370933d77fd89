import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  type Attempt,
  commitment,
  commonElement,
  contentHash,
  DEGREE,
  elementBytes,
  encrypt,
  fixedText,
  fromSlots,
  newNonce,
  opens,
  readCiphertext,
  readElement,
  slotLayout,
  toFixed,
  toSlots,
  transcriptHash,
  writeCiphertext,
  writeElement,
} from "../../../src/privacy/he/index.js";
import { coefficients, fromBig, fromSmall, zero } from "../../../src/privacy/he/ring.js";
import { errors, smudging, ternary } from "../../../src/privacy/he/sampling.js";
import { testSeed } from "../../harness/seed.js";
import { modulus, parties, ring } from "./fixture.js";

const { primes, q, t } = modulus;
const seed = testSeed();

describe("the ring", () => {
  test("products are those of polynomials modulo X^N + 1, sign and all", () => {
    // (2 + q−1·X^8191)(X − X^2): X^8192 = −1.
    const a = new Array<bigint>(DEGREE).fill(0n);
    [a[0], a[DEGREE - 1]] = [2n, q - 1n];
    const small = new Int8Array(DEGREE);
    [small[1], small[2]] = [1, -1];
    const [product] = ring.timesSmall([fromBig(a, modulus), zero(modulus)], small);
    const found = [...coefficients(product, modulus)];
    // 2X − 2X² − X^8192 + X^8193 = 1 + (2 − 1)X − 2X²
    const expected = new Array<bigint>(DEGREE).fill(0n);
    [expected[0], expected[1], expected[2]] = [1n, 1n, q - 2n];
    expect(found).toEqual(expected);
  });

  test("residues and whole numbers are the same thing", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: q - 1n }), (x) => {
        const list = new Array<bigint>(DEGREE).fill(x);
        for (const back of coefficients(fromBig(list, modulus), modulus)) if (back !== x) return false;
        return true;
      }),
      { seed, numRuns: 5 },
    );
  });

  test("small numbers keep their sign", () => {
    const small = new Int8Array(DEGREE);
    [small[0], small[1]] = [-21, 21];
    const [a, b, c] = coefficients(fromSmall(small, modulus), modulus);
    expect([a, b, c]).toEqual([q - 21n, 21n, 0n]);
  });
});

describe("what is drawn", () => {
  test("secrets are ternary in thirds, errors centred binomial, smudging as wide as it says", () => {
    const counts = [0, 0, 0];
    for (const x of ternary()) counts[x + 1]!++;
    for (const n of counts) expect(Math.abs(n - DEGREE / 3)).toBeLessThan(250); // 5.9 deviations
    const drawn = errors();
    const squares = drawn.reduce((s, x) => s + x * x, 0) / DEGREE;
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(21);
    expect(Math.abs(squares - 10.5)).toBeLessThan(1); // 6 deviations of 10.5·√(2/8192)
    const wide = smudging();
    expect(wide.every((x) => x >= -(2n ** 102n) && x < 2n ** 102n)).toBe(true);
    expect(wide.some((x) => x > 2n ** 101n) && wide.some((x) => x < -(2n ** 101n))).toBe(true);
  });

  test("the common element depends on all that names the attempt, and on nothing else", () => {
    const [a, again, b] = ["x", "x", "y"].map((label) => commonElement(Buffer.from(label), modulus));
    expect(a).toEqual(again);
    expect(a).not.toEqual(b);
    expect(a!.slice(0, 3)).toEqual(Float64Array.of(...COMMON_OF_X));
    primes.forEach((p, k) => {
      expect(
        a!.subarray(k * DEGREE, (k + 1) * DEGREE).every((x) => x >= 0 && x < p && Number.isInteger(x)),
      ).toBe(true);
    });
  });
});

/** Drawn once and kept, so that domains of different builds agree. */
const COMMON_OF_X = [4387027491536722, 162640784174717, 916189153806397];

describe("bytes between domains", () => {
  test("an element and a ciphertext come back as they went", () => {
    const all = parties(2);
    const bytes = writeElement(all.collective);
    expect(bytes.length).toBe(elementBytes(modulus));
    expect(readElement(bytes, modulus, "key")).toEqual(all.collective);
    const ends = fromBig(
      Array.from({ length: DEGREE }, (_, i) => (i % 2 === 0 ? q - 1n : 0n)),
      modulus,
    );
    expect(readElement(writeElement(ends), modulus, "key")).toEqual(ends);
    const cipher = encrypt(ring, { collective: all.collective, common: all.common }, BigInt64Array.of(1n));
    expect(readCiphertext(writeCiphertext(cipher), modulus, "c")).toEqual(cipher);
  });

  test("what is too short, too long, not below its prime, or transparent is refused by name", () => {
    const bytes = writeElement(parties(2).collective);
    const place = "parts[1].key_share";
    expect(() => readElement(bytes.subarray(1), modulus, place)).toThrow("wrong length");
    expect(() => readElement(Buffer.concat([bytes, Buffer.alloc(1)]), modulus, place)).toThrow(
      "wrong length",
    );
    for (const from of [0, 13 * 4096, bytes.length - 13]) {
      const spoiled = Buffer.from(bytes);
      spoiled.fill(0xff, from, from + 13);
      expect(() => readElement(spoiled, modulus, place)).toThrow("not below its prime");
    }
    const open = Buffer.concat([bytes, Buffer.alloc(bytes.length)]);
    expect(() => readCiphertext(open, modulus, place)).toThrow("transparent");
  });
});

describe("commitments and the transcript", () => {
  const attempt: Attempt = {
    spec: contentHash(Buffer.from("spec")),
    round: 1,
    attempt: 1,
    question: contentHash(Buffer.from("question")),
    participants: ["a", "b"],
  };
  const opening = { nonce: newNonce(), content: randomBytes(40) };
  const committed = commitment(attempt, "a", "key_share", opening);

  test("an opening opens its own commitment alone", () => {
    expect(opens(committed, attempt, "a", "key_share", opening)).toBe(true);
    expect(opens(committed, attempt, "b", "key_share", opening)).toBe(false);
    expect(opens(committed, attempt, "a", "ciphertexts", opening)).toBe(false);
    for (const change of [
      { attempt: 2 },
      { round: 2 },
      { question: contentHash(Buffer.from("another question")) },
      { spec: contentHash(Buffer.from("other")) },
      { participants: ["a", "c"] },
    ])
      expect(opens(committed, { ...attempt, ...change }, "a", "key_share", opening)).toBe(false);
    expect(opens(committed, attempt, "a", "key_share", { ...opening, content: randomBytes(40) })).toBe(false);
    expect(opens(committed, attempt, "a", "key_share", { ...opening, nonce: newNonce() })).toBe(false);
    expect(opens("", attempt, "a", "key_share", opening)).toBe(false);
    expect(opens(committed, attempt, "a", "key_share", { ...opening, nonce: Buffer.alloc(31) })).toBe(false);
    expect(() => commitment(attempt, "a", "key_share", { ...opening, nonce: Buffer.alloc(31) })).toThrow(
      "32 bytes",
    );
  });

  test("a transcript is one entry of each participant in the spec's order, and any change changes it", () => {
    const entry = (participant: string) => ({ participant, key_share: "k", ciphertexts: ["c"] });
    const whole = transcriptHash(attempt, [entry("a"), entry("b")]);
    expect(() => transcriptHash(attempt, [entry("b"), entry("a")])).toThrow("one of each participant");
    expect(() => transcriptHash(attempt, [entry("a")])).toThrow("one of each participant");
    expect(() => transcriptHash(attempt, [entry("a"), entry("b"), entry("b")])).toThrow(
      "one of each participant",
    );
    expect(() => transcriptHash(attempt, [entry("a"), { ...entry("b"), ciphertexts: [] }])).toThrow("differ");
    expect(transcriptHash(attempt, [entry("a"), { ...entry("b"), ciphertexts: ["d"] }])).not.toBe(whole);
    expect(transcriptHash({ ...attempt, attempt: 2 }, [entry("a"), entry("b")])).not.toBe(whole);
  });
});

describe("numbers in slots", () => {
  test("sums of limbs are sums of numbers, within any declared bounds", () => {
    const bounds = fc.array(fc.bigInt({ min: 0n, max: 2n ** 200n }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        bounds,
        fc.integer({ min: 2, max: 50 }),
        fc.infiniteStream(fc.double({ min: -1, max: 1 })),
        (list, n, reals) => {
          const layout = slotLayout(
            list.map((bound, i) => ({ name: `f${i}`, scale: 0, bound })),
            n,
            t,
          );
          const value = (bound: bigint) => {
            const share = BigInt(Math.round(Number(reals.next().value) * 1e15) || 0);
            return (bound * share) / 10n ** 15n;
          };
          const rows = Array.from({ length: n }, (_, k) =>
            list.map((b) => (k === 0 ? b : k === 1 ? -b : value(b))),
          );
          const sums = new BigInt64Array(layout.slots);
          for (const row of rows) for (const [i, x] of toSlots(row, layout).entries()) sums[i]! += x;
          expect(sums.every((x) => x < t / 2n && x > -t / 2n)).toBe(true);
          expect(fromSlots(sums, layout)).toEqual(
            list.map((_, i) => rows.reduce((s, row) => s + row[i]!, 0n)),
          );
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  test("a number beyond its bound is refused by the name of its field", () => {
    const layout = slotLayout([{ name: "age", scale: 2, bound: 100n }], 3, t);
    expect(() => toSlots([101n], layout)).toThrow("age");
    expect(() => toSlots([-101n], layout)).toThrow("age");
    expect(() => toSlots([], layout)).toThrow("one a field");
    expect(() => slotLayout([{ name: "age", scale: 19, bound: 1n }], 3, t)).toThrow("0 to 18");
    expect(() => slotLayout([{ name: "age", scale: 1, bound: -1n }], 3, t)).toThrow("out of range");
  });

  test("a double is rounded once, half to even, from its exact value", () => {
    expect(toFixed(2.5, 0, "x")).toBe(2n);
    expect(toFixed(3.5, 0, "x")).toBe(4n);
    expect(toFixed(-2.5, 0, "x")).toBe(-2n);
    expect(toFixed(0.1, 1, "x")).toBe(1n);
    expect(toFixed(1.005, 2, "x")).toBe(100n); // 1.005 is a little less than it says
    expect(toFixed(2 ** 80, 2, "x")).toBe(2n ** 80n * 100n);
    expect(toFixed(Number.MIN_VALUE, 15, "x")).toBe(0n);
    expect(() => toFixed(Number.NaN, 2, "age")).toThrow("age");
    expect(fixedText(-5n, 2)).toBe("-0.05");
    expect(fixedText(12345n, 2)).toBe("123.45");
    expect(fixedText(7n, 0)).toBe("7");
  });
});
