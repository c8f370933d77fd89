import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { fromBase64, toBase64, toHex } from "../../src/ledger/index.js";
import { testSeed } from "../harness/seed.js";

test("base64 and hex are Node's, both ways", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      expect(toBase64(bytes)).toBe(text);
      expect([...fromBase64(text)!]).toEqual([...bytes]);
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
    }),
  );
});

test("only the canonical form is decoded", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^[A-Za-z0-9+/]{2,9}={0,3}$/)),
      (text) => {
        const canonical = Buffer.from(text, "base64").toString("base64") === text;
        expect(fromBase64(text) !== undefined).toBe(canonical);
      },
    ),
    { seed: testSeed(), numRuns: 2000 },
  );
  for (const bad of [
    "A",
    "AA",
    "AAA",
    "AB==",
    "AAB=",
    "====",
    "A===",
    "=AAA",
    "AA=A",
    "AA==AA==",
    "AAA\n",
    " AAA",
    "AA-_",
    "é",
  ])
    expect([bad, fromBase64(bad)]).toEqual([bad, undefined]);
});
