import { createPublicKey, randomBytes, verify } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createSealer, type KeyPair, locateKeyFile, openKeys } from "../../src/store/index.js";

let dir: string;
const data = () => join(dir, "data");
const keyFile = () => join(dir, "key");
const open = () => openKeys(data(), { keyFile: keyFile() });
const refused = (detail: RegExp) =>
  expect.objectContaining({ code: "state_conflict", message: expect.stringMatching(detail) });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "keys-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function signs(pair: KeyPair): boolean {
  const head = Buffer.from("302a300506032b6570032100", "hex");
  const der = Buffer.concat([head, Buffer.from(pair.publicKey, "base64")]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return verify(null, Buffer.from("text"), key, pair.sign(Buffer.from("text")));
}

test("the first start makes them; the next ones find the same", () => {
  const keys = open();
  expect([signs(keys.identity), signs(keys.log)]).toEqual([true, true]);
  expect(keys.identity.publicKey).not.toBe(keys.log.publicKey);
  expect([statSync(keyFile()).mode & 0o777, statSync(keyFile()).size]).toEqual([0o600, 32]);
  expect(statSync(join(data(), "keys.json")).mode & 0o777).toBe(0o600);
  const again = open();
  expect([again.identity.publicKey, again.log.publicKey]).toEqual([
    keys.identity.publicKey,
    keys.log.publicKey,
  ]);
  expect(again.sealer.open(keys.sealer.seal("x")).toString()).toBe("x");
});

test("a new identity is kept, and the one before can still sign what it had to say", () => {
  const keys = open();
  const before = keys.identity;
  const renewed = keys.renewIdentity();
  expect(renewed.publicKey).not.toBe(before.publicKey);
  expect(keys.identity.publicKey).toBe(renewed.publicKey);
  const again = open();
  expect(again.identity.publicKey).toBe(renewed.publicKey);
  expect(again.retired.map((k) => k.publicKey)).toEqual([before.publicKey]);
  expect(again.log.publicKey).toBe(keys.log.publicKey);
  expect(again.retired[0]!.sign(Buffer.from("x"))).toEqual(before.sign(Buffer.from("x")));
});

test("no private key lies in the data directory in clear", () => {
  const { identity, log } = open();
  const ring = readFileSync(join(data(), "keys.json"), "utf8");
  for (const { privateKey } of [identity, log]) {
    const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-32);
    for (const form of ["base64", "hex"] as const)
      expect(ring).not.toContain(seed.toString(form).slice(0, 20));
  }
});

describe("a data directory is never given other keys", () => {
  test("its key file is gone", () => {
    open();
    rmSync(keyFile());
    expect(open).toThrow(refused(/not at/));
    expect(existsSync(keyFile())).toBe(false);
  });
  test("the key file is another one", () => {
    open();
    writeFileSync(keyFile(), randomBytes(32));
    expect(open).toThrow(refused(/not the one of this data directory/));
  });
  test("the key file is cut, open to others, or a directory", () => {
    open();
    chmodSync(keyFile(), 0o640);
    expect(open).toThrow(refused(/chmod 600/));
    chmodSync(keyFile(), 0o600);
    writeFileSync(keyFile(), randomBytes(31));
    expect(open).toThrow(refused(/exactly 32 bytes/));
    rmSync(keyFile());
    mkdirSync(keyFile());
    expect(open).toThrow(refused(/exactly 32 bytes/));
  });
  test("the ring is damaged, from a newer version, or its keys are swapped", () => {
    open();
    const path = join(data(), "keys.json");
    const ring = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, "{");
    expect(open).toThrow(refused(/cannot be read/));
    writeFileSync(path, JSON.stringify({ ...ring, version: 2 }));
    expect(open).toThrow(refused(/version/));
    writeFileSync(path, JSON.stringify({ ...ring, identity: ring.log, log: ring.identity }));
    expect(open).toThrow(expect.objectContaining({ code: "internal" }));
  });
  test("a crash between key file and ring is made good", () => {
    writeFileSync(keyFile(), randomBytes(32), { mode: 0o600 });
    expect(signs(open().log)).toBe(true);
  });
});

describe("where the wrapping key lies", () => {
  test("given, then the variable, then the credential, then the user's configuration", () => {
    mkdirSync(data());
    const credentials = join(dir, "credentials");
    mkdirSync(credentials);
    const env = { GLOVEBOX_KEY_FILE: "/k/variable", CREDENTIALS_DIRECTORY: credentials };
    expect(locateKeyFile(data(), "/k/given", env)).toBe("/k/given");
    expect(locateKeyFile(data(), undefined, env)).toBe("/k/variable");
    const standard = locateKeyFile(data(), undefined, { CREDENTIALS_DIRECTORY: credentials });
    expect(standard).toMatch(new RegExp(`^${join(homedir(), ".config", "glovebox")}/[0-9a-f]{32}\\.key$`));
    writeFileSync(join(credentials, "glovebox.key"), randomBytes(32));
    expect(locateKeyFile(data(), undefined, { CREDENTIALS_DIRECTORY: credentials })).toBe(
      join(credentials, "glovebox.key"),
    );
  });
  test("beside the data it is noticed", () => {
    expect(open().besideData).toBe(false);
    const inside = join(data(), "my.key");
    copyFileSync(keyFile(), inside);
    expect(openKeys(data(), { keyFile: inside }).besideData).toBe(true);
  });
});

describe("the sealer", () => {
  const sealer = createSealer(randomBytes(32));
  test("gives back what it sealed, never twice the same bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, context) => {
        const plain = Buffer.from(bytes);
        const [a, b] = [sealer.seal(plain, context), sealer.seal(plain, context)];
        expect(sealer.open(a, context).equals(plain) && sealer.open(b, context).equals(plain)).toBe(true);
        expect(a.equals(b)).toBe(false);
      }),
    );
  });
  test("refuses every changed bit, every cut, another context and another key", () => {
    const sealed = sealer.seal("secret", "here");
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const bad = Buffer.from(sealed);
      bad[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => sealer.open(bad, "here")).toThrow(expect.objectContaining({ code: "internal" }));
    }
    for (let length = 0; length < sealed.length; length++)
      expect(() => sealer.open(sealed.subarray(0, length), "here")).toThrow();
    expect(() => sealer.open(sealed, "there")).toThrow();
    expect(() => createSealer(randomBytes(32)).open(sealed, "here")).toThrow();
  });
  test("derives unlike keys for unlike labels", () => {
    expect(sealer.derive("a").equals(sealer.derive("a"))).toBe(true);
    expect(sealer.derive("a").equals(sealer.derive("b"))).toBe(false);
    expect(sealer.derive("a").length).toBe(32);
  });
});
