import { defineRoute, json } from "../route.js";
import { nameParams } from "../schemas/parameters.js";
import { releasePolicyInput, releasePolicyView } from "../schemas/releases.js";

export const putReleasePolicy = defineRoute({
  name: "putReleasePolicy",
  method: "put",
  path: "/datasets/{name}/release-policy",
  tag: "datasets",
  summary: "Say, signed, which tables may go out without people; nothing may where nothing was said",
  summary_zh: "签署自动放行策略",
  permission: "datasets.change",
  params: nameParams,
  body: releasePolicyInput,
  responses: { 200: { description: "In the ledger", schema: releasePolicyView } },
  errors: ["not_found", "stale"],
  handler({ deps, actor, params, body }) {
    return json(200, deps.airlock.setPolicy(actor, params.name, body));
  },
});
