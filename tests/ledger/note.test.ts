import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseNote, verifyNote } from "../../src/ledger/index.js";
import { type LedgerFixture, ledgerFixture } from "./fixture.js";

let f: LedgerFixture;
let note: string;
let expected: { publicKey: string; origin: string };

beforeAll(() => {
  f = ledgerFixture();
  f.add(5);
  note = f.ledger.checkpoint().note;
  expected = { publicKey: f.ledger.publicKey, origin: f.ledger.origin };
});
afterAll(() => f.end());

test("a checkpoint is three lines, a blank one, and the log's signature", () => {
  const lines = note.split("\n");
  expect(lines.slice(0, 2)).toEqual(["glovebox/hospital-a", "5"]);
  expect(lines[3]).toBe("");
  expect(lines[4]).toMatch(/^— glovebox\/hospital-a [A-Za-z0-9+/]{91}=$/);
  expect(lines).toHaveLength(6);
});

test("the vkey of the Go checksum database opens its published note", () => {
  // golang.org/x/mod/sumdb/note, package example: the key and the signature of a text that is no checkpoint.
  // The key id rule is the same: SHA-256(name ‖ \n ‖ 1 ‖ key), first four bytes.
  const key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  const [name, id, encoded] = key.split("+", 3) as [string, string, string];
  const raw = Buffer.from(key.slice(`${name}+${id}+`.length), "base64");
  expect(encoded.length).toBeGreaterThan(0);
  expect(raw[0]).toBe(1);
  return import("../../src/ledger/note.js").then(async ({ keyIdOf }) => {
    const { nodeCrypto, toHex } = await import("../../src/ledger/index.js");
    expect(toHex(keyIdOf(nodeCrypto, name, raw.subarray(1)))).toBe(id);
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const signature = Buffer.from(
      "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
      "base64",
    );
    expect(toHex(signature.subarray(0, 4))).toBe(id);
    expect(nodeCrypto.verifyEd25519(raw.subarray(1), Buffer.from(text), signature.subarray(4))).toBe(true);
  });
});

describe("what is not exactly a signed checkpoint is refused", () => {
  const cases: [string, (n: string) => string][] = [
    ["no last newline", (n) => n.slice(0, -1)],
    ["text after the end", (n) => `${n}more`],
    ["a blank line after the end", (n) => `${n}\n`],
    ["Windows line ends", (n) => n.replaceAll("\n", "\r\n")],
    ["a size with a leading zero", (n) => n.replace("\n5\n", "\n05\n")],
    ["a size with a sign", (n) => n.replace("\n5\n", "\n+5\n")],
    ["another size", (n) => n.replace("\n5\n", "\n6\n")],
    ["an extension line", (n) => n.replace("\n\n", "\nextra\n\n")],
    ["a root with other padding bits", (n) => n.replace(/=\n\n/, "\n\n")],
    ["no signature", (n) => `${n.split("\n\n")[0]}\n\n`],
    ["a hyphen for the dash", (n) => n.replace("—", "-")],
    ["a signature of another name", (n) => n.replace("— glovebox/hospital-a", "— glovebox/hospital-b")],
    ["two signatures of the same key", (n) => `${n}${n.split("\n\n")[1]}`],
    ["a NUL", (n) => n.replace("glovebox/", "glovebox/\u0000")],
    ["another origin", (n) => n.replace("glovebox/hospital-a", "glovebox/hospital-b")],
  ];
  test.each(cases)("%s", (_name, change) => {
    expect(change(note)).not.toBe(note);
    expect(verifyNote(change(note), expected)).toBeUndefined();
  });

  test("every flipped bit", () => {
    const whole = Buffer.from(note);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bad = Buffer.from(whole);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifyNote(bad.toString(), expected)).toBeUndefined();
    }
  });

  test("another log's key, and no key", () => {
    expect(verifyNote(note, { ...expected, publicKey: f.keys.identity.publicKey })).toBeUndefined();
    expect(verifyNote(note, { ...expected, publicKey: "" })).toBeUndefined();
  });
});

test("cosignatures of others are carried along and change nothing", () => {
  const cosigned = `${note}— witness.example/w1 ${Buffer.alloc(76, 7).toString("base64")}\n`;
  expect(verifyNote(cosigned, expected)).toMatchObject({ size: 5 });
  expect(parseNote(cosigned)!.signatures).toHaveLength(2);
});

test.each(["", "Hospital", "a b", "a\nb", "-a", "a+b", "a".repeat(64)])(
  "%j is no domain name",
  async (domain) => {
    const { originOf } = await import("../../src/ledger/index.js");
    expect(() => originOf(domain)).toThrow(expect.objectContaining({ code: "invalid_input" }));
  },
);
