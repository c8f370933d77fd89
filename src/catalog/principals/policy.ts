/**
 * What a principal may be called and hold, and who may manage principals. Pure.
 *
 * Rules: only an admin adds and revokes; the admin cannot take a principal over (no token is ever given again, no
 * key added for another). The last admin cannot be revoked. One signing key belongs to one principal, for two
 * votes under one key would be one vote.
 */
import { type Actor, GloveboxError, invalidInput, type Role, SYSTEM_ACTOR } from "../../vocabulary/index.js";
import { refuseName } from "../names.js";
import { isEd25519PublicKey } from "./ed25519.js";

export const MAX_KEYS = 16;
const RESERVED = new Set([SYSTEM_ACTOR, "me"]);

/** @throws invalid_input */
export function refusePrincipalName(name: string): void {
  refuseName(name);
  if (RESERVED.has(name.toLowerCase())) throw invalidInput("name", "is reserved");
}

/** @throws forbidden */
export function requireRole(actor: Actor, ...oneOf: Role[]): void {
  if (!actor.roles.some((role) => oneOf.includes(role)))
    throw new GloveboxError("forbidden", { detail: `this needs the role ${oneOf.join(" or ")}` });
}

/** @returns the 32 bytes in canonical base64. @throws invalid_input */
export function parsePublicKey(text: string, path = "public_key"): string {
  const raw = Buffer.from(text, "base64");
  if (raw.length !== 32 || raw.toString("base64") !== text)
    throw invalidInput(path, "must be the base64 of 32 bytes");
  if (!isEd25519PublicKey(raw)) throw invalidInput(path, "is not an Ed25519 public key");
  return text;
}
