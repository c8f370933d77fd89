/**
 * What `login` keeps: the node's address, a token, and a reviewer's signing key.
 *
 * Rules: the folder is 0700 and its files 0600. The private key is made here and never leaves.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Failure } from "./failure.js";
import type { Environment } from "./settings.js";

const profileSchema = z.object({ url: z.string(), token: z.string(), principal: z.string() });
export type Profile = z.infer<typeof profileSchema>;

const PROFILE = "profile.json";
const KEY = "signing-key.pem";

export function profileDir(env: Environment): string {
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "glovebox");
}

export function readProfile(dir: string): Profile | undefined {
  const path = join(dir, PROFILE);
  if (!existsSync(path)) return undefined;
  const parsed = profileSchema.safeParse(jsonOf(readFileSync(path, "utf8")));
  if (!parsed.success) {
    throw new Failure(`${path} is damaged; log in again.`, `${path} 已损坏，请重新登录。`);
  }
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function writeProfile(dir: string, profile: Profile): void {
  writePrivate(dir, PROFILE, `${JSON.stringify(profile, null, 2)}\n`);
}

function writePrivate(dir: string, name: string, content: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, name);
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(fresh, content, { mode: 0o600 });
    chmodSync(fresh, 0o600);
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** A reviewer's Ed25519 key. */
export interface SigningKey {
  /** Base64 of the raw 32 bytes. */
  publicKey: string;
  /** Base64 signature. */
  sign(message: Buffer): string;
}

export function readSigningKey(dir: string): SigningKey | undefined {
  const path = join(dir, KEY);
  return existsSync(path) ? signingKey(createPrivateKey(readFileSync(path))) : undefined;
}

/** The key kept with this profile, made if there is none. */
export function ensureSigningKey(dir: string): SigningKey {
  const kept = readSigningKey(dir);
  if (kept) return kept;
  const { privateKey } = generateKeyPairSync("ed25519");
  writePrivate(dir, KEY, privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  return signingKey(privateKey);
}

function signingKey(privateKey: KeyObject): SigningKey {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: der.subarray(-32).toString("base64"),
    sign: (message) => sign(null, message, privateKey).toString("base64"),
  };
}
