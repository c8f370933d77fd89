import { defineRoute, json } from "../route.js";
import { domainView } from "../schemas/collaborations.js";
import { emptyBody } from "../schemas/parameters.js";

export const rotateDomain = defineRoute({
  name: "rotateDomain",
  method: "post",
  path: "/domain/rotate",
  tag: "collaborations",
  summary: "Go on under a new identity key; collaborations that name the old one end",
  summary_zh: "更换本域身份密钥（以旧密钥签署）",
  permission: "domain.rotate",
  body: emptyBody,
  responses: { 200: { description: "The new identity", schema: domainView } },
  errors: ["state_conflict"],
  handler({ deps, actor }) {
    return json(200, deps.federation.rotate(actor));
  },
});
