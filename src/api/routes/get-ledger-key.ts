import { z } from "zod";
import { defineRoute, json } from "../route.js";
import { base64 } from "../schemas/parameters.js";

export const getLedgerKey = defineRoute({
  name: "getLedgerKey",
  method: "get",
  path: "/ledger/key",
  tag: "ledger",
  summary: "The log's name and public key; pin them once, over a way that you trust",
  summary_zh: "账本名称与公钥",
  permission: "ledger.read",
  responses: {
    200: {
      description: "What checkpoints and bundles are verified with",
      schema: z.strictObject({ origin: z.string(), public_key: base64.describe("Raw Ed25519, base64") }),
    },
  },
  handler: ({ deps }) => json(200, { origin: deps.ledger.origin, public_key: deps.ledger.publicKey }),
});
