import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { toBase64, verifyConsistency, verifyInclusion } from "../../src/ledger/index.js";
import { testSeed } from "../harness/seed.js";
import {
  type LedgerFixture,
  ledgerFixture,
  referencePath,
  referenceProof,
  referenceRoot,
} from "./fixture.js";

const SIZE = 300;
let f: LedgerFixture;
let leaves: Buffer[];
const base64 = (hashes: Uint8Array[]) => hashes.map(toBase64);
const root = (size: number) => toBase64(referenceRoot(leaves.slice(0, size)));
const sizes = fc.integer({ min: 0, max: SIZE });

beforeAll(() => {
  f = ledgerFixture();
  // In steps of many lengths, so that batches end at every kind of edge.
  for (let step = 1; f.ledger.size() < SIZE; step++) f.add(Math.min(step, SIZE - f.ledger.size()));
  leaves = Array.from({ length: SIZE }, (_, i) => Buffer.from(f.ledger.leaf(i)));
});
afterAll(() => f.end());

test("the root of every size is the reference's", () => {
  for (let size = 0; size <= SIZE; size++) expect(f.ledger.checkpoint(size).root).toBe(root(size));
});

test("every inclusion proof is the reference's and verifies for its leaf alone", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(SIZE - 1), (size, pick, other) => {
      fc.pre(size > 0);
      const index = pick % size;
      const proof = f.ledger.inclusionProof(index, size);
      expect(proof).toEqual(base64(referencePath(index, leaves.slice(0, size))));
      const claim = { leaf: f.ledger.leaf(index), index, size, proof, root: root(size) };
      expect(verifyInclusion(claim)).toBe(true);
      expect(verifyInclusion({ ...claim, leaf: f.ledger.leaf(other) })).toBe(other === index);
      expect(verifyInclusion({ ...claim, root: root(other) })).toBe(other === size);
    }),
    { seed: testSeed(), numRuns: 300 },
  );
});

test("every consistency proof is the reference's and verifies for its roots alone", () => {
  fc.assert(
    fc.property(sizes, sizes, sizes, (a, b, other) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const proof = f.ledger.consistencyProof(from, to);
      expect(proof).toEqual(base64(referenceProof(from, leaves.slice(0, to))));
      const claim = { from, to, fromRoot: root(from), toRoot: root(to), proof };
      // Nothing can be shown of the empty tree.
      expect(verifyConsistency(claim)).toBe(from > 0);
      expect(verifyConsistency({ ...claim, fromRoot: root(other) })).toBe(from > 0 && other === from);
      expect(verifyConsistency({ ...claim, toRoot: root(other) })).toBe(from > 0 && other === to);
    }),
    { seed: testSeed(), numRuns: 300 },
  );
});

test("a proof with a changed, missing or added hash is refused", () => {
  fc.assert(
    fc.property(fc.nat(SIZE - 1), fc.nat(), fc.nat(255), (index, pick, bit) => {
      const proof = f.ledger.inclusionProof(index);
      const at = pick % proof.length;
      const hash = Buffer.from(proof[at]!, "base64");
      hash[bit >> 3]! ^= 1 << (bit & 7);
      const claim = { leaf: f.ledger.leaf(index), index, size: SIZE, root: root(SIZE) };
      for (const bad of [
        proof.with(at, hash.toString("base64")),
        proof.toSpliced(at, 1),
        proof.toSpliced(at, 0, proof[at]!),
      ])
        expect(verifyInclusion({ ...claim, proof: bad })).toBe(false);
    }),
    { seed: testSeed(), numRuns: 200 },
  );
});

test("a proof is logarithmic: as many hashes as the tree is high", () => {
  expect(f.ledger.inclusionProof(0).length).toBe(Math.ceil(Math.log2(SIZE)));
  expect(f.ledger.consistencyProof(101, SIZE).length).toBeLessThanOrEqual(Math.ceil(Math.log2(SIZE)) + 1);
});

test("proofs beyond the ledger are refused", () => {
  const bad: [() => unknown, string][] = [
    [() => f.ledger.inclusionProof(SIZE), "not_found"],
    [() => f.ledger.inclusionProof(-1), "not_found"],
    [() => f.ledger.inclusionProof(0.5), "not_found"],
    [() => f.ledger.inclusionProof(0, SIZE + 1), "not_found"],
    [() => f.ledger.consistencyProof(5, 4), "not_found"],
    [() => f.ledger.consistencyProof(0, SIZE + 1), "not_found"],
    [() => f.ledger.checkpoint(SIZE + 1), "not_found"],
    [() => f.ledger.leaf(SIZE), "not_found"],
  ];
  for (const [call, code] of bad) expect(call).toThrow(expect.objectContaining({ code }));
});
