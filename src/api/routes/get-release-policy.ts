import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";
import { releasePolicyView } from "../schemas/releases.js";

export const getReleasePolicy = defineRoute({
  name: "getReleasePolicy",
  method: "get",
  path: "/datasets/{name}/release-policy",
  tag: "datasets",
  summary: "What the owner lets out without people",
  summary_zh: "查看自动放行策略",
  permission: "datasets.read",
  params: nameParams,
  responses: { 200: { description: "The policy that stands", schema: releasePolicyView } },
  errors: ["not_found"],
  handler({ deps, actor, params }) {
    return json(200, deps.airlock.policy(actor, params.name));
  },
});
