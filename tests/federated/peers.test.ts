import { generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { Message } from "../../src/federated/messages/message.js";
import { metIn, objection, type Peer } from "../../src/federated/peers/pins.js";
import { rotationHolds, rotationIn, rotationOf } from "../../src/federated/peers/rotation.js";
import { fingerprint, type KeyPair } from "../../src/store/index.js";

function keyPair(): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  return { publicKey: raw, privateKey, sign: (bytes) => sign(null, bytes, privateKey) };
}

const [old, next, stranger] = [keyPair(), keyPair(), keyPair()];
const peer = (key: string, more: Partial<Peer> = {}): Peer => ({
  key,
  name: "hospital",
  state: "pinned",
  successor: null,
  reason: null,
  pinned_at: 0,
  ended_at: null,
  ...more,
});

describe("whose key is taken for whom", () => {
  const met = (key: string) => ({ name: "hospital", key });

  test("a name that comes with another key is refused with both fingerprints; its own is taken", () => {
    const known = [peer(old.publicKey)];
    expect(objection([], met(old.publicKey))).toBeUndefined();
    expect(objection(known, met(old.publicKey))).toBeUndefined();
    const said = objection(known, met(stranger.publicKey));
    expect(said).toContain(fingerprint(old.publicKey));
    expect(said).toContain(fingerprint(stranger.publicKey));
  });

  test("a key that was revoked or replaced is taken for nobody, and its successor is", () => {
    const replaced = [
      peer(old.publicKey, { state: "replaced", successor: next.publicKey }),
      peer(next.publicKey),
    ];
    expect(objection(replaced, met(old.publicKey))).toContain(fingerprint(next.publicKey));
    expect(objection(replaced, met(next.publicKey))).toBeUndefined();
    const revoked = [peer(old.publicKey, { state: "revoked" })];
    for (const name of ["hospital", "clinic"])
      expect(objection(revoked, { name, key: old.publicKey })).toContain("revoked");
    // Whoever revoked a key may be told another one of the same domain.
    expect(objection(revoked, met(next.publicKey))).toBeUndefined();
  });

  test("of a spec, the others are met: a coordinator that takes no part by where its board is", () => {
    const participants = [
      { name: "bureau", key: old.publicKey },
      { name: "hospital", key: next.publicKey },
    ];
    const apart = { coordinator: stranger.publicKey, participants };
    expect(metIn(apart, "https://board:4100/x", [old.publicKey])).toEqual([
      { name: "hospital", key: next.publicKey },
      { name: "https://board:4100", key: stranger.publicKey },
    ]);
    expect(metIn(apart, null, [stranger.publicKey])).toEqual(participants);
    const both = { coordinator: next.publicKey, participants };
    expect(metIn(both, "https://board:4100", [old.publicKey])).toEqual([participants[1]]);
  });
});

describe("a new identity", () => {
  const message = (body: Message["body"], author = old.publicKey): Message => ({
    version: 1,
    collaboration: "clb",
    author,
    number: 1,
    previous: "",
    kind: "rotate",
    round: 0,
    attempt: 0,
    body,
  });

  test("is said by the old key and by itself", () => {
    const rotation = rotationOf(old, next);
    expect(rotationHolds(rotation)).toBe(true);
    expect(rotationIn(message({ ...rotation }))).toEqual(rotation);
  });

  test("that either did not sign, or that another domain says, is none", () => {
    const rotation = rotationOf(old, next);
    const others = rotationOf(stranger, next);
    for (const body of [
      { ...rotation, to: stranger.publicKey },
      { ...rotation, by_new: rotation.by_old },
      { ...rotation, by_old: others.by_old },
      { ...rotation, to: "x" },
      { ...others },
      {},
    ])
      expect(rotationIn(message(body))).toBeUndefined();
    expect(rotationIn(message({ ...rotation }, stranger.publicKey))).toBeUndefined();
  });
});
