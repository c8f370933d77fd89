import { grantView } from "../../catalog/index.js";
import { defineRoute, json } from "../route.js";
import { emptyBody, idParams } from "../schemas/parameters.js";

export const refuseGrant = defineRoute({
  name: "refuseGrant",
  method: "post",
  path: "/grants/{id}/refuse",
  tag: "grants",
  summary: "Refuse a requested grant",
  summary_zh: "拒绝授权",
  permission: "grants.decide",
  params: idParams,
  body: emptyBody,
  conditional: true,
  responses: { 200: { description: "Refused", schema: grantView } },
  errors: ["not_found", "state_conflict", "stale"],
  handler({ deps, actor, params, ifMatch }) {
    const grant = deps.catalog.grants.refuse(actor, params.id, ifMatch);
    return json(200, grant, { etag: grant.rev });
  },
});
