/** What the ledger's calls take and give. */
import { z } from "zod";
import { MAX_ENTRIES } from "../../ledger/index.js";
import { base64 } from "./parameters.js";

const place = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const entriesQuery = z.strictObject({
  from: place.default(0).describe("First place"),
  to: place.optional().describe(`Behind the last place; at most ${MAX_ENTRIES} entries are given at once`),
});
export const inclusionQuery = z.strictObject({
  index: place,
  size: place.optional().describe("Tree size; the visible head when not said"),
});
export const consistencyQuery = z.strictObject({
  from: place.describe("Earlier tree size"),
  to: place.optional().describe("Later tree size; the visible head when not said"),
});

const opening = z
  .strictObject({
    salt: base64,
    time: z.string(),
    actor: z.string(),
    subject: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Opening", description: "What an entry's commitment commits to" });

export const entryView = z
  .strictObject({
    seq: z.int(),
    leaf_hash: base64.describe("RFC 6962 leaf hash, base64"),
    leaf: z.string().optional().describe("RFC 8785 JSON of {seq, time, kind, commitment}"),
    opening: opening.optional(),
  })
  .meta({
    id: "LedgerEntry",
    description: "An entry: its hash to anyone, leaf and opening to those who may read it",
  });

export const entriesView = z.strictObject({
  size: z.int().describe("The tree size that the caller may see"),
  items: z.array(entryView),
});

const hashes = z.array(base64).describe("Base64 hashes, RFC 6962 order");
export const inclusionView = z.strictObject({
  index: z.int(),
  size: z.int(),
  leaf_hash: base64,
  proof: hashes,
});
export const consistencyView = z.strictObject({ from: z.int(), to: z.int(), proof: hashes });
