/**
 * Bearer tokens: 256 random bits, of which only the SHA-256 is kept. A hash of so many random bits needs no salt
 * and no slowness, and finding its row by index tells an attacker nothing that helps to find a preimage.
 */
import { createHash, randomBytes } from "node:crypto";

const PREFIX = "gbx_";
const TOKEN = /^gbx_[A-Za-z0-9_-]{43}$/;

export const newToken = (): string => PREFIX + randomBytes(32).toString("base64url");

export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");

export const looksLikeToken = (text: string): boolean => TOKEN.test(text);
