import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { EMPTY_EDGE, edgeRoot, grow } from "../../src/ledger/edge.js";
import {
  checkConsistency,
  checkInclusion,
  fromBase64,
  hashLeaf,
  nodeCrypto,
  toHex,
} from "../../src/ledger/index.js";
import { emptyRoot } from "../../src/ledger/merkle.js";
import { packageRoot } from "../../src/store/index.js";

const load = <T>(path: string): T =>
  JSON.parse(readFileSync(join(packageRoot(), "tests/vectors/ledger", path), "utf8")) as T;
/** An empty hash is part of some vectors. */
const bytes = (text: string) => (text === "" ? new Uint8Array(0) : fromBase64(text)!);

interface InclusionCase {
  name: string;
  leafIdx: number;
  treeSize: number;
  root: string;
  leafHash: string;
  proof: string[] | null;
}
interface ConsistencyCase {
  name: string;
  size1: number;
  size2: number;
  root1: string;
  root2: string;
  proof: string[] | null;
}
const inclusion = (c: InclusionCase) =>
  checkInclusion(
    nodeCrypto,
    c.leafIdx,
    c.treeSize,
    bytes(c.leafHash),
    (c.proof ?? []).map(bytes),
    bytes(c.root),
  );
const consistency = (c: ConsistencyCase) =>
  checkConsistency(nodeCrypto, c.size1, c.size2, bytes(c.root1), bytes(c.root2), (c.proof ?? []).map(bytes));

test("the Certificate Transparency tree has its published roots", () => {
  const tree = load<{ leaves_hex: string[]; empty_root_hex: string; roots_hex: string[] }>("valid/tree.json");
  expect(toHex(emptyRoot(nodeCrypto))).toBe(tree.empty_root_hex);
  let edge = EMPTY_EDGE;
  const roots = tree.leaves_hex.map((leaf) => {
    edge = grow(nodeCrypto, edge, hashLeaf(nodeCrypto, Buffer.from(leaf, "hex"))).edge;
    return toHex(edgeRoot(nodeCrypto, edge));
  });
  expect(roots).toEqual(tree.roots_hex);
});

describe("published proofs", () => {
  const inclusions = (kind: string) => load<{ cases: InclusionCase[] }>(`${kind}/inclusion.json`).cases;
  const consistencies = (kind: string) =>
    load<{ cases: ConsistencyCase[] }>(`${kind}/consistency.json`).cases;
  test.each(inclusions("valid"))("inclusion $name is accepted", (c) => expect(inclusion(c)).toBe(true));
  test.each(inclusions("invalid"))("inclusion $name is refused", (c) => expect(inclusion(c)).toBe(false));
  test.each(consistencies("valid"))("consistency $name is accepted", (c) =>
    expect(consistency(c)).toBe(true),
  );
  test.each(consistencies("invalid"))("consistency $name is refused", (c) =>
    expect(consistency(c)).toBe(false),
  );
});
