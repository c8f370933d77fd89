import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import {
  linkOf,
  type Message,
  messageHash,
  messageSigned,
  NO_MESSAGES,
  signMessage,
} from "../../src/federated/messages/message.js";
import { bodyDigest, RequestVerifier, signRequest } from "../../src/federated/messages/request.js";
import { openSealed, sealFor, sealingKey } from "../../src/federated/messages/seal.js";
import { fingerprint } from "../../src/store/index.js";
import { ManualClock } from "../../src/vocabulary/index.js";

function identity() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return { publicKey: raw.toString("base64"), sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
}

const [alice, bob] = [identity(), identity()];

const message = (more: Partial<Message> = {}): Message => ({
  version: 1,
  collaboration: "clb_01K0000000000000000000000A",
  author: alice.publicKey,
  number: 1,
  previous: "",
  kind: "key_commit",
  round: 1,
  attempt: 1,
  body: { commitment: "a" },
  ...more,
});

describe("messages between domains", () => {
  test("whatever is changed, the signature is the author's no more", () => {
    const signed = signMessage(message(), alice);
    expect(messageSigned(signed)).toBe(true);
    const changes: Partial<Message>[] = [
      { author: bob.publicKey },
      { collaboration: "clb_01K0000000000000000000000B" },
      { number: 2 },
      { kind: "key_reveal" },
      { round: 2 },
      { attempt: 2 },
      { body: { commitment: "b" } },
      { previous: "0".repeat(64) },
    ];
    for (const change of changes)
      expect(messageSigned({ ...signed, message: { ...signed.message, ...change } })).toBe(false);
    expect(() => signMessage(message({ author: bob.publicKey }), alice)).toThrow("signed by its author");
  });

  test("a chain shows what was left out, told twice, or told in two ways", () => {
    const first = message();
    const end = { number: 1, hash: messageHash(first) };
    const second = message({ number: 2, previous: end.hash });
    expect(linkOf(first, NO_MESSAGES, undefined)).toBe("next");
    expect(linkOf(first, end, messageHash(first))).toBe("known");
    expect(linkOf(second, end, undefined)).toBe("next");
    expect(linkOf(second, NO_MESSAGES, undefined)).toBe("gap");
    expect(linkOf(message({ body: { commitment: "b" } }), end, messageHash(first))).toBe("fork");
    expect(linkOf(message({ number: 2, previous: "0".repeat(64) }), end, undefined)).toBe("fork");
  });

  test("a fingerprint is short, and of one key", () => {
    expect(fingerprint(alice.publicKey)).toMatch(/^([0-9a-f]{4}-){4}[0-9a-f]{4}$/);
    expect(fingerprint(alice.publicKey)).not.toBe(fingerprint(bob.publicKey));
  });
});

describe("what is sealed for one domain", () => {
  const [mine, other] = [sealingKey(randomBytes(32)), sealingKey(randomBytes(32))];
  const plain = Buffer.from("a share");

  test("opens for it alone, under the words that it was sealed with, unchanged", () => {
    const sealed = sealFor(mine.publicKey, "share 1", plain);
    expect(openSealed(mine, "share 1", sealed)).toEqual(plain);
    expect(() => openSealed(other, "share 1", sealed)).toThrow("does not open");
    expect(() => openSealed(mine, "share 2", sealed)).toThrow("does not open");
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i]! ^= 1;
      expect(() => openSealed(mine, "share 1", changed)).toThrow();
    }
    expect(() => openSealed(mine, "share 1", sealed.subarray(0, 40))).toThrow("too short");
    expect(sealFor(mine.publicKey, "share 1", plain)).not.toEqual(sealed);
  });

  test("no key of small order is sealed for, or opened from", () => {
    const zero = Buffer.alloc(32);
    expect(() => sealFor(zero.toString("base64"), "x", plain)).toThrow();
    expect(() => openSealed(mine, "x", Buffer.concat([zero, Buffer.alloc(40)]))).toThrow();
    expect(() => sealFor("AAAA", "x", plain)).toThrow("X25519");
  });

  test("the same secret is the same key", () => {
    const secret = randomBytes(32);
    expect(sealingKey(secret).publicKey).toBe(sealingKey(secret).publicKey);
  });
});

describe("requests between domains", () => {
  const clock = new ManualClock(1_800_000_000_000);
  const parts = {
    method: "POST",
    path: "/federation/v1/boards/x/messages",
    query: "",
    digest: bodyDigest(Buffer.from("{}")),
  };
  const headers = (signed: Record<string, string>) => ({
    signatureInput: signed["Signature-Input"],
    signature: signed.Signature,
  });

  test("a signed one is its signer's, once, for five minutes", () => {
    const verifier = new RequestVerifier(clock);
    const signed = headers(signRequest(parts, alice, clock));
    expect(verifier.signer(parts, signed)).toBe(alice.publicKey);
    expect(() => verifier.signer(parts, signed)).toThrow("came before");
    const late = headers(signRequest(parts, alice, clock));
    clock.advance(301_000);
    expect(() => verifier.signer(parts, late)).toThrow("time is not now");
  });

  test("for another method, path, query or body, by another key, or without one, it is nobody's", () => {
    const verifier = new RequestVerifier(clock);
    const signed = headers(signRequest(parts, alice, clock));
    for (const change of [
      { method: "PUT" },
      { path: "/federation/v1/boards/y/messages" },
      { query: "?after=1" },
      { digest: bodyDigest(Buffer.from("[]")) },
    ])
      expect(() => verifier.signer({ ...parts, ...change }, signed)).toThrow("not the key's");
    const forged = {
      ...signed,
      signatureInput: signed.signatureInput!.replace(alice.publicKey, bob.publicKey),
    };
    expect(() => verifier.signer(parts, forged)).toThrow("not the key's");
    expect(() => verifier.signer(parts, { signatureInput: undefined, signature: undefined })).toThrow(
      "not signed",
    );
    expect(() => verifier.signer(parts, { ...signed, signature: "sig1=:AAAA:" })).toThrow("not signed");
  });
});
