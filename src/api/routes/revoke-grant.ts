import { grantView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { emptyBody, idParams } from "../schemas/parameters.js";

export const revokeGrant = defineRoute({
  name: "revokeGrant",
  method: "post",
  path: "/grants/{id}/revoke",
  tag: "grants",
  summary: "Revoke a grant: its queued and running jobs end",
  summary_zh: "撤销授权，相关任务停止",
  permission: "grants.decide",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Revoked", schema: grantView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const grant = deps.catalog.grants.revoke(actor, params.id, ifMatch);
    return json(200, grant, { etag: grant.rev });
  },
});
