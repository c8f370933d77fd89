/**
 * The node's keys. Identity and log are Ed25519, sealed in the data directory; the wrapping key that opens them
 * lies outside it, in a file of 32 raw bytes, mode 0600:
 *   the path given › GLOVEBOX_KEY_FILE › $CREDENTIALS_DIRECTORY/glovebox.key › ~/.config/glovebox/<hash of directory>.key
 * Created at the first start only. A data directory that has keys is never given new ones: a missing or other
 * wrapping key is an error, for everything sealed under the old one would be lost unnoticed.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
} from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { GloveboxError } from "../vocabulary/index.js";
import { writeDurably } from "./durable.js";
import { createSealer, type Sealer } from "./sealer.js";

export interface KeyPair {
  /** Base64 of the raw 32 bytes. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
  sign(message: Uint8Array): Buffer;
}

export interface Keys {
  /** Who this domain is to others. */
  readonly identity: KeyPair;
  /** Identities that it had before, oldest first: what they had still to say can be sent, and nothing else. */
  readonly retired: readonly KeyPair[];
  readonly log: KeyPair;
  readonly sealer: Sealer;
  readonly keyFile: string;
  /** The wrapping key lies under the data directory, where a copy of the one is a copy of both. */
  readonly besideData: boolean;
  /** Goes on under a new identity, durably; the one before is retired. @throws state_conflict after too many */
  renewIdentity(): KeyPair;
}

interface KeyRing {
  version: 1;
  /** Tells whether a wrapping key is the right one, and nothing else of it. */
  check: string;
  identity: string;
  log: string;
  retired?: string[];
}

const KEY_BYTES = 32;
const MAX_RETIRED = 64;
export const RING_FILE = "keys.json";
const refuse = (detail: string, cause?: unknown) => new GloveboxError("state_conflict", { detail }, cause);

function keyPair(privateKey: KeyObject): KeyPair {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: der.subarray(-32).toString("base64"),
    privateKey,
    sign: (message) => sign(null, message, privateKey),
  };
}

/** The first 20 hex digits of a public key's SHA-256, in groups of four: what two operators read to each other. */
export function fingerprint(key: string): string {
  const hex = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex").slice(0, 20);
  return hex.match(/.{4}/g)!.join("-");
}

/** Where the wrapping key of this directory is looked for. */
export function locateKeyFile(dataDir: string, given: string | undefined, env = process.env): string {
  if (given) return resolve(given);
  if (env.GLOVEBOX_KEY_FILE) return resolve(env.GLOVEBOX_KEY_FILE);
  if (env.CREDENTIALS_DIRECTORY) {
    const credential = join(env.CREDENTIALS_DIRECTORY, "glovebox.key");
    if (existsSync(credential)) return credential;
  }
  const hash = createHash("sha256").update(realpathSync(dataDir)).digest("hex").slice(0, 32);
  return join(homedir(), ".config", "glovebox", `${hash}.key`);
}

function readKeyFile(path: string): Buffer {
  const info = statSync(path);
  if (!info.isFile() || info.size !== KEY_BYTES)
    throw refuse(`the key file must hold exactly ${KEY_BYTES} bytes`);
  if ((info.mode & 0o077) !== 0) throw refuse("the key file is open to other users; chmod 600 it");
  return readFileSync(path);
}

function wrappingKey(path: string, ringExists: boolean): Buffer {
  if (existsSync(path)) return readKeyFile(path);
  if (ringExists)
    throw refuse(`this data directory has keys, but the key file that opens them is not at ${path}`);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const key = randomBytes(KEY_BYTES);
  writeDurably(path, key, 0o600);
  return key;
}

function freshKey(sealer: Sealer, name: string): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return sealer.seal(privateKey.export({ format: "der", type: "pkcs8" }), `key:${name}`).toString("base64");
}

const createRing = (sealer: Sealer): KeyRing => ({
  version: 1,
  check: sealer.derive("check").toString("hex"),
  identity: freshKey(sealer, "identity"),
  log: freshKey(sealer, "log"),
});

const writeRing = (path: string, ring: KeyRing): void =>
  writeDurably(path, `${JSON.stringify(ring, null, 2)}\n`, 0o600);

function readRing(path: string, sealer: Sealer): KeyRing {
  let ring: KeyRing;
  try {
    ring = JSON.parse(readFileSync(path, "utf8")) as KeyRing;
  } catch (error) {
    throw refuse(`${RING_FILE} in the data directory cannot be read`, error);
  }
  if (ring.version !== 1) throw refuse(`${RING_FILE} is of a version that this glovebox does not know`);
  const expected = sealer.derive("check");
  const stated = Buffer.from(String(ring.check), "hex");
  if (stated.length !== expected.length || !timingSafeEqual(stated, expected))
    throw refuse("the key file is not the one of this data directory");
  return ring;
}

function unsealKey(sealer: Sealer, sealed: string, name: string): KeyPair {
  const der = sealer.open(Buffer.from(sealed, "base64"), `key:${name}`);
  return keyPair(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

function isInside(directory: string, path: string): boolean {
  const way = relative(realpathSync(directory), realpathSync(path));
  return way !== "" && !way.startsWith("..");
}

/** @throws state_conflict when the key file is missing, open to others, or another directory's. */
export function openKeys(dataDir: string, options: { keyFile?: string } = {}): Keys {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const keyFile = locateKeyFile(dataDir, options.keyFile);
  const ringPath = join(dataDir, RING_FILE);
  const ringExists = existsSync(ringPath);
  const sealer = createSealer(wrappingKey(keyFile, ringExists));
  if (!ringExists) writeRing(ringPath, createRing(sealer));
  let ring = readRing(ringPath, sealer);
  const unseal = (sealed: string) => unsealKey(sealer, sealed, "identity");
  let identity = unseal(ring.identity);
  const retired = (ring.retired ?? []).map(unseal);
  return {
    get identity() {
      return identity;
    },
    retired,
    log: unsealKey(sealer, ring.log, "log"),
    sealer,
    keyFile,
    besideData: isInside(dataDir, keyFile),
    renewIdentity() {
      if (retired.length >= MAX_RETIRED) throw refuse("the identity was replaced too often");
      ring = {
        ...ring,
        identity: freshKey(sealer, "identity"),
        retired: [...(ring.retired ?? []), ring.identity],
      };
      writeRing(ringPath, ring);
      retired.push(identity);
      identity = unseal(ring.identity);
      return identity;
    },
  };
}
