/**
 * Threshold homomorphic sums against Paillier (2048-bit keys, `paillier-bigint`) and against plain JSON, in one run: all
 * parties of an attempt in this process, one after the other, so that times are of one processor.
 *
 * A participant's work is its key share, its encryption of all values, and its decryption share; the peer's is one
 * encryption a value. Bytes are as sent: key share, ciphertexts and shares of one participant.
 */
import { randomBytes } from "node:crypto";
import { generateRandomKeys, type PublicKey } from "paillier-bigint";
import type { Result } from "../src/cli/bench.js";
import {
  addCiphertexts,
  type Ciphertext,
  collectiveKey,
  combine,
  commonElement,
  decryptionShare,
  encrypt,
  makeKeyShare,
  SealRing,
  writeCiphertext,
  writeElement,
} from "../src/privacy/index.js";

export const name = "he";

const LIMIT = 1_000_000n;

async function timed<T>(work: () => T | Promise<T>): Promise<[T, number]> {
  const begun = performance.now();
  const result = await work();
  return [result, performance.now() - begun];
}

const inputs = (size: number): BigInt64Array => {
  const bytes = randomBytes(size * 4);
  return BigInt64Array.from({ length: size }, (_, i) => BigInt(bytes.readUInt32LE(4 * i)) % LIMIT);
};

interface Cost {
  /** ms of one participant, of who adds, and of who combines. */
  participant: number;
  adding: number;
  combining: number;
  /** Sent by one participant. */
  bytes: number;
}

/** One attempt over `vectors`; the sum is checked. */
async function attempt(ring: SealRing, vectors: readonly BigInt64Array[]): Promise<Cost> {
  const { modulus, slots } = ring;
  const n = vectors.length;
  const common = commonElement(randomBytes(32), modulus);
  const [keys, keyMs] = await timed(() => vectors.map(() => makeKeyShare(ring, common)));
  const collective = collectiveKey(
    ring,
    keys.map((k) => k.public),
  );
  const cost: Cost = { participant: keyMs / n, adding: 0, combining: 0, bytes: writeElement(common).length };
  const size = vectors[0]!.length;
  for (let from = 0; from < size; from += slots) {
    const parts = vectors.map((v) => v.subarray(from, from + slots));
    const [list, encryptMs] = await timed(() => parts.map((v) => encrypt(ring, { collective, common }, v)));
    const [sum, addMs] = await timed((): Ciphertext => addCiphertexts(ring, list));
    const [shares, shareMs] = await timed(() => keys.map((k) => decryptionShare(ring, sum, k.secret)));
    const [opened, combineMs] = await timed(() => combine(ring, sum, shares, n));
    for (let i = 0; i < parts[0]!.length; i++)
      if (opened.slots[i] !== parts.reduce((s, v) => s + v[i]!, 0n)) throw new Error("a sum is wrong");
    cost.participant += (encryptMs + shareMs) / n;
    cost.adding += addMs;
    cost.combining += combineMs;
    cost.bytes += writeCiphertext(list[0]!).length + writeElement(shares[0]!).length;
  }
  return cost;
}

/** ms of one value: encryption by a participant. */
async function paillier(publicKey: PublicKey, values: number): Promise<number> {
  const list = inputs(values);
  const [, ms] = await timed(() => {
    for (const x of list) publicKey.encrypt(x);
  });
  return ms / values;
}

/** ms of writing a vector as JSON, and of reading and adding n of them. */
async function plain(
  vectors: readonly BigInt64Array[],
): Promise<{ write: number; add: number; bytes: number }> {
  const numbers = vectors.map((v) => Array.from(v, Number));
  const [texts, write] = await timed(() => numbers.map((v) => JSON.stringify(v)));
  const [, add] = await timed(() => {
    const sum = new Float64Array(vectors[0]!.length);
    for (const text of texts) for (const [i, x] of (JSON.parse(text) as number[]).entries()) sum[i]! += x;
    return sum;
  });
  return { write: write / vectors.length, add, bytes: texts[0]!.length };
}

const round = (x: number, digits = 2): number => Number(x.toPrecision(digits + 1));

export async function run({ quick }: { quick: boolean }): Promise<Result[]> {
  const ring = await SealRing.open();
  const { publicKey } = await generateRandomKeys(2048);
  await attempt(ring, [inputs(64), inputs(64)]);
  const peer = await paillier(publicKey, quick ? 10 : 60);
  const results: Result[] = [];
  const cases: readonly [number, number][] = quick
    ? [[4096, 3]]
    : [
        [4096, 3],
        [4096, 10],
        [4096, 50],
        [1_000_000, 3],
        [1_000_000, 10],
      ];
  for (const [size, n] of cases) {
    const vectors = Array.from({ length: n }, () => inputs(size));
    const cost = await attempt(ring, vectors);
    const json = await plain(vectors);
    const of = `sum of ${size.toLocaleString("en")} over ${n}`;
    const perValue = cost.participant / size;
    results.push(
      {
        name: `${of}: a value of one participant`,
        value: round(perValue * 1000),
        unit: "µs",
        peer: { name: "paillier-bigint, 2048-bit key", value: round(peer * 1000) },
        ratio: round(perValue / peer),
        asked: { at_most: 0.02 },
      },
      {
        name: `${of}: one participant, of plain JSON`,
        value: round(cost.participant),
        unit: "ms",
        peer: { name: "writing it as JSON", value: round(json.write) },
        ratio: round(cost.participant / json.write),
      },
      {
        name: `${of}: adding, of plain JSON`,
        value: round(cost.adding),
        unit: "ms",
        peer: { name: "reading and adding JSON", value: round(json.add) },
        ratio: round(cost.adding / json.add),
      },
      { name: `${of}: combining the shares`, value: round(cost.combining), unit: "ms" },
      {
        name: `${of}: bytes of one participant, of plain JSON`,
        value: cost.bytes,
        unit: "B",
        peer: { name: "JSON", value: json.bytes },
        ratio: round(cost.bytes / json.bytes),
      },
    );
  }
  return results;
}
