/** What goes in and out of principals: one schema a payload, from which types, checks and OpenAPI come. */
import { z } from "zod";
import { ROLES } from "../../vocabulary/index.js";

/** Letters (Chinese too) and digits first, then also `.`, `_`, `-`; at most 64. */
export const principalName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u, "must be 1 to 64 letters, digits, or . _ - after the first")
  .describe("Unique name; 1 to 64 letters, digits and . _ -, the first a letter or digit");

/** A principal is named by its name or its id. */
export const principalRef = z.string().min(1).max(64).describe("A principal, by name or id");

export const roles = z
  .array(z.enum(ROLES))
  .min(1)
  .max(ROLES.length)
  .refine((list) => new Set(list).size === list.length, "names a role twice")
  .describe("What the principal may be; at least one");

export const publicKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/, "must be the base64 of 32 bytes")
  .describe("Raw Ed25519 public key, base64 of 32 bytes; its private half never leaves its holder");

export const principalInput = z
  .strictObject({ name: principalName, roles, public_key: publicKey.optional() })
  .meta({ id: "PrincipalInput", description: "A person or service to be added" });

export const keyInput = z
  .strictObject({ public_key: publicKey })
  .meta({ id: "KeyInput", description: "A further key to sign reviews with; earlier ones stay valid" });

export const principalView = z
  .strictObject({
    id: z.string().describe("prn_…"),
    name: z.string(),
    roles: z.array(z.enum(ROLES)),
    public_keys: z.array(z.string()).describe("Raw Ed25519, base64; the newest last"),
    created_at: z.iso.datetime(),
    revoked_at: z.iso.datetime().optional(),
    rev: z.int().describe("Counts changes; the ETag is this in quotes"),
  })
  .meta({ id: "Principal", description: "A person or service with roles and tokens" });

export const principalCreated = z
  .strictObject({
    ...principalView.shape,
    token: z.string().describe("Shown this once; only its SHA-256 is kept"),
  })
  .meta({ id: "PrincipalCreated", description: "A new principal and its token" });

export type PrincipalInput = z.input<typeof principalInput>;
export type PrincipalView = z.output<typeof principalView>;
