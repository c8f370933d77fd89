/** Payloads that many calls share. */
import { z } from "zod";
import { PAGE_DEFAULT, PAGE_LIMIT } from "../../vocabulary/index.js";

const named = (what: string) => z.string().min(1).max(128).describe(what);

export const nameParams = z.strictObject({ name: named("Name or id") });
export const idParams = z.strictObject({ id: named("Id") });
export const chargeParams = z.strictObject({ name: named("Name or id"), charge: named("chg_…") });
export const fileParams = z.strictObject({ id: named("Id"), name: z.string().min(1).max(256) });

export const pageQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(PAGE_LIMIT)
    .optional()
    .describe(`1 to ${PAGE_LIMIT}; ${PAGE_DEFAULT} when not said`),
  cursor: z.string().max(64).optional().describe("`next_cursor` of the page before"),
});

export const emptyBody = z.strictObject({}).describe("An empty object");

export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** A room's page as the wire has it: `next_cursor` is always there, null at the end. */
export function pageReply<T>(page: { items: T[]; next_cursor?: string | null }) {
  return { items: page.items, next_cursor: page.next_cursor ?? null };
}

export const timestamp = z.iso.datetime().describe("RFC 3339, UTC");
export const hex256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")
  .describe("SHA-256, hex");
export const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, "must be base64");
