import { principalView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { emptyBody, nameParams } from "../schemas/parameters.js";

export const revokePrincipal = defineRoute({
  name: "revokePrincipal",
  method: "post",
  path: "/principals/{name}/revoke",
  tag: "principals",
  summary: "Revoke a principal: its tokens end, its jobs are stopped",
  summary_zh: "撤销主体：令牌失效，任务停止",
  permission: "principals.revoke",
  params: nameParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Revoked", schema: principalView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const principal = deps.catalog.principals.revoke(actor, params.name, ifMatch);
    return json(200, principal, { etag: principal.rev });
  },
});
