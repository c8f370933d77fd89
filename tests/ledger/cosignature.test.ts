/** Cosignatures of checkpoints (C2SP tlog-cosignature, cosignature/v1). */
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { checkNote, cosign, cosignedAt, type Note, nodeCrypto, parseNote } from "../../src/ledger/index.js";
import { checkpointText, keyIdOf, signedNote } from "../../src/ledger/note.js";

function keyOf(name: string) {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    name,
    publicKey: raw.toString("base64"),
    raw,
    sign: (bytes: Uint8Array) => sign(null, bytes, privateKey),
  };
}

const log = keyOf("glovebox/bureau");
const [one, other] = [keyOf("glovebox/hospital"), keyOf("glovebox/insurer")];
const root = createHash("sha256").update("root").digest();
const noteOf = (size: number): string => {
  const text = checkpointText(log.name, size, root);
  return signedNote(text, log.name, keyIdOf(nodeCrypto, log.name, log.raw), log.sign(Buffer.from(text)));
};
const SECONDS = 1_700_000_000;
const parsed = (note: string): Note => parseNote(note)!;

describe("cosignatures", () => {
  test("a witness's line is read with its time, beside the log's own signature, which still holds", () => {
    const note = cosign(nodeCrypto, cosign(nodeCrypto, noteOf(7), one, SECONDS), other, SECONDS + 1);
    expect(cosignedAt(nodeCrypto, parsed(note), one)).toBe(SECONDS);
    expect(cosignedAt(nodeCrypto, parsed(note), other)).toBe(SECONDS + 1);
    expect(checkNote(nodeCrypto, note, { origin: log.name, publicKey: log.publicKey })?.size).toBe(7);
  });

  test("what is signed is the label, the time and the whole checkpoint; the line is id, time and signature", () => {
    const line = parsed(cosign(nodeCrypto, noteOf(7), one, SECONDS)).signatures[1]!;
    const id = createHash("sha256")
      .update(Buffer.concat([Buffer.from(`${one.name}\n`), Buffer.from([4]), one.raw]))
      .digest()
      .subarray(0, 4);
    expect(Buffer.from(line.keyId)).toEqual(id);
    expect(Buffer.from(line.signature.subarray(0, 8)).readBigUInt64BE()).toBe(BigInt(SECONDS));
    const bytes = Buffer.from(
      `cosignature/v1\ntime ${SECONDS}\n${log.name}\n7\n${root.toString("base64")}\n`,
    );
    expect(nodeCrypto.verifyEd25519(one.raw, bytes, line.signature.subarray(8))).toBe(true);
  });

  test("the example of the specification has the same form", () => {
    const example =
      "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==";
    const mine = parsed(cosign(nodeCrypto, noteOf(7), one, SECONDS)).signatures[1]!;
    expect(Buffer.from(example, "base64").length).toBe(4 + mine.signature.length);
    expect(Buffer.from(example, "base64").readBigUInt64BE(4)).toBe(1_679_315_147n);
  });

  test.each([
    [
      "another key",
      (note: string) => cosignedAt(nodeCrypto, parsed(note), { ...one, publicKey: other.publicKey }),
    ],
    ["another name", (note: string) => cosignedAt(nodeCrypto, parsed(note), { ...one, name: other.name })],
    ["another size", (note: string) => cosignedAt(nodeCrypto, parsed(note.replace("\n7\n", "\n8\n")), one)],
    [
      "another time",
      (note: string) => {
        const [of, line] = [parsed(note), parsed(note).signatures[1]!];
        const changed = Uint8Array.from(line.signature);
        changed[7]! ^= 1;
        return cosignedAt(nodeCrypto, { ...of, signatures: [{ ...line, signature: changed }] }, one);
      },
    ],
    [
      "a signature that is cut off",
      (note: string) => {
        const [of, line] = [parsed(note), parsed(note).signatures[1]!];
        const cut = { ...line, signature: line.signature.subarray(0, 40) };
        return cosignedAt(nodeCrypto, { ...of, signatures: [cut] }, one);
      },
    ],
    ["the log's own line", (note: string) => cosignedAt(nodeCrypto, parsed(note), log)],
  ])("%s is no cosignature of the witness", (_what, read) => {
    expect(read(cosign(nodeCrypto, noteOf(7), one, SECONDS))).toBeUndefined();
  });
});
