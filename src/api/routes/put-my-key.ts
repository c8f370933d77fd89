import { z } from "zod";
import { keyInput } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";

const keysView = z.strictObject({
  public_keys: z.array(z.string()).describe("All keys of the caller, the newest last"),
});

export const putMyKey = defineRoute({
  name: "putMyKey",
  method: "put",
  path: "/me/key",
  tag: "principals",
  summary: "Add a key to sign reviews with; earlier signatures stay valid",
  summary_zh: "登记审核签名公钥",
  permission: "me.key",
  body: keyInput,
  responses: { 200: { description: "Registered", schema: keysView } },
  handler({ deps, actor, body }) {
    deps.catalog.principals.setKey(actor, body.public_key);
    return json(200, { public_keys: deps.catalog.principals.keys(actor.id) });
  },
});
