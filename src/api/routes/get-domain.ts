import { defineRoute, json } from "../route.js";
import { domainView } from "../schemas/collaborations.js";

export const getDomain = defineRoute({
  name: "getDomain",
  method: "get",
  path: "/domain",
  tag: "collaborations",
  summary: "Who this node is to other domains",
  summary_zh: "查看本域身份",
  permission: "domain.read",
  responses: { 200: { description: "Name, key and fingerprint", schema: domainView } },
  handler({ deps }) {
    return json(200, deps.federation.domain());
  },
});
